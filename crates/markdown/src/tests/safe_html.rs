//! The example's HTML of texts that try to be more than text.

use super::{Mode, document, html};

#[test]
fn safe_html_has_no_tag_and_no_address_of_the_text() {
    for (text, expected) in [
        ("<script>alert(1)</script>\n", "<pre>&lt;script&gt;alert(1)&lt;/script&gt;\n</pre>\n"),
        ("a <img src=x onerror=alert(1)> b", "<p>a &lt;img src=x onerror=alert(1)&gt; b</p>\n"),
        ("&lt;script&gt;", "<p>&lt;script&gt;</p>\n"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>\n"),
        ("```\"><b>\n</code>\n```", "<pre><code class=\"language-&quot;&gt;&lt;b&gt;\">&lt;/code&gt;\n</code></pre>\n"),
        ("[a](javascript:alert(1))", "<p>a</p>\n"),
        ("<javascript:alert(1)>", "<p>javascript:alert(1)</p>\n"),
        ("[a](https://good.example@evil.example)", "<p>a</p>\n"),
        ("![a](data:text/html,x)", "<p>a</p>\n"),
        (
            "![a](https://b.example/c.png)",
            "<p><a href=\"https://b.example/c.png\" rel=\"nofollow noopener noreferrer\">a</a> (b.example)</p>\n",
        ),
        (
            "[a](https://b.example/?c&d \"e\\\"><b>\")",
            "<p><a href=\"https://b.example/?c&amp;d\" title=\"e&quot;&gt;&lt;b&gt;\" rel=\"nofollow noopener noreferrer\">a</a> (b.example)</p>\n",
        ),
    ] {
        assert_eq!(html(&document([text]), Mode::Safe), expected, "{text:?}");
    }
}
