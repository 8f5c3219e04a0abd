//! Decides which destinations become links, and which host is shown.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What is percent-encoded in an address: the fragment percent-encode set of <https://url.spec.whatwg.org/#fragment-percent-encode-set>.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');

/// An address that is safe to follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The address, for an `href`: ASCII, percent-encoded where needed.
    pub href: String,
    /// Where it leads, to be shown beside the link: a host with its port, or a mailbox's domain. ASCII, in lower case.
    pub host: String,
}

/// Checks a link's or image's destination: an `http:`, `https:` or `mailto:` address that leads where it seems to lead. `None` for anything else.
///
/// `destination` is as [`Element::Link`](crate::Element::Link) has it, with escapes and entities resolved. An address is refused if it has
/// - control characters, spaces or `\`: browsers skip the first and read the last as `/`;
/// - invisible characters, or ones that change the direction of writing;
/// - a user name or password before the host, which can look like the host;
/// - a host that is not ASCII, which can look like another. Its ASCII form, `xn--…`, is accepted and shown as it is;
/// - a host that is an IPv6 address, or an IPv4 address in any but the usual form;
/// - in a `mailto:`, anything but one recipient, a subject and a body ([RFC 6068](https://www.rfc-editor.org/rfc/rfc6068)).
///
/// ```
/// use signet_markdown::safe_link;
///
/// let link = safe_link("https://Example.com/ä").expect("an https address");
/// assert_eq!(link.href, "https://Example.com/%C3%A4");
/// assert_eq!(link.host, "example.com");
/// assert_eq!(safe_link("javascript:alert(1)"), None);
/// assert_eq!(safe_link("https://bank.example@evil.example"), None);
/// ```
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
            // RFC 6068: other fields may add recipients.
            let fields = fields.to_ascii_lowercase();
            let allowed = fields.is_empty()
                || fields.split('&').all(|field| field.starts_with("subject=") || field.starts_with("body="));
            (plain && allowed && !mailbox.is_empty() && is_host(host)).then_some(host)?
        }
        _ => return None,
    };
    let host = host.to_ascii_lowercase();
    let href = format!("{scheme}:{}", utf8_percent_encode(rest, ENCODED));
    Some(Link { href, host })
}

/// Characters that change the direction of writing or are invisible.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{feff}'
            | '\u{fff0}'..='\u{fffd}' | '\u{e0000}'..
    )
}

/// Whether a host is a name of letters, digits, hyphens, underscores and single dots, or four decimal numbers. Browsers also read other numbers as addresses,
/// such as `0x7f.1` as 127.0.0.1, and would lead elsewhere than shown.
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
