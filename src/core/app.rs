//! The worker's core: joins session, chat and history. Pure; `worker/` carries out its effects.
//!
//! Each request has a number. Replies to all but the newest request of a kind are dropped here and nowhere else, and a request of the session that
//! failed for a temporary reason is repeated here and nowhere else.

#[cfg(test)]
mod tests;

use crate::core::chat::{self, Chat};
use crate::core::config::Config;
use crate::core::conversation::Conversation;
use crate::core::fault::{Busy, Service};
use crate::core::history::{self, History};
use crate::core::random::Random;
use crate::core::session::{self, Env, Memory, Record, Screen, Session};
use crate::core::words;
use crate::protocol::{Errand, FormId, Intent, View};
use signet_cognito::http::{Head, NoAnswer, Request, Response, may_pass};
use signet_cognito::{Entropy, Ephemeral};
use signet_cognito::{Secret, UnixMillis};
use signet_stream::stock::Ask;

/// How often a session request is sent at most.
const TRIES: u32 = 3;
/// The shortest wait before it is repeated, in milliseconds. It doubles each time, and up to the same again is added at random.
const BACK_OFF: u32 = 400;
/// A service that asks for a longer wait than this, in seconds, gets no repeat: the failure is shown instead.
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

/// A timer's purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// Repeat the session's request.
    Retry(RequestId),
    /// Give up on the answer if the connection was silent.
    Alarm(RequestId),
    /// Show the next batch of the answer.
    Flush(RequestId),
}

/// The worker's whole state.
#[derive(Debug)]
pub struct App {
    config: Config,
    random: Random,
    /// The page's address, without query and hash.
    page: String,
    session: Session,
    memory: Memory,
    /// An SRP pair for the next proof of a password.
    spare: Option<Ephemeral>,
    last_form: FormId,
    chat: Chat,
    /// The subject whose turns the chat holds.
    chat_of: Option<String>,
    /// Whether the person is a guest.
    is_guest: bool,
    history: History,
    /// Formats a day in the reader's language.
    date: fn(UnixMillis) -> String,
    /// Whether another tab may have changed the conversation that is shown.
    is_behind: bool,
    last_id: RequestId,
    /// The request that the session waits for.
    session_request: Option<Outgoing>,
    /// The request that the chat waits for.
    chat_request: Option<RequestId>,
}

/// A session request.
#[derive(Debug)]
struct Outgoing {
    id: RequestId,
    request: Request,
    tries: u32,
}

/// An input to the app.
#[allow(clippy::large_enum_variant)] // It is taken apart where it is read.
#[derive(Debug)]
pub enum Input {
    /// The store was read.
    Restored {
        /// The tab's record.
        record: Option<Record>,
        /// The browser's memory.
        memory: Memory,
        /// The page's address, without query and hash.
        page: String,
        /// The query of the hosted UI's redirect, possibly empty.
        callback: Secret,
    },
    /// The data needed after leaving the page could not be stored.
    NotKept,
    /// The worker is idle: a pair for the next sign-in can be computed.
    Idle,
    /// The page sent an intent, with the strings beside it.
    Intent(Intent, Vec<Secret>),
    /// The whole reply to an [`Effect::Send`].
    Replied(RequestId, Result<Response, NoAnswer>),
    /// The time of an [`Effect::Wait`] is over.
    Waited(Timer),
    /// A part of the answer to an [`Effect::Stream`].
    Streamed(RequestId, Streamed),
    /// The store's reply about conversations.
    History(history::Input),
}

/// A part of a streamed answer.
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

/// An effect to carry out.
#[derive(Debug)]
pub enum Effect {
    /// Send this request, and feed the reply back if there is a number.
    Send(Option<RequestId>, Request),
    /// Feed [`Input::Waited`] back after so many milliseconds.
    Wait(Timer, u32),
    /// Send this request, and feed the answer back as it arrives.
    Stream(RequestId, Request),
    /// End a request.
    Abort(RequestId),
    /// Keep this record for the next load of the page.
    Save(Record),
    /// Delete the record.
    Forget,
    /// Keep a value in this browser under a name; `None` deletes it.
    Remember(String, Option<Secret>),
    /// Leave for this address, once everything is stored.
    Leave(String),
    /// Send this view to the page.
    Show(View),
    /// Give the store of this owner's conversations an order.
    History(String, history::Order),
}

impl App {
    /// The app at its start. `seed` is 32 bytes of the browser's randomness; `date` formats a day in the reader's language.
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
            history: History::default(),
            date,
            is_behind: false,
            last_id: RequestId(0),
            session_request: None,
            chat_request: None,
        }
    }

    /// Handles `input` and returns the effects to carry out. `now` is this machine's time.
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
            // Too late: nothing waits for these.
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
                // A guest who signs in keeps the draft.
                let draft = !std::mem::take(&mut self.is_guest);
                return self.clear_turns(now, draft, effects);
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
                return effects.extend(text.map(|text| Effect::Show(View::Errand(Errand::Copy(text)))));
            }
            // The worker has handled it, because it holds the store.
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

    /// Passes the reply to the session, unless the request is repeated.
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

    /// The service at an address.
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
                    effects.push(Effect::Show(View::Errand(Errand::Passkey { form, options, autofill })));
                }
                session::Effect::Show(screen) => {
                    // Turns outlive a session that ended by itself, so that the same person can continue.
                    if let (Screen::SignedIn { guest, .. }, Some(subject)) = (&screen, self.session.subject()) {
                        let subject = subject.to_owned();
                        if self.chat_of.as_ref().is_some_and(|whose| *whose != subject) {
                            self.clear_turns(now, true, effects);
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
        // Nobody waits for the reply any more.
        if !self.session.waits() {
            self.session_request = None;
        }
    }

    fn chat(&mut self, now: UnixMillis, input: chat::Input, effects: &mut Vec<Effect>) {
        let todo = self.chat.step(&self.config, now, input);
        self.do_chat(now, todo, effects);
    }

    fn do_chat(&mut self, now: UnixMillis, todo: Vec<chat::Effect>, effects: &mut Vec<Effect>) {
        for effect in todo {
            match effect {
                chat::Effect::Changed(change) => {
                    let todo = self.history.changed(self.chat.conversation(), change);
                    self.do_history(now, todo, effects);
                }
                chat::Effect::NeedKeys { refused } => self.session(now, session::Input::NeedKeys { refused }, effects),
                chat::Effect::Stream(request) => {
                    let id = self.next_id();
                    // The old request's answer is complete, but its server may keep one of the few connections open.
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

    /// Handles intents about the history. Without a session, only the conversation to open next is remembered.
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
                    self.do_chat(now, todo, effects);
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
        let todo = self.history.step(input);
        self.do_history(now, todo, effects);
    }

    fn do_history(&mut self, now: UnixMillis, todo: Vec<history::Effect>, effects: &mut Vec<Effect>) {
        for effect in todo {
            match effect {
                history::Effect::Store(owner, order) => effects.push(Effect::History(owner, order)),
                history::Effect::List(list) => {
                    effects.push(Effect::Show(View::History(words::history::list(list, self.date))));
                }
                history::Effect::Remark(remark) => {
                    effects.push(Effect::Show(View::Remark(words::history::remark(remark))));
                }
                history::Effect::Export { title, format, conversations } => {
                    let file = words::history::export(title.as_deref(), format, &conversations, now);
                    effects.push(Effect::Show(file));
                }
                history::Effect::Open(conversation) => self.show(now, conversation, effects),
                history::Effect::Renew(conversation) => {
                    let todo = self.chat.renew(&self.config, conversation);
                    self.do_chat(now, todo, effects);
                }
            }
        }
    }

    /// Shows another conversation. The answer under way is stopped, and its text is kept.
    fn show(&mut self, now: UnixMillis, conversation: Conversation, effects: &mut Vec<Effect>) {
        self.chat(now, chat::Input::Stop, effects);
        let todo = self.chat.show(&self.config, conversation);
        self.do_chat(now, todo, effects);
    }

    /// Deletes the history at sign-out, unless the person chose to keep it, before the page can leave.
    fn leave_history(&mut self, now: UnixMillis, effects: &mut Vec<Effect>) {
        // The partial answer belongs to the history.
        self.chat(now, chat::Input::Stop, effects);
        self.history(now, history::Input::SignOut, effects);
    }

    /// The owner of the history, once somebody is signed in: a name that is unique in this browser, per identity pool.
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

    /// Clears the conversation and stops the answer under way. `draft`: whether to clear the draft too.
    fn clear_turns(&mut self, now: UnixMillis, draft: bool, effects: &mut Vec<Effect>) {
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
