//! Checks of the texts in a configuration.

use signet_cognito::UnixMillis;

pub(super) fn checked(text: &str, good: bool) -> Option<String> {
    (good && !text.is_empty()).then(|| text.to_owned())
}

pub(super) fn any(text: &str) -> Option<String> {
    checked(text, true)
}

/// Whether a text has only letters, digits and the bytes in `more`.
pub(super) fn is_plain(text: &str, more: &[u8]) -> bool {
    text.bytes().all(|c| c.is_ascii_alphanumeric() || more.contains(&c))
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit())
}

pub(super) fn is_graphic(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|c| c.is_ascii_graphic())
}

/// Such as `2026-11-01`.
pub(super) fn is_date(text: &str) -> bool {
    UnixMillis::from_iso_8601(&[text, "T00:00:00Z"].concat()).is_some()
}

pub(super) fn is_file_name(text: &str) -> bool {
    !text.starts_with('.') && is_plain(text, b"-._")
}

/// A path of plain names below the origin or the page's folder.
pub(super) fn is_icon(text: &str) -> bool {
    text.strip_prefix('/').unwrap_or(text).split('/').all(|name| !name.is_empty() && is_file_name(name))
}

/// Such as `arn:aws:iam::123456789012:role/Name`.
pub(super) fn is_role(arn: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let mut next = || parts.next().unwrap_or_default();
    next() == "arn"
        && next().starts_with("aws")
        && next() == "iam"
        && next().is_empty()
        && is_number(next())
        && next().strip_prefix("role/").is_some_and(|name| !name.is_empty() && is_plain(name, b"+=,.@_/-"))
}

/// The region of an id that has been checked.
pub(super) fn region(id: &str, separator: char) -> &str {
    id.split_once(separator).map_or("", |(region, _)| region)
}

/// The region before a separator, if something follows the separator.
pub(super) fn region_before(id: &str, separator: char) -> Option<&str> {
    id.split_once(separator)
        .filter(|(region, rest)| is_region(region) && !rest.is_empty() && is_plain(rest, b"-"))
        .map(|(region, _)| region)
}

/// Such as `us-east-1` or `us-gov-west-1`.
pub(super) fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()))
        && parts.last().is_some_and(|number| is_number(number))
}

/// The region in `https://ID.lambda-url.REGION.on.aws/`.
pub(super) fn lambda_region(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once(".lambda-url.")?;
    rest.split(['.', '/', ':']).next().filter(|region| is_region(region))
}

/// Scheme, host with port, and the part after the slash of an absolute address. Plain http is allowed only to this machine, where the local AWS listens.
pub(super) fn web(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let local = host == "127.0.0.1" || host == "localhost" || host.ends_with(".localhost");
    let good = (scheme == "https" || scheme == "http" && local)
        && !host.is_empty()
        && is_plain(host, b".-")
        && is_number(port)
        && port.parse::<u16>().is_ok();
    good.then_some((scheme, authority, path))
}

/// An absolute address without user, query or fragment, as a browser writes it: the host in lower case, and no default port.
pub(super) fn address(url: &str) -> Option<String> {
    let (scheme, authority, path) = web(url)?;
    // Only characters that a browser sends unchanged, so that the signed path is the sent one.
    if !is_plain(path, b"-._~/") || path.split('/').any(|segment| segment == "." || segment == "..") {
        return None;
    }
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(if scheme == "https" { ":443" } else { ":80" }).unwrap_or(&authority);
    Some([scheme, "://", authority, "/", path].concat())
}

/// The base address for the paths of a user pool's endpoints.
pub(super) fn domain(text: &str) -> Option<String> {
    let address = if text.contains('/') { address(text)? } else { address(&["https://", text].concat())? };
    Some(address.trim_end_matches('/').to_owned())
}

/// An absolute address without fragment (RFC 6749 §3.1.2). Cognito compares it as a string.
pub(super) fn is_redirect(url: &str) -> bool {
    web(url).is_some_and(|(.., path)| path.bytes().all(|c| c.is_ascii_graphic() && c != b'#'))
}
