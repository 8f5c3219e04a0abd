//! The QR code (ISO/IEC 18004) that an authenticator app scans: bytes, with medium error correction, in the smallest symbol that holds them.
//!
//! Ours, since the smallest of three crates, `qrcodegen`, is twice as much Wasm; tests compare every size of symbol with what it draws.

use crate::form::encode;
use signet_cognito::Secret;

/// Light modules around the symbol, as the standard asks.
const QUIET: usize = 4;

/// How many blocks a symbol has, of the versions 1 to 40 with medium error correction (table 9).
const BLOCKS: [u8; 40] = [
    1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31, 33,
    35, 37, 38, 40, 43, 45, 47, 49,
];
/// How many codewords of each block are for correction.
const CORRECTION: [u8; 40] = [
    10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
];

/// The symbol of `text`: the side of its square in modules, quiet zone included, and the dark modules as the `d` of an SVG path with one module as
/// its unit. `None` if the text is longer than a symbol can hold, 2,331 bytes.
pub fn path(text: &str) -> Option<(u32, String)> {
    let symbol = Symbol::of(text.as_bytes())?;
    let mut path = String::new();
    for y in 0..symbol.side {
        let mut x = 0;
        while x < symbol.side {
            // What is outside is light.
            let run = (x..=symbol.side).take_while(|x| symbol.is_dark(*x, y)).count();
            if run > 0 {
                for (command, number) in [("M", x + QUIET), (" ", y + QUIET), ("h", run), ("v1h-", run)] {
                    path.push_str(command);
                    path.push_str(&number.to_string());
                }
                path.push('z');
            }
            x += run + 1;
        }
    }
    Some((u32::try_from(symbol.side + 2 * QUIET).ok()?, path))
}

/// The square, row by row. A module that is free is to hold data.
struct Symbol {
    side: usize,
    modules: Vec<Module>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Module {
    Free,
    Light,
    Dark,
}

impl Symbol {
    /// With the mask that leaves the fewest patterns which a scanner could mistake.
    fn of(bytes: &[u8]) -> Option<Self> {
        let (version, codewords) = codewords(bytes)?;
        (0..8).map(|mask| Self::draw(version, &codewords, mask)).min_by_key(Self::penalty)
    }

    fn draw(version: usize, codewords: &[u8], mask: usize) -> Self {
        let side = version * 4 + 17;
        let mut symbol = Self { side, modules: vec![Module::Free; side * side] };
        for at in 0..side {
            symbol.set(at, 6, at % 2 == 0);
            symbol.set(6, at, at % 2 == 0);
        }
        symbol.draw_alignment(version);
        let far = side - 4;
        for (x, y) in [(3, 3), (far, 3), (3, far)] {
            symbol.draw_rings(x, y, 4, 0b01011);
        }
        symbol.draw_format(mask);
        symbol.draw_version(version);
        symbol.draw_data(codewords, mask);
        symbol
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.side && self.modules.get(y * self.side + x) == Some(&Module::Dark)
    }

    /// What is outside is left out.
    fn set(&mut self, x: usize, y: usize, is_dark: bool) {
        if x < self.side
            && let Some(module) = self.modules.get_mut(y.wrapping_mul(self.side).wrapping_add(x))
        {
            *module = if is_dark { Module::Dark } else { Module::Light };
        }
    }

    /// Rings around a centre, of which a bit of `dark` says each, the lowest the centre's.
    fn draw_rings(&mut self, x: usize, y: usize, radius: usize, dark: u32) {
        for row in 0..=2 * radius {
            for column in 0..=2 * radius {
                let ring = row.abs_diff(radius).max(column.abs_diff(radius));
                let (x, y) = ((x + column).wrapping_sub(radius), (y + row).wrapping_sub(radius));
                self.set(x, y, (dark >> ring) & 1 == 1);
            }
        }
    }

    /// On a grid, but for the three corners that have finders (annex E).
    fn draw_alignment(&mut self, version: usize) {
        if version == 1 {
            return;
        }
        let (last, gaps) = (self.side - 7, version / 7 + 1);
        let gap = if version == 32 { 26 } else { (last - 6).div_ceil(2 * gaps) * 2 };
        let place = |at| if at == gaps { 6 } else { last - at * gap };
        for row in 0..=gaps {
            for column in 0..=gaps {
                if !matches!((row, column), (0, c) | (c, 0) if c == gaps) && row + column != 2 * gaps {
                    self.draw_rings(place(column), place(row), 2, 0b101);
                }
            }
        }
    }

    /// Level and mask, twice (§7.9).
    fn draw_format(&mut self, mask: usize) {
        let side = self.side;
        // Medium is zero.
        let bits = with_remainder(mask, 10, 0x537) ^ 0x5412;
        for at in 0..15 {
            let bit = (bits >> at) & 1 == 1;
            let near = if at < 6 { at } else { at + 1 };
            if at < 8 {
                self.set(8, near, bit);
                self.set(side - 1 - at, 8, bit);
            } else {
                self.set(if at == 8 { 7 } else { 14 - at }, 8, bit);
                self.set(8, side - 15 + at, bit);
            }
        }
        self.set(8, side - 8, true);
    }

    /// Twice, from version 7 on (§7.10).
    fn draw_version(&mut self, version: usize) {
        if version < 7 {
            return;
        }
        let bits = with_remainder(version, 12, 0x1f25);
        for at in 0..18 {
            let (long, short) = (self.side - 11 + at % 3, at / 3);
            self.set(long, short, (bits >> at) & 1 == 1);
            self.set(short, long, (bits >> at) & 1 == 1);
        }
    }

    /// In pairs of columns from the right, up and down by turns, around the column of the timing pattern (§7.7.3).
    fn draw_data(&mut self, codewords: &[u8], mask: usize) {
        let mut bits = codewords.iter().flat_map(|codeword| (0..8).rev().map(move |at| (codeword >> at) & 1 == 1));
        for pair in 0..self.side / 2 {
            let right = self.side - 1 - 2 * pair;
            let right = if right > 6 { right } else { right - 1 };
            for step in 0..self.side {
                let y = if pair % 2 == 0 { self.side - 1 - step } else { step };
                for x in [right, right - 1] {
                    if self.modules.get(y * self.side + x) == Some(&Module::Free) {
                        // The few modules that are left over are zeros.
                        let bit = bits.next().unwrap_or_default();
                        self.set(x, y, bit != is_inverted(mask, x, y));
                    }
                }
            }
        }
    }

    /// As §7.8.3 counts: long runs, squares of one colour, what looks like a finder, and more of one colour than of the other.
    fn penalty(&self) -> usize {
        let (mut penalty, mut dark) = (0, 0);
        for y in 0..self.side {
            for is_column in [false, true] {
                let is_dark = |x| if is_column { self.is_dark(y, x) } else { self.is_dark(x, y) };
                let (mut run, mut last) = (0, 0_u32);
                // With the quiet zone behind it.
                for x in 0..self.side + QUIET {
                    let bit = u32::from(is_dark(x));
                    run = if bit == last & 1 { run + 1 } else { 1 };
                    last = (last << 1) | bit;
                    if x < self.side {
                        penalty += match run {
                            0..5 => 0,
                            5 => 3,
                            _ => 1,
                        };
                    }
                    if matches!(last & 0x7ff, 0b101_1101_0000 | 0b000_0101_1101) {
                        penalty += 40;
                    }
                }
            }
            for x in 0..self.side {
                let is = self.is_dark(x, y);
                dark += usize::from(is);
                let others = [(x + 1, y), (x, y + 1), (x + 1, y + 1)];
                if x + 1 < self.side && y + 1 < self.side && others.iter().all(|(x, y)| self.is_dark(*x, *y) == is) {
                    penalty += 3;
                }
            }
        }
        // Ten for each 5 % off the half.
        penalty + (dark * 20).abs_diff(self.modules.len() * 10) / self.modules.len() * 10
    }
}

/// §7.8.2.
fn is_inverted(mask: usize, x: usize, y: usize) -> bool {
    0 == match mask {
        0 => (x + y) % 2,
        1 => y % 2,
        2 => x % 3,
        3 => (x + y) % 3,
        4 => (x / 3 + y / 2) % 2,
        5 => x * y % 2 + x * y % 3,
        6 => (x * y % 2 + x * y % 3) % 2,
        _ => ((x + y) % 2 + x * y % 3) % 2,
    }
}

/// A number, then so many bits of its remainder (annexes C and D).
fn with_remainder(number: usize, bits: usize, divisor: usize) -> usize {
    let remainder = (0..bits).fold(number, |remainder, _| (remainder << 1) ^ ((remainder >> (bits - 1)) * divisor));
    (number << bits) | remainder
}

/// The version of the smallest symbol that holds these bytes, and its codewords in their order: data, then correction, a codeword of each block by
/// turns (§7.4 to 7.6).
fn codewords(bytes: &[u8]) -> Option<(usize, Vec<u8>)> {
    let count = |version| 1 + usize::from(version > 9);
    let version = (1..=40).find(|version| bytes.len() + count(*version) < data_codewords(*version))?;
    let (blocks, correction) = blocks(version);
    let all = all_codewords(version);
    let length = bytes.len().to_be_bytes();
    // Half a byte says that these are bytes and how many, and the rest is shifted by it; half a byte of zeros is the end.
    let (mut data, mut half) = (vec![], 4);
    for byte in length[length.len() - count(version)..].iter().chain(bytes).chain(&[0]) {
        data.push((half << 4) | (byte >> 4));
        half = *byte;
    }
    data.extend([0xec, 0x11].iter().cycle().take(data_codewords(version) - data.len()));

    let divisor = divisor(correction);
    let short = all / blocks - correction;
    // The last blocks are one longer.
    let first_long = blocks - all % blocks;
    let (mut parts, mut rest) = (vec![], data.as_slice());
    for block in 0..blocks {
        let (part, after) = rest.split_at_checked(short + usize::from(block >= first_long))?;
        parts.push((part, remainder(part, &divisor)));
        rest = after;
    }
    let mut codewords = vec![];
    for at in 0..=short {
        codewords.extend(parts.iter().filter_map(|(data, _)| data.get(at)));
    }
    for at in 0..correction {
        codewords.extend(parts.iter().filter_map(|(_, correction)| correction.get(at)));
    }
    Some((version, codewords))
}

/// How many codewords the modules are that are no pattern (§6.1).
fn all_codewords(version: usize) -> usize {
    let mut modules = (16 * version + 128) * version + 64;
    if version > 1 {
        let side = version / 7 + 2;
        modules -= (25 * side - 10) * side - 55;
    }
    if version > 6 {
        modules -= 36;
    }
    modules / 8
}

/// How many blocks there are, and how many codewords of each are for correction.
fn blocks(version: usize) -> (usize, usize) {
    (BLOCKS[version - 1].into(), CORRECTION[version - 1].into())
}

fn data_codewords(version: usize) -> usize {
    let (blocks, correction) = blocks(version);
    all_codewords(version) - blocks * correction
}

/// In the field of 256 elements modulo x⁸ + x⁴ + x³ + x² + 1 (§7.5.2).
fn multiply(one: u8, other: u8) -> u8 {
    (0..8).rev().fold(0, |product: u8, bit| (product << 1) ^ ((product >> 7) * 0x1d) ^ (((other >> bit) & 1) * one))
}

/// Whose roots are the first `degree` powers of two; without its first coefficient, which is one.
fn divisor(degree: usize) -> Vec<u8> {
    let (mut divisor, mut root) = (vec![], 1);
    for _ in 0..degree {
        let mut before = 1;
        for coefficient in &mut divisor {
            let next = *coefficient;
            *coefficient ^= multiply(before, root);
            before = next;
        }
        divisor.push(multiply(before, root));
        root = multiply(root, 2);
    }
    divisor
}

/// Of data that is followed by as many zeros as the divisor is long: the codewords for correction.
fn remainder(data: &[u8], divisor: &[u8]) -> Vec<u8> {
    let mut remainder = vec![0; divisor.len()];
    for byte in data {
        let factor = byte ^ remainder.remove(0);
        remainder.push(0);
        for (one, coefficient) in remainder.iter_mut().zip(divisor) {
            *one ^= multiply(*coefficient, factor);
        }
    }
    remainder
}

/// What the QR code of a TOTP secret says. `secret` is base32, as [`signet_cognito::read_associated`] gives it.
/// <https://github.com/google/google-authenticator/wiki/Key-Uri-Format>
pub fn otpauth_uri(issuer: &str, account: &str, secret: &Secret) -> Secret {
    let mut uri = String::with_capacity(512);
    for (literal, text) in
        [("otpauth://totp/", issuer), (":", account), ("?secret=", secret.expose()), ("&issuer=", issuer)]
    {
        uri.push_str(literal);
        encode(text.as_bytes(), b"", &mut uri);
    }
    Secret::new(uri)
}

#[cfg(not(target_arch = "wasm32"))]
#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Draws a path of runs, `PIXELS` a module, as dark or light.
    fn draw(side: usize, path: &str) -> Vec<bool> {
        let mut dark = vec![false; side * side];
        for run in path.split('z').filter(|run| !run.is_empty()) {
            let (start, rest) = run.strip_prefix('M').unwrap().split_once('h').unwrap();
            let (run, back) = rest.split_once("v1h-").unwrap();
            assert_eq!(run, back);
            let (x, y) = start.split_once(' ').unwrap();
            let (x, y, run): (usize, usize, usize) = (x.parse().unwrap(), y.parse().unwrap(), run.parse().unwrap());
            // Runs are merged and meet nothing dark, not even side by side.
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

    /// A length for each version, and the symbol of each mask.
    #[test]
    fn every_symbol_is_the_peers() {
        use qrcodegen::{Mask, QrCode, QrCodeEcc, QrSegment, Version};
        for version in 1..=40 {
            let capacity = data_codewords(version.into()) - if version > 9 { 3 } else { 2 };
            let text: Vec<u8> = (0..capacity).map(|at| u8::try_from(at * at % 251).unwrap()).collect();
            let (ours, codewords) = codewords(&text).unwrap();
            assert_eq!(ours, usize::from(version), "the smallest");
            let segments = [QrSegment::make_bytes(&text)];
            let only = Version::new(version);
            for mask in 0..8 {
                let chosen = Some(Mask::new(mask));
                let medium = QrCodeEcc::Medium;
                let peer = QrCode::encode_segments_advanced(&segments, medium, only, only, chosen, false).unwrap();
                let symbol = Symbol::draw(ours, &codewords, mask.into());
                let side = peer.size();
                assert_eq!(symbol.side, usize::try_from(side).unwrap());
                for (y, x) in (0..side).flat_map(|y| (0..side).map(move |x| (y, x))) {
                    let is_dark = symbol.is_dark(x.try_into().unwrap(), y.try_into().unwrap());
                    assert_eq!(is_dark, peer.get_module(x, y), "{version} {mask} {x} {y}");
                }
            }
        }
    }

    #[test]
    fn what_no_symbol_can_hold_has_none() {
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
