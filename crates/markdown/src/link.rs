//! Which destinations may become links, and what is shown of them.

/// A destination that may be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The address, percent-encoded where it was not ASCII, ready for an `href`.
    pub href: String,
    /// Whom it leads to, to be shown beside the link: a host with its port, or a mailbox's domain. ASCII, in lower case.
    pub host: String,
}

/// A link's destination as `http:`, `https:` or `mailto:` address; `None` if it is anything else or not plain.
///
/// Escapes and entities are resolved already ([`super::Element::Link`]). Browsers skip control characters and read `\` as `/` in an address, so an
/// address with either is refused, as is one with spaces around or in it, one with a name or password before the host, and one whose host is not ASCII:
/// a host like that could look like another's, and its ASCII form `xn--…` is shown as such. Of what a
/// message may begin with, its subject and body are taken, no more recipients.
pub fn safe_link(destination: &str) -> Option<Link> {
    if destination.chars().any(|c| c <= ' ' || matches!(c, '\\' | '\u{7f}'..='\u{a0}') || is_hidden(c)) {
        return None;
    }
    let (scheme, rest) = destination.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let host = match scheme.as_str() {
        "http" | "https" => {
            let rest = rest.strip_prefix("//")?;
            let end = rest.bytes().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
            let host = rest.get(..end)?;
            let (name, port) = host.split_once(':').unwrap_or((host, "0"));
            (is_host(name) && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok())
                .then_some(host)?
        }
        "mailto" => {
            let (address, fields) = rest.split_once('?').unwrap_or((rest, ""));
            let (mailbox, host) = address.split_once('@')?;
            let plain = mailbox.bytes().all(|b| b.is_ascii_alphanumeric() || b"!$&'*+-./=^_`{|}~".contains(&b));
            // RFC 6068: others than these may be more recipients.
            let shown = fields.to_ascii_lowercase();
            let shown = shown.is_empty()
                || shown.split('&').all(|field| field.starts_with("subject=") || field.starts_with("body="));
            (plain && shown && !mailbox.is_empty() && is_host(host)).then_some(host)?
        }
        _ => return None,
    };
    let host = host.to_ascii_lowercase();
    let mut href = scheme;
    href.push(':');
    for byte in rest.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'`') {
            href.push(char::from(byte));
        } else {
            const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
            href.push('%');
            href.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
    Some(Link { href, host })
}

/// Marks that turn the direction of writing or have no width.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{feff}'
            | '\u{fff0}'..='\u{fffd}' | '\u{e0000}'..
    )
}

/// A name of letters, digits, hyphens and single dots, or an address of four numbers. Browsers read other numbers as addresses too, `0x7f.1` as
/// 127.0.0.1, and would lead elsewhere than is shown.
fn is_host(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = |label: &str| label.parse::<u8>().is_ok() && (label.len() == 1 || !label.starts_with('0'));
    name.len() <= 253
        && (!last.starts_with(|c: char| c.is_ascii_digit())
            || (name.split('.').count() == 4 && name.split('.').all(is_number)))
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_addresses_are_links() {
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
    fn known_bypasses_are_refused() {
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
        fn what_is_a_link_is_plain(destination in "(?:https?|mailto|javascript)?[:@/\\\\.a-z0-9\\t\\n é\u{202e}-]{0,20}") {
            if let Some(link) = safe_link(&destination) {
                prop_assert!(link.href.bytes().all(|b| b.is_ascii_graphic()));
                prop_assert!(["http://", "https://", "mailto:"].iter().any(|scheme| link.href.starts_with(scheme)));
                prop_assert!(!link.host.is_empty() && !link.host.contains('@'));
            }
        }
    }
}
