//! The group of Cognito's SRP: numbers modulo the 3072-bit prime of RFC 3526 §4 (group 15), whose generator is 2.
//!
//! crypto-bigint does the arithmetic, in Montgomery form and in constant time. On wasm32 build it with `--cfg cpubits="32"`: WebAssembly multiplies
//! two 32-bit limbs in one instruction, and two 64-bit limbs in many.

use crypto_bigint::modular::ConstMontyForm;
use crypto_bigint::{U1536, U3072, const_monty_params};
use zeroize::Zeroizing;

const_monty_params!(
    Prime,
    U3072,
    "\
     FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD\
     EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
     EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F\
     83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
     E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510\
     15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
     ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C\
     BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF\
     "
);

/// A number modulo the prime.
pub(super) type Residue = ConstMontyForm<Prime, { U3072::LIMBS }>;

/// The generator, g.
pub(super) const GENERATOR: u8 = 2;

/// Bytes of the prime.
const BYTES: usize = 384;

/// A number modulo the prime, most significant byte first. `None` if it has more than 3072 bits.
pub(super) fn residue(number: &[u8]) -> Option<Residue> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    let mut bytes = [0; BYTES];
    bytes[BYTES.checked_sub(digits.len())?..].copy_from_slice(digits);
    Some(Residue::new(&U3072::from_be_slice(&bytes)))
}

/// g to that power.
pub(super) fn power_of_generator(exponent: &Exponent) -> Residue {
    power(&Residue::new(&U3072::from_u8(GENERATOR)), exponent)
}

/// The time depends on the exponent's bound, not on its value.
pub(super) fn power(base: &Residue, exponent: &Exponent) -> Residue {
    base.pow_bounded_exp(&*exponent.value, exponent.bits)
}

/// The number's bytes, most significant first.
pub(super) fn bytes(residue: &Residue) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(residue.retrieve().to_be_bytes().as_ref().to_vec())
}

/// The prime's bytes, most significant first.
pub(super) fn prime() -> Vec<u8> {
    Residue::MODULUS.to_be_bytes().as_ref().to_vec()
}

/// A secret exponent, and an upper bound of its length, which is not secret.
pub(super) struct Exponent {
    value: Zeroizing<U1536>,
    bits: u32,
}

impl Exponent {
    /// From bytes, most significant first.
    pub(super) fn new<const LENGTH: usize>(number: &[u8; LENGTH]) -> Self {
        const { assert!(LENGTH <= 128, "with u·x added it must fit into 1536 bits") }
        let mut bytes = Zeroizing::new([0; 192]);
        bytes[192 - LENGTH..].copy_from_slice(number);
        let bits = number.iter().map(|_| 8).sum();
        Self { value: Zeroizing::new(U1536::from_be_slice(&*bytes)), bits }
    }

    /// `self + u·x`, of 256 bits each.
    pub(super) fn plus_product(&self, u: &[u8; 32], x: &[u8; 32]) -> Self {
        let product = Zeroizing::new(Self::new(u).value.wrapping_mul(&*Self::new(x).value));
        Self { value: Zeroizing::new(self.value.wrapping_add(&product)), bits: self.bits.max(512) + 1 }
    }
}
