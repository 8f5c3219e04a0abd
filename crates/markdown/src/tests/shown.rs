//! What is shown before the text has ended, and a few documents that appear in no specification.

use super::{Markdown, Mode, Step, by_char, document, html, shown};

#[test]
fn shows_open_elements_as_if_they_were_closed() {
    for (text, expected) in [
        ("**bo", "<p><strong>bo</strong></p>\n"),
        ("**bold*", "<p><strong>bold</strong></p>\n"),
        ("a *", "<p>a</p>\n"),
        ("a `", "<p>a</p>\n"),
        ("a ~~", "<p>a</p>\n"),
        ("a ~~b", "<p>a <del>b</del></p>\n"),
        ("a |", "<p>a</p>\n"),
        ("a\n- ", "<p>a</p>\n"),
        ("a `b *c", "<p>a <code>b *c</code></p>\n"),
        ("a `b ", "<p>a <code>b</code></p>\n"),
        ("a ``b`", "<p>a <code>b</code></p>\n"),
        ("see [text", "<p>see <a href=\"\">text</a></p>\n"),
        ("see [text]", "<p>see <a href=\"\">text</a></p>\n"),
        ("see [text](htt", "<p>see <a href=\"\">text</a></p>\n"),
        ("see [te*x*t](https://a.b \"ti", "<p>see <a href=\"\">te<em>x</em>t</a></p>\n"),
        ("see ![te", "<p>see <img src=\"\" alt=\"te\" /></p>\n"),
        ("see [text]( no", "<p>see <a href=\"\">text</a></p>\n"),
        ("see [text](no no", "<p>see [text](no no</p>\n"),
        ("[label", ""),
        ("[label]: /url", ""),
        ("[label] x", "<p>[label] x</p>\n"),
        ("a\n===", "<p>a</p>\n"),
        ("a\n===\n", "<h1>a</h1>\n"),
        ("# a #", "<h1>a</h1>\n"),
        ("# a *b", "<h1>a <em>b</em></h1>\n"),
        ("```ru", ""),
        ("```ru\n", "<pre><code class=\"language-ru\"></code></pre>\n"),
        ("```ru\nfn", "<pre><code class=\"language-ru\">fn</code></pre>\n"),
        ("```\na\n``", "<pre><code>a\n</code></pre>\n"),
        ("| a | b |", "<p>| a | b</p>\n"),
        ("| a | b |\n|", "<p>| a | b</p>\n"),
        ("| a | b |\n|-", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n</table>\n"),
        ("| a | b |\n|--|---", "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n</table>\n"),
        ("term\n:", "<p>term</p>\n"),
        ("a\n>|-|", "<p>a</p>\n"),
        ("> a | b\n> > -|", "<blockquote>\n<p>a | b</p>\n</blockquote>\n"),
        ("| a | b |\n|--x", "<p>| a | b |\n|--x</p>\n"),
        (
            "a|b\n-|-\nc|**d",
            "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>c</td>\n<td><strong>d</strong></td>\n</tr>\n</tbody>\n</table>\n",
        ),
        ("- a\n- **b", "<ul>\n<li>a</li>\n<li><strong>b</strong></li>\n</ul>\n"),
        ("- [ ", ""),
        ("- [x] d", "<ul>\n<li><input checked=\"\" disabled=\"\" type=\"checkbox\"> d</li>\n</ul>\n"),
        ("> *q", "<blockquote>\n<p><em>q</em></p>\n</blockquote>\n"),
        ("a   ", "<p>a</p>\n"),
        ("a  \n", "<p>a</p>\n"),
        ("a \\", "<p>a</p>\n"),
        ("a &am", "<p>a</p>\n"),
        ("a <htt", "<p>a</p>\n"),
        ("a <b and c", "<p>a <b and c</p>\n"),
        ("$5 and $6", "<p>$5 and $6</p>\n"),
        ("- ", ""),
        ("1", ""),
        ("1. ", ""),
    ] {
        let result = html(&shown(by_char(text)), Mode::AsSpecified);
        assert_eq!(result, expected, "{text:?}");
    }
}

#[test]
fn table_head_that_looks_like_a_definition() {
    let table = |head: &str| format!("<table>\n<thead>\n<tr>\n{head}\n</tr>\n</thead>\n</table>\n");
    for (text, expected) in [
        ("[a | b\n-|-\n", table("<th>[a</th>\n<th>b</th>")),
        ("[c]: d\n\"e | [c]\n-|-\n", table("<th>&quot;e</th>\n<th><a href=\"d\">c</a></th>")),
        ("[h]: i\n|-|\n[h]\n", "<p>|-|\n<a href=\"i\">h</a></p>\n".to_owned()),
    ] {
        assert_eq!(html(&document([text]), Mode::AsSpecified), expected, "{text:?}");
    }
}

#[test]
fn shows_a_table_only_once() {
    let mut markdown = Markdown::new();
    for (piece, undoes) in [("a | b\n", false), ("-|", true), ("-", false), ("\n", false), ("c | d\n", false)] {
        let steps = markdown.push(piece);
        assert_eq!(steps.iter().any(|step| matches!(step, Step::Undo(_))), undoes, "{piece:?}: {steps:?}");
    }
}

#[test]
fn blank_line_in_a_quote_keeps_the_list_around_it_tight() {
    for text in ["- >     code\n  >\n- b\n", "- > words\n  >\n- b\n"] {
        let html = html(&document([text]), Mode::AsSpecified);
        assert!(html.ends_with("<li>b</li>\n</ul>\n"), "{text:?}: {html}");
    }
}
