#![allow(clippy::unwrap_used)]

mod model;

use model::{Model, Node, html};
use serde_json::Value;

use super::{Markdown, Step};

/// The document of a text that comes in these pieces.
fn document<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Vec<Node> {
    let mut markdown = Markdown::new();
    let mut model = Model::default();
    for piece in pieces {
        model.carry_out(&markdown.push(piece));
    }
    model.carry_out(&markdown.finish());
    assert_eq!(model.settled(), model.len(), "all is settled at the end");
    model.nodes(true)
}

fn by_char(text: &str) -> impl Iterator<Item = &str> {
    text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()])
}

fn examples(json: &str) -> Vec<(u64, String, String)> {
    let examples: Vec<Value> = serde_json::from_str(json).unwrap();
    let text = |case: &Value, name: &str| case[name].as_str().unwrap().to_owned();
    examples
        .iter()
        .map(|case| (case["example"].as_u64().unwrap(), text(case, "markdown"), text(case, "html")))
        .collect()
}

fn commonmark() -> Vec<(u64, String, String)> {
    examples(include_str!("../../tests/vectors/commonmark.json"))
}

fn gfm() -> Vec<(u64, String, String)> {
    examples(include_str!("../../tests/vectors/gfm.json"))
}

fn check_examples(examples: &[(u64, String, String)], count: usize) {
    assert_eq!(examples.len(), count);
    let mut failed = vec![];
    for (number, markdown, expected) in examples {
        let result = std::panic::catch_unwind(|| {
            let whole = html(&document([markdown.as_str()]));
            let streamed = html(&document(by_char(markdown)));
            (whole, streamed)
        });
        if result.as_ref().is_ok_and(|(whole, streamed)| whole == expected && streamed == expected) {
            continue;
        }
        failed.push(*number);
        println!("example {number}: {markdown:?}\n  gives    {result:?}\n  expected {expected:?}");
    }
    assert!(failed.is_empty(), "{} of {count}: {failed:?}", failed.len());
}

#[test]
fn commonmark_examples_hold_whole_and_streamed() {
    check_examples(&commonmark(), 652);
}

/// Random texts and what the reference implementation makes of them; `markdown_random.cjs` says how.
#[test]
fn random_texts_are_what_commonmark_js_makes_of_them() {
    check_examples(&examples(include_str!("../../tests/vectors/markdown_random.json")), 600);
}

#[test]
fn gfm_examples_hold_whole_and_streamed() {
    check_examples(&gfm(), 13);
}

/// Texts as a model writes them, and some that nobody should.
const FIXTURES: &[&str] = &[
    "# Answer\n\nPlain *words*, **strong ones**, `code` and [a link](https://example.com/a_b?c=1&d=2 \"A title\").\nA second line  \nafter a break.\n\nAgain.\n",
    "- one\n- two\n  - nested *a*\n  - nested **b**\n\n    with a paragraph\n- three\n\n1. first\n2. second\n   1. inner\n\n3. third\n\n\nafter\n",
    "| a | b |\n|---|:-:|\n| `x` | **y** |\n| 1 | 2 | 3 |\n| [z](u) \\| w |\n\nafter\n",
    "words | more\nhead | er\n-----|----\n1 | 2\n> quote\n",
    "*a\nb* | c\n|-|-|\n| d | e |",
    "a | b\n-|x\n",
    "[l] | b\n-|-x\n\n[l] and\n\n[l] | c\n-|-\n\n[l]: m\n",
    "[a | b\n-|-\n\n[c]: d\n\"e | f\n-|:-\n[c] | g\n\n[h]: i\n|-|\n[h]\n",
    "```rust\nfn main() {\n    let x = \"<b>\";\n}\n```\nafter\n~~~\nopen\n",
    "  ```\n  a\n    b\n ```` \n  ```\n",
    "> quoted *text*\n> more\nlazy\n> > deeper\n>\n> - list\n> - list\n\nout\n",
    "[foo]: /url 'title'\n[bar]:\n  <b c>\n\n[foo] and [bar][] and [text][foo] ![image][BAR]\n",
    "See [later], [this][later] and *[that][Later]*.\n\n## [later] here\n\n| [later] |\n|-|\n| [never] |\n\n[later]: https://example.com \"T\"\n",
    "[foo]: /url\n\"not a title\" x\n[foo]\n\n[a]: b 'c\nd'\n[a]\n\n[x]: y\n===\n[x]\n===\n",
    "Heading\n===\n\nAnother *one*\nof two lines\n---\n\ntext\n***\n",
    "- [ ] todo *a*\n- [x] done\n- [X]\n- [ ]nothing\n- [y] nor this\n1. [ ] number\n",
    "مرحبا **بالعالم** و `رمز` 😀*😀*😀 **„Zitat“** *(ä)*_ö_ü\n\n* עברית\n* ~~ضرب~~\n",
    "$5 and $6, 3 * 4 * 5, a_b_c, snake_case_name, 1.5 - 2, #no, [no](, ![no], <no, &no; `no ~no ~~no\n",
    "**a*b**c* ***d** e* *f**g*h** _a_b_ __c__d__ ~~e~~ ~f~ ~~g~ ~h~~ *i **j* k** [*l](m)* *[n*](o)\n",
    "[a [b](c) d](e) ![f [g](h) i](j) [k *l [m* n] o* [p][q] [r]](s [t](<u v> 'w') x\n",
    "<div>\n*html*\n\n*text*\n<!-- comment\n\nmore --> x\n\n<b>in</b> line <a href=\"x\ny\"> <https://a.b/c> <me@a.b> <? <!x> <!-- y -->\n",
    "``a`b`` ` `` ` `c ``d` e\n`f\ng` ``` h `` i\n\\`j\\` \\*k\\* \\[l\\] m\\\nn\n",
    "&amp; &copy; &#65; &#x1F600; &nosuch; &amp &; &#; &#xZ; &ClockwiseContourIntegral; **&quot;**\n",
    "\tcode\n\n\n\tmore\n\n    last\ntext\n    not code\n\n-\ta\n\n\tb\n >\t\tc\n",
    "-\n- a\n-\n\n  b\n- \n\n* x\n+ y\n+ z\n1) a\n2. b\n-   deep\n\n        code\n",
    "a\r\nb\rc\n\r\n- d\r\n- e\0f\r",
    "# a #\n## b ##c\n### d \\#\n#\n# #\n####### e\n#f\n#\tg  ##  \n",
    "Setext\n-\n\n- a\n-\nb\n\n* * *\n- - -\n_ _ _\n** *\n--\n==\n",
    "[^1]: A note *here*.\n\ntext[^1] [^2]\n\n[^2]: other\n",
    "1. a\n\n   b\n\n2. c\n```\nd\n```\n   e\n",
    "*a `b* c` d* **e [f** g](h) i** ~~j *k~~ l*\n\n**bold**text** **  **\n",
    "***a** b*c **d*** *e***f* ****g**** *****h*****\n",
    "[\\]]: x\n[\\]] [\\[] [ ] [] [][] ![] [a][] [a][ ] [a] []\n\n[a]: <>\n",
];

fn texts() -> Vec<String> {
    let examples = commonmark().into_iter().chain(gfm()).map(|(_, markdown, _)| markdown);
    // At the limit the last marker opens nothing.
    let deep = ">".repeat(100) + "a | b\n" + &">".repeat(101) + "-|-\n";
    examples.chain(FIXTURES.iter().map(|&text| text.to_owned())).chain([deep]).collect()
}

#[test]
fn every_split_gives_the_same_document() {
    for text in texts() {
        let whole = document([text.as_str()]);
        for (at, _) in text.char_indices().skip(1) {
            let (first, second) = text.split_at(at);
            assert_eq!(document([first, second]), whole, "{first:?} + {second:?}");
        }
        assert_eq!(document(by_char(&text)), whole, "{text:?}");
    }
}

/// What is shown when a text has come so far.
fn shown<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Vec<Node> {
    let mut markdown = Markdown::new();
    let mut model = Model::default();
    for piece in pieces {
        model.carry_out(&markdown.push(piece));
    }
    model.nodes(false)
}

#[test]
fn what_is_shown_does_not_depend_on_the_pieces() {
    for text in texts() {
        let mut markdown = Markdown::new();
        let mut model = Model::default();
        for (at, c) in text.char_indices() {
            let to = at + c.len_utf8();
            model.carry_out(&markdown.push(&text[at..to]));
            assert_eq!(model.nodes(false), shown([&text[..to]]), "{:?}", &text[..to]);
        }
    }
}

#[test]
fn what_is_open_looks_as_if_it_were_closed() {
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
        let result = html(&shown(by_char(text)));
        assert_eq!(result, expected, "{text:?}");
    }
}

#[test]
fn a_head_may_look_as_if_it_began_a_definition() {
    let table = |head: &str| format!("<table>\n<thead>\n<tr>\n{head}\n</tr>\n</thead>\n</table>\n");
    for (text, expected) in [
        ("[a | b\n-|-\n", table("<th>[a</th>\n<th>b</th>")),
        ("[c]: d\n\"e | [c]\n-|-\n", table("<th>&quot;e</th>\n<th><a href=\"d\">c</a></th>")),
        ("[h]: i\n|-|\n[h]\n", "<p>|-|\n<a href=\"i\">h</a></p>\n".to_owned()),
    ] {
        assert_eq!(html(&document([text])), expected, "{text:?}");
    }
}

#[test]
fn a_table_that_is_shown_as_one_is_not_shown_anew() {
    let mut markdown = Markdown::new();
    for (piece, undoes) in [("a | b\n", false), ("-|", true), ("-", false), ("\n", false), ("c | d\n", false)] {
        let steps = markdown.push(piece);
        assert_eq!(steps.iter().any(|step| matches!(step, Step::Undo(_))), undoes, "{piece:?}: {steps:?}");
    }
}

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

struct Cost {
    bytes: f64,
    tokens: f64,
    text: f64,
    steps: f64,
    document: Vec<Node>,
}

#[allow(clippy::cast_precision_loss)]
fn cost(text: &str, size: usize) -> Cost {
    let mut markdown = Markdown::new();
    let mut model = Model::default();
    let mut steps = 0;
    for piece in pieces(text, size).into_iter().map(Some).chain([None]) {
        let more = if let Some(piece) = piece { markdown.push(piece) } else { markdown.finish() };
        steps += more.len();
        model.carry_out(&more);
    }
    let whole = model.text;
    let work = markdown.work();
    let length = text.len() as f64;
    Cost {
        bytes: work.bytes as f64 / length,
        tokens: work.tokens as f64 / length,
        text: whole as f64 / length,
        steps: steps as f64 / length,
        document: model.nodes(true),
    }
}

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

/// Texts that parsers were slow at.
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
fn a_blank_line_in_a_quote_does_not_make_the_list_around_it_loose() {
    for text in ["- >     code\n  >\n- b\n", "- > words\n  >\n- b\n"] {
        let html = html(&document([text]));
        assert!(html.ends_with("<li>b</li>\n</ul>\n"), "{text:?}: {html}");
    }
}

#[test]
fn what_is_matched_again_is_as_deep_as_what_is_in_it() {
    let images = "![".repeat(95) + "x" + &"](y)".repeat(95);
    // The bracket is no link, so that what is in it is matched once more.
    let text = "[".to_owned() + &"*a ".repeat(60) + &images + &" b*".repeat(60) + " c_]";
    let depth = depth(&document([text.as_str()]));
    assert_eq!(depth, 1 + 100, "a paragraph, and as many elements in it as may be");
}

#[test]
fn hostile_texts_take_linear_work() {
    let mut over = vec![];
    for (name, text) in hostile_texts() {
        let whole = document([text.as_str()]);
        // Containers, elements within a line, and what is around and in them.
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

mod random {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    fn markdown() -> impl Strategy<Value = String> {
        const PIECES: &[&str] = &[
            "*",
            "**",
            "***",
            "_",
            "__",
            "~",
            "~~",
            "`",
            "``",
            "```",
            "~~~",
            "[",
            "]",
            "(",
            ")",
            "![",
            "](",
            "][",
            "]:",
            "]: ",
            "<",
            ">",
            "<a",
            "</b>",
            "<!--",
            "<a b=\"",
            "x>",
            "<!",
            "?>",
            "-->",
            "<div>",
            "&amp;",
            "&",
            ";",
            "#",
            "# ",
            "## ",
            "\n",
            "\n",
            "\n\n",
            "\n",
            " ",
            " ",
            "  ",
            "    ",
            "\t",
            "- ",
            "* ",
            "+ ",
            "1. ",
            "2) ",
            "- [ ] ",
            "> ",
            "|",
            "| ",
            "|-|",
            "---",
            "===",
            ":-",
            "\\",
            "\"",
            "'",
            "a",
            "b",
            "ab",
            "[a]",
            "[a]: b\n",
            "é",
            "😀",
            "\u{a0}",
            "“",
            "http://x.y",
            "a@b.c",
            "\r\n",
            "\r",
            "\0",
            "!",
            ":",
            "/",
            "x | y\n-|-\n",
            "\\|",
            "|:-:|-:|\n",
            "0",
            "9",
        ];
        vec(select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

        #[test]
        fn pieces_do_not_matter(text in markdown(), cuts in vec(any::<prop::sample::Index>(), 0..6)) {
            let whole = document([text.as_str()]);
            prop_assert_eq!(&document(by_char(&text)), &whole);
            let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            places.push(text.len());
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| places[cut.index(places.len())]).collect();
            cuts.sort_unstable();
            let mut pieces = vec![];
            let mut from = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                pieces.push(&text[from..cut]);
                from = cut;
            }
            prop_assert_eq!(&document(pieces), &whole);
        }

        #[test]
        fn any_text_is_parsed(text in any::<String>()) {
            prop_assert_eq!(document(by_char(&text)), document([text.as_str()]));
        }

        #[test]
        fn what_is_shown_is_what_the_text_means_so_far(text in markdown()) {
            prop_assert_eq!(shown(by_char(&text)), shown([text.as_str()]));
        }
    }
}
