//! Writes a document as HTML.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use signet_markdown::{Align, Element, safe_link};

use super::document::Node;

/// How raw HTML and links are rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For text from anyone. Raw HTML is shown as text, only safe links are links and their hosts are shown, and no image is loaded.
    Safe,
    /// As in the examples of the `CommonMark` specification, for trusted text: raw HTML is HTML, and links may do anything.
    AsSpecified,
}

/// A document's HTML.
pub fn html(nodes: &[Node], mode: Mode) -> String {
    let mut writer = Writer { html: String::new(), mode };
    writer.nodes(nodes, Around::Block);
    writer.html
}

/// What surrounds an element, if it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Around {
    Block,
    /// A list, or an item of one, that is tight: its paragraphs have no tag.
    Tight,
    /// The head of a table.
    Head,
}

struct Writer {
    html: String,
    mode: Mode,
}

impl Writer {
    fn nodes(&mut self, nodes: &[Node], around: Around) {
        for node in nodes {
            match node {
                Node::Text(text) => self.html.push_str(&escape(text)),
                Node::Element(element, is_loose, content) => self.element(element, *is_loose, content, around),
            }
        }
    }

    fn element(&mut self, element: &Element, is_loose: bool, content: &[Node], around: Around) {
        let items = if is_loose { Around::Block } else { Around::Tight };
        match element {
            Element::Paragraph if around == Around::Tight => self.nodes(content, Around::Block),
            Element::Paragraph => self.block("<p>", content, "</p>", Around::Block),
            Element::Heading(level) => {
                self.block(&format!("<h{level}>"), content, &format!("</h{level}>"), Around::Block);
            }
            Element::Quote => {
                self.line();
                self.html.push_str("<blockquote>\n");
                self.nodes(content, Around::Block);
                self.line();
                self.html.push_str("</blockquote>\n");
            }
            Element::Bullets => self.block("<ul>\n", content, "</ul>", items),
            Element::Numbers(1) => self.block("<ol>\n", content, "</ol>", items),
            Element::Numbers(start) => self.block(&format!("<ol start=\"{start}\">\n"), content, "</ol>", items),
            Element::Item => self.block("<li>", content, "</li>", around),
            Element::Task(is_ticked) => {
                let checked = if *is_ticked { "checked=\"\" " } else { "" };
                let open = format!("<li><input {checked}disabled=\"\" type=\"checkbox\"> ");
                self.block(&open, content, "</li>", around);
            }
            Element::Code(language) if language.is_empty() => {
                self.block("<pre><code>", content, "</code></pre>", Around::Block);
            }
            Element::Code(language) => {
                let open = format!("<pre><code class=\"language-{}\">", escape(language));
                self.block(&open, content, "</code></pre>", Around::Block);
            }
            Element::Rule => self.block("<hr />", content, "", Around::Block),
            Element::Html if self.mode == Mode::Safe => self.block("<pre>", content, "</pre>", Around::Block),
            Element::Html => {
                self.line();
                self.html.push_str(plain(content).trim_end_matches('\n'));
                self.html.push('\n');
            }
            Element::Table => {
                self.line();
                let (head, rows) = content.split_at(content.len().min(1));
                self.html.push_str("<table>\n<thead>\n");
                self.nodes(head, Around::Head);
                self.html.push_str("</thead>\n");
                if !rows.is_empty() {
                    self.html.push_str("<tbody>\n");
                    self.nodes(rows, Around::Block);
                    self.html.push_str("</tbody>\n");
                }
                self.html.push_str("</table>\n");
            }
            Element::Row => self.block("<tr>\n", content, "</tr>", around),
            Element::Cell(align) => {
                let align = match align {
                    Align::Start => "",
                    Align::Left => " align=\"left\"",
                    Align::Center => " align=\"center\"",
                    Align::Right => " align=\"right\"",
                };
                let name = if around == Around::Head { "th" } else { "td" };
                self.block(&format!("<{name}{align}>"), content, &format!("</{name}>"), Around::Block);
            }
            Element::Emphasis => self.span("em", content),
            Element::Strong => self.span("strong", content),
            Element::Strike => self.span("del", content),
            Element::CodeSpan => self.span("code", content),
            Element::Link { destination, title } | Element::Image { destination, title } if self.mode == Mode::Safe => {
                self.safe_link(destination, title, content);
            }
            Element::Link { destination, title } => {
                self.tag(&format!("<a href=\"{}\"{}>", href(destination), attribute("title", title)));
                self.nodes(content, Around::Block);
                self.html.push_str("</a>");
            }
            Element::Image { destination, title } => {
                let (alt, title) = (escape(&plain(content)), attribute("title", title));
                self.tag(&format!("<img src=\"{}\" alt=\"{alt}\"{title} />", href(destination)));
            }
            Element::Break => self.html.push_str("<br />\n"),
            Element::InlineHtml if self.mode == Mode::Safe => self.nodes(content, Around::Block),
            Element::InlineHtml => self.html.push_str(&plain(content)),
        }
    }

    /// An element on lines of its own.
    fn block(&mut self, open: &str, content: &[Node], close: &str, around: Around) {
        self.line();
        self.html.push_str(open);
        self.nodes(content, around);
        self.html.push_str(close);
        self.html.push('\n');
    }

    fn span(&mut self, name: &str, content: &[Node]) {
        self.tag(&format!("<{name}>"));
        self.nodes(content, Around::Block);
        self.tag(&format!("</{name}>"));
    }

    /// A link or an image as a link with its host, or as its content if the destination is not safe.
    fn safe_link(&mut self, destination: &str, title: &str, content: &[Node]) {
        let Some(link) = safe_link(destination) else {
            return self.nodes(content, Around::Block);
        };
        let (href, title) = (escape(&link.href), attribute("title", title));
        self.tag(&format!("<a href=\"{href}\"{title} rel=\"nofollow noopener noreferrer\">"));
        self.nodes(content, Around::Block);
        // Writing to a string does not fail.
        let _ = write!(self.html, "</a> ({})", escape(&link.host));
    }

    fn tag(&mut self, tag: &str) {
        self.html.push_str(tag);
    }

    /// Begins a line, unless one was just begun.
    fn line(&mut self) {
        if !self.html.is_empty() && !self.html.ends_with('\n') {
            self.html.push('\n');
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A destination, encoded as in the specification's examples.
fn href(destination: &str) -> String {
    const ENCODED: &AsciiSet = &{
        let mut set = NON_ALPHANUMERIC.remove(b'-');
        let mut plain = b"_.!~*'();/?:@&=+$,#%".as_slice();
        while let [byte, rest @ ..] = plain {
            set = set.remove(*byte);
            plain = rest;
        }
        set
    };
    escape(&utf8_percent_encode(destination, ENCODED).to_string())
}

fn attribute(name: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!(" {name}=\"{}\"", escape(value)) }
}

/// The text in nodes.
fn plain(nodes: &[Node]) -> String {
    nodes
        .iter()
        .map(|node| match node {
            Node::Text(text) => text.clone(),
            Node::Element(Element::Break, ..) => "\n".to_owned(),
            Node::Element(_, _, content) => plain(content),
        })
        .collect()
}
