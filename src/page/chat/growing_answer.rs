//! The document of a growing answer. It is built by hand, step by step, because a settled block must never be touched again.
//!
//! No model's text is ever read as HTML, and no image is loaded.

use signet_markdown::{Align, Element as Kind, Step, safe_link};
use wasm_bindgen::{JsCast, UnwrapThrowExt};
use web_sys::{DocumentFragment, Element, Node, Text};

use super::super::browser::{document, set_attribute as set};
use crate::core::words::page as words;

/// The number of blocks in a part of the document. The browser lays out and paints each part separately, so the cost of a block does not grow with the
/// text above it.
const PART: u32 = 16;

/// Marks the part that grows. The mark makes the browser check everything in the element again, so the whole answer does not get it.
const GROWS: &str = "data-grows";

/// An answer's document.
#[derive(Debug)]
pub struct GrowingAnswer {
    /// Holds the document. Before [`GrowingAnswer::mount`] it is an element outside the page.
    root: Element,
    /// The model's reasoning.
    reasoning: Text,
    /// The open elements, the innermost last.
    open: Vec<Open>,
    /// How to undo the steps since the last [`Step::Settle`].
    done: Vec<Done>,
    /// The elements that [`Step::Keep`] named.
    kept: Vec<Element>,
    /// The headings so far: the level that was written, and how many headings this one is nested in.
    headings: Vec<(u8, u8)>,
    /// The code blocks so far.
    code: Vec<Code>,
    /// Whether the text is complete.
    is_whole: bool,
}

/// A code block that can be copied.
#[derive(Debug)]
struct Code {
    button: Element,
    text: Element,
}

impl Code {
    fn copy(&self) -> Option<(Element, String)> {
        Some((self.button.clone(), self.text.text_content()?))
    }
}

/// An open element.
#[derive(Debug, Clone)]
struct Open {
    /// The element to remove if it is undone.
    outer: Element,
    /// The element that holds the content.
    place: Element,
    /// What to add after the content.
    tail: Tail,
    /// For a heading, the level that was written; otherwise 0.
    level: u8,
    /// For a code block, its copy button.
    copy: Option<Element>,
    runs: Runs,
}

/// The direction of an element's text.
#[derive(Debug, Clone, Copy)]
enum Runs {
    /// The browser finds it (`dir="auto"`), or it is inherited.
    Anyhow,
    /// For a list, quote or table: its first letter decides, and has not arrived yet.
    Unknown,
    Known {
        is_rtl: bool,
    },
}

/// What is added when an element is closed.
#[derive(Debug, Clone)]
enum Tail {
    Nothing,
    /// The address of a link or an image.
    Address {
        destination: String,
        is_image: bool,
    },
}

/// A step that was carried out, with what is needed to undo it.
#[derive(Debug)]
enum Done {
    Opened,
    /// The text node, and its length before.
    Text(Text, u32),
    /// The closed element, and what was added then.
    Closed(Open, Option<Element>),
    /// The element before.
    Became(Open),
    /// The list, if it was tight before.
    Loosened(Option<Element>),
    Kept,
    /// The content before.
    Amended(DocumentFragment),
}

impl Default for GrowingAnswer {
    fn default() -> Self {
        Self::new()
    }
}

impl GrowingAnswer {
    /// An empty document.
    pub fn new() -> Self {
        Self {
            root: make("div", ""),
            reasoning: document().create_text_node(""),
            open: vec![],
            done: vec![],
            kept: vec![],
            headings: vec![],
            code: vec![],
            is_whole: false,
        }
    }

    /// Moves into another element, with everything built so far.
    pub fn mount(&mut self, root: &Element) {
        while let Some(part) = self.root.first_element_child() {
            append(root, &part);
        }
        self.root = root.clone();
    }

    /// Shows the reasoning in an element.
    pub fn mount_reasoning(&self, place: &Element) {
        append(place, &self.reasoning);
    }

    /// The copy button that was pressed, and the text of its code block; `None` if something else was pressed.
    pub fn pressed_copy(&self, pressed: &Element) -> Option<(Element, String)> {
        self.code.iter().find(|code| code.button.contains(Some(pressed))).and_then(Code::copy)
    }

    /// The copy button of the last code block, and the block's text.
    pub fn last_copy(&self) -> Option<(Element, String)> {
        self.code.last().and_then(Code::copy)
    }

    /// Adds to the reasoning.
    pub fn add_reasoning(&self, text: &str) {
        // Fails only if the text is longer than the browser can hold.
        let _ = self.reasoning.append_data(text);
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

    /// Where content goes: into the innermost open element; `None` if all are closed.
    fn place(&self) -> Option<&Element> {
        self.open.last().map(|open| &open.place)
    }

    /// Appends to the existing text node if there is one, so that a selection in it survives.
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
        // Fails only if the text is longer than the browser can hold.
        let _ = node.append_data(text);
        self.done.push(Done::Text(node, length));
    }

    /// Gives a direction to the open elements that waited for their first letter. Only the outermost gets an attribute, if its surroundings differ.
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
        if let Some(button) = &open.copy {
            self.code.push(Code { button: button.clone(), text: open.place.clone() });
        }
    }

    fn forget(&mut self, open: &Open) {
        if open.level > 0 {
            self.headings.pop();
        }
        if open.copy.is_some() {
            self.code.pop();
        }
    }

    /// How many headings a new one of this level is nested in. Models skip levels; a reader who goes by headings must not miss one.
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
                // Fails only for an offset beyond the end.
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

    /// The part for the next block.
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

    /// Marks the document as complete.
    pub fn end(&mut self) {
        self.is_whole = true;
        if let Some(part) = self.root.last_element_child() {
            set(&part, GROWS, None);
        }
    }

    /// Removes an element, and its part if that is then empty.
    fn take_out(&self, element: &Element) {
        element.remove();
        if let Some(part) = self.root.last_element_child().filter(|part| part.child_element_count() == 0) {
            part.remove();
            if let Some(last) = self.root.last_element_child() {
                set(&last, GROWS, (!self.is_whole).then_some(""));
            }
        }
    }

    /// Builds an element at the end of `parent`, or of the document. A row or cell of a table depends on its parent.
    fn build(&self, kind: &Kind, parent: Option<&Element>) -> Open {
        let part = parent.is_none().then(|| self.part());
        let parent = parent.or(part.as_ref()).unwrap_or(&self.root);
        let plain = |tag: &str, class: &str| Open::new(make(tag, class));
        // The first letter of each block decides its direction.
        let block = |tag: &str, class: &str| {
            let block = plain(tag, class);
            set(&block.place, "dir", Some("auto"));
            block
        };
        let open = match kind {
            Kind::Paragraph => block("p", ""),
            Kind::Heading(level) => {
                // The page's own headings take the levels above.
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
                add(&mark, "span", "unseen", if *is_done { words::DONE } else { words::NOT_DONE });
                item
            }
            Kind::Code(language) => code_block(language),
            Kind::Html => {
                let html = plain("pre", "raw");
                scrolls(&html.place, words::CODE);
                html
            }
            Kind::Rule => plain("hr", ""),
            Kind::Table => {
                let outer = make("div", "wide");
                scrolls(&outer, words::TABLE);
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
                // An address in a link's text gets no link of its own.
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
                add(&outer, "span", "", words::IMAGE);
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
    /// An element that holds its content itself.
    fn new(element: Element) -> Self {
        Self { outer: element.clone(), place: element, tail: Tail::Nothing, level: 0, copy: None, runs: Runs::Anyhow }
    }

    /// Takes the direction of its first letter.
    fn directed(self) -> Self {
        Self { runs: Runs::Unknown, ..self }
    }

    /// Adds the host after a link, so that no link leads to an unnamed host. Returns the added element.
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
            // The host is not part of the link. This fails only for an element without a parent.
            let _ = self.outer.after_with_node_1(&added);
        }
        Some(added)
    }
}

fn is_in_link(open: &[Open]) -> bool {
    open.iter().any(|around| around.place.tag_name() == "A")
}

/// Whether a text is the address itself, give or take a scheme and a final slash.
fn names(text: &str, address: &str) -> bool {
    let [text, address] = [text, address].map(|part| part.strip_suffix('/').unwrap_or(part));
    let mut schemes = ["", "https://", "http://", "mailto:"].into_iter();
    schemes.any(|scheme| address.strip_prefix(scheme) == Some(text))
}

/// Replaces `old` by `new`, which takes over the content.
fn replace(old: &Open, new: &Open) {
    take_children(&old.place, &new.place);
    // Fails only if the old element has no parent.
    let _ = old.outer.replace_with_with_node_1(&new.outer);
}

fn take_children(from: &Node, to: &Node) {
    while let Some(child) = from.first_child() {
        if to.append_child(&child).is_err() {
            break;
        }
    }
}

/// An element that may be wider than the page and scrolls by itself, by keyboard too. It is not a landmark, because an answer may have many.
fn scrolls(element: &Element, name: &str) {
    set(element, "tabindex", Some("0"));
    set(element, "role", Some("group"));
    label(element, name);
}

fn code_block(language: &str) -> Open {
    let outer = make("div", "code");
    let head = add(&outer, "div", "head", "");
    add(&head, "span", "language", language);
    let copy = add(&head, "button", "act copy-code", words::COPY);
    set(&copy, "type", Some("button"));
    label(&copy, words::COPY_CODE);
    let pre = add(&outer, "pre", "", "");
    let name = if language.is_empty() { words::CODE.to_owned() } else { [words::CODE, ", ", language].concat() };
    scrolls(&pre, &name);
    let place = add(&pre, "code", "", "");
    set(&place, "dir", Some("ltr"));
    Open { place, copy: Some(copy), ..Open::new(outer) }
}

/// A table's first row is its head, the others its body.
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

/// Turns an element into a link. The linked page does not learn where the reader came from.
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

/// Whether the first letter of a text belongs to a right-to-left script; `None` if it has no letter.
fn direction(text: &str) -> Option<bool> {
    text.chars().find_map(|c| match c {
        '\u{590}'..='\u{8ff}'
        | '\u{fb1d}'..='\u{fdff}'
        | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}' => Some(true),
        // × and ÷ are among the letters.
        '\u{d7}' | '\u{f7}' => None,
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{1fff}' | '\u{3040}'..='\u{fb1c}' => Some(false),
        _ => None,
    })
}

/// An element of this class, not in the document yet.
fn make(tag: &str, class: &str) -> Element {
    let made = document().create_element(tag).expect_throw("the names of elements are ours");
    if !class.is_empty() {
        made.set_class_name(class);
    }
    made
}

/// Appends a node.
fn append(parent: &Element, child: &Node) {
    // Fails only for a node that cannot be in an element.
    let _ = parent.append_child(child);
}

/// Appends an element of this class with a text.
fn add(parent: &Element, tag: &str, class: &str, text: &str) -> Element {
    let added = make(tag, class);
    if !text.is_empty() {
        added.set_text_content(Some(text));
    }
    append(parent, &added);
    added
}

/// Gives an element a name for screen readers.
fn label(element: &Element, label: &str) {
    set(element, "aria-label", Some(label));
}
