//! The conversations that this browser stores for the person who is signed in: a state machine that only says what to do.
//!
//! It holds the list. A [`Job`] reads whole conversations one after the other. Conversations that could not be stored are kept here, so that
//! this tab can still open them.

mod format;

#[cfg(test)]
pub(crate) use format::write;
pub use format::{ImportFault, Summary, file};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

pub use crate::core::conversation::Tail;
use crate::core::conversation::{Change, Conversation};
use signet_cognito::Secret;

/// The conversations of one person.
#[derive(Debug, Default)]
pub struct History {
    /// The person; `None` until somebody signs in.
    owner: Option<String>,
    /// Newest first.
    entries: Vec<Summary>,
    /// Conversations that could not be stored.
    unsaved: Vec<Unsaved>,
    /// Whether the conversations stay when the person signs out.
    keep: bool,
    /// The search and the ids of its matches.
    found: Option<(String, Vec<String>)>,
    /// Why the store failed last.
    fault: Option<StoreFault>,
    /// The list that the page shows.
    shown: Option<List>,
    loading: Loading,
    /// Whether the list has been read.
    loaded: bool,
    /// The conversation to open once the list has been read.
    wanted: Option<String>,
    jobs: Vec<Job>,
    last_job: u32,
    /// Whether the page shows a remark.
    remarked: bool,
}

#[derive(Debug)]
struct Unsaved {
    summary: Summary,
    saved: Vec<u8>,
}

/// Whether the list is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Loading {
    #[default]
    No,
    UnderWay,
    /// Being read, but something has changed since the request.
    Stale,
}

/// A task that needs whole conversations.
#[derive(Debug)]
struct Job {
    number: u32,
    /// The conversations still to read, the next one last.
    ids: Vec<String>,
    task: Task,
}

#[derive(Debug)]
enum Task {
    Show,
    Renew,
    Rename(String),
    Search { query: String, words: Vec<String>, found: Vec<String> },
    Export { title: Option<String>, format: ExportFormat, read: Vec<Conversation> },
    Import { rest: Vec<Conversation>, new: u32, there: u32, unreadable: u32 },
}

/// A format for exported conversations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// For importing again.
    Json,
    /// For reading.
    Markdown,
}

/// The list as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct List {
    /// All conversations, or the search's matches, newest first.
    pub entries: Vec<Summary>,
    /// The words searched for; empty if these are all.
    pub query: String,
    /// Whether the conversations stay when the person signs out.
    pub keep: bool,
    /// Why new text is not stored.
    pub fault: Option<StoreFault>,
}

/// A message to the person, of one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remark {
    /// The conversation is not in this browser.
    Unknown,
    /// The conversation is there, but cannot be read.
    Unreadable,
    /// There is no conversation to export.
    NothingToExport,
    /// A file was imported.
    Imported {
        /// How many conversations are new.
        new: u32,
        /// How many were already there.
        there: u32,
        /// How many could not be read.
        unreadable: u32,
    },
    /// A file was not imported.
    NotImported(ImportFault),
}

/// Why the store failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// The browser does not allow this page to store anything.
    Refused,
    /// The storage is full.
    Full,
    /// A newer version of the app has taken over the store.
    Closed,
}

/// An input to the history.
#[derive(Debug)]
pub enum Input {
    /// Somebody is signed in.
    SignedIn {
        /// A name that is unique in this browser; `None` if the person has none. Then nothing is stored.
        owner: Option<String>,
    },
    /// The person signs out.
    SignOut,
    /// Show a conversation.
    Open {
        /// The conversation's id.
        id: String,
    },
    /// Show a conversation once somebody is signed in.
    Want {
        /// The conversation's id.
        id: String,
    },
    /// Another tab may have changed the shown conversation.
    Renew {
        /// The conversation's id.
        id: String,
    },
    /// The person turned to something else: nothing is opened any more.
    Leave,
    /// Change a title.
    Rename {
        /// The conversation's id.
        id: String,
        /// As typed.
        title: String,
    },
    /// Delete a conversation.
    Delete {
        /// The conversation's id.
        id: String,
    },
    /// List the conversations that contain these words.
    Search {
        /// As typed.
        query: String,
    },
    /// Whether to keep the conversations after sign-out.
    Keep(bool),
    /// Export as a file.
    Export {
        /// One conversation; `None` for all.
        id: Option<String>,
        /// Markdown, otherwise JSON.
        markdown: bool,
    },
    /// Import a file.
    Import(Secret),
    /// Another tab has changed something.
    ChangedElsewhere,
    /// The store's reply to an [`Effect::Store`] of this owner.
    Stored(String, Reply),
}

/// An order to the store, which carries out one order after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Read the summaries: [`Reply::Loaded`].
    Load,
    /// Read a conversation and its tail: [`Reply::Read`].
    Read {
        /// The reply sends it back.
        job: u32,
        /// The conversation's id.
        id: String,
    },
    /// Store a conversation as a whole, and delete its tail: [`Reply::Done`] or [`Reply::NotSaved`].
    Save {
        /// The conversation's id.
        id: String,
        /// [`Summary::to_bytes`].
        summary: Vec<u8>,
        /// Its JSON.
        saved: Vec<u8>,
    },
    /// Add to a conversation's tail. Only a failure gets a reply.
    Append {
        /// The conversation's id.
        id: String,
        /// The text.
        tail: Tail,
    },
    /// Delete a conversation and its tail.
    Delete {
        /// The conversation's id.
        id: String,
    },
    /// Remember whether the conversations stay after sign-out.
    Keep(bool),
    /// Delete everything that this owner has. Deletion runs ahead of the owner's queued writes. No reply.
    Wipe {
        /// Whether the person certainly wants this; otherwise the store checks its [`Order::Keep`] first.
        is_wanted: bool,
    },
}

/// The store's reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The summaries as bytes, and whether the conversations stay after sign-out.
    Loaded(Result<(Vec<Vec<u8>>, bool), StoreFault>),
    /// A conversation.
    Read {
        /// From the order.
        job: u32,
        /// Its JSON and its tail; `None` if it is missing or cannot be decrypted.
        found: Option<(Vec<u8>, Vec<Tail>)>,
    },
    /// The order was carried out.
    Done {
        /// The conversation's id, if it was [`Order::Save`].
        saved: Option<String>,
    },
    /// A conversation could not be stored and comes back.
    NotSaved {
        /// The conversation's id.
        id: String,
        /// Its JSON.
        saved: Vec<u8>,
        /// The reason.
        fault: StoreFault,
    },
    /// Another order failed.
    Failed(StoreFault),
}

/// An effect to carry out.
#[derive(Debug)]
pub enum Effect {
    /// Give the store an order for this owner.
    Store(String, Order),
    /// Show this conversation in place of the current one.
    Open(Conversation),
    /// Update the shown conversation to this state.
    Renew(Conversation),
    /// Show the list.
    List(List),
    /// Show this remark; `None` clears the one before.
    Remark(Option<Remark>),
    /// Save these as a file.
    Export {
        /// The title of the one conversation; `None` for all.
        title: Option<String>,
        /// The file's format.
        format: ExportFormat,
        /// At least one.
        conversations: Vec<Conversation>,
    },
}

/// A title as it is stored; `None` if nothing was typed.
pub fn title(typed: &str) -> Option<String> {
    Some(format::title(typed)).filter(|title| !title.is_empty())
}

impl History {
    /// Handles `input` and returns the effects to carry out.
    pub fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = vec![];
        match input {
            Input::SignedIn { owner } => self.signed_in(owner, &mut effects),
            Input::SignOut => self.sign_out(&mut effects),
            Input::Want { id } => self.wanted = Some(id),
            Input::Open { id } => self.open(id, &mut effects),
            Input::Renew { id } if self.entry(&id).is_some() && self.unsaved(&id).is_none() => {
                self.start(vec![id], Task::Renew, &mut effects);
            }
            Input::Leave => {
                self.wanted = None;
                self.jobs.retain(|job| !matches!(job.task, Task::Show));
                self.remark(None, &mut effects);
            }
            Input::Rename { id, title } => {
                if let Some(title) = self::title(&title).filter(|_| self.entry(&id).is_some()) {
                    self.start(vec![id], Task::Rename(title), &mut effects);
                }
            }
            Input::Delete { id } if self.entry(&id).is_some() => {
                self.entries.retain(|entry| entry.id != id);
                self.unsaved.retain(|unsaved| unsaved.summary.id != id);
                self.write(Order::Delete { id }, &mut effects);
                self.refresh(&mut effects);
            }
            Input::Search { query } => self.search(&query, &mut effects),
            Input::Keep(keep) => {
                self.keep = keep;
                self.write(Order::Keep(keep), &mut effects);
                self.refresh(&mut effects);
            }
            Input::Export { id, markdown } => self.export(id, markdown, &mut effects),
            Input::Import(file) if self.loaded => match format::read_file(file.expose()) {
                Ok((mut rest, unreadable)) => {
                    rest.reverse();
                    self.start(vec![], Task::Import { rest, new: 0, there: 0, unreadable }, &mut effects);
                }
                Err(fault) => self.remark(Some(Remark::NotImported(fault)), &mut effects),
            },
            Input::ChangedElsewhere => self.load(&mut effects),
            Input::Stored(owner, reply) if self.owner.as_ref() == Some(&owner) => {
                self.replied(reply, &mut effects);
            }
            // These come too early, too late, or for a missing conversation.
            Input::Renew { .. } | Input::Delete { .. } | Input::Import(_) | Input::Stored(..) => {}
        }
        effects
    }

    /// Stores a change of the shown conversation.
    pub fn changed(&mut self, conversation: &Conversation, change: Change) -> Vec<Effect> {
        let mut effects = vec![];
        let id = &conversation.id;
        // An empty conversation is not stored.
        if self.owner.is_none() || id.is_empty() {
            return effects;
        }
        match change {
            Change::Whole => {
                self.save(conversation, &mut effects);
                self.refresh(&mut effects);
            }
            // An unsaved conversation cannot be appended to. It is stored as a whole when the answer ends.
            Change::Text(tail) if self.unsaved(id).is_none() => {
                self.write(Order::Append { id: id.clone(), tail }, &mut effects);
            }
            Change::Text(_) => {}
        }
        effects
    }

    fn signed_in(&mut self, owner: Option<String>, effects: &mut Vec<Effect>) {
        // The same person again: the session had ended by itself.
        if self.owner != owner {
            *self = Self { owner, wanted: self.wanted.take(), last_job: self.last_job, ..Self::default() };
        }
        self.load(effects);
    }

    fn sign_out(&mut self, effects: &mut Vec<Effect>) {
        if !(self.loaded && self.keep) {
            self.write(Order::Wipe { is_wanted: self.loaded }, effects);
        }
        *self = Self { last_job: self.last_job, ..Self::default() };
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

    /// Gives an order that changes the list.
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
        let summary = Summary::new(conversation);
        let bytes = summary.to_bytes();
        self.insert(summary);
        let saved = format::write(conversation);
        self.write(Order::Save { id: conversation.id.clone(), summary: bytes, saved }, effects);
    }

    /// Inserts a summary at its place, replacing the old one.
    fn insert(&mut self, summary: Summary) {
        self.entries.retain(|entry| entry.id != summary.id);
        let at = self.entries.partition_point(|entry| entry.updated > summary.updated);
        self.entries.insert(at, summary);
    }

    fn remark(&mut self, remark: Option<Remark>, effects: &mut Vec<Effect>) {
        if self.remarked || remark.is_some() {
            self.remarked = remark.is_some();
            effects.push(Effect::Remark(remark));
        }
    }

    /// Shows the list if it has changed.
    fn refresh(&mut self, effects: &mut Vec<Effect>) {
        if !self.loaded {
            return;
        }
        let is_found = |entry: &&Summary| self.found.as_ref().is_none_or(|(_, found)| found.contains(&entry.id));
        let list = List {
            entries: self.entries.iter().filter(is_found).cloned().collect(),
            query: self.found.as_ref().map(|(query, _)| query.clone()).unwrap_or_default(),
            keep: self.keep,
            fault: self.fault,
        };
        if self.shown.as_ref() != Some(&list) {
            self.shown = Some(list.clone());
            effects.push(Effect::List(list));
        }
    }

    fn open(&mut self, id: String, effects: &mut Vec<Effect>) {
        self.jobs.retain(|job| !matches!(job.task, Task::Show));
        if !self.loaded {
            self.wanted = Some(id);
        } else if self.entry(&id).is_some() {
            self.start(vec![id], Task::Show, effects);
        } else {
            self.remark(Some(Remark::Unknown), effects);
        }
    }

    fn search(&mut self, query: &str, effects: &mut Vec<Effect>) {
        self.jobs.retain(|job| !matches!(job.task, Task::Search { .. }));
        let query = query.trim_ascii().to_owned();
        let words: Vec<String> = format::folded(&query).split_ascii_whitespace().map(str::to_owned).collect();
        if words.is_empty() {
            self.found = None;
            return self.refresh(effects);
        }
        let task = Task::Search { query, words, found: vec![] };
        self.start(self.all(), task, effects);
    }

    fn export(&mut self, id: Option<String>, markdown: bool, effects: &mut Vec<Effect>) {
        let (ids, title) = match id {
            Some(id) => match self.entry(&id) {
                Some(entry) => (vec![id.clone()], Some(entry.title.clone())),
                None => return self.remark(Some(Remark::Unknown), effects),
            },
            None => (self.all(), None),
        };
        let format = if markdown { ExportFormat::Markdown } else { ExportFormat::Json };
        self.start(ids, Task::Export { title, format, read: vec![] }, effects);
    }

    /// The ids of all conversations, the newest last.
    fn all(&self) -> Vec<String> {
        self.entries.iter().rev().map(|entry| entry.id.clone()).collect()
    }

    fn start(&mut self, ids: Vec<String>, task: Task, effects: &mut Vec<Effect>) {
        self.last_job = self.last_job.wrapping_add(1);
        self.continue_job(Job { number: self.last_job, ids, task }, effects);
    }

    /// Continues a job until it needs another conversation.
    fn continue_job(&mut self, mut job: Job, effects: &mut Vec<Effect>) {
        loop {
            if let Task::Import { rest, new, .. } = &mut job.task {
                // A conversation with a known id must be compared with the stored one.
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
            let Some(id) = job.ids.last() else { return self.finish(job.task, effects) };
            let Some(unsaved) = self.unsaved(id) else {
                self.order(Order::Read { job: job.number, id: id.clone() }, effects);
                return self.jobs.push(job);
            };
            let conversation = format::restore(&unsaved.saved, &[]);
            self.feed(&mut job, conversation, effects);
        }
    }

    /// Gives a job the conversation that was read for it.
    fn feed(&mut self, job: &mut Job, conversation: Option<Conversation>, effects: &mut Vec<Effect>) {
        job.ids.pop();
        // The answer is still under way in another tab, so another renewal will follow.
        if matches!(job.task, Task::Renew) && conversation.as_ref().is_some_and(format::is_under_way) {
            return;
        }
        match (&mut job.task, conversation) {
            (Task::Show, Some(conversation)) => {
                self.remark(None, effects);
                effects.push(Effect::Open(format::closed(conversation)));
            }
            (Task::Renew, Some(conversation)) => effects.push(Effect::Renew(conversation)),
            (Task::Show, None) => self.remark(Some(Remark::Unreadable), effects),
            (Task::Rename(title), Some(mut conversation)) => {
                conversation.title = std::mem::take(title);
                self.save(&conversation, effects);
            }
            (Task::Search { words, found, .. }, Some(conversation)) => {
                if format::has_words(&conversation, words) {
                    found.push(conversation.id);
                }
            }
            (Task::Export { read, .. }, Some(conversation)) => read.push(conversation),
            (Task::Import { rest, there, .. }, existing) => {
                let Some(mut next) = rest.pop() else { return };
                if existing.is_some_and(|existing| format::closed(existing).turns == next.turns) {
                    *there += 1;
                } else {
                    // The id depends on the content, so that importing a file twice adds nothing.
                    next.id = BASE64_URL_SAFE_NO_PAD.encode(&Sha256::digest(format::write(&next))[..16]);
                    rest.push(next);
                }
            }
            (_, None) => {}
        }
    }

    fn finish(&mut self, task: Task, effects: &mut Vec<Effect>) {
        match task {
            Task::Show | Task::Renew => {}
            Task::Rename(_) => self.refresh(effects),
            Task::Search { query, found, .. } => {
                self.found = Some((query, found));
                self.refresh(effects);
            }
            Task::Export { read, .. } if read.is_empty() => self.remark(Some(Remark::NothingToExport), effects),
            Task::Export { title, format, read: conversations } => {
                effects.push(Effect::Export { title, format, conversations });
            }
            Task::Import { new, there, unreadable, .. } => {
                self.remark(Some(Remark::Imported { new, there, unreadable }), effects);
                self.refresh(effects);
            }
        }
    }

    fn replied(&mut self, reply: Reply, effects: &mut Vec<Effect>) {
        match reply {
            Reply::Loaded(loaded) => return self.loaded(loaded, effects),
            Reply::Read { job: number, found } => {
                if let Some(at) = self.jobs.iter().position(|job| job.number == number) {
                    let mut job = self.jobs.swap_remove(at);
                    self.feed(&mut job, found.and_then(|(saved, tails)| format::restore(&saved, &tails)), effects);
                    self.continue_job(job, effects);
                }
                return;
            }
            Reply::Done { saved } => {
                self.unsaved.retain(|unsaved| Some(&unsaved.summary.id) != saved.as_ref());
                // The store works again.
                if self.fault.take().is_some() {
                    for Unsaved { summary, saved } in &self.unsaved {
                        let order =
                            Order::Save { id: summary.id.clone(), summary: summary.to_bytes(), saved: saved.clone() };
                        self.order(order, effects);
                    }
                    // The list may have been unreadable before.
                    self.load(effects);
                }
            }
            Reply::NotSaved { id, saved, fault } => {
                self.fault = Some(fault);
                self.unsaved.retain(|unsaved| unsaved.summary.id != id);
                // The conversation may have been deleted since.
                if let Some(summary) = self.entry(&id).cloned() {
                    self.unsaved.push(Unsaved { summary, saved });
                }
            }
            Reply::Failed(fault) => self.fault = Some(fault),
        }
        self.refresh(effects);
    }

    fn loaded(&mut self, loaded: Result<(Vec<Vec<u8>>, bool), StoreFault>, effects: &mut Vec<Effect>) {
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
            self.open(id, effects);
        }
    }
}

#[cfg(test)]
mod tests;
