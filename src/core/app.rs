//! The worker's core: the session and the chat, joined. Pure; `worker/` carries its effects out.
//!
//! This is the one place where a reply to an old request is dropped: each request has a number, and only the newest of its kind is listened to. It
//! is also the one place where a request of the session that failed for a reason that may pass is sent again.

use crate::core::chat::{self, Chat, Conversation};
use crate::core::config::Config;
use crate::core::fault::{Busy, Service};
use crate::core::history::{self, History};
use crate::core::random::Random;
use crate::core::session::{self, Env, Memory, Record, Screen, Session};
use crate::core::words;
use crate::protocol::{FormId, Intent, View};
use signet_cognito::{
    Entropy, Ephemeral, Secret, UnixMillis,
    http::{Head, NoAnswer, Request, Response, may_pass},
};
use signet_stream::stock::Ask;

/// A request of the session is sent at most so often.
const TRIES: u32 = 3;
/// The shortest time before it is sent again, in milliseconds; it doubles, and up to as much again is added.
const BACK_OFF: u32 = 400;
/// Nobody waits longer than this before a form, in seconds, whatever a service asks for.
const PATIENCE: u32 = 10;

/// A request's number; a reply carries it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(u32);

impl RequestId {
    /// The number itself.
    pub fn number(self) -> u32 {
        self.0
    }
}

/// What a time that passes is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// For the session's request, to be sent again.
    Retry(RequestId),
    /// For the answer, to be given up if nothing has come.
    Alarm(RequestId),
    /// For the answer, to be shown as far as it has come.
    Flush(RequestId),
}

/// Everything the worker knows.
#[derive(Debug)]
pub struct App {
    config: Config,
    random: Random,
    /// The page's address, without query and hash.
    page: String,
    session: Session,
    memory: Memory,
    /// For the next proof of a password.
    spare: Option<Ephemeral>,
    last_form: FormId,
    chat: Chat,
    /// Whose turns the chat holds.
    chat_of: Option<String>,
    /// Whether a guest is here.
    is_guest: bool,
    history: History,
    /// Whether another tab may have changed the conversation that is shown.
    is_behind: bool,
    last_id: RequestId,
    /// Whose reply the session waits for.
    session_request: Option<Outgoing>,
    /// Whose answer the chat waits for.
    chat_request: Option<RequestId>,
}

/// A request of the session's.
#[derive(Debug)]
struct Outgoing {
    id: RequestId,
    request: Request,
    tries: u32,
}

/// What happens to the app.
#[allow(clippy::large_enum_variant)] // It is taken apart where it is read.
#[derive(Debug)]
pub enum Input {
    /// The store was read.
    Restored {
        /// What the tab keeps.
        record: Option<Record>,
        /// What this browser remembers.
        memory: Memory,
        /// The page's address, without query and hash.
        page: String,
        /// The query that the hosted UI came back with, possibly empty.
        callback: Secret,
    },
    /// What was to be kept before the page is left could not be.
    NotKept,
    /// There is nothing else to do: what the next sign-in needs can be computed.
    Idle,
    /// The page sent an intent, with what was filled in beside it.
    Intent(Intent, Vec<Secret>),
    /// The whole reply to an [`Effect::Send`].
    Replied(RequestId, Result<Response, NoAnswer>),
    /// An [`Effect::Wait`] is over.
    Waited(Timer),
    /// Something of the answer to an [`Effect::Stream`].
    Streamed(RequestId, Streamed),
    /// The store's word on conversations.
    History(history::Input),
}

/// Something of a streamed answer.
#[derive(Debug)]
pub enum Streamed {
    /// Status and headers.
    Head(Head),
    /// The next bytes of the body.
    Bytes(Vec<u8>),
    /// The body's end.
    End,
    /// The connection broke in the middle of the body.
    Broken,
    /// There is no answer, or the browser may not read it.
    NoAnswer(NoAnswer),
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Send this and feed the reply back, with the number if there is one.
    Send(Option<RequestId>, Request),
    /// Feed [`Input::Waited`] back after so many milliseconds.
    Wait(Timer, u32),
    /// Send this and feed the answer back as it comes.
    Stream(RequestId, Request),
    /// End that request.
    Abort(RequestId),
    /// Keep this for the next load of the page.
    Save(Record),
    /// Keep nothing for the next load of the page.
    Forget,
    /// Keep this in the browser under a name, or nothing any more.
    Remember(String, Option<Secret>),
    /// Leave for this address, once everything is kept.
    Leave(String),
    /// Tell the page.
    Show(View),
    /// The store of this owner's conversations is to do this.
    History(String, history::Order),
}

impl App {
    /// Nobody signed in, nothing asked. `seed` is 32 bytes of the browser's randomness; `date` gives a day as the reader's language writes it.
    pub fn new(config: Config, seed: [u8; 32], date: fn(UnixMillis) -> String) -> Self {
        Self {
            config,
            random: Random::new(seed),
            page: String::new(),
            session: Session::default(),
            memory: Memory::default(),
            spare: None,
            last_form: FormId::default(),
            chat: Chat::default(),
            chat_of: None,
            is_guest: false,
            history: History::new(date),
            is_behind: false,
            last_id: RequestId(0),
            session_request: None,
            chat_request: None,
        }
    }

    /// Takes `input` in; what is to be done. `now` is this machine's time.
    pub fn step(&mut self, now: UnixMillis, input: Input) -> Vec<Effect> {
        let mut effects = vec![];
        match input {
            Input::Restored { record, memory, page, callback } => {
                (self.memory, self.page) = (memory, page);
                self.session(now, session::Input::Restored { record, callback }, &mut effects);
            }
            Input::Idle if self.spare.is_none() && self.session.subject().is_none() => {
                self.spare = Ephemeral::new(&Entropy(self.random.bytes())).ok();
            }
            Input::NotKept => self.session(now, session::Input::NotKept, &mut effects),
            Input::Intent(intent, values) => self.intent(now, intent, values, &mut effects),
            Input::Replied(id, reply) if self.session_request.as_ref().is_some_and(|sent| sent.id == id) => {
                self.replied(now, reply, &mut effects);
            }
            Input::Waited(Timer::Retry(id)) => {
                if let Some(sent) = self.session_request.as_ref().filter(|sent| sent.id == id) {
                    effects.push(Effect::Send(Some(id), sent.request.clone()));
                    if self.session.is_busy() {
                        let busy = Screen::Busy(Busy::Checking);
                        effects.push(Effect::Show(View::Session(words::screen(&self.config, busy))));
                    }
                }
            }
            Input::Waited(Timer::Alarm(id)) if self.chat_request == Some(id) => {
                self.chat(now, chat::Input::Alarm, &mut effects);
            }
            Input::Waited(Timer::Flush(id)) if self.chat_request == Some(id) => {
                self.chat(now, chat::Input::Flush, &mut effects);
            }
            Input::Streamed(id, streamed) if self.chat_request == Some(id) => {
                let input = match streamed {
                    Streamed::Head(head) => chat::Input::Head(head),
                    Streamed::Bytes(bytes) => chat::Input::Bytes(bytes),
                    Streamed::End => chat::Input::End,
                    Streamed::Broken => chat::Input::Broken,
                    Streamed::NoAnswer(no_answer) => chat::Input::NoAnswer(no_answer),
                };
                if !matches!(input, chat::Input::Head(_) | chat::Input::Bytes(_)) {
                    self.chat_request = None;
                }
                self.chat(now, input, &mut effects);
            }
            Input::History(input) => {
                self.is_behind |= matches!(input, history::Input::ChangedElsewhere);
                let is_loaded = matches!(input, history::Input::Stored(_, history::Reply::Loaded(_)));
                self.history(now, input, &mut effects);
                if is_loaded && !self.chat.is_answering() && std::mem::take(&mut self.is_behind) {
                    let id = self.chat.conversation().id.clone();
                    self.history(now, history::Input::Renew { id }, &mut effects);
                }
            }
            // Late.
            Input::Idle | Input::Replied(..) | Input::Streamed(..) | Input::Waited(_) => {}
        }
        effects
    }

    fn intent(&mut self, now: UnixMillis, intent: Intent, mut values: Vec<Secret>, effects: &mut Vec<Effect>) {
        let input = match intent {
            Intent::Submit { form } => session::Input::Submit(form, values),
            Intent::Press { form, button } => session::Input::Press(form, button, values),
            Intent::Passkey { form, outcome } => {
                let credential = values.pop().unwrap_or_else(|| Secret::new(String::new()));
                session::Input::Passkey(form, outcome, credential)
            }
            Intent::ShownAgain => session::Input::ShownAgain,
            Intent::SignOut => {
                self.leave_history(now, effects);
                self.session(now, session::Input::SignOut, effects);
                // A guest signs in to go on.
                let draft = !std::mem::take(&mut self.is_guest);
                return self.no_turns(now, draft, effects);
            }
            Intent::Ask { prompt, use_case } => {
                let id = self.random.bytes();
                return self.chat(now, chat::Input::Ask(Ask { prompt, use_case }, id), effects);
            }
            Intent::Again { turn, use_case } => return self.chat(now, chat::Input::Again(turn, use_case), effects),
            Intent::Retry { turn } => return self.chat(now, chat::Input::Retry(turn), effects),
            Intent::Edit { turn, prompt, use_case } => {
                let id = self.random.bytes();
                self.chat(now, chat::Input::Stop, effects);
                return self.chat(now, chat::Input::Edit(turn, Ask { prompt, use_case }, id), effects);
            }
            Intent::Stop => return self.chat(now, chat::Input::Stop, effects),
            Intent::Copy { turn, answer } => {
                let text = self.chat.text(turn, answer).map(str::to_owned);
                return effects.extend(text.map(|text| Effect::Show(View::Copy(text))));
            }
            // The edge has handled it: it holds the store.
            Intent::Start { .. } => return,
            intent @ (Intent::New
            | Intent::Open { .. }
            | Intent::Rename { .. }
            | Intent::Delete { .. }
            | Intent::Search { .. }
            | Intent::Keep { .. }
            | Intent::Export { .. }
            | Intent::Import) => return self.history_intent(now, intent, values, effects),
        };
        self.session(now, input, effects);
    }

    /// A reply to the session's request, unless it is worth another try.
    fn replied(&mut self, now: UnixMillis, reply: Result<Response, NoAnswer>, effects: &mut Vec<Effect>) {
        let Some(mut sent) = self.session_request.take() else { return };
        let asked = reply.as_ref().ok().and_then(|response| response.head.retry_after).unwrap_or_default();
        if sent.tries < TRIES && may_pass(&reply) && asked <= PATIENCE {
            let half = BACK_OFF << (sent.tries - 1);
            let wait = (half + self.random.below(half)).max(asked * 1000);
            sent.tries += 1;
            if self.session.is_busy() {
                let busy = Screen::Busy(Busy::Retrying(self.service(&sent.request.url), wait.div_ceil(1000)));
                effects.push(Effect::Show(View::Session(words::screen(&self.config, busy))));
            }
            effects.push(Effect::Wait(Timer::Retry(sent.id), wait));
            self.session_request = Some(sent);
            return;
        }
        self.session(now, session::Input::Replied(reply), effects);
    }

    /// Whose address it is.
    fn service(&self, url: &str) -> Service {
        let pools = &self.config.identity_pool;
        match &self.config.user_pool {
            Some(pool) if pool.api.endpoint == url => Service::UserPool,
            _ if pools.api.endpoint == url => Service::IdentityPool,
            _ if pools.sts_endpoint == url => Service::Sts,
            _ => Service::HostedUi,
        }
    }

    fn session(&mut self, now: UnixMillis, input: session::Input, effects: &mut Vec<Effect>) {
        let mut env = Env {
            config: &self.config,
            now,
            page: &self.page,
            random: &mut self.random,
            spare: &mut self.spare,
            memory: &mut self.memory,
            last_form: &mut self.last_form,
            effects: vec![],
        };
        self.session = std::mem::take(&mut self.session).step(&mut env, input);
        let todo = env.effects;
        for effect in todo {
            match effect {
                session::Effect::Send(request) => {
                    let id = self.next_id();
                    self.session_request = Some(Outgoing { id, request: request.clone(), tries: 1 });
                    effects.push(Effect::Send(Some(id), request));
                }
                session::Effect::SendAndForget(request) => effects.push(Effect::Send(None, request)),
                session::Effect::Save(record) => effects.push(Effect::Save(record)),
                session::Effect::Forget => effects.push(Effect::Forget),
                session::Effect::Remember(name, value) => effects.push(Effect::Remember(name, value)),
                session::Effect::Leave(url) => effects.push(Effect::Leave(url)),
                session::Effect::Passkey { form, options, autofill } => {
                    effects.push(Effect::Show(View::Passkey { form, options, autofill }));
                }
                session::Effect::Show(screen) => {
                    // Turns outlive a session that ended by itself, for the same person to go on with.
                    if let (Screen::SignedIn { guest, .. }, Some(subject)) = (&screen, self.session.subject()) {
                        let subject = subject.to_owned();
                        if self.chat_of.as_ref().is_some_and(|whose| *whose != subject) {
                            self.no_turns(now, true, effects);
                        }
                        (self.chat_of, self.is_guest) = (Some(subject), *guest);
                    }
                    let signed_in = self.signed_in(&screen);
                    effects.push(Effect::Show(View::Session(words::screen(&self.config, screen))));
                    if let Some(input) = signed_in {
                        self.history(now, input, effects);
                    }
                }
                session::Effect::Keys(keys) => self.chat(now, chat::Input::Keys(keys), effects),
            }
        }
        // What nobody waits for any more.
        if !self.session.waits() {
            self.session_request = None;
        }
    }

    fn chat(&mut self, now: UnixMillis, input: chat::Input, effects: &mut Vec<Effect>) {
        let todo = self.chat.step(&self.config, now, input);
        self.of_chat(now, todo, effects);
    }

    fn of_chat(&mut self, now: UnixMillis, todo: Vec<chat::Effect>, effects: &mut Vec<Effect>) {
        for effect in todo {
            match effect {
                chat::Effect::Changed(change) => {
                    let todo = self.history.changed(self.chat.conversation(), change);
                    self.of_history(now, todo, effects);
                }
                chat::Effect::NeedKeys { refused } => self.session(now, session::Input::NeedKeys { refused }, effects),
                chat::Effect::Stream(request) => {
                    let id = self.next_id();
                    // Of an answer that is whole: its server may keep the connection, of which there are few.
                    effects.extend(self.chat_request.replace(id).map(Effect::Abort));
                    effects.push(Effect::Stream(id, request));
                }
                chat::Effect::Abort => effects.extend(self.chat_request.take().map(Effect::Abort)),
                chat::Effect::Alarm(millis) => {
                    effects.extend(self.chat_request.map(|id| Effect::Wait(Timer::Alarm(id), millis)));
                }
                chat::Effect::Flush(millis) => {
                    effects.extend(self.chat_request.map(|id| Effect::Wait(Timer::Flush(id), millis)));
                }
                chat::Effect::Show(view) => effects.push(Effect::Show(view)),
            }
        }
    }

    /// What the person wants of the conversations that are kept. Of a session that has ended by itself only this is remembered: what to open next.
    fn history_intent(&mut self, now: UnixMillis, intent: Intent, mut values: Vec<Secret>, effects: &mut Vec<Effect>) {
        let is_shown = |id: &str| !id.is_empty() && self.chat.conversation().id == id;
        let input = match intent {
            Intent::Open { id } if self.session.subject().is_none() => history::Input::Want { id },
            _ if self.session.subject().is_none() => return,
            Intent::Open { id } if is_shown(&id) => history::Input::Leave,
            Intent::Open { id } => history::Input::Open { id },
            Intent::New => {
                self.show(now, Conversation::default(), effects);
                history::Input::Leave
            }
            Intent::Rename { id, title } if is_shown(&id) => {
                if let Some(title) = history::title(&title) {
                    effects.push(Effect::Show(View::Title { id, title: title.clone() }));
                    let todo = self.chat.rename(title);
                    self.of_chat(now, todo, effects);
                }
                return;
            }
            Intent::Rename { id, title } => history::Input::Rename { id, title },
            Intent::Delete { id } => {
                if is_shown(&id) {
                    self.show(now, Conversation::default(), effects);
                }
                history::Input::Delete { id }
            }
            Intent::Search { query } => history::Input::Search { query },
            Intent::Keep { keep } => history::Input::Keep(keep),
            Intent::Export { id, markdown } => history::Input::Export { id, markdown },
            Intent::Import => history::Input::Import(values.pop().unwrap_or_else(|| Secret::new(String::new()))),
            _ => return,
        };
        self.history(now, input, effects);
    }

    fn history(&mut self, now: UnixMillis, input: history::Input, effects: &mut Vec<Effect>) {
        let todo = self.history.step(now, input);
        self.of_history(now, todo, effects);
    }

    fn of_history(&mut self, now: UnixMillis, todo: Vec<history::Effect>, effects: &mut Vec<Effect>) {
        for effect in todo {
            match effect {
                history::Effect::Store(owner, order) => effects.push(Effect::History(owner, order)),
                history::Effect::Show(view) => effects.push(Effect::Show(view)),
                history::Effect::Open(conversation) => self.show(now, conversation, effects),
                history::Effect::Renew(conversation) => {
                    let todo = self.chat.renew(&self.config, conversation);
                    self.of_chat(now, todo, effects);
                }
            }
        }
    }

    /// Shows another conversation. The answer that is under way ends, and is kept as far as it came.
    fn show(&mut self, now: UnixMillis, conversation: Conversation, effects: &mut Vec<Effect>) {
        self.chat(now, chat::Input::Stop, effects);
        let todo = self.chat.show(&self.config, conversation);
        self.of_chat(now, todo, effects);
    }

    /// The person signs out: the history is deleted, unless they chose to keep it, before anything that could take the page away.
    fn leave_history(&mut self, now: UnixMillis, effects: &mut Vec<Effect>) {
        // What came of the answer under way belongs to what is kept.
        self.chat(now, chat::Input::Stop, effects);
        self.history(now, history::Input::SignOut, effects);
    }

    /// Whose conversations are kept, once somebody is signed in: nobody else's in this browser, nor of another pool of identities.
    fn signed_in(&self, screen: &Screen) -> Option<history::Input> {
        let Screen::SignedIn { guest, .. } = screen else { return None };
        let owner = match self.session.subject()? {
            _ if *guest => Some(" guest"),
            "" => None,
            subject => Some(subject),
        };
        let owner = owner.map(|owner| [&self.config.identity_pool.api.id, "\n", owner].concat());
        Some(history::Input::SignedIn { owner })
    }

    /// Forgets all turns, and ends the answer that is under way; `draft` is whether also what is being typed.
    fn no_turns(&mut self, now: UnixMillis, draft: bool, effects: &mut Vec<Effect>) {
        self.chat(now, chat::Input::Stop, effects);
        self.chat = Chat::default();
        self.chat_of = None;
        effects.push(Effect::Show(View::Forget { draft }));
    }

    fn next_id(&mut self) -> RequestId {
        self.last_id.0 = self.last_id.0.wrapping_add(1);
        self.last_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::fault::Fault;
    use crate::core::session::harness::{
        HOUR, NOW, PAGE, Run, claims, config, credentials, operation, refusal, response, secrets, tokens, verifier,
        with_guests,
    };
    use crate::protocol::{AnswerId, AnswerUpdate, End, SessionView, TurnId, TurnUpdate};
    use proptest::prelude::*;
    use signet_stream::stock::UseCase;

    /// An app, and the effects of its last step.
    struct Tab {
        app: App,
        now: UnixMillis,
        effects: Vec<Effect>,
    }

    impl Tab {
        /// With what an earlier load of the page kept.
        fn new(config: Config, record: Option<Record>) -> Self {
            let mut tab = Self { app: App::new(config, [3; 32], UnixMillis::amz_date), now: NOW, effects: vec![] };
            tab.restore(record);
            tab
        }

        fn restore(&mut self, record: Option<Record>) {
            self.step(Input::Restored {
                record,
                memory: Memory::default(),
                page: PAGE.into(),
                callback: Secret::new(String::new()),
            });
        }

        /// Somebody is signed in, and keys are on the way.
        fn restored() -> Self {
            Self::new(config(), Run::signed_in(config()).record)
        }

        /// Somebody is signed in, with keys.
        fn signed_in() -> Self {
            let mut tab = Self::restored();
            tab.reply(Ok(response(200, credentials("A1", NOW.plus(HOUR)).to_string())));
            tab
        }

        /// The form was sent, and the user pool is asked.
        fn signing_in() -> Self {
            let mut tab = Self::new(config(), None);
            tab.submit();
            tab
        }

        fn step(&mut self, input: Input) -> &mut Self {
            self.effects = self.app.step(self.now, input);
            self
        }

        fn submit(&mut self) -> &mut Self {
            let form = self.app.last_form;
            self.step(Input::Intent(Intent::Submit { form }, secrets(&["alice", "hunter2"])))
        }

        fn ask(&mut self) -> &mut Self {
            self.step(Input::Intent(Intent::Ask { prompt: "Why?".into(), use_case: UseCase::Balanced }, vec![]))
        }

        fn reply(&mut self, reply: Result<Response, NoAnswer>) -> &mut Self {
            let id = self.app.session_request.as_ref().expect("a request").id;
            self.step(Input::Replied(id, reply))
        }

        fn sends(&self) -> Option<(RequestId, &str)> {
            self.effects.iter().find_map(|effect| match effect {
                Effect::Send(Some(id), request) => Some((*id, operation(request))),
                _ => None,
            })
        }

        fn waits(&self) -> Option<(RequestId, u32)> {
            let waits = |effect: &Effect| {
                if let Effect::Wait(Timer::Retry(id), millis) = effect { Some((*id, *millis)) } else { None }
            };
            self.effects.iter().find_map(waits)
        }

        fn streams(&self) -> Option<RequestId> {
            self.effects.iter().find_map(|effect| if let Effect::Stream(id, _) = effect { Some(*id) } else { None })
        }

        fn busy(&self) -> Option<&str> {
            self.effects.iter().find_map(|effect| match effect {
                Effect::Show(View::Session(SessionView::Busy { text })) => Some(&**text),
                _ => None,
            })
        }

        /// What is said beside the form.
        fn error(&self) -> Option<&str> {
            self.effects.iter().find_map(|effect| match effect {
                Effect::Show(View::Session(SessionView::Asked(form))) => Some(form.error.as_ref()?.text.as_str()),
                _ => None,
            })
        }

        fn end(&self) -> Option<(&End, Option<&str>)> {
            self.effects.iter().find_map(|effect| match effect {
                Effect::Show(View::Turn {
                    update: TurnUpdate::Answer { update: AnswerUpdate::Ended { end, notice, .. }, .. },
                    ..
                }) => Some((end, notice.as_ref().map(|notice| notice.text.as_str()))),
                _ => None,
            })
        }

        fn has_no_turns(&self) -> bool {
            self.effects.iter().any(|effect| matches!(effect, Effect::Show(View::Forget { .. })))
        }
    }

    fn throttled(retry_after: Option<u32>) -> Response {
        let mut response = refusal("TooManyRequestsException", "Rate exceeded");
        response.head.retry_after = retry_after;
        response
    }

    #[test]
    fn a_question_asked_before_the_keys_are_there_waits_for_them() {
        let mut tab = Tab::restored();
        assert_eq!(tab.ask().streams(), None);
        tab.reply(Ok(response(200, credentials("A1", NOW.plus(HOUR)).to_string())));
        assert!(tab.streams().is_some());
    }

    #[test]
    fn a_reply_to_an_old_request_is_dropped() {
        let mut tab = Tab::restored();
        let (restoring, _) = tab.sends().unwrap();
        tab.step(Input::Intent(Intent::SignOut, vec![]));
        let late = Input::Replied(restoring, Ok(response(200, credentials("A1", NOW.plus(HOUR)).to_string())));
        assert!(tab.step(late).effects.is_empty());
        assert_eq!(tab.app.session.subject(), None);
    }

    #[test]
    fn signing_out_ends_the_answer_and_forgets_the_turns() {
        let mut tab = Tab::signed_in();
        let asked = tab.ask().streams().unwrap();
        tab.step(Input::Intent(Intent::SignOut, vec![]));
        assert!(tab.effects.iter().any(|effect| matches!(effect, Effect::Abort(id) if *id == asked)));
        assert!(matches!(tab.effects.last(), Some(Effect::Show(View::Forget { draft: true }))));
        assert!(
            tab.step(Input::Streamed(asked, Streamed::Bytes(b"{\"chunk\":\"late\"}\n".to_vec()))).effects.is_empty()
        );
    }

    #[test]
    fn a_guest_who_signs_in_goes_on_with_what_was_typed() {
        let mut tab = Tab::new(with_guests(), None);
        tab.step(Input::Intent(Intent::Press { form: tab.app.last_form, button: 0 }, vec![]));
        tab.reply(Ok(response(200, r#"{"IdentityId":"eu-central-1:i"}"#)));
        tab.reply(Ok(response(200, credentials("G1", NOW.plus(HOUR)).to_string())));
        assert!(tab.app.is_guest && !tab.has_no_turns());
        tab.step(Input::Intent(Intent::SignOut, vec![]));
        assert!(matches!(tab.effects.last(), Some(Effect::Show(View::Forget { draft: false }))));
        tab.submit().reply(Ok(response(200, verifier("PASSWORD_VERIFIER").to_string())));
        tab.reply(Ok(response(200, tokens(NOW, None).to_string())));
        tab.reply(Ok(response(200, credentials("A2", NOW.plus(HOUR)).to_string())));
        assert!(tab.app.session.subject() == Some("s-1") && !tab.has_no_turns());
        tab.step(Input::Intent(Intent::SignOut, vec![]));
        assert!(matches!(tab.effects.last(), Some(Effect::Show(View::Forget { draft: true }))));
    }

    #[test]
    fn a_whole_answers_connection_is_closed_when_the_next_one_is_opened() {
        let mut tab = Tab::signed_in();
        let asked = tab.ask().streams().unwrap();
        tab.step(Input::Streamed(asked, Streamed::Head(Head { status: 200, ..Head::default() })));
        tab.step(Input::Streamed(asked, Streamed::Bytes(b"{\"chunk\":\"a\"}\n[DONE]\n".to_vec())));
        let aborts = |tab: &Tab| tab.effects.iter().any(|effect| matches!(effect, Effect::Abort(id) if *id == asked));
        assert!(tab.end().is_some_and(|(end, _)| *end == End::Done) && !aborts(&tab));
        assert!(tab.ask().streams().is_some() && aborts(&tab));
    }

    #[test]
    fn a_session_that_ends_by_itself_keeps_the_turns_for_the_same_person_only() {
        for (who, kept) in [("s-1", true), ("s-2", false)] {
            let mut tab = Tab::signed_in();
            tab.now = NOW.plus(2 * HOUR);
            tab.ask();
            assert_eq!(tab.sends().unwrap().1, "GetTokensFromRefreshToken");
            tab.reply(Ok(refusal("NotAuthorizedException", "Refresh Token has been revoked")));
            let ended = tab.end().unwrap();
            assert_eq!(ended.0, &End::Failed);
            assert!(ended.1.unwrap().contains("Sign in again"), "{ended:?}");
            assert!(tab.error().is_some() && !tab.has_no_turns());
            tab.submit().reply(Ok(response(200, verifier("PASSWORD_VERIFIER").to_string())));
            let mut body = tokens(tab.now, None);
            let mut claims = claims(tab.now);
            claims["sub"] = who.into();
            body["AuthenticationResult"]["IdToken"] = crate::core::session::harness::unsigned_token(&claims).into();
            tab.reply(Ok(response(200, body.to_string())));
            tab.reply(Ok(response(200, r#"{"IdentityId":"eu-central-1:i"}"#)));
            tab.reply(Ok(response(200, credentials("A2", tab.now.plus(HOUR)).to_string())));
            assert!(tab.app.session.subject() == Some(who));
            assert_eq!(!tab.has_no_turns(), kept, "{who}");
        }
    }

    #[test]
    fn the_notice_of_a_turn_names_whom_to_ask() {
        let config = Config { contact: Some("it@example.com".into()), ..config() };
        let mut tab = Tab::new(config, Run::signed_in(self::config()).record);
        tab.reply(Ok(response(200, credentials("A1", NOW.plus(HOUR)).to_string())));
        let asked = tab.ask().streams().unwrap();
        let head = Head { status: 403, error_type: Some("AccessDeniedException".into()), ..Head::default() };
        tab.step(Input::Streamed(asked, Streamed::Head(head))).step(Input::Streamed(asked, Streamed::End));
        let (end, notice) = tab.end().unwrap();
        assert_eq!(end, &End::Failed);
        assert!(notice.unwrap().contains("callers") && notice.unwrap().contains("it@example.com"), "{notice:?}");

        let asked = tab.ask().streams().unwrap();
        tab.step(Input::Streamed(asked, Streamed::Head(Head { status: 200, ..Head::default() })));
        tab.step(Input::Streamed(asked, Streamed::End));
        assert_eq!(tab.end(), Some((&End::CutOff, Some("The connection ended before the answer began. Try again."))));
        tab.ask().step(Input::Intent(Intent::Stop, vec![]));
        assert_eq!(tab.end(), Some((&End::Stopped, None)));
    }

    #[test]
    fn a_silent_endpoint_is_given_up_and_its_request_ended() {
        let mut tab = Tab::signed_in();
        let asked = tab.ask().streams().unwrap();
        let alarm = |tab: &Tab| {
            tab.effects.iter().find_map(|effect| match effect {
                Effect::Wait(Timer::Alarm(id), millis) => Some((*id, *millis)),
                _ => None,
            })
        };
        assert_eq!(alarm(&tab), Some((asked, 75_000)));
        assert!(tab.step(Input::Waited(Timer::Alarm(RequestId(asked.0 - 1)))).effects.is_empty(), "another's");
        tab.now = tab.now.plus(75_000);
        tab.step(Input::Waited(Timer::Alarm(asked)));
        assert_eq!(alarm(&tab), Some((asked, 15_000)));
        tab.now = tab.now.plus(15_000);
        tab.step(Input::Waited(Timer::Alarm(asked)));
        assert!(tab.effects.iter().any(|effect| matches!(effect, Effect::Abort(id) if *id == asked)));
        assert!(tab.end().unwrap().1.unwrap().contains("90 seconds"));
        let late = [Input::Waited(Timer::Alarm(asked)), Input::Streamed(asked, Streamed::Broken)];
        assert!(late.into_iter().all(|late| tab.step(late).effects.is_empty()));
    }

    #[test]
    fn text_is_shown_again_when_its_time_has_come() {
        let mut tab = Tab::signed_in();
        let asked = tab.ask().streams().unwrap();
        tab.step(Input::Streamed(asked, Streamed::Head(Head { status: 200, ..Head::default() })));
        let chunk = || Input::Streamed(asked, Streamed::Bytes(b"{\"chunk\":\"a\"}\n".to_vec()));
        let flushes = |tab: &Tab| {
            let is_flush = |effect: &Effect| matches!(effect, Effect::Wait(Timer::Flush(id), 80) if *id == asked);
            tab.effects.iter().any(is_flush)
        };
        assert!(flushes(tab.step(chunk())));
        // It is kept at once, and shown later.
        assert!(matches!(tab.step(chunk()).effects[..], [Effect::History(_, history::Order::Append { .. })]));
        assert!(flushes(tab.step(Input::Waited(Timer::Flush(asked)))));
        let copy = Intent::Copy { turn: TurnId(0), answer: AnswerId(0) };
        tab.step(Input::Intent(copy.clone(), vec![]));
        assert!(matches!(&tab.effects[..], [Effect::Show(View::Copy(text))] if text == "aa"));
        tab.step(Input::Intent(Intent::New, vec![]));
        assert!(tab.step(Input::Intent(copy, vec![])).effects.is_empty());
    }

    #[test]
    fn whatever_leaves_the_conversation_stops_the_answer_first() {
        let edit = Intent::Edit { turn: TurnId(0), prompt: "Else?".into(), use_case: UseCase::Balanced };
        for (intent, goes_on) in [(Intent::New, false), (edit, true)] {
            let mut tab = Tab::signed_in();
            let asked = tab.ask().streams().unwrap();
            let old = tab.app.chat.conversation().id.clone();
            assert_eq!(old.len(), 16);
            tab.step(Input::Intent(intent, vec![]));
            assert!(tab.effects.iter().any(|effect| matches!(effect, Effect::Abort(id) if *id == asked)));
            assert_eq!(tab.end(), Some((&End::Stopped, None)));
            let opened = tab.effects.iter().find_map(|effect| match effect {
                Effect::Show(View::Conversation { id, .. }) => Some(id.as_str()),
                _ => None,
            });
            assert_eq!(opened, Some(tab.app.chat.conversation().id.as_str()));
            assert_eq!(opened.map(str::len), Some(if goes_on { 16 } else { 0 }));
            assert_ne!(opened, Some(old.as_str()));
            assert_eq!(tab.streams().is_some(), goes_on);
        }
    }

    #[test]
    fn a_turn_can_be_asked_again() {
        let mut tab = Tab::signed_in();
        let asked = tab.ask().streams().unwrap();
        tab.step(Input::Streamed(asked, Streamed::Head(Head { status: 200, ..Head::default() })));
        tab.step(Input::Streamed(asked, Streamed::Bytes(b"{\"chunk\":\"a\"}\n[DONE]\n".to_vec())));
        assert_eq!(tab.end(), Some((&End::Done, None)));
        let turn = TurnId(0);
        let again = tab.step(Input::Intent(Intent::Again { turn, use_case: UseCase::CostOptimized }, vec![])).streams();
        assert!(again.is_some_and(|again| again != asked));
        assert!(tab.step(Input::Streamed(asked, Streamed::End)).effects.is_empty(), "of the first");
        tab.step(Input::Intent(Intent::Stop, vec![]));
        assert!(tab.step(Input::Intent(Intent::Retry { turn }, vec![])).streams().is_some());
    }

    #[test]
    fn the_waits_of_two_tabs_differ() {
        let first_wait = |seed: [u8; 32]| {
            let mut tab = Tab { app: App::new(config(), seed, UnixMillis::amz_date), now: NOW, effects: vec![] };
            tab.restore(None);
            tab.submit().reply(Ok(throttled(None))).waits().unwrap().1
        };
        let waits: Vec<u32> = (0..8).map(|seed| first_wait([seed; 32])).collect();
        assert!(waits.iter().any(|wait| *wait != waits[0]), "{waits:?}");
    }

    #[test]
    fn a_service_that_says_how_long_is_obeyed_up_to_a_limit() {
        let mut tab = Tab::signing_in();
        assert_eq!(tab.reply(Ok(throttled(Some(PATIENCE)))).waits().unwrap().1, PATIENCE * 1000);
        assert!(tab.busy().unwrap().contains(" in 10 s"), "a wait that is worth saying");
        let mut tab = Tab::signing_in();
        tab.reply(Ok(throttled(Some(PATIENCE + 1))));
        assert_eq!(tab.waits(), None, "the person decides");
        assert!(tab.error().unwrap().contains("in 11 s"), "{:?}", tab.error());
    }

    #[test]
    fn what_will_not_pass_is_never_sent_again() {
        for reply in [
            Ok(refusal("NotAuthorizedException", "Incorrect username or password.")),
            Ok(refusal("LimitExceededException", "Attempt limit exceeded, please try after some time.")),
            Ok(refusal("TooManyFailedAttemptsException", "")),
            Ok(refusal("InvalidParameterException", "")),
            Err(NoAnswer::Unreadable),
        ] {
            let mut tab = Tab::signing_in();
            tab.reply(reply);
            assert_eq!((tab.waits(), tab.sends()), (None, None));
            assert!(tab.error().is_some());
        }
    }

    #[test]
    fn signing_out_while_a_request_waits_ends_the_waiting() {
        for mut tab in [Tab::signing_in(), Tab::restored()] {
            let (id, _) = tab.sends().unwrap();
            assert!(tab.reply(Ok(throttled(None))).waits().is_some());
            tab.step(Input::Intent(Intent::SignOut, vec![]));
            assert!(tab.step(Input::Waited(Timer::Retry(id))).effects.is_empty());
            assert!(tab.step(Input::Replied(id, Ok(throttled(None)))).effects.is_empty());
        }
    }

    #[test]
    fn the_next_proof_is_made_while_nobody_is_signed_in() {
        let mut tab = Tab::new(config(), None);
        tab.step(Input::Idle);
        assert!(tab.app.spare.is_some());
        tab.submit();
        assert!(tab.app.spare.is_none(), "each is used once");
        let mut tab = Tab::signed_in();
        tab.step(Input::Idle);
        assert!(tab.app.spare.is_none());
    }

    #[test]
    fn a_page_that_cannot_be_left_is_told_so() {
        let mut tab = Tab::new(crate::core::session::harness::with_hosted_ui(), None);
        let form = tab.app.last_form;
        tab.step(Input::Intent(Intent::Press { form, button: 0 }, vec![]));
        assert!(tab.effects.iter().any(|effect| matches!(effect, Effect::Leave(_))));
        tab.step(Input::NotKept);
        let not_kept = words::notice(&Fault::NotKept, None).text;
        assert_eq!(tab.error(), Some(not_kept.as_str()));
    }

    #[test]
    fn what_may_pass_is_sent_again_twice_after_waits_that_double() {
        for reply in [Ok(throttled(None)), Ok(response(503, "")), Err(NoAnswer::Unreachable)] {
            let mut tab = Tab::signing_in();
            let (id, _) = tab.sends().unwrap();
            for least in [BACK_OFF, 2 * BACK_OFF] {
                tab.reply(reply.clone());
                let (waiting, millis) = tab.waits().unwrap();
                assert!(waiting == id && (least..2 * least).contains(&millis), "{millis}");
                assert_eq!((tab.sends(), tab.error()), (None, None));
                let busy = tab.busy().expect("the person is told");
                assert!(busy.contains("Trying again…") && busy.contains("sign-in service"), "{busy}");
                assert_eq!(
                    tab.step(Input::Waited(Timer::Retry(id))).sends(),
                    Some((id, "InitiateAuth")),
                    "the same request"
                );
            }
            tab.reply(reply.clone());
            assert_eq!(tab.waits(), None, "not more often");
            assert!(tab.error().is_some(), "and the form is there again");
            assert!(tab.submit().sends().is_some());
        }
    }

    #[test]
    fn a_renewal_that_waits_is_not_shown_but_the_end_of_a_sign_in_is() {
        let mut tab = Tab::restored();
        assert!(tab.reply(Ok(throttled(None))).waits().is_some());
        assert_eq!(tab.busy(), None, "the person sees the conversation");

        let mut tab = Tab::signing_in();
        tab.reply(Ok(response(200, verifier("PASSWORD_VERIFIER").to_string())));
        tab.reply(Ok(response(200, tokens(NOW, None).to_string())));
        assert_eq!(tab.sends().unwrap().1, "GetId");
        tab.reply(Ok(throttled(None)));
        assert!(tab.busy().unwrap().contains("identity pool"), "{:?}", tab.busy());
    }

    #[test]
    fn an_address_of_the_deployers_is_not_called_the_user_pool() {
        let config = Config { user_pool: None, token_url: Some("https://login.example.com/token".into()), ..config() };
        let mut tab = Tab::new(config, None);
        let form = tab.app.last_form;
        tab.step(Input::Intent(Intent::Press { form, button: 0 }, vec![]));
        tab.reply(Ok(response(503, "")));
        assert!(tab.busy().unwrap().starts_with("The sign-in page's service"), "{:?}", tab.busy());
    }

    #[test]
    fn an_offer_by_autofill_that_waits_leaves_the_form_usable() {
        let mut config = crate::core::session::harness::with_choice(None);
        config.user_pool.as_mut().unwrap().passkey_autofill = true;
        let mut tab = Tab { app: App::new(config, [3; 32], UnixMillis::amz_date), now: NOW, effects: vec![] };
        tab.step(Input::Restored {
            record: None,
            memory: Memory::new(vec![("username".into(), Secret::new("alice".into()))]),
            page: PAGE.into(),
            callback: Secret::new(String::new()),
        });
        let (offered, _) = tab.sends().unwrap();
        assert!(tab.reply(Ok(throttled(None))).waits().is_some());
        assert!(tab.busy().is_none() && tab.error().is_none(), "nobody asked for it");
        let form = tab.app.last_form;
        let (sent, _) = tab.step(Input::Intent(Intent::Submit { form }, secrets(&["bob"]))).sends().unwrap();
        assert_ne!(sent, offered);
        assert!(tab.step(Input::Waited(Timer::Retry(offered))).effects.is_empty(), "the person goes first");
    }

    /// Conversations that the store of this browser has.
    fn stored(conversations: &[Conversation]) -> Input {
        let summaries = conversations.iter().map(|one| history::Summary::of(one).to_bytes()).collect();
        stored_reply(history::Reply::Loaded(Ok((summaries, false))))
    }

    fn stored_reply(reply: history::Reply) -> Input {
        Input::History(history::Input::Stored(format!("{}\ns-1", config().identity_pool.api.id), reply))
    }

    fn conversation(id: &str) -> Conversation {
        let answer = chat::Answer {
            use_case: UseCase::Balanced,
            asked: NOW,
            context: 0,
            model: String::new(),
            text: "Because.".into(),
            reasoning: String::new(),
            end: Some(End::Done),
            notice: None,
            stop: None,
            usage: signet_stream::Usage::default(),
            first_text: None,
            duration: 1,
        };
        let turns = vec![chat::Turn { prompt: "Why?".into(), answers: vec![answer] }];
        Conversation { id: id.into(), title: "Why?".into(), updated: NOW, context_bytes: None, turns }
    }

    impl Tab {
        fn orders(&self) -> Vec<&history::Order> {
            let orders = self.effects.iter().filter_map(|effect| match effect {
                Effect::History(_, order) => Some(order),
                _ => None,
            });
            orders.collect()
        }

        fn want(&mut self, intent: Intent) -> &mut Self {
            self.step(Input::Intent(intent, vec![]))
        }

        /// Which conversation takes the page.
        fn replaced_by(&self) -> Option<&str> {
            self.effects.iter().find_map(|effect| match effect {
                Effect::Show(View::Conversation { id, .. }) => Some(id.as_str()),
                _ => None,
            })
        }

        /// With this conversation on the page.
        fn opened(id: &str) -> Self {
            let mut tab = Self::signed_in();
            tab.step(stored(&[conversation("a"), conversation("b")]));
            tab.want(Intent::Open { id: id.into() });
            let [history::Order::Read { job, id: read }] = tab.orders()[..] else { panic!("{:?}", tab.effects) };
            let (job, saved) = (*job, history::write(&conversation(read)));
            tab.step(stored_reply(history::Reply::Read { job, found: Some((saved, vec![])) }));
            assert_eq!(tab.replaced_by(), Some(id));
            tab
        }
    }

    #[test]
    fn the_history_is_read_as_soon_as_it_is_known_whose_it_is() {
        let tab = Tab::restored();
        assert_eq!(tab.orders(), [&history::Order::Load]);
        assert!(
            tab.effects.iter().any(|effect| matches!(effect, Effect::History(owner, _) if owner.ends_with("\ns-1")))
        );
        assert_eq!(Tab::new(config(), None).orders(), [] as [&history::Order; 0]);
    }

    #[test]
    fn what_another_tab_has_added_to_what_is_shown_is_shown_here() {
        let mut tab = Tab::opened("a");
        let read = |tab: &mut Tab, conversation: &Conversation| {
            tab.step(Input::History(history::Input::ChangedElsewhere)).step(stored(&[self::conversation("a")]));
            let job = tab.orders().into_iter().find_map(|order| match order {
                history::Order::Read { job, .. } => Some(*job),
                _ => None,
            });
            let found = Some((history::write(conversation), vec![]));
            job.map(|job| tab.step(stored_reply(history::Reply::Read { job, found })).effects.len())
        };
        let mut changed = conversation("a");
        assert_eq!(read(&mut tab, &changed), Some(0), "nothing is new");
        changed.title = "Rivers".into();
        changed.turns.push(changed.turns[0].clone());
        read(&mut tab, &changed);
        assert_eq!(*tab.app.chat.conversation(), changed);
        let views: Vec<_> = tab.effects.iter().collect();
        assert!(matches!(views[0], Effect::Show(View::Title { title, .. }) if title == "Rivers"), "{views:?}");
        let is_new = |effect: &&Effect| matches!(effect, Effect::Show(View::Turn { id: TurnId(1), .. }));
        assert!(views.len() > 2 && views[1..].iter().all(is_new), "what was shown is not touched: {views:?}");
        // What is shown here and was lost there stays.
        assert_eq!(read(&mut tab, &conversation("a")), Some(0));
        tab.ask();
        assert_eq!(read(&mut tab, &changed), None, "an answer is under way");
    }

    #[test]
    fn signing_out_wipes_before_anything_is_forgotten_and_nothing_is_kept_after() {
        let mut tab = Tab::opened("a");
        tab.ask().want(Intent::SignOut);
        let at = |such: fn(&Effect) -> bool| tab.effects.iter().position(such).unwrap();
        let wipe = at(|effect| matches!(effect, Effect::History(_, history::Order::Wipe { is_wanted: true })));
        assert!(wipe < at(|effect| matches!(effect, Effect::Forget)));
        let last = tab.effects.iter().rposition(|effect| matches!(effect, Effect::History(..)));
        assert_eq!(last, Some(wipe), "{:?}", tab.effects);
    }

    #[test]
    fn what_is_shown_can_be_renamed_and_deleted() {
        let mut tab = Tab::opened("a");
        tab.want(Intent::Rename { id: "a".into(), title: " Rivers ".into() });
        let title = |effect: &Effect| matches!(effect, Effect::Show(View::Title { id, title }) if id == "a" && title == "Rivers");
        assert!(tab.effects.iter().any(title), "{:?}", tab.effects);
        assert!(matches!(tab.orders()[..], [history::Order::Save { .. }]));
        tab.want(Intent::Rename { id: "a".into(), title: " ".into() });
        assert!(tab.effects.is_empty());
        // Another one's title is changed where it is stored.
        tab.want(Intent::Rename { id: "b".into(), title: "Lakes".into() });
        assert!(matches!(tab.orders()[..], [history::Order::Read { .. }]));
        tab.want(Intent::Delete { id: "b".into() });
        assert_eq!(tab.replaced_by(), None);
        tab.want(Intent::Delete { id: "a".into() });
        assert_eq!(tab.replaced_by(), Some(""));
        assert_eq!(tab.orders().last(), Some(&&history::Order::Delete { id: "a".into() }));
    }

    #[test]
    fn opening_what_is_shown_does_not_disturb_it() {
        let mut tab = Tab::opened("a");
        assert!(tab.want(Intent::Open { id: "a".into() }).effects.is_empty());
        assert_eq!(tab.want(Intent::New).replaced_by(), Some(""));
        tab.want(Intent::Open { id: "a".into() });
        assert_eq!(tab.orders().len(), 1);
    }

    #[test]
    fn after_a_session_has_ended_the_history_is_out_of_reach_until_the_same_person_is_back() {
        let mut tab = Tab::opened("a");
        tab.now = NOW.plus(2 * HOUR);
        tab.ask();
        tab.reply(Ok(refusal("NotAuthorizedException", "Refresh Token has been revoked")));
        assert!(tab.error().is_some());
        assert!(!tab.orders().iter().any(|order| matches!(order, history::Order::Wipe { .. })), "nobody wanted that");
        for intent in [
            Intent::Export { id: None, markdown: true },
            Intent::Search { query: "why".into() },
            Intent::Delete { id: "b".into() },
            Intent::Keep { keep: true },
            Intent::Open { id: "b".into() },
        ] {
            assert!(tab.want(intent).effects.is_empty());
        }
        tab.submit().reply(Ok(response(200, verifier("PASSWORD_VERIFIER").to_string())));
        tab.reply(Ok(response(200, tokens(tab.now, None).to_string())));
        tab.reply(Ok(response(200, r#"{"IdentityId":"eu-central-1:i"}"#)));
        tab.reply(Ok(response(200, credentials("A2", tab.now.plus(HOUR)).to_string())));
        assert_eq!(tab.orders(), [&history::Order::Load]);
        tab.step(stored(&[conversation("a"), conversation("b")]));
        assert!(
            matches!(tab.orders()[..], [history::Order::Read { id, .. }] if id == "b"),
            "what was wanted meanwhile"
        );
    }

    fn anything() -> impl Strategy<Value = Vec<(u8, u8)>> {
        prop::collection::vec((0..18_u8, any::<u8>()), 0..40)
    }

    /// Replies of all the services that a sign-in with a password asks.
    fn a_reply(kind: u8) -> Response {
        let code = crate::core::session::harness::delivered("SMS_MFA", "SMS", "+*9934");
        match kind % 8 {
            0 | 1 => response(200, verifier("PASSWORD_VERIFIER").to_string()),
            2 | 3 => response(200, tokens(NOW, Some("refresh-1")).to_string()),
            4 => response(200, code.to_string()),
            5 => response(200, r#"{"IdentityId":"eu-central-1:i"}"#),
            6 => response(200, credentials("A1", NOW.plus(HOUR)).to_string()),
            _ => refusal("NotAuthorizedException", "Incorrect username or password."),
        }
    }

    proptest! {
        #[test]
        fn whatever_happens_a_reply_is_awaited_exactly_while_the_session_waits(moves in anything(), signed_in in any::<bool>()) {
            let mut tab = if signed_in { Tab::signed_in() } else { Tab::new(config(), None) };
            for (kind, detail) in moves {
                let current = tab.app.session_request.as_ref().map(|sent| sent.id);
                let streaming = tab.app.chat_request.unwrap_or(RequestId(0));
                let old = RequestId(u32::from(detail));
                let form = tab.app.last_form;
                let reply = |id: Option<RequestId>, reply| Input::Replied(id.unwrap_or(old), reply);
                let input = match kind {
                    0 | 1 => Input::Intent(Intent::Submit { form }, secrets(&["alice", "hunter2"])),
                    2 => Input::Intent(Intent::Press { form, button: detail % 3 }, secrets(&["alice", ""])),
                    3..=7 => reply(current, Ok(a_reply(detail))),
                    8 => reply(current, Ok(throttled(None))),
                    9 => reply(current, Err(NoAnswer::Unreachable)),
                    10 => reply(None, Ok(a_reply(detail))),
                    11 => Input::Waited(Timer::Retry(current.unwrap_or(old))),
                    12 => Input::Intent(Intent::Ask { prompt: "Why?".into(), use_case: UseCase::Balanced }, vec![]),
                    13 => Input::Streamed(streaming, Streamed::Head(Head { status: if detail < 128 { 200 } else { 403 }, ..Head::default() })),
                    14 => Input::Streamed(streaming, Streamed::End),
                    15 => Input::Intent(Intent::Stop, vec![]),
                    16 => Input::Idle,
                    _ => Input::Intent(Intent::SignOut, vec![]),
                };
                tab.now = tab.now.plus(i64::from(detail) * 10_000);
                let signs_out = kind == 17;
                tab.step(input);
                prop_assert_eq!(tab.app.session.waits(), tab.app.session_request.is_some(), "{:?}", tab.app);
                let awaited = tab.effects.iter().filter(|effect| matches!(effect, Effect::Send(Some(_), _) | Effect::Wait(Timer::Retry(_), _)));
                prop_assert!(awaited.count() <= 1, "{:?}", tab.effects);
                prop_assert!(!signs_out || tab.app.session.subject().is_none() && tab.has_no_turns());
                let debug = format!("{:?}{:?}", tab.app, tab.effects);
                for secret in ["hunter2", "refresh-1", "access-token", "secret-key", "session-token"] {
                    prop_assert!(!debug.contains(secret), "{secret} in {debug}");
                }
            }
        }
    }
}
