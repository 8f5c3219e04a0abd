//! Random texts in random pieces.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{by_char, document, shown};

/// Texts of pieces that mean something in Markdown.
fn markdown() -> impl Strategy<Value = String> {
    #[rustfmt::skip]
    const PIECES: &[&str] = &[
        "*", "**", "***", "_", "__", "~", "~~", "`", "``", "```", "~~~", "[", "]", "(", ")", "![", "](", "][", "]:",
        "]: ", "<", ">", "<a", "</b>", "<!--", "<a b=\"", "x>", "<!", "?>", "-->", "<div>", "&amp;", "&", ";", "#",
        "# ", "## ", "\n", "\n", "\n\n", "\n", " ", " ", "  ", "    ", "\t", "- ", "* ", "+ ", "1. ", "2) ", "- [ ] ",
        "> ", "|", "| ", "|-|", "---", "===", ":-", "\\", "\"", "'", "a", "b", "ab", "[a]", "[a]: b\n", "é", "😀",
        "\u{a0}", "“", "http://x.y", "a@b.c", "\r\n", "\r", "\0", "!", ":", "/", "x | y\n-|-\n", "\\|", "|:-:|-:|\n",
        "0", "9",
    ];
    vec(select(PIECES), 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn any_cut_gives_the_same_document(text in markdown(), cuts in vec(any::<prop::sample::Index>(), 0..6)) {
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
    fn any_text_is_read(text in any::<String>()) {
        prop_assert_eq!(document(by_char(&text)), document([text.as_str()]));
    }

    #[test]
    fn shows_the_same_character_by_character(text in markdown()) {
        prop_assert_eq!(shown(by_char(&text)), shown([text.as_str()]));
    }
}
