//! The conversations that are kept in this browser for the person who is signed in: a state machine that says what to do and does nothing itself.
//!
//! It knows what the list shows of each. Whole conversations are read one after the other by a [`Job`], for whatever is to be done with them; what
//! the store could not take is kept here, so that it can still be opened in this tab.

mod format;
mod markdown;

#[cfg(test)]
pub(crate) use format::write;
pub use format::{ImportFault, Summary};

use crate::base64;
pub use crate::core::chat::Tail;
use crate::core::chat::{Change, Conversation};
use crate::core::words::history as words;
use crate::hash::sha256;
use crate::json;
use crate::protocol::{Entry, HistoryView, Text, View};
use crate::secret::Secret;
use crate::time::UnixMillis;

/// All that is known of the conversations of one person.
#[derive(Debug)]
pub struct History {
    /// A day, as the reader's language writes it.
    date: fn(UnixMillis) -> String,
    /// Whose they are; none until somebody signs in.
    owner: Option<String>,
    /// Newest first.
    entries: Vec<Summary>,
    /// What the store did not take.
    unsaved: Vec<Unsaved>,
    /// Whether they stay when the person signs out.
    keep: bool,
    /// What was searched for, and the ids of what was found.
    found: Option<(String, Vec<String>)>,
    /// Why the store did not take what it was given last.
    fault: Option<StoreFault>,
    /// What the page shows.
    shown: Option<HistoryView>,
    loading: Loading,
    /// Whether the list was read once.
    loaded: bool,
    /// To be opened once the list is there.
    wanted: Option<String>,
    jobs: Vec<Job>,
    last_job: u32,
    /// Whether the page shows a sentence.
    remarked: bool,
}

#[derive(Debug)]
struct Unsaved {
    summary: Summary,
    saved: Vec<u8>,
}

/// Whether the list is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loading {
    No,
    UnderWay,
    /// And something has changed since it was asked for.
    Stale,
}

/// Something that takes whole conversations.
#[derive(Debug)]
struct Job {
    number: u32,
    /// Which are to be read, the next one last.
    ids: Vec<String>,
    task: Task,
}

#[derive(Debug)]
enum Task {
    Show,
    Renew,
    Rename(String),
    Search { query: String, words: Vec<String>, found: Vec<String> },
    Export { name: String, files: Files },
    Import { rest: Vec<Conversation>, new: u32, there: u32, unreadable: u32 },
}

/// What is to become of conversations that are exported.
#[derive(Debug)]
enum Files {
    Json(Vec<Vec<u8>>),
    Markdown(String),
}

/// Why something cannot be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// The browser does not let this page store anything, or not now.
    Refused,
    /// There is no room.
    Full,
    /// A newer version of the app has taken the store over.
    Closed,
}

/// What happens to the history.
#[derive(Debug)]
pub enum Input {
    /// Somebody is signed in.
    SignedIn {
        /// Who, as a name that is nobody else's in this browser; none if nothing tells them from others, and nothing is kept.
        owner: Option<String>,
    },
    /// The person signs out.
    SignOut,
    /// Show a conversation.
    Open {
        /// Which.
        id: String,
    },
    /// Show one once somebody is signed in.
    Want {
        /// Which.
        id: String,
    },
    /// Another tab may have changed the one that is shown.
    Renew {
        /// Which.
        id: String,
    },
    /// Something else is shown: what was to be opened is not any more.
    Leave,
    /// Call one something else.
    Rename {
        /// Which.
        id: String,
        /// As typed.
        title: String,
    },
    /// Delete one.
    Delete {
        /// Which.
        id: String,
    },
    /// Show what has these words in it.
    Search {
        /// As typed.
        query: String,
    },
    /// Whether they stay when the person signs out.
    Keep(bool),
    /// Make a file.
    Export {
        /// Of which; of all for none.
        id: Option<String>,
        /// As Markdown, otherwise as JSON.
        markdown: bool,
    },
    /// Take the conversations of a file in.
    Import(Secret),
    /// Another tab has changed something.
    ChangedElsewhere,
    /// The store's word on an [`Effect::Store`] of this owner.
    Stored(String, Reply),
}

/// What the store is to do, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Read the summaries: [`Reply::Loaded`].
    Load,
    /// Read a conversation and its tail: [`Reply::Read`].
    Read {
        /// To be sent back.
        job: u32,
        /// Which.
        id: String,
    },
    /// Store a conversation as a whole, and delete its tail: [`Reply::Done`] or [`Reply::NotSaved`].
    Save {
        /// Which.
        id: String,
        /// [`Summary::to_bytes`].
        summary: Vec<u8>,
        /// Its JSON.
        saved: Vec<u8>,
    },
    /// Add to a conversation's tail. A reply only of failure.
    Append {
        /// Which.
        id: String,
        /// The text.
        tail: Tail,
    },
    /// Delete a conversation and its tail.
    Delete {
        /// Which.
        id: String,
    },
    /// Remember whether they stay when the person signs out.
    Keep(bool),
    /// Delete everything of this owner's, ahead of whatever was ordered before for the same owner. No reply.
    Wipe {
        /// Whether it is known that nothing is to be kept; otherwise the store looks first.
        is_wanted: bool,
    },
}

/// What the store says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The summaries as bytes, and whether they stay when the person signs out.
    Loaded(Result<(Vec<Vec<u8>>, bool), StoreFault>),
    /// A conversation.
    Read {
        /// From the order.
        job: u32,
        /// Its JSON and its tail; none if it is not there or cannot be opened.
        found: Option<(Vec<u8>, Vec<Tail>)>,
    },
    /// What was to be written or deleted is; if it was a conversation, which one was saved.
    Done {
        /// Which.
        saved: Option<String>,
    },
    /// A conversation that is not stored, handed back.
    NotSaved {
        /// Which.
        id: String,
        /// Its JSON.
        saved: Vec<u8>,
        /// Why not.
        fault: StoreFault,
    },
    /// Something else could not be written.
    Failed(StoreFault),
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// The store is to do this for this owner.
    Store(String, Order),
    /// Show this conversation in place of the other.
    Open(Conversation),
    /// Show this one, if it is shown and was another.
    Renew(Conversation),
    /// Tell the page.
    Show(View),
}

/// A title as it is kept, of what was typed; none for nothing.
pub fn title(typed: &str) -> Option<String> {
    Some(format::title(typed)).filter(|title| !title.is_empty())
}

impl History {
    /// Of nobody yet. `fold` gives a text with its case folded, of ASCII in upper case; it is asked for what is not ASCII. `date`
    /// gives a day as the reader's language writes it.
    pub fn new(date: fn(UnixMillis) -> String) -> Self {
        Self {
            date,
            owner: None,
            entries: vec![],
            unsaved: vec![],
            keep: false,
            found: None,
            fault: None,
            shown: None,
            loading: Loading::No,
            loaded: false,
            wanted: None,
            jobs: vec![],
            last_job: 0,
            remarked: false,
        }
    }

    /// Takes `input` in; what is to be done. `now` is this machine's time.
    pub fn step(&mut self, now: UnixMillis, input: Input) -> Vec<Effect> {
        let mut effects = vec![];
        match input {
            Input::SignedIn { owner } => self.signed_in(owner, &mut effects),
            Input::SignOut => self.sign_out(&mut effects),
            Input::Want { id } => self.wanted = Some(id),
            Input::Open { id } => self.open(now, id, &mut effects),
            Input::Renew { id } if self.entry(&id).is_some() && self.unsaved(&id).is_none() => {
                self.start(now, vec![id], Task::Renew, &mut effects);
            }
            Input::Leave => {
                self.wanted = None;
                self.jobs.retain(|job| !matches!(job.task, Task::Show));
                self.say("".into(), &mut effects);
            }
            Input::Rename { id, title } => {
                if let Some(title) = self::title(&title).filter(|_| self.entry(&id).is_some()) {
                    self.start(now, vec![id], Task::Rename(title), &mut effects);
                }
            }
            Input::Delete { id } if self.entry(&id).is_some() => {
                self.entries.retain(|entry| entry.id != id);
                self.unsaved.retain(|unsaved| unsaved.summary.id != id);
                self.write(Order::Delete { id }, &mut effects);
                self.refresh(&mut effects);
            }
            Input::Search { query } => self.search(now, &query, &mut effects),
            Input::Keep(keep) => {
                self.keep = keep;
                self.write(Order::Keep(keep), &mut effects);
                self.refresh(&mut effects);
            }
            Input::Export { id, markdown } => self.export(now, id, markdown, &mut effects),
            Input::Import(file) if self.loaded => match format::read_file(file.expose()) {
                Ok((mut rest, unreadable)) => {
                    rest.reverse();
                    self.start(now, vec![], Task::Import { rest, new: 0, there: 0, unreadable }, &mut effects);
                }
                Err(fault) => self.say(words::not_imported(fault), &mut effects),
            },
            Input::ChangedElsewhere => self.load(&mut effects),
            Input::Stored(owner, reply) if self.owner.as_ref() == Some(&owner) => {
                self.replied(now, reply, &mut effects);
            }
            // Of a conversation that is not there, too early, or late.
            Input::Renew { .. } | Input::Delete { .. } | Input::Import(_) | Input::Stored(..) => {}
        }
        effects
    }

    /// The conversation that is shown has changed.
    pub fn changed(&mut self, conversation: &Conversation, change: Change) -> Vec<Effect> {
        let mut effects = vec![];
        let id = &conversation.id;
        // Nothing is kept of an empty one.
        if self.owner.is_none() || id.is_empty() {
            return effects;
        }
        match change {
            Change::Whole => {
                self.save(conversation, &mut effects);
                self.refresh(&mut effects);
            }
            // To what is not stored nothing can be added; it is handed over as a whole when the answer has ended.
            Change::Text(tail) if self.unsaved(id).is_none() => {
                self.write(Order::Append { id: id.clone(), tail }, &mut effects);
            }
            Change::Text(_) => {}
        }
        effects
    }

    fn signed_in(&mut self, owner: Option<String>, effects: &mut Vec<Effect>) {
        // Of the same person the session had ended by itself.
        if self.owner != owner {
            *self = Self { owner, wanted: self.wanted.take(), last_job: self.last_job, ..Self::new(self.date) };
        }
        self.load(effects);
    }

    fn sign_out(&mut self, effects: &mut Vec<Effect>) {
        if !(self.loaded && self.keep) {
            self.write(Order::Wipe { is_wanted: self.loaded }, effects);
        }
        *self = Self { last_job: self.last_job, ..Self::new(self.date) };
    }

    fn entry(&self, id: &str) -> Option<&Summary> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    fn unsaved(&self, id: &str) -> Option<&Unsaved> {
        self.unsaved.iter().find(|unsaved| unsaved.summary.id == id)
    }

    fn order(&self, order: Order, effects: &mut Vec<Effect>) {
        effects.extend(self.owner.clone().map(|owner| Effect::Store(owner, order)));
    }

    /// Orders what changes the list.
    fn write(&mut self, order: Order, effects: &mut Vec<Effect>) {
        if self.loading == Loading::UnderWay {
            self.loading = Loading::Stale;
        }
        self.order(order, effects);
    }

    fn load(&mut self, effects: &mut Vec<Effect>) {
        if self.owner.is_none() {
            return;
        }
        if self.loading == Loading::No {
            self.loading = Loading::UnderWay;
            self.order(Order::Load, effects);
        } else {
            self.loading = Loading::Stale;
        }
    }

    fn save(&mut self, conversation: &Conversation, effects: &mut Vec<Effect>) {
        let summary = Summary::of(conversation);
        let bytes = summary.to_bytes();
        self.insert(summary);
        let saved = format::write(conversation);
        self.write(Order::Save { id: conversation.id.clone(), summary: bytes, saved }, effects);
    }

    /// In its place in the list, once.
    fn insert(&mut self, summary: Summary) {
        self.entries.retain(|entry| entry.id != summary.id);
        let at = self.entries.partition_point(|entry| entry.updated > summary.updated);
        self.entries.insert(at, summary);
    }

    fn say(&mut self, text: Text, effects: &mut Vec<Effect>) {
        if self.remarked || !text.is_empty() {
            self.remarked = !text.is_empty();
            effects.push(Effect::Show(View::Remark(text)));
        }
    }

    /// Shows the list, if it is another than what is shown.
    fn refresh(&mut self, effects: &mut Vec<Effect>) {
        if !self.loaded {
            return;
        }
        let is_found = |entry: &&Summary| self.found.as_ref().is_none_or(|(_, found)| found.contains(&entry.id));
        let entry = |Summary { id, title, updated }: &Summary| Entry {
            id: id.clone(),
            title: title.clone(),
            date: (self.date)(*updated),
        };
        let view = HistoryView {
            entries: self.entries.iter().filter(is_found).map(entry).collect(),
            query: self.found.as_ref().map(|(query, _)| query.clone()).unwrap_or_default(),
            keep: self.keep,
            notice: self.fault.map_or("".into(), words::not_stored),
        };
        if self.shown.as_ref() != Some(&view) {
            self.shown = Some(view.clone());
            effects.push(Effect::Show(View::History(view)));
        }
    }

    fn open(&mut self, now: UnixMillis, id: String, effects: &mut Vec<Effect>) {
        self.jobs.retain(|job| !matches!(job.task, Task::Show));
        if !self.loaded {
            self.wanted = Some(id);
        } else if self.entry(&id).is_some() {
            self.start(now, vec![id], Task::Show, effects);
        } else {
            self.say(words::UNKNOWN.into(), effects);
        }
    }

    fn search(&mut self, now: UnixMillis, query: &str, effects: &mut Vec<Effect>) {
        self.jobs.retain(|job| !matches!(job.task, Task::Search { .. }));
        let query = query.trim_ascii().to_owned();
        let words: Vec<String> = format::folded(&query).split_ascii_whitespace().map(str::to_owned).collect();
        if words.is_empty() {
            self.found = None;
            return self.refresh(effects);
        }
        let task = Task::Search { query, words, found: vec![] };
        self.start(now, self.all(), task, effects);
    }

    fn export(&mut self, now: UnixMillis, id: Option<String>, markdown: bool, effects: &mut Vec<Effect>) {
        let (ids, name) = match id {
            Some(id) => match self.entry(&id) {
                Some(entry) => (vec![id.clone()], entry.title.clone()),
                None => return self.say(words::UNKNOWN.into(), effects),
            },
            None => (self.all(), words::ALL.to_owned()),
        };
        let files = if markdown { Files::Markdown(String::new()) } else { Files::Json(vec![]) };
        self.start(now, ids, Task::Export { name, files }, effects);
    }

    /// The ids of all, the newest last.
    fn all(&self) -> Vec<String> {
        self.entries.iter().rev().map(|entry| entry.id.clone()).collect()
    }

    fn start(&mut self, now: UnixMillis, ids: Vec<String>, task: Task, effects: &mut Vec<Effect>) {
        self.last_job = self.last_job.wrapping_add(1);
        self.work(now, Job { number: self.last_job, ids, task }, effects);
    }

    /// Goes on with a job until something must be read for it.
    fn work(&mut self, now: UnixMillis, mut job: Job, effects: &mut Vec<Effect>) {
        loop {
            if let Task::Import { rest, new, .. } = &mut job.task {
                // What is there already must be compared.
                while let Some(next) = rest.pop() {
                    if self.entry(&next.id).is_some() {
                        job.ids.push(next.id.clone());
                        rest.push(next);
                        break;
                    }
                    self.save(&next, effects);
                    *new += 1;
                }
            }
            let Some(id) = job.ids.last() else { return self.finish(now, job.task, effects) };
            let Some(unsaved) = self.unsaved(id) else {
                self.order(Order::Read { job: job.number, id: id.clone() }, effects);
                return self.jobs.push(job);
            };
            let conversation = format::restore(&unsaved.saved, &[]);
            self.take(&mut job, conversation, effects);
        }
    }

    /// What a job makes of the conversation that was read for it.
    fn take(&mut self, job: &mut Job, conversation: Option<Conversation>, effects: &mut Vec<Effect>) {
        job.ids.pop();
        // Of an answer that is under way in another tab there will be more to tell; here it is over.
        if matches!(job.task, Task::Renew) && conversation.as_ref().is_some_and(format::is_under_way) {
            return;
        }
        match (&mut job.task, conversation) {
            (Task::Show, Some(conversation)) => {
                self.say("".into(), effects);
                effects.push(Effect::Open(format::closed(conversation)));
            }
            (Task::Renew, Some(conversation)) => effects.push(Effect::Renew(conversation)),
            (Task::Show, None) => self.say(words::UNREADABLE.into(), effects),
            (Task::Rename(title), Some(mut conversation)) => {
                conversation.title = std::mem::take(title);
                self.save(&conversation, effects);
            }
            (Task::Search { words, found, .. }, Some(conversation)) => {
                if format::has_words(&conversation, words) {
                    found.push(conversation.id);
                }
            }
            (Task::Export { files: Files::Json(written), .. }, Some(conversation)) => {
                written.push(format::write(&conversation));
            }
            (Task::Export { files: Files::Markdown(text), .. }, Some(conversation)) => {
                markdown::write(&conversation, text);
            }
            (Task::Import { rest, there, .. }, existing) => {
                let Some(mut next) = rest.pop() else { return };
                if existing.is_some_and(|existing| format::closed(existing).turns == next.turns) {
                    *there += 1;
                } else {
                    // The same file taken in twice gives the same id, so that nothing is doubled.
                    next.id = base64::encode_url(&sha256(&[&format::write(&next)])[..16]);
                    rest.push(next);
                }
            }
            (_, None) => {}
        }
    }

    fn finish(&mut self, now: UnixMillis, task: Task, effects: &mut Vec<Effect>) {
        match task {
            Task::Show | Task::Renew => {}
            Task::Rename(_) => self.refresh(effects),
            Task::Search { query, found, .. } => {
                self.found = Some((query, found));
                self.refresh(effects);
            }
            Task::Export { name, files } => {
                let (extension, media_type, text) = match files {
                    Files::Markdown(text) => ("md", "text/markdown", text),
                    Files::Json(written) if written.is_empty() => ("", "", String::new()),
                    Files::Json(written) => {
                        let file = format::file(&json::list(written));
                        // Made of strings, so it is one.
                        ("json", "application/json", String::from_utf8(file).unwrap_or_default())
                    }
                };
                if text.is_empty() {
                    return self.say(words::NOTHING_TO_EXPORT.into(), effects);
                }
                let name = markdown::file_name(&name, now, extension);
                effects.push(Effect::Show(View::File { name, media_type: media_type.into(), text }));
            }
            Task::Import { new, there, unreadable, .. } => {
                self.say(words::imported(new, there, unreadable), effects);
                self.refresh(effects);
            }
        }
    }

    fn replied(&mut self, now: UnixMillis, reply: Reply, effects: &mut Vec<Effect>) {
        match reply {
            Reply::Loaded(loaded) => return self.loaded(now, loaded, effects),
            Reply::Read { job: number, found } => {
                if let Some(at) = self.jobs.iter().position(|job| job.number == number) {
                    let mut job = self.jobs.swap_remove(at);
                    self.take(&mut job, found.and_then(|(saved, tails)| format::restore(&saved, &tails)), effects);
                    self.work(now, job, effects);
                }
                return;
            }
            Reply::Done { saved } => {
                self.unsaved.retain(|unsaved| Some(&unsaved.summary.id) != saved.as_ref());
                // There is room again.
                if self.fault.take().is_some() {
                    for Unsaved { summary, saved } in &self.unsaved {
                        let order =
                            Order::Save { id: summary.id.clone(), summary: summary.to_bytes(), saved: saved.clone() };
                        self.order(order, effects);
                    }
                    // It may be that the list could not be read before.
                    self.load(effects);
                }
            }
            Reply::NotSaved { id, saved, fault } => {
                self.fault = Some(fault);
                self.unsaved.retain(|unsaved| unsaved.summary.id != id);
                // It may have been deleted since.
                if let Some(summary) = self.entry(&id).cloned() {
                    self.unsaved.push(Unsaved { summary, saved });
                }
            }
            Reply::Failed(fault) => self.fault = Some(fault),
        }
        self.refresh(effects);
    }

    fn loaded(&mut self, now: UnixMillis, loaded: Result<(Vec<Vec<u8>>, bool), StoreFault>, effects: &mut Vec<Effect>) {
        let was_stale = std::mem::replace(&mut self.loading, Loading::No) == Loading::Stale;
        match loaded {
            Ok(_) if was_stale => return self.load(effects),
            Ok((summaries, keep)) => {
                (self.entries, self.keep) = (vec![], keep);
                let unsaved: Vec<Summary> = self.unsaved.iter().map(|unsaved| unsaved.summary.clone()).collect();
                for summary in summaries.iter().filter_map(|bytes| Summary::from_bytes(bytes)).chain(unsaved) {
                    self.insert(summary);
                }
            }
            Err(fault) => self.fault = Some(fault),
        }
        self.loaded = true;
        self.refresh(effects);
        if let Some(id) = self.wanted.take() {
            self.open(now, id, effects);
        }
    }
}

#[cfg(test)]
mod tests;
