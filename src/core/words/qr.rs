//! The QR code that an authenticator app scans (ISO/IEC 18004).

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use qrcodegen::{QrCode, QrCodeEcc};

use signet_cognito::Secret;

/// Light modules around the symbol, as the standard asks.
const QUIET: i32 = 4;

/// All but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The symbol of `text`: the side of its square in modules, quiet zone included, and the dark modules as the `d` of an SVG path with one module as
/// its unit. `None` if the text is longer than a symbol can hold, 2,331 bytes.
pub fn path(text: &str) -> Option<(u32, String)> {
    let symbol = QrCode::encode_binary(text.as_bytes(), QrCodeEcc::Medium).ok()?;
    let side = symbol.size();
    let mut path = String::new();
    for y in 0..side {
        let mut x = 0;
        while x < side {
            // Modules outside the symbol are light.
            let run = (x..=side).take_while(|x| symbol.get_module(*x, y)).count();
            if run > 0 {
                // Writing to a String cannot fail.
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += i32::try_from(run).ok()? + 1;
        }
    }
    Some((u32::try_from(side + 2 * QUIET).ok()?, path))
}

/// The address in the QR code for a TOTP secret. `secret` is base32, as `AssociateSoftwareToken` returns it.
/// <https://github.com/google/google-authenticator/wiki/Key-Uri-Format>
pub fn otpauth_uri(issuer: &str, account: &str, secret: &Secret) -> Secret {
    let mut uri = String::with_capacity(512);
    for (literal, text) in
        [("otpauth://totp/", issuer), (":", account), ("?secret=", secret.expose()), ("&issuer=", issuer)]
    {
        uri.push_str(literal);
        uri.extend(utf8_percent_encode(text, RESERVED));
    }
    Secret::new(uri)
}

#[cfg(not(target_arch = "wasm32"))]
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Draws a path of runs, as dark or light modules.
    fn draw(side: usize, path: &str) -> Vec<bool> {
        let mut dark = vec![false; side * side];
        for run in path.split('z').filter(|run| !run.is_empty()) {
            let (start, rest) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
            let (run, back) = rest.split_once("v1h-").unwrap();
            assert_eq!(run, back);
            let (x, y) = start.split_once(' ').unwrap();
            let (x, y, run): (usize, usize, usize) = (x.parse().unwrap(), y.parse().unwrap(), run.parse().unwrap());
            // Runs are merged, so no run overlaps or touches another one.
            assert!(!dark[y * side + x - 1..y * side + x + run].contains(&true));
            dark[y * side + x..y * side + x + run].fill(true);
        }
        dark
    }

    fn scan(text: &str) -> String {
        const PIXELS: usize = 4;
        let (side, path) = path(text).unwrap();
        let side = side as usize;
        let dark = draw(side, &path);
        let quiet = |index: usize| index < 4 || index >= side - 4;
        assert!((0..side * side).all(|at| !dark[at] || !quiet(at / side) && !quiet(at % side)));
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side * PIXELS, side * PIXELS, |x, y| {
            if dark[y / PIXELS * side + x / PIXELS] { 0 } else { 255 }
        });
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn the_uri_is_as_the_key_uri_format_has_it() {
        let secret = Secret::new("JBSWY3DPEHPK3PXP".into());
        assert_eq!(
            otpauth_uri("ACME Co", "john.doe@email.com", &secret).expose(),
            "otpauth://totp/ACME%20Co:john.doe%40email.com?secret=JBSWY3DPEHPK3PXP&issuer=ACME%20Co"
        );
        assert_eq!(
            otpauth_uri("a:b&c", "ü/?#", &secret).expose(),
            "otpauth://totp/a%3Ab%26c:%C3%BC%2F%3F%23?secret=JBSWY3DPEHPK3PXP&issuer=a%3Ab%26c"
        );
    }

    #[test]
    fn a_text_that_no_symbol_can_hold_has_no_path() {
        assert!(path(&"x".repeat(2331)).is_some());
        assert_eq!(path(&"x".repeat(2332)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_scanner_reads_what_was_written(issuer in "\\PC{1,20}", account in "\\PC{1,40}", secret in "[A-Z2-7]{16,103}") {
            let uri = otpauth_uri(&issuer, &account, &Secret::new(secret));
            prop_assert_eq!(scan(uri.expose()), uri.expose());
        }
    }
}
