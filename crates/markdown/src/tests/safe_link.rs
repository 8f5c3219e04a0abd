//! Safe links: what becomes one, and known ways around such checks.

use proptest::prelude::*;

use crate::{Link, safe_link};

#[test]
fn accepts_plain_addresses() {
    for (destination, href, host) in [
        ("https://example.com", "https://example.com", "example.com"),
        ("HTTPS://Example.COM/A?b=c&d#e", "https://Example.COM/A?b=c&d#e", "example.com"),
        ("http://localhost:8080/", "http://localhost:8080/", "localhost:8080"),
        ("https://a.b/ä?ü=\"<`", "https://a.b/%C3%A4?%C3%BC=%22%3C%60", "a.b"),
        ("https://a.b/@c:d", "https://a.b/@c:d", "a.b"),
        ("https://xn--e1afmkfd.example/", "https://xn--e1afmkfd.example/", "xn--e1afmkfd.example"),
        ("https://192.0.2.1/", "https://192.0.2.1/", "192.0.2.1"),
        ("mailto:me@example.com?subject=x", "mailto:me@example.com?subject=x", "example.com"),
        ("mailto:me@example.com?Subject=X", "mailto:me@example.com?Subject=X", "example.com"),
        ("mailto:me@example.com?", "mailto:me@example.com?", "example.com"),
        ("mailto:m+e@a.b?body=x&subject=y#z", "mailto:m+e@a.b?body=x&subject=y#z", "a.b"),
    ] {
        assert_eq!(safe_link(destination), Some(Link { href: href.into(), host: host.into() }), "{destination}");
    }
}

#[test]
fn refuses_known_bypasses() {
    for destination in [
        "",
        "#a",
        "/a",
        "a",
        "//evil.example",
        "\\\\evil.example",
        "/\\evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///evil.example",
        "https://",
        "https:///",
        "https://?a",
        "https:\\\\evil.example",
        "https://good.example\\@evil.example",
        "https://trusted.example@evil.example",
        "https://trusted.example:x@evil.example",
        "https://trusted.example%40evil.example@evil.example/",
        "https://@evil.example",
        "https://a:b@evil.example",
        "https://evil.example:",
        "https://evil.example:80x",
        "https://evil.example:65536",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://256.0.0.1/",
        "https://evil.example.0/",
        "https://evil..example",
        "https://.example",
        "https://evil.example%2f.good.example",
        "https://[::1]/",
        "https://gооd.example",
        "https://good。example",
        "https://good.example\u{202e}/moc.live",
        "https://good.example/\u{202e}moc.live",
        "https://go\u{ad}od.example",
        "https://good\u{200b}.example",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\nscript:alert(1)",
        "java\tscript:alert(1)",
        "java\rscript:alert(1)",
        " javascript:alert(1)",
        "\u{1}javascript:alert(1)",
        "\u{0}javascript:alert(1)",
        "javascript\u{0}:alert(1)",
        "javascript :alert(1)",
        "javascript://good.example/%0aalert(1)",
        "vbscript:msgbox(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:text/html;base64,PHN2Zz4=",
        "blob:https://good.example/1",
        "file:///etc/passwd",
        "filesystem:https://good.example/a",
        "ftp://good.example",
        "about:blank",
        "view-source:https://good.example",
        "intent://good.example#Intent;end",
        "ms-msdt:/id",
        "tel:+1",
        "ht\ntps://evil.example",
        "https\t://evil.example",
        "https://evil.example\n.good.example",
        "\u{feff}https://evil.example",
        "https\u{ff1a}//evil.example",
        "https://evil.example /a",
        "mailto:",
        "mailto:x",
        "mailto:@evil.example",
        "mailto:a@b@evil.example",
        "mailto:a%0abcc:b@evil.example",
        "mailto:evil#x@good.example",
        "mailto:a@good.example?to=b@evil.example",
        "mailto:a@good.example?subject=x&cc=b@evil.example",
        "mailto:a@good.example?BCC=b@evil.example",
        "mailto:a@good.example?%62cc=b@evil.example",
        "mailto:a@good.example?&bcc=b@evil.example",
        "mailto:a@good.example?subject=x?&to=b@evil.example",
        "mailto://evil.example",
    ] {
        assert_eq!(safe_link(destination), None, "{destination:?}");
    }
}

proptest! {
    #[test]
    fn accepts_only_plain_addresses(destination in "(?:https?|mailto|javascript)?[:@/\\\\.a-z0-9\\t\\n é\u{202e}-]{0,20}") {
        if let Some(link) = safe_link(&destination) {
            prop_assert!(link.href.bytes().all(|b| b.is_ascii_graphic()));
            prop_assert!(["http://", "https://", "mailto:"].iter().any(|scheme| link.href.starts_with(scheme)));
            prop_assert!(!link.host.is_empty() && !link.host.contains('@'));
        }
    }
}
