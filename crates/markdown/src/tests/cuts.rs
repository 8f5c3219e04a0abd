//! However a text is cut, the document is the same, at the end and at every moment before.

use super::{Document, Markdown, by_char, document, shown, spec};

/// Texts as a model writes them, and some that are deliberately odd.
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

/// All fixtures and all examples of the specifications.
fn texts() -> Vec<String> {
    let examples = spec::commonmark().into_iter().chain(spec::gfm()).map(|(_, markdown, _)| markdown);
    // One container more than the limit: the last marker is text.
    let deep = ">".repeat(100) + "a | b\n" + &">".repeat(101) + "-|-\n";
    examples.chain(FIXTURES.iter().map(|&text| text.to_owned())).chain([deep]).collect()
}

#[test]
fn every_cut_gives_the_same_document() {
    for text in texts() {
        let whole = document([text.as_str()]);
        for (at, _) in text.char_indices().skip(1) {
            let (first, second) = text.split_at(at);
            assert_eq!(document([first, second]), whole, "{first:?} + {second:?}");
        }
        assert_eq!(document(by_char(&text)), whole, "{text:?}");
    }
}

#[test]
fn shows_the_same_however_the_text_is_cut() {
    for text in texts() {
        let mut markdown = Markdown::new();
        let mut document = Document::default();
        for (at, c) in text.char_indices() {
            let to = at + c.len_utf8();
            document.carry_out(markdown.push(&text[at..to]));
            assert_eq!(document.nodes(), shown([&text[..to]]), "{:?}", &text[..to]);
        }
    }
}
