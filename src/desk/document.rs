//! Carries out the steps that build an answer's document. Nothing of a model's text is ever read as HTML, and no image of it is loaded.

use wasm_bindgen::JsCast;
use web_sys::{DocumentFragment, Element, Node, Text};

use super::parts::{add, add_button, append, label, make};
use crate::core::words::page as say;
use crate::page::dom::{document, find, set};
use signet_markdown::{Align, Element as Kind, Step, safe_link};

/// So many blocks are one part of the document, which the browser lays out and paints by itself, so that what a block costs does not grow with what is
/// above it.
const PART: u32 = 16;

/// On the part where the next word will come. Said there, since with its attributes the browser looks at all that is in an element again.
const GROWS: &str = "data-grows";

/// An answer's document.
#[derive(Debug)]
pub struct Document {
    /// Where it is built.
    root: Element,
    /// The open elements, the innermost last.
    open: Vec<Open>,
    /// How to take back the steps since the last [`Step::Settle`].
    done: Vec<Done>,
    /// What [`Step::Keep`] named.
    kept: Vec<Element>,
    /// Its headings in order: each one's level as it was written, and how many it is below.
    headings: Vec<(u8, u8)>,
    /// Whether no more will come.
    is_whole: bool,
}

/// An open element.
#[derive(Debug, Clone)]
struct Open {
    /// What goes away when it is taken back.
    outer: Element,
    /// What holds its content.
    place: Element,
    /// What follows its content.
    tail: Tail,
    /// A heading's level as it was written, else 0.
    level: u8,
    runs: Runs,
}

/// Which way an element runs.
#[derive(Debug, Clone, Copy)]
enum Runs {
    /// As its own first letter does, which the browser looks for, or as what is around it.
    Anyhow,
    /// A list, quote or table: as its first letter does, which has not come yet.
    Unknown,
    Known {
        is_rtl: bool,
    },
}

/// What is added when an element is closed.
#[derive(Debug, Clone)]
enum Tail {
    Nothing,
    /// An address, after what leads to it. Before its host there is none of the content for an image.
    Address {
        destination: String,
        is_image: bool,
    },
}

/// A step that was carried out.
#[derive(Debug)]
enum Done {
    Opened,
    /// The text's node, and how long it was.
    Text(Text, u32),
    /// What was closed, and what was added then.
    Closed(Open, Option<Element>),
    /// What it was before.
    Became(Open),
    /// The list, if it was tight before.
    Loosened(Option<Element>),
    Kept,
    /// What was there before.
    Amended(DocumentFragment),
}

impl Document {
    /// An empty one in `root`.
    pub fn new(root: Element) -> Self {
        Self { root, open: vec![], done: vec![], kept: vec![], headings: vec![], is_whole: false }
    }

    /// Carries out steps, in order.
    pub fn carry_out(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Open(kind) => {
                    let open = self.build(&kind, self.place());
                    self.note(&open);
                    self.open.push(open);
                    self.done.push(Done::Opened);
                }
                Step::Text(text) => self.text(&text),
                Step::Close => {
                    if let Some(open) = self.open.pop() {
                        let added = open.close(&self.open);
                        self.done.push(Done::Closed(open, added));
                    }
                }
                Step::Become(kind) => {
                    if let Some(old) = self.open.pop() {
                        self.forget(&old);
                        let new = self.build(&kind, old.outer.parent_element().as_ref());
                        self.note(&new);
                        replace(&old, &new);
                        self.open.push(new);
                        self.done.push(Done::Became(old));
                    }
                }
                Step::Loose => {
                    let list = self.open.iter().rev().find(|open| matches!(&*open.place.tag_name(), "UL" | "OL"));
                    let list = list.map(|open| open.place.clone()).filter(|list| !list.has_attribute("class"));
                    if let Some(list) = &list {
                        list.set_class_name("loose");
                    }
                    self.done.push(Done::Loosened(list));
                }
                Step::Undo(steps) => (0..steps).for_each(|_| self.undo()),
                Step::Settle => self.done.clear(),
                Step::Keep => {
                    self.kept.extend(self.place().cloned());
                    self.done.push(Done::Kept);
                }
                Step::Amend(number) => {
                    if let Some(place) = self.kept.get(number as usize).cloned() {
                        let before = document().create_document_fragment();
                        take_children(&place, &before);
                        self.open.push(Open::new(place));
                        self.done.push(Done::Amended(before));
                    }
                }
            }
        }
    }

    /// Where the innermost element's content goes; none if all are closed.
    fn place(&self) -> Option<&Element> {
        self.open.last().map(|open| &open.place)
    }

    /// At the end of the text node that is there, so that a selection in it stays.
    fn text(&mut self, text: &str) {
        if let Some(is_rtl) = direction(text) {
            self.direct(is_rtl);
        }
        let place = self.place().unwrap_or(&self.root);
        let last = place.last_child().and_then(|last| last.dyn_into::<Text>().ok());
        let node = last.unwrap_or_else(|| {
            let node = document().create_text_node("");
            append(place, &node);
            node
        });
        let length = node.length();
        // Fails only for more than the browser can hold.
        let _ = node.append_data(text);
        self.done.push(Done::Text(node, length));
    }

    /// The open elements that waited for their first letter run as it does. It is said on the outermost of them, if what is around it runs otherwise.
    fn direct(&mut self, is_rtl: bool) {
        let (mut outermost, mut is_rtl_around) = (None, false);
        for open in self.open.iter_mut().rev() {
            match open.runs {
                Runs::Anyhow => {}
                Runs::Unknown => {
                    open.runs = Runs::Known { is_rtl };
                    outermost = Some(&open.outer);
                }
                Runs::Known { is_rtl } => {
                    is_rtl_around = is_rtl;
                    break;
                }
            }
        }
        if let Some(outermost) = outermost.filter(|_| is_rtl != is_rtl_around) {
            set(outermost, "dir", Some(if is_rtl { "rtl" } else { "ltr" }));
        }
    }

    fn note(&mut self, open: &Open) {
        if open.level > 0 {
            self.headings.push((open.level, self.depth(open.level)));
        }
    }

    fn forget(&mut self, open: &Open) {
        if open.level > 0 {
            self.headings.pop();
        }
    }

    /// How many headings a new one of this level is below. Models leave levels out; who goes by headings must not miss one.
    fn depth(&self, level: u8) -> u8 {
        match self.headings.iter().rfind(|(before, _)| *before <= level) {
            Some((before, depth)) => depth + u8::from(*before < level),
            None => 0,
        }
    }

    fn undo(&mut self) {
        match self.done.pop() {
            Some(Done::Opened) => {
                if let Some(open) = self.open.pop() {
                    self.forget(&open);
                    self.take_out(&open.outer);
                }
            }
            Some(Done::Text(node, 0)) => node.remove(),
            Some(Done::Text(node, length)) => {
                // Fails only for an offset after its end.
                let _ = node.delete_data(length, node.length() - length);
            }
            Some(Done::Closed(open, added)) => {
                if let Some(added) = added {
                    added.remove();
                }
                self.open.push(open);
            }
            Some(Done::Became(old)) => {
                if let Some(new) = self.open.pop() {
                    self.forget(&new);
                    replace(&new, &old);
                }
                self.note(&old);
                self.open.push(old);
            }
            Some(Done::Loosened(Some(list))) => set(&list, "class", None),
            Some(Done::Kept) => {
                self.kept.pop();
            }
            Some(Done::Amended(before)) => {
                if let Some(open) = self.open.pop() {
                    open.place.set_text_content(None);
                    append(&open.place, &before);
                }
            }
            Some(Done::Loosened(None)) | None => {}
        }
    }

    /// The document's last part, for another block.
    fn part(&self) -> Element {
        match self.root.last_element_child() {
            Some(part) if part.child_element_count() < PART => part,
            last => {
                if let Some(last) = last {
                    set(&last, GROWS, None);
                }
                let part = add(&self.root, "div", "part", "");
                set(&part, GROWS, (!self.is_whole).then_some(""));
                part
            }
        }
    }

    /// No more will come, or all that comes is there already.
    pub fn end(&mut self) {
        self.is_whole = true;
        if let Some(part) = self.root.last_element_child() {
            set(&part, GROWS, None);
        }
    }

    /// Takes an element out, and its part with the last of it.
    fn take_out(&self, element: &Element) {
        element.remove();
        if let Some(part) = self.root.last_element_child().filter(|part| part.child_element_count() == 0) {
            part.remove();
            if let Some(last) = self.root.last_element_child() {
                set(&last, GROWS, (!self.is_whole).then_some(""));
            }
        }
    }

    /// Builds an element, at the end of `parent`, or of the document; what becomes of a part of a table depends on where it goes.
    fn build(&self, kind: &Kind, parent: Option<&Element>) -> Open {
        let part = parent.is_none().then(|| self.part());
        let parent = parent.or(part.as_ref()).unwrap_or(&self.root);
        let plain = |tag: &str, class: &str| Open::new(make(tag, class));
        // Each block finds its own direction by its first letter.
        let block = |tag: &str, class: &str| {
            let block = plain(tag, class);
            set(&block.place, "dir", Some("auto"));
            block
        };
        let open = match kind {
            Kind::Paragraph => block("p", ""),
            Kind::Heading(level) => {
                // The page's own headings are above them.
                let shown = self.depth(*level) + 3;
                let digits = [b'h', b'0' + shown.min(6)];
                let mut heading = block(str::from_utf8(&digits).unwrap_or("h6"), "");
                if shown > 6 {
                    set(&heading.place, "aria-level", Some(if shown == 7 { "7" } else { "8" }));
                }
                heading.level = *level;
                heading
            }
            Kind::Quote => plain("blockquote", "").directed(),
            Kind::Bullets => plain("ul", "").directed(),
            Kind::Numbers(first) => {
                let list = plain("ol", "");
                if *first != 1 {
                    set(&list.place, "start", Some(&first.to_string()));
                }
                list.directed()
            }
            Kind::Item => plain("li", ""),
            Kind::Task(is_done) => {
                let item = plain("li", "task");
                let mark = add(&item.place, "span", if *is_done { "box done" } else { "box" }, "");
                add(&mark, "span", "unseen", if *is_done { say::DONE } else { say::NOT_DONE });
                item
            }
            Kind::Code(language) => code_block(language),
            Kind::Html => {
                let html = plain("pre", "raw");
                scrolls(&html.place, say::CODE);
                html
            }
            Kind::Rule => plain("hr", ""),
            Kind::Table => {
                let outer = make("div", "wide");
                scrolls(&outer, say::TABLE);
                Open { place: add(&outer, "table", "", ""), ..Open::new(outer) }.directed()
            }
            Kind::Row => return row(parent),
            Kind::Cell(align) => {
                let is_head = parent.parent_element().is_some_and(|group| group.tag_name() == "THEAD");
                let class = match align {
                    Align::Start => "",
                    Align::Left => "left",
                    Align::Center => "center",
                    Align::Right => "right",
                };
                let cell = block(if is_head { "th" } else { "td" }, class);
                if is_head {
                    set(&cell.place, "scope", Some("col"));
                }
                cell
            }
            Kind::Emphasis => plain("em", ""),
            Kind::Strong => plain("strong", ""),
            Kind::Strike => plain("del", ""),
            Kind::CodeSpan => plain("code", ""),
            Kind::InlineHtml => plain("code", "raw"),
            Kind::Break => plain("br", ""),
            Kind::Link { destination, title } => {
                // An address in a link's text leads where the link does.
                let link = safe_link(destination).filter(|_| !is_in_link(&self.open));
                let mut open = plain(if link.is_some() { "a" } else { "span" }, "");
                if let Some(link) = link {
                    lead(&open.place, &link.href);
                }
                if !title.is_empty() {
                    set(&open.place, "title", Some(title));
                }
                open.tail = Tail::Address { destination: destination.clone(), is_image: false };
                open
            }
            Kind::Image { destination, .. } => {
                let outer = make("span", "image");
                add(&outer, "span", "", say::IMAGE);
                let place = add(&outer, "span", "", "");
                let tail = Tail::Address { destination: destination.clone(), is_image: true };
                Open { place, tail, ..Open::new(outer) }
            }
        };
        append(parent, &open.outer);
        open
    }
}

impl Open {
    /// What holds its content itself.
    fn new(element: Element) -> Self {
        Self { outer: element.clone(), place: element, tail: Tail::Nothing, level: 0, runs: Runs::Anyhow }
    }

    /// Runs as its first letter does.
    fn directed(self) -> Self {
        Self { runs: Runs::Unknown, ..self }
    }

    /// Adds what follows the content: nobody is led to a host that is not named. What was added.
    fn close(&self, around: &[Open]) -> Option<Element> {
        let Tail::Address { destination, is_image } = &self.tail else { return None };
        let text = self.place.text_content().unwrap_or_default();
        let link = safe_link(destination);
        if !is_image && names(&text, destination) {
            return None;
        }
        let host = link.as_ref().map_or(destination, |link| &link.host);
        let added = add(&self.outer, "span", "host", "");
        match &link {
            Some(link) if *is_image && !is_in_link(around) => {
                append(&added, &document().create_text_node(" ("));
                lead(&add(&added, "a", "", host), &link.href);
                append(&added, &document().create_text_node(")"));
            }
            _ => added.set_text_content(Some(&[" (", host, ")"].concat())),
        }
        if link.is_some() && !is_image {
            // Not part of the link.
            let _ = self.outer.after_with_node_1(&added);
        }
        Some(added)
    }
}

fn is_in_link(open: &[Open]) -> bool {
    open.iter().any(|around| around.place.tag_name() == "A")
}

/// Whether a text is an address, without what people leave out or with it.
fn names(text: &str, address: &str) -> bool {
    let [text, address] = [text, address].map(|part| part.strip_suffix('/').unwrap_or(part));
    let mut schemes = ["", "https://", "http://", "mailto:"].into_iter();
    schemes.any(|scheme| address.strip_prefix(scheme) == Some(text))
}

/// `old` makes room for `new`, which takes what is in it.
fn replace(old: &Open, new: &Open) {
    take_children(&old.place, &new.place);
    // Fails only if the old one is nowhere.
    let _ = old.outer.replace_with_with_node_1(&new.outer);
}

fn take_children(from: &Node, to: &Node) {
    while let Some(child) = from.first_child() {
        if to.append_child(&child).is_err() {
            break;
        }
    }
}

/// What may be wider than the page scrolls by itself, by the keyboard too. It is no landmark: an answer may have many.
fn scrolls(element: &Element, name: &str) {
    set(element, "tabindex", Some("0"));
    set(element, "role", Some("group"));
    label(element, name);
}

fn code_block(language: &str) -> Open {
    let outer = make("div", "code");
    let head = add(&outer, "div", "head", "");
    add(&head, "span", "language", language);
    label(&add_button(&head, "act", "copy-code", say::COPY), say::COPY_CODE);
    let pre = add(&outer, "pre", "", "");
    let name = if language.is_empty() { say::CODE.to_owned() } else { [say::CODE, ", ", language].concat() };
    scrolls(&pre, &name);
    let place = add(&pre, "code", "", "");
    set(&place, "dir", Some("ltr"));
    Open { place, ..Open::new(outer) }
}

/// The first row is the table's head, the others its body.
fn row(table: &Element) -> Open {
    let (outer, place) = match table.last_element_child() {
        Some(body) if body.tag_name() == "TBODY" => {
            let row = add(&body, "tr", "", "");
            (row.clone(), row)
        }
        head => {
            let group = add(table, if head.is_some() { "tbody" } else { "thead" }, "", "");
            (group.clone(), add(&group, "tr", "", ""))
        }
    };
    Open { place, ..Open::new(outer) }
}

/// Makes a link of an element. The page it leads to is not told where the reader came from.
fn lead(element: &Element, href: &str) {
    for (name, value) in [
        ("href", href),
        ("rel", "noopener noreferrer nofollow"),
        ("referrerpolicy", "no-referrer"),
        ("target", "_blank"),
    ] {
        set(element, name, Some(value));
    }
}

/// Whether the first letter of a text is of a script that runs from right to left; `None` for no letter.
fn direction(text: &str) -> Option<bool> {
    text.chars().find_map(|c| match c {
        '\u{590}'..='\u{8ff}'
        | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}' => Some(true),
        // Signs among the letters: × and ÷.
        '\u{d7}' | '\u{f7}' => None,
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{1fff}' | '\u{3040}'..='\u{fb1c}' => Some(false),
        _ => None,
    })
}

/// The text of the code block around a button.
pub fn code_around(button: &Element) -> Option<String> {
    find(&super::parts::closest(button, ".code")?, "code")?.text_content()
}

/// The button of the last code block in `place`.
pub fn last_code_button(place: &Element) -> Option<Element> {
    let buttons = place.query_selector_all("[data-do=copy-code]").ok()?;
    buttons.get(buttons.length().checked_sub(1)?)?.dyn_into().ok()
}
