//! A document that carries steps out, and is as strict as it can be about them.

use std::fmt::Write;

use super::super::{Align, Element, Step};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Element(Element, bool, Vec<Node>),
}

/// The steps that were not taken back.
#[derive(Debug, Default)]
pub(super) struct Model {
    steps: Vec<Step>,
    settled: usize,
    /// Bytes of text that came in steps, taken back or not.
    pub(super) text: usize,
}

impl Model {
    pub(super) fn carry_out(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Undo(count) => {
                    let left = self.steps.len().checked_sub(*count as usize).expect("undoes more than there is");
                    assert!(*count > 0, "undoes nothing");
                    assert!(left >= self.settled, "undoes what is settled");
                    self.steps.truncate(left);
                }
                Step::Settle => self.settled = self.steps.len(),
                Step::Text(text) => {
                    assert!(!text.is_empty(), "empty text");
                    self.text += text.len();
                    self.steps.push(step.clone());
                }
                _ => self.steps.push(step.clone()),
            }
        }
    }

    pub(super) fn settled(&self) -> usize {
        self.settled
    }

    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    /// The document as a tree; `whole` if nothing may be open.
    pub(super) fn nodes(&self, whole: bool) -> Vec<Node> {
        let mut open: Vec<(Element, bool, Vec<Node>, Option<usize>)> = vec![];
        let mut root = vec![];
        let mut kept = 0;
        let mut amended: Vec<(usize, Vec<Node>)> = vec![];
        let mut keeps: Option<usize> = None;
        for step in &self.steps {
            match step {
                Step::Open(element) => {
                    keeps = None;
                    open.push((element.clone(), false, vec![], None));
                }
                Step::Text(text) => {
                    let content = open.last_mut().map_or(&mut root, |(_, _, content, _)| content);
                    if let Some(Node::Text(before)) = content.last_mut() {
                        before.push_str(text);
                    } else {
                        content.push(Node::Text(text.clone()));
                    }
                }
                Step::Close => {
                    let (element, loose, content, mark) = open.pop().expect("closes nothing");
                    if matches!(element, Element::Rule | Element::Break) {
                        assert!(content.is_empty(), "content in {element:?}");
                    }
                    if mark.is_some_and(|number| number >= AMENDED) {
                        amended.push((mark.unwrap_or(0) - AMENDED, content));
                        continue;
                    }
                    let parent = open.last_mut().map_or(&mut root, |(_, _, content, _)| content);
                    let mut node = Node::Element(element, loose, content);
                    if let Some(number) = mark {
                        // Marked with its number by a text that no parser makes, to be found again.
                        if let Node::Element(_, _, content) = &mut node {
                            content.insert(0, Node::Text(format!("\0{number}\0")));
                        }
                    }
                    parent.push(node);
                    keeps = None;
                }
                Step::Become(element) => open.last_mut().expect("nothing becomes something").0 = element.clone(),
                Step::Loose => {
                    let list =
                        open.iter_mut().rev().find(|(e, ..)| matches!(e, Element::Bullets | Element::Numbers(_)));
                    list.expect("no list is loose").1 = true;
                }
                Step::Keep => {
                    let innermost = open.last_mut().expect("keeps nothing");
                    assert!(matches!(innermost.0, Element::Paragraph | Element::Heading(_) | Element::Cell(_)));
                    assert!(innermost.3.is_none() && keeps.is_none(), "keeps twice");
                    innermost.3 = Some(kept);
                    kept += 1;
                }
                Step::Amend(number) => {
                    assert!(open.is_empty(), "amends while something is open");
                    assert!((*number as usize) < kept, "amends what was not kept");
                    open.push((Element::Paragraph, false, vec![], Some(AMENDED + *number as usize)));
                }
                Step::Undo(_) | Step::Settle => unreachable!(),
            }
        }
        assert!(!whole || open.is_empty(), "something is open at the end: {open:?}");
        while let Some((element, loose, content, _)) = open.pop() {
            let parent = open.last_mut().map_or(&mut root, |(_, _, content, _)| content);
            parent.push(Node::Element(element, loose, content));
        }
        replace(&mut root, &mut amended);
        root
    }
}

const AMENDED: usize = 1 << 40;

fn replace(nodes: &mut [Node], amended: &mut Vec<(usize, Vec<Node>)>) {
    for node in nodes {
        let Node::Element(_, _, content) = node else { continue };
        if let Some(Node::Text(mark)) = content.first_mut()
            && let Some((number, rest)) = mark.strip_prefix('\0').and_then(|mark| mark.split_once('\0'))
        {
            let number: usize = number.parse().unwrap();
            let rest = rest.to_owned();
            if rest.is_empty() {
                content.remove(0);
            } else {
                *mark = rest;
            }
            if let Some(place) = amended.iter().position(|(other, _)| *other == number) {
                *content = amended.swap_remove(place).1;
            }
        } else {
            replace(content, amended);
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// As the specification's examples have it.
fn href(destination: &str) -> String {
    let mut encoded = String::new();
    for byte in destination.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'();/?:@&=+$,#%".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
    }
    escape(&encoded)
}

fn attribute(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {name}=\"{}\"", escape(value)) }
}

fn plain(nodes: &[Node]) -> String {
    nodes
        .iter()
        .map(|node| match node {
            Node::Text(text) => text.clone(),
            Node::Element(Element::Break, ..) => "\n".to_owned(),
            Node::Element(Element::Image { .. } | Element::InlineHtml, _, content) if content.is_empty() => {
                String::new()
            }
            Node::Element(_, _, content) => plain(content),
        })
        .collect()
}

/// The HTML of a document, as the specifications' examples have it.
pub(super) fn html(nodes: &[Node]) -> String {
    let mut html = String::new();
    write_all(&mut html, nodes, false, false);
    html
}

fn line(html: &mut String) {
    if !html.is_empty() && !html.ends_with('\n') {
        html.push('\n');
    }
}

fn write_all(html: &mut String, nodes: &[Node], tight: bool, head: bool) {
    for node in nodes {
        match node {
            Node::Text(text) => html.push_str(&escape(text)),
            Node::Element(element, loose, content) => write_element(html, element, *loose, content, tight, head),
        }
    }
}

fn write_element(html: &mut String, element: &Element, loose: bool, content: &[Node], tight: bool, head: bool) {
    let mut block = |open: &str, close: &str, tight: bool| {
        line(html);
        html.push_str(open);
        write_all(html, content, tight, head);
        html.push_str(close);
        html.push('\n');
    };
    match element {
        Element::Paragraph if tight => write_all(html, content, false, false),
        Element::Paragraph => block("<p>", "</p>", false),
        Element::Heading(level) => block(&format!("<h{level}>"), &format!("</h{level}>"), false),
        Element::Quote => {
            line(html);
            html.push_str("<blockquote>\n");
            write_all(html, content, false, false);
            line(html);
            html.push_str("</blockquote>\n");
        }
        Element::Bullets => block("<ul>\n", "</ul>", !loose),
        Element::Numbers(1) => block("<ol>\n", "</ol>", !loose),
        Element::Numbers(start) => block(&format!("<ol start=\"{start}\">\n"), "</ol>", !loose),
        Element::Item => block("<li>", "</li>", tight),
        Element::Task(ticked) => {
            let checked = if *ticked { "checked=\"\" " } else { "" };
            block(&format!("<li><input {checked}disabled=\"\" type=\"checkbox\"> "), "</li>", tight);
        }
        Element::Code(language) if language.is_empty() => block("<pre><code>", "</code></pre>", false),
        Element::Code(language) => {
            block(&format!("<pre><code class=\"language-{}\">", escape(language)), "</code></pre>", false);
        }
        Element::Rule => block("<hr />", "", false),
        Element::Html => {
            line(html);
            html.push_str(plain(content).trim_end_matches('\n'));
            html.push('\n');
        }
        Element::Table => {
            line(html);
            html.push_str("<table>\n<thead>\n");
            write_all(html, content.get(..1).unwrap(), false, true);
            html.push_str("</thead>\n");
            if content.len() > 1 {
                html.push_str("<tbody>\n");
                write_all(html, &content[1..], false, false);
                html.push_str("</tbody>\n");
            }
            html.push_str("</table>\n");
        }
        Element::Row => block("<tr>\n", "</tr>", false),
        Element::Cell(align) => {
            let align = match align {
                Align::Start => "",
                Align::Left => " align=\"left\"",
                Align::Center => " align=\"center\"",
                Align::Right => " align=\"right\"",
            };
            let name = if head { "th" } else { "td" };
            line(html);
            write!(html, "<{name}{align}>").unwrap();
            write_all(html, content, false, false);
            writeln!(html, "</{name}>").unwrap();
        }
        Element::Emphasis => span(html, "em", content),
        Element::Strong => span(html, "strong", content),
        Element::Strike => span(html, "del", content),
        Element::CodeSpan => span(html, "code", content),
        Element::Link { destination, title } => {
            write!(html, "<a href=\"{}\"{}>", href(destination), attribute("title", title)).unwrap();
            write_all(html, content, false, false);
            html.push_str("</a>");
        }
        Element::Image { destination, title } => {
            let (alt, title) = (escape(&plain(content)), attribute("title", title));
            write!(html, "<img src=\"{}\" alt=\"{alt}\"{title} />", href(destination)).unwrap();
        }
        Element::Break => html.push_str("<br />\n"),
        Element::InlineHtml => html.push_str(&plain(content)),
    }
}

fn span(html: &mut String, name: &str, content: &[Node]) {
    write!(html, "<{name}>").unwrap();
    write_all(html, content, false, false);
    write!(html, "</{name}>").unwrap();
}
