//! Work is linear in the length of the text, for ordinary texts and for hostile ones.

use super::{Document, Markdown, Node, Step, document};

/// A text in pieces of at least so many bytes.
fn pieces(text: &str, size: usize) -> Vec<&str> {
    let mut pieces = vec![];
    let mut rest = text;
    while !rest.is_empty() {
        let mut at = size.min(rest.len());
        while !rest.is_char_boundary(at) {
            at += 1;
        }
        let (piece, after) = rest.split_at(at);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// What a text costs, for each of its bytes.
struct Cost {
    /// Bytes looked at.
    bytes: f64,
    /// Tokens visited.
    tokens: f64,
    /// Bytes of text in steps, undone or not.
    text: f64,
    steps: f64,
    document: Vec<Node>,
}

/// Streams a text in pieces of so many bytes.
#[allow(clippy::cast_precision_loss)]
fn cost(text: &str, size: usize) -> Cost {
    let mut markdown = Markdown::new();
    let mut document = Document::default();
    let (mut steps, mut text_shown) = (0, 0);
    for piece in pieces(text, size).into_iter().map(Some).chain([None]) {
        let more = if let Some(piece) = piece { markdown.push(piece) } else { markdown.finish() };
        steps += more.len();
        text_shown += more.iter().map(|step| if let Step::Text(text) = step { text.len() } else { 0 }).sum::<usize>();
        document.carry_out(more);
    }
    let work = markdown.work();
    let length = text.len() as f64;
    Cost {
        bytes: work.bytes as f64 / length,
        tokens: work.tokens as f64 / length,
        text: text_shown as f64 / length,
        steps: steps as f64 / length,
        document: document.nodes(),
    }
}

/// Numbered pieces, up to a length.
fn repeat(length: usize, piece: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    let mut number = 0;
    while text.len() < length {
        text.push_str(&piece(number));
        number += 1;
    }
    text
}

/// Texts of 50 kB and more of each kind.
fn long_texts() -> Vec<(&'static str, String)> {
    let sentence = |n: usize| {
        format!(
            "Sentence {n} has *some emphasis*, **strong words**, `code_{n}()` and a [link to page {n}](https://example.com/pages/{n}?a=b_c), then plain words go on for a while. "
        )
    };
    let length = 50_000;
    vec![
        ("prose in one line", repeat(length, sentence)),
        ("prose", repeat(length, |n| sentence(n) + if n % 4 == 3 { "\n\n" } else { "\n" })),
        ("an unclosed star", format!("*Note: {}", repeat(length, sentence))),
        ("an unclosed bracket", format!("see [this: {}", repeat(length, sentence))),
        ("plain words in strong", format!("**{}", repeat(length, |n| format!("word{n} ")))),
        ("tight list", repeat(length, |n| format!("- item {n} with *words* and `code`\n"))),
        ("loose list", repeat(length, |n| format!("{}. item {n} with **words**\n\n   and a paragraph\n\n", n + 1))),
        ("nested list", repeat(length, |n| format!("{}- item {n} with words\n", "  ".repeat(n % 6)))),
        (
            "table",
            format!(
                "| a | b | c |\n|---|:-:|--:|\n{}",
                repeat(length, |n| format!("| cell {n} | **strong** | `code` and words |\n"))
            ),
        ),
        (
            "small tables",
            repeat(length, |n| {
                format!(
                    "Here is table {n}:\n\n| name | what it is |\n|---|---|\n| one | a *word* |\n| two | some `code` |\n| three | some words |\n\n"
                )
            }),
        ),
        ("tables of one row", repeat(length, |n| format!("| a{n} | b |\n|---|---|\n| {n} | x |\n\n"))),
        ("tables of two rows", repeat(length, |n| format!("| a{n} | b |\n|---|---|\n| {n} | x |\n| y | {n} |\n\n"))),
        (
            "tables of one row, and words",
            repeat(length, |n| {
                format!(
                    "| Name of it {n} | What it is good for |\n|---|---|\n| number {n} | some words about it |\n\nA line of words between.\n\n"
                )
            }),
        ),
        (
            "tables after words",
            repeat(length, |n| format!("Here is table {n}:\n| name | what *it* is |\n|:--|--:|\n| a | `b` |\n\n")),
        ),
        (
            "heads alone",
            repeat(length, |n| format!("| name {n} | what it is | and what it is good for |\n|-|-|-|\n\n")),
        ),
        ("escaped bars", repeat(length, |n| format!("| a \\| {n} | b |\n|---|---|\n| {n} | x \\| y |\n\n"))),
        ("aligned tables", repeat(length, |n| format!("a{n} | b\n:-: | --:\n{n} | x\n\n"))),
        ("fence", format!("```rust\n{}```\n", repeat(length, |n| format!("    let x{n} = call(\"{n}\", &y[{n}]);\n")))),
        ("fences", repeat(length, |n| format!("```sh\nrun {n} --flag\n```\n\nwords\n\n"))),
        (
            "quotes",
            repeat(length, |n| {
                format!("> quoted words {n}\n> > deeper *words*\n>\n{}", if n % 5 == 0 { "\n" } else { "" })
            }),
        ),
        (
            "uses, then definitions",
            repeat(length / 2, |n| {
                format!(
                    "Sentence {n} says: see [name {n}] and [text][name {n}], then it goes on with plain words for a while.\n\n"
                )
            }) + &repeat(length / 2, |n| format!("[name {n}]: https://example.com/{n} \"Title {n}\"\n")),
        ),
        (
            "definitions, then uses",
            repeat(length / 2, |n| format!("[name {n}]: https://example.com/{n} \"Title {n}\"\n"))
                + "\n"
                + &repeat(length / 2, |n| {
                    format!(
                        "Sentence {n} says: see [name {n}] and [text][name {n}], then it goes on with plain words for a while.\n"
                    )
                }),
        ),
        ("labels that nothing defines", repeat(length, |n| format!("- [Source {n}][{n}]\n"))),
        (
            "links alone, then definitions",
            repeat(length / 2, |n| format!("[text][a{n}]\n\n")) + &repeat(length / 2, |n| format!("[a{n}]: /u{n}\n")),
        ),
        ("setext headings", repeat(length, |n| format!("Heading number {n}\n-----\n\nwords and *words*\n\n"))),
        ("headings", repeat(length, |n| format!("## Heading *number* {n} ##\n\nwords\n\n"))),
        ("right to left", repeat(length, |_| "مرحبا **بالعالم** و `رمز` 😀 \n".to_owned())),
        (
            "html",
            repeat(length, |n| {
                format!("<div class=\"a{n}\">\nwords\n</div>\n\nwords <b>bold</b> and <https://example.com/{n}>\n\n")
            }),
        ),
    ]
}

#[test]
fn work_is_linear() {
    let mut over = vec![];
    for (name, text) in long_texts() {
        for size in [1, 16, 256] {
            let Cost { bytes, tokens, text: shown, steps, .. } = cost(&text, size);
            println!("{name:26} {size:4} bytes {bytes:5.2} tokens {tokens:5.2} text {shown:5.2} steps {steps:5.2}");
            if bytes > 3.0 || tokens > 3.0 || shown > 3.0 {
                over.push((name, size));
            }
        }
    }
    assert!(over.is_empty(), "{over:?}");
}

/// Texts that other parsers are or were slow at.
fn hostile_texts() -> Vec<(&'static str, String)> {
    let length = 60_000;
    let times = |piece: &str| piece.repeat(length / piece.len());
    vec![
        ("*a ", times("*a ")),
        ("**a**", "**a**".repeat(32_000)),
        ("[", times("[")),
        ("![", times("![")),
        ("[a](", times("[a](")),
        ("![[", times("![[")),
        ("[]", times("[]")),
        ("[a]", times("[a]")),
        ("[a][b", times("[a][b")),
        ("]", times("]")),
        ("[ then ]", times("[").split_at(length / 2).0.to_owned() + &"]".repeat(length / 2)),
        ("*[a*] ", times("*[a*] ")),
        ("*[", "*[_".repeat(length / 6) + &"a*] ".repeat(length / 8)),
        ("_ then [a*]", "_a ".repeat(length / 6) + &"[a*] ".repeat(length / 10)),
        ("growing runs of `", repeat(length, |n| "`".repeat(n + 1) + " ")),
        ("falling runs of `", repeat(length, |n| "`".repeat(400 - n.min(399)) + "a")),
        ("one run of `", "a ``b ".to_owned() + &times("`")),
        ("` x", times("` `` ")),
        ("<a ", times("<a ")),
        ("<a x=\"", times("<a x=\"")),
        ("<a x='<a x=\"", times("<a x='<a x=\"")),
        ("<a x ", "<a ".to_owned() + &times("x ")),
        ("<", times("<")),
        ("<!--", times("a <!--")),
        ("<?", times("a <?")),
        ("<![CDATA[", times("a <![CDATA[")),
        ("<!a", times("a <!a")),
        ("<a:", times("<a:b")),
        ("<a@", times("a@b.")),
        ("> ", "> ".repeat(10_000)),
        ("> lines", repeat(length, |_| "> ".repeat(60) + "a\n")),
        ("- ", "- ".repeat(5_000)),
        ("- lines", repeat(length, |n| "  ".repeat(n.min(200)) + "- a\n")),
        ("1. ", "1. ".repeat(5_000)),
        ("&", times("&")),
        ("&a", times("&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
        ("&amp;", times("&amp;")),
        ("&#32;", "a".to_owned() + &times("&#32;")),
        (
            "a row of 10000 cells",
            "a|".repeat(10_000) + "\n" + &"-|".repeat(10_000) + "\n" + &"b|".repeat(10_000) + "\n",
        ),
        ("short rows in a wide table", "a|".repeat(200) + "\n" + &"-|".repeat(200) + "\n" + &"|\n".repeat(300)),
        ("spaces", "a".to_owned() + &times(" ") + "b"),
        ("spaces in code", "a `b".to_owned() + &times(" ") + "c"),
        ("newlines", times("\n")),
        ("pipes", "a ".to_owned() + &times("|")),
        ("|-", times("a | b\n|-x\n")),
        ("* a | b", "*x\n".to_owned() + &times("a | b\n|-x\n")),
        ("nested emphasis", "*".repeat(length / 4) + &"a* ".repeat(length / 4)),
        ("nested emphasis of both kinds", "*a _b ".repeat(length / 12) + &"c_ d* ".repeat(length / 12)),
        ("mismatched emphasis", times("a**b*c")),
        ("_a* ", times("_a* ")),
        ("~a~~ ", times("~a~~b ")),
        ("***", "a".to_owned() + &times("*") + "b"),
        ("\\", times("\\")),
        ("[a]: b", times("[a]: b\n")),
        ("[a]: \"", times("[a]: b \"\n")),
        ("[a]: (", times("[a]:\n/u\n(\n")),
        ("definitions that fail", "[a]: b\n\"".to_owned() + &times("c\n")),
        ("[[a]: ", times("[[a]: ")),
        ("#", times("#")),
        ("# #", "# ".to_owned() + &times("# ")),
        ("# a", "# a".to_owned() + &times(" #")),
        ("=", "a\n".to_owned() + &times("=")),
        ("digits", times("1")),
        ("```", times("```\n")),
        ("``` in a line", "```".to_owned() + &times("a")),
        ("~~~", times("~~~a\n")),
        ("a long label", "[".to_owned() + &times("a") + "]"),
        ("[x](<", times("[x](<y ")),
        ("[x](y \"", times("[x](y \"z ")),
        ("[x](y (", times("[x](y (z ")),
        ("one line of `", times("`")),
        ("```x`", "```x".repeat(15_000)),
        (
            "emphasis that is too deep",
            "*a ".repeat(101) + &"b* ".repeat(100) + &"_c ".repeat(10_000) + &"d* ".repeat(10_000),
        ),
        ("_a [b*] ", times("_a [b*] ")),
        ("_a [_c b*] ", times("_a [_c b*] ")),
        ("_a [b*](c) d* ", times("_a [b*](c) d* ")),
        ("heads without a table", repeat(length, |_| "a | b".repeat(300) + "\n|-|-|+\n\n")),
        ("<pre>", "<pre>\n".to_owned() + &times("</pre <pre <b>\n")),
        ("nested images", "![".repeat(10_000) + &"a](b)".repeat(10_000)),
        ("links in a bracket", "[".to_owned() + &times("[a](b)")),
        ("marks held", "a\n".to_owned() + &times("- ")),
        ("<div", times("<div ")),
        ("<x y", "a\n<x".to_owned() + &times(" y='>'z")),
    ]
}

/// How deep elements are nested.
fn depth(nodes: &[Node]) -> usize {
    let depths = nodes.iter().map(|node| match node {
        Node::Text(_) => 0,
        Node::Element(_, _, content) => 1 + depth(content),
    });
    depths.max().unwrap_or(0)
}

#[test]
fn runs_matched_again_count_the_depth_of_what_is_in_them() {
    let images = "![".repeat(95) + "x" + &"](y)".repeat(95);
    // The outer bracket is not a link, so the runs in it are matched again.
    let text = "[".to_owned() + &"*a ".repeat(60) + &images + &" b*".repeat(60) + " c_]";
    let depth = depth(&document([text.as_str()]));
    assert_eq!(depth, 1 + 100, "a paragraph, and as many elements in it as the limit allows");
}

#[test]
fn work_is_linear_for_hostile_texts() {
    let mut over = vec![];
    for (name, text) in hostile_texts() {
        let whole = document([text.as_str()]);
        // Containers, elements within a line, a leaf, and a list item.
        assert!(depth(&whole) <= 100 + 100 + 2, "{name} is {} deep", depth(&whole));
        for size in [1, 256, text.len()] {
            let started = std::time::Instant::now();
            let Cost { bytes, tokens, text: shown, steps, document } = cost(&text, size);
            assert!(document == whole, "{name} in pieces of {size} is another document");
            let ms = started.elapsed().as_millis();
            if bytes > 4.0 || tokens > 4.0 || shown > 3.5 || steps > 4.0 || ms > 300 {
                println!(
                    "{name:26} {size:6} bytes {bytes:5.2} tokens {tokens:5.2} text {shown:5.2} steps {steps:5.2} {ms} ms"
                );
            }
            if bytes > 40.0 || tokens > 100.0 || shown > 4.0 || steps > 8.0 {
                over.push((name, size));
            }
        }
    }
    assert!(over.is_empty(), "{over:?}");
}
