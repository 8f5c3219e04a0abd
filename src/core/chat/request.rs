//! The request for an answer.

use serde::Serialize;

use super::Chat;
use super::answering::Answering;
use crate::core::config::Config;
use crate::core::conversation::{Answer, Conversation, Turn};
use crate::core::env::Grant;
use crate::core::fault::{Fault, Service};
use crate::core::sign::{Scope, sign};
use crate::protocol::{End, TurnId};
use signet_cognito::UnixMillis;
use signet_cognito::http::Request;
use signet_stream::stock::UseCase;

/// The body of a request.
#[derive(Serialize)]
struct Body<'a> {
    prompt: &'a str,
    use_case: UseCase,
    /// Earlier turns, if the back end accepts them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Message<'a>>,
}

#[derive(Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
}

impl Chat {
    /// The prompts and answers that are sent with a turn, oldest first: the newest ones before it, as many as the back end accepts.
    pub(super) fn earlier(&self, turn: TurnId) -> Vec<(&str, &str)> {
        let Conversation { turns, context_bytes, .. } = &self.conversation;
        let mut room = context_bytes.unwrap_or_default() as usize;
        let mut earlier = vec![];
        for Turn { prompt, answers } in turns.iter().take(turn.0 as usize).rev() {
            let Some(answer) = answers.iter().rev().find(|answer| is_usable(answer)) else { continue };
            // Models reject a turn without text.
            if prompt.trim().is_empty() {
                continue;
            }
            match room.checked_sub(prompt.len() + answer.text.len()) {
                Some(rest) => room = rest,
                None => break,
            }
            earlier.push((prompt.as_str(), answer.text.as_str()));
        }
        earlier.reverse();
        earlier
    }

    /// The signed request for an answer.
    pub(super) fn request(
        &self,
        config: &Config,
        now: UnixMillis,
        grant: &Grant,
        answering: &Answering,
    ) -> Result<Request, Fault> {
        let messages = self.earlier(answering.turn);
        let messages = messages.iter().flat_map(|(prompt, answer)| {
            [Message { role: "user", content: prompt }, Message { role: "assistant", content: answer }]
        });
        let Turn { prompt, answers } = &self.conversation.turns[answering.turn.0 as usize];
        let body =
            Body { prompt, use_case: answers[answering.answer.0 as usize].use_case, messages: messages.collect() };
        let request = Request {
            method: "POST",
            url: config.function_url.clone(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: serde_json::to_vec(&body).expect("strings and lists are always JSON"),
            cookies: false,
        };
        let scope = Scope { region: &config.function_region, service: "lambda" };
        let mut request = signed(now, grant, scope, request)?;
        // Asks for the richer format. Like the browser's own headers it is not signed, because a proxy may change it.
        request.headers.push(("accept".into(), "text/event-stream".into()));
        Ok(request)
    }
}

/// Whether an answer is sent with later questions: it has text and did not fail.
fn is_usable(answer: &Answer) -> bool {
    matches!(answer.end, Some(End::Done | End::Stopped | End::CutOff)) && !answer.text.trim().is_empty()
}

/// Signs with the session's keys, at AWS's time.
pub(super) fn signed(now: UnixMillis, grant: &Grant, scope: Scope<'_>, request: Request) -> Result<Request, Fault> {
    sign(request, &grant.keys, scope, grant.skew.correct(now))
        .map_err(|error| Fault::Unexpected { service: Service::FunctionUrl, what: error.to_string() })
}
