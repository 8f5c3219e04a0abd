//! Randomness as a value: the browser's seed, stretched by HMAC-SHA-256, so that tests can repeat a run of the core.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A pseudorandom stream of bytes. Its state moves on with each block, so that earlier bytes cannot be computed from it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Random([u8; 32]);

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random(…)")
    }
}

impl Random {
    /// `seed`: 32 bytes of the browser's randomness.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// The next bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(32) {
            let block = self.block(b"bytes");
            chunk.copy_from_slice(&block[..chunk.len()]);
            self.0 = self.block(b"next");
        }
        bytes
    }

    fn block(&self, label: &[u8]) -> [u8; 32] {
        let mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.chain_update(label).finalize().into_bytes().into()
    }

    /// A number below `bound`, which must be small.
    pub fn below(&mut self, bound: u32) -> u32 {
        u32::from_be_bytes(self.bytes()) % bound.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_differ_from_draw_to_draw_and_are_the_same_from_the_same_seed() {
        let (mut one, mut other) = (Random::new([1; 32]), Random::new([1; 32]));
        let first: [u8; 80] = one.bytes();
        assert_eq!(first, other.bytes::<80>());
        assert_ne!(first[..32], first[32..64]);
        assert_ne!(first, one.bytes::<80>());
        assert_ne!(first, Random::new([2; 32]).bytes::<80>());
        assert!((0..100).all(|_| one.below(3) < 3));
    }
}
