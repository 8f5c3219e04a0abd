//! The worker's core: the session and the chat, joined. Pure; `worker/` carries its effects out.
//!
//! This is the one place where a reply to an old request is dropped: each request has a number, and only the newest of its kind is listened to.

use crate::chat::{self, Chat};
use crate::cognito::Ephemeral;
use crate::config::Config;
use crate::http::{Head, NoAnswer, Request, Response};
use crate::messages;
use crate::protocol::{self, Field, FieldKind, Form, FormError, Intent, SessionView, TurnUpdate, View};
use crate::secret::Secret;
use crate::session::{self, Record, Session};
use crate::stream::stock::Ask;
use crate::time::UnixMillis;

/// A request's number; a reply carries it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u32);

impl RequestId {
    /// The number itself.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// Everything the worker knows.
#[derive(Debug)]
pub struct App {
    config: Config,
    session: Session,
    chat: Chat,
    /// Whose turns the chat holds: their `sub`.
    chat_of: Option<String>,
    last_id: RequestId,
    /// Whose reply the session waits for.
    session_request: Option<RequestId>,
    /// Whose answer the chat waits for.
    chat_request: Option<RequestId>,
}

/// What happens to the app.
#[derive(Debug)]
pub enum Input {
    /// The store was read.
    Restored(Option<Record>),
    /// The page sent the sign-in form.
    SignIn {
        /// As typed.
        username: String,
        /// As typed.
        password: Secret,
        /// Made for this sign-in and no other.
        ephemeral: Ephemeral,
    },
    /// The page sent another intent.
    Intent(Intent),
    /// The whole reply to an [`Effect::Send`].
    Replied(RequestId, Result<Response, NoAnswer>),
    /// Something of the answer to an [`Effect::Stream`].
    Streamed(RequestId, Streamed),
}

/// Something of a streamed answer.
#[derive(Debug)]
pub enum Streamed {
    /// Status and headers.
    Head(Head),
    /// The next bytes of the body.
    Bytes(Vec<u8>),
    /// The body's end, or the connection's.
    End,
    /// There is no answer, or the browser may not read it.
    NoAnswer(NoAnswer),
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Send this and feed the reply back, with the number if there is one.
    Send(Option<RequestId>, Request),
    /// Send this and feed the answer back as it comes.
    Stream(RequestId, Request),
    /// End that request.
    Abort(RequestId),
    /// Keep this for the next load of the page.
    Save(Record),
    /// Keep nothing.
    Forget,
    /// Show this.
    Show(View),
}

impl App {
    /// Nobody signed in, nothing asked.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            session: Session::default(),
            chat: Chat::default(),
            chat_of: None,
            last_id: RequestId(0),
            session_request: None,
            chat_request: None,
        }
    }

    /// Takes `input` in; what is to be done. `now` is this machine's time.
    pub fn step(&mut self, now: UnixMillis, input: Input) -> Vec<Effect> {
        let mut effects = vec![];
        match input {
            Input::Restored(record) => self.session(now, session::Input::Restored(record), &mut effects),
            Input::SignIn { username, password, ephemeral } => {
                self.session(now, session::Input::SignIn { username, password, ephemeral }, &mut effects);
            }
            Input::Intent(Intent::SignOut) => {
                self.session(now, session::Input::SignOut, &mut effects);
                self.no_turns(now, &mut effects);
            }
            Input::Intent(Intent::Ask { prompt, use_case }) => {
                self.chat(now, chat::Input::Ask(Ask { prompt, use_case }), &mut effects);
            }
            Input::Intent(Intent::Retry { turn }) => self.chat(now, chat::Input::Retry(turn), &mut effects),
            Input::Intent(Intent::Stop) => self.chat(now, chat::Input::Stop, &mut effects),
            Input::Replied(id, reply) if self.session_request == Some(id) => {
                self.session_request = None;
                self.session(now, session::Input::Replied(reply), &mut effects);
            }
            Input::Streamed(id, streamed) if self.chat_request == Some(id) => {
                let input = match streamed {
                    Streamed::Head(head) => chat::Input::Head(head),
                    Streamed::Bytes(bytes) => chat::Input::Bytes(bytes),
                    Streamed::End => chat::Input::End,
                    Streamed::NoAnswer(no_answer) => chat::Input::NoAnswer(no_answer),
                };
                self.chat(now, input, &mut effects);
            }
            // The edge has handled these intents: it holds the store, and the password that goes with a sign-in. The rest is late.
            Input::Intent(
                Intent::Start { .. } | Intent::Submit { .. } | Intent::Press { .. } | Intent::Passkey { .. },
            )
            | Input::Replied(..)
            | Input::Streamed(..) => {}
        }
        effects
    }

    fn session(&mut self, now: UnixMillis, input: session::Input, effects: &mut Vec<Effect>) {
        let (session, todo) = std::mem::take(&mut self.session).step(&self.config, now, input);
        self.session = session;
        for effect in todo {
            match effect {
                session::Effect::Send(request) => {
                    let id = self.next_id();
                    self.session_request = Some(id);
                    effects.push(Effect::Send(Some(id), request));
                }
                session::Effect::SendAndForget(request) => effects.push(Effect::Send(None, request)),
                session::Effect::Save(record) => effects.push(Effect::Save(record)),
                session::Effect::Forget => {
                    self.session_request = None;
                    effects.push(Effect::Forget);
                }
                session::Effect::Show(view) => {
                    // Turns outlive a session that ended by itself, for the same person to go on with.
                    let subject = self
                        .session
                        .subject()
                        .filter(|_| matches!(view, session::SessionView::SignedIn { .. }))
                        .map(str::to_owned);
                    if subject.is_some() && self.chat_of != subject {
                        self.no_turns(now, effects);
                        self.chat_of = subject;
                    }
                    effects.push(Effect::Show(View::Session(self.view(view))));
                }
                session::Effect::Keys(keys) => self.chat(now, chat::Input::Keys(keys), effects),
            }
        }
    }

    fn chat(&mut self, now: UnixMillis, input: chat::Input, effects: &mut Vec<Effect>) {
        for effect in self.chat.step(&self.config, now, input) {
            match effect {
                chat::Effect::NeedKeys { refused } => self.session(now, session::Input::NeedKeys { refused }, effects),
                chat::Effect::Stream(request) => {
                    let id = self.next_id();
                    self.chat_request = Some(id);
                    effects.push(Effect::Stream(id, request));
                }
                chat::Effect::Abort => effects.extend(self.chat_request.take().map(Effect::Abort)),
                chat::Effect::Show(id, update) => effects.push(Effect::Show(View::Turn { id, update })),
                chat::Effect::Ended { turn, end, first_text, duration } => {
                    let notice = messages::ending(&end, self.config.contact.as_deref());
                    let end = match end {
                        chat::End::Done => protocol::End::Done,
                        chat::End::Stopped => protocol::End::Stopped,
                        chat::End::CutOff => protocol::End::CutOff,
                        chat::End::Failed(_) => protocol::End::Failed,
                    };
                    let update = TurnUpdate::Ended { end, notice, first_text, duration };
                    effects.push(Effect::Show(View::Turn { id: turn, update }));
                }
            }
        }
    }

    /// The session's view as the page's.
    fn view(&self, view: session::SessionView) -> SessionView {
        let fault = match view {
            session::SessionView::SigningIn => return SessionView::Busy { text: "Signing in…".into() },
            session::SessionView::SignedIn { username, role } => {
                return SessionView::SignedIn { username, role, sign_out: "Sign out".into() };
            }
            session::SessionView::SignedOut { fault } => fault,
        };
        let error = fault.map(|fault| {
            let notice = messages::notice(&fault, self.config.contact.as_deref());
            let text = match notice.request_id {
                Some(id) => format!("{} Request {id}.", notice.text),
                None => notice.text,
            };
            FormError { text, field: (fault == protocol::Fault::WrongPassword).then_some(1) }
        });
        let field = |name: &str, label: &str, autocomplete: &str, kind| Field {
            name: name.into(),
            label: label.into(),
            hint: String::new(),
            autocomplete: autocomplete.into(),
            value: String::new(),
            kind,
        };
        SessionView::Asked(Form {
            id: protocol::FormId(0),
            is_sign_in: true,
            title: "Sign in".into(),
            text: self.config.name.as_ref().map(|name| format!("to {name}")).unwrap_or_default(),
            fields: vec![
                field("username", "Email or username", "username", FieldKind::Text("text".into())),
                field("password", "Password", "current-password", FieldKind::Password),
            ],
            submit: "Sign in".into(),
            buttons: vec![],
            error,
        })
    }

    /// Forgets all turns, and ends the answer that is under way.
    fn no_turns(&mut self, now: UnixMillis, effects: &mut Vec<Effect>) {
        self.chat(now, chat::Input::Stop, effects);
        self.chat = Chat::default();
        self.chat_of = None;
        effects.push(Effect::Show(View::NoTurns));
    }

    fn next_id(&mut self) -> RequestId {
        self.last_id.0 = self.last_id.0.wrapping_add(1);
        self.last_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cognito::{IdentityId, unsigned_token};
    use crate::protocol::{End, TurnUpdate};
    use crate::stream::stock::UseCase;
    use crate::time::Skew;
    use serde_json::json;

    const NOW: UnixMillis = UnixMillis(1_793_682_367_000);

    fn app() -> App {
        App::new(
            Config::from_json(
                br#"{"userPoolId":"eu-central-1_AbC","userPoolClientId":"1abc","identityPoolId":"eu-central-1:1-2",
                     "functionUrl":"https://abc.lambda-url.eu-central-1.on.aws/"}"#,
            )
            .unwrap(),
        )
    }

    fn record(username: &str) -> Record {
        let seconds = NOW.0 / 1000;
        let claims = json!({"iss": "https://issuer", "iat": seconds, "exp": seconds + 3600, "sub": username, "cognito:username": username});
        Record {
            id_token: Secret::new(unsigned_token(&claims)),
            refresh_token: Secret::new("r".into()),
            identity: Some(IdentityId("eu-central-1:i".into())),
            skew: Skew::default(),
        }
    }

    fn keys(id: &str) -> Response {
        #[allow(clippy::cast_precision_loss)]
        let expires = NOW.0 as f64 / 1000.0 + 3600.0;
        let body =
            json!({"Credentials": {"AccessKeyId": id, "SecretKey": "s", "SessionToken": "t", "Expiration": expires}});
        Response { head: Head { status: 200, ..Head::default() }, body: body.to_string().into_bytes() }
    }

    fn send_id(effects: &[Effect]) -> RequestId {
        effects
            .iter()
            .find_map(|effect| if let Effect::Send(Some(id), _) = effect { Some(*id) } else { None })
            .expect("a request")
    }

    fn stream_id(effects: &[Effect]) -> RequestId {
        effects
            .iter()
            .find_map(|effect| if let Effect::Stream(id, _) = effect { Some(*id) } else { None })
            .expect("a question")
    }

    fn ask() -> Input {
        Input::Intent(Intent::Ask { prompt: "Why?".into(), use_case: UseCase::Balanced })
    }

    fn ends(effects: &[Effect]) -> Vec<&End> {
        let ends = effects.iter().filter_map(|effect| match effect {
            Effect::Show(View::Turn { update: TurnUpdate::Ended { end, .. }, .. }) => Some(end),
            _ => None,
        });
        ends.collect()
    }

    #[test]
    fn a_question_asked_before_the_keys_are_there_waits_for_them() {
        let mut app = app();
        let restoring = send_id(&app.step(NOW, Input::Restored(Some(record("alice")))));
        let effects = app.step(NOW, ask());
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Stream(..))));
        stream_id(&app.step(NOW, Input::Replied(restoring, Ok(keys("A1")))));
    }

    #[test]
    fn a_reply_to_an_old_request_is_dropped() {
        let mut app = app();
        let restoring = send_id(&app.step(NOW, Input::Restored(Some(record("alice")))));
        app.step(NOW, Input::Intent(Intent::SignOut));
        assert!(app.step(NOW, Input::Replied(restoring, Ok(keys("A1")))).is_empty());
        assert!(matches!(app.session, Session::SignedOut));
    }

    #[test]
    fn signing_out_ends_the_answer_and_forgets_the_turns() {
        let mut app = app();
        let restoring = send_id(&app.step(NOW, Input::Restored(Some(record("alice")))));
        app.step(NOW, Input::Replied(restoring, Ok(keys("A1"))));
        let asked = stream_id(&app.step(NOW, ask()));
        let effects = app.step(NOW, Input::Intent(Intent::SignOut));
        assert!(effects.iter().any(|effect| matches!(effect, Effect::Abort(id) if *id == asked)));
        assert!(matches!(effects.last(), Some(Effect::Show(View::NoTurns))));
        assert!(app.step(NOW, Input::Streamed(asked, Streamed::Bytes(b"{\"chunk\":\"late\"}\n".to_vec()))).is_empty());
    }

    #[test]
    fn a_session_that_ends_by_itself_keeps_the_turns_for_the_same_person_only() {
        for (who, kept) in [("alice", true), ("bob", false)] {
            let mut app = app();
            let restoring = send_id(&app.step(NOW, Input::Restored(Some(record("alice")))));
            app.step(NOW, Input::Replied(restoring, Ok(keys("A1"))));
            let later = NOW.plus(2 * 3_600_000);
            let refreshing = send_id(&app.step(later, ask()));
            let refusal = Response {
                head: Head { status: 400, error_type: Some("NotAuthorizedException".into()), ..Head::default() },
                body: vec![],
            };
            let effects = app.step(later, Input::Replied(refreshing, Ok(refusal)));
            assert_eq!(ends(&effects), [&End::Failed]);
            let effects = app.step(NOW, Input::Restored(Some(record(who))));
            assert_eq!(!effects.iter().any(|effect| matches!(effect, Effect::Show(View::NoTurns))), kept, "{who}");
        }
    }
}
