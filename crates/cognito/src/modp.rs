//! Arithmetic modulo the 3072-bit prime of RFC 3526 §4 (group 15), whose generator is 2: all that Cognito's SRP needs.
//!
//! One modulus, so one kernel: Montgomery multiplication in 32-bit limbs, the widest whose product WebAssembly has in one instruction.
//! The prime ends in 64 ones, so the Montgomery factor −N⁻¹ mod 2³² is 1 and costs nothing. Time depends on the length of an exponent,
//! never on its bits nor on a value. Checked against crypto-bigint in the tests below.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// Limbs of a residue.
const LIMBS: usize = 96;
/// Bytes of a residue, most significant first.
const BYTES: usize = LIMBS * 4;

/// The prime, least significant limb first.
#[rustfmt::skip]
const N: [u32; LIMBS] = [
    0xFFFF_FFFF, 0xFFFF_FFFF, 0xA93A_D2CA, 0x4B82_D120, 0xE0FD_108E, 0x43DB_5BFC, 0x74E5_AB31, 0x08E2_4FA0,
    0xBAD9_46E2, 0x7709_88C0, 0x7A61_5D6C, 0xBBE1_1757, 0x177B_200C, 0x521F_2B18, 0x3EC8_6A64, 0xD876_0273,
    0xD98A_0864, 0xF12F_FA06, 0x1AD2_EE6B, 0xCEE3_D226, 0x4A25_619D, 0x1E8C_94E0, 0xDB09_33D7, 0xABF5_AE8C,
    0xA6E1_E4C7, 0xB397_0F85, 0x5D06_0C7D, 0x8AEA_7157, 0x58DB_EF0A, 0xECFB_8504, 0xDF1C_BA64, 0xA855_21AB,
    0x0450_7A33, 0xAD33_170D, 0x8AAA_C42D, 0x1572_8E5A, 0x98FA_0510, 0x15D2_2618, 0xEA95_6AE5, 0x3995_497C,
    0x9558_1718, 0xDE2B_CBF6, 0x6F4C_52C9, 0xB5C5_5DF0, 0xEC07_A28F, 0x9B27_83A2, 0x180E_8603, 0xE39E_772C,
    0x2E36_CE3B, 0x3290_5E46, 0xCA18_217C, 0xF174_6C08, 0x4ABC_9804, 0x670C_354E, 0x7096_966D, 0x9ED5_2907,
    0x2085_52BB, 0x1C62_F356, 0xDCA3_AD96, 0x8365_5D23, 0xFD24_CF5F, 0x6916_3FA8, 0x1C55_D39A, 0x98DA_4836,
    0xA163_BF05, 0xC200_7CB8, 0xECE4_5B3D, 0x4928_6651, 0x7C4B_1FE6, 0xAE9F_2411, 0x5A89_9FA5, 0xEE38_6BFB,
    0xF406_B7ED, 0x0BFF_5CB6, 0xA637_ED6B, 0xF44C_42E9, 0x625E_7EC6, 0xE485_B576, 0x6D51_C245, 0x4FE1_356D,
    0xF25F_1437, 0x302B_0A6D, 0xCD3A_431B, 0xEF95_19B3, 0x8E34_04DD, 0x514A_0879, 0x3B13_9B22, 0x020B_BEA6,
    0x8A67_CC74, 0x2902_4E08, 0x80DC_1CD1, 0xC4C6_628B, 0x2168_C234, 0xC90F_DAA2, 0xFFFF_FFFF, 0xFFFF_FFFF,
];

/// The prime's bytes, most significant first.
pub fn prime() -> [u8; BYTES] {
    bytes(&N)
}

/// A number modulo the prime, in Montgomery form (times 2³⁰⁷² modulo the prime).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Residue([u32; LIMBS]);

impl Residue {
    /// The number whose bytes are given, most significant first, taken modulo the prime.
    /// `None` if it has more than 3072 bits.
    pub fn from_bytes(big_endian: &[u8]) -> Option<Self> {
        let significant = big_endian.len() - big_endian.iter().take_while(|byte| **byte == 0).count();
        if significant > BYTES {
            return None;
        }
        let mut limbs = [0; LIMBS];
        for (index, byte) in big_endian.iter().rev().take(significant).enumerate() {
            limbs[index / 4] |= u32::from(*byte) << (8 * (index % 4));
        }
        // 2·N is above 2³⁰⁷², so one subtraction reduces whatever fits.
        reduce(&mut limbs, 0);
        // 2³⁰⁷² in Montgomery form is R², whose product with a plain number is that number's Montgomery form.
        let r_squared = Self::power_of_two(&[0x0c, 0x00]);
        Some(Self(multiply(&limbs, &r_squared.0)))
    }

    /// 2 to the power whose bytes are given, most significant first.
    pub fn power_of_two(exponent: &[u8]) -> Self {
        let mut result = Self::one();
        for byte in exponent {
            for bit in (0..8).rev() {
                result.0 = multiply(&result.0, &result.0);
                let doubled = add(&result.0, &result.0);
                select(&mut result.0, &doubled, mask(u32::from(byte >> bit & 1)));
            }
        }
        result
    }

    /// This number to the power whose bytes are given, most significant first.
    pub fn power(&self, exponent: &[u8]) -> Self {
        // A window of four bits; each entry is read each time, so that the cache tells nothing of the exponent.
        let mut table: [Self; 16] = core::array::from_fn(|_| Self::one());
        for index in 1..16 {
            table[index].0 = multiply(&table[index - 1].0, &self.0);
        }
        let mut result = Self::one();
        for byte in exponent {
            for window in [byte >> 4, byte & 15] {
                for _ in 0..4 {
                    result.0 = multiply(&result.0, &result.0);
                }
                let mut factor = Self([0; LIMBS]);
                for (index, entry) in (0_u32..).zip(&table) {
                    select(&mut factor.0, &entry.0, mask(u32::from(index == u32::from(window))));
                }
                result.0 = multiply(&result.0, &factor.0);
            }
        }
        result
    }

    /// The product.
    pub fn times(&self, other: &Self) -> Self {
        Self(multiply(&self.0, &other.0))
    }

    /// The difference.
    pub fn minus(&self, other: &Self) -> Self {
        let mut negated = [0; LIMBS];
        subtract(&mut negated, &N, &other.0);
        Self(add(&self.0, &negated))
    }

    /// Whether it is zero modulo the prime.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|limb| *limb == 0)
    }

    /// Its bytes, most significant first.
    pub fn to_bytes(&self) -> [u8; BYTES] {
        let mut one = [0; LIMBS];
        one[0] = 1;
        bytes(&multiply(&self.0, &one))
    }

    /// 1: its Montgomery form is 2³⁰⁷² − N.
    fn one() -> Self {
        let mut limbs = [0; LIMBS];
        subtract(&mut limbs, &[0; LIMBS], &N);
        Self(limbs)
    }
}

/// All ones for 1, zero for 0.
fn mask(bit: u32) -> u32 {
    0_u32.wrapping_sub(bit)
}

/// `target` becomes `other` where `mask` is all ones, and stays where it is zero.
fn select(target: &mut [u32; LIMBS], other: &[u32; LIMBS], mask: u32) {
    for (t, o) in target.iter_mut().zip(other) {
        *t ^= (*t ^ o) & mask;
    }
}

/// `a − b` into `difference`; the borrow out of the top.
fn subtract(difference: &mut [u32; LIMBS], a: &[u32; LIMBS], b: &[u32; LIMBS]) -> u32 {
    let mut borrow = 0;
    for ((d, a), b) in difference.iter_mut().zip(a).zip(b) {
        let wide = u64::from(*a).wrapping_sub(u64::from(*b)).wrapping_sub(u64::from(borrow));
        *d = low(wide);
        borrow = high(wide) & 1;
    }
    borrow
}

/// Takes the prime away once from `carry · 2³⁰⁷² + limbs` if that is the prime or more.
fn reduce(limbs: &mut [u32; LIMBS], carry: u32) {
    let mut reduced = [0; LIMBS];
    let borrow = subtract(&mut reduced, limbs, &N);
    // Less than the prime only if the subtraction borrowed and nothing was carried to borrow from.
    let keep = borrow & !carry & 1;
    select(limbs, &reduced, !mask(keep));
    reduced.zeroize();
}

/// `a + b`, for both at most the prime.
fn add(a: &[u32; LIMBS], b: &[u32; LIMBS]) -> [u32; LIMBS] {
    let mut sum = [0; LIMBS];
    let mut carry = 0;
    for ((s, a), b) in sum.iter_mut().zip(a).zip(b) {
        let wide = u64::from(*a) + u64::from(*b) + u64::from(carry);
        *s = low(wide);
        carry = high(wide);
    }
    reduce(&mut sum, carry);
    sum
}

/// `a · b / 2³⁰⁷²`, for both below the prime: Montgomery's product, multiplication and reduction in one pass over the limbs.
fn multiply(a: &[u32; LIMBS], b: &[u32; LIMBS]) -> [u32; LIMBS] {
    let mut t = [0_u32; LIMBS];
    let mut top = 0_u32;
    for b in b {
        let b = u64::from(*b);
        let product = u64::from(t[0]) + u64::from(a[0]) * b;
        // −N⁻¹ mod 2³² is 1, so the multiple of N that clears the lowest limb is that limb itself.
        let m = u64::from(low(product));
        let mut product_carry = product >> 32;
        let mut reduction_carry = (m + m * u64::from(N[0])) >> 32;
        for j in 1..LIMBS {
            let product = u64::from(t[j]) + u64::from(a[j]) * b + product_carry;
            product_carry = product >> 32;
            let reduction = u64::from(low(product)) + m * u64::from(N[j]) + reduction_carry;
            reduction_carry = reduction >> 32;
            t[j - 1] = low(reduction);
        }
        let last = u64::from(top) + product_carry + reduction_carry;
        t[LIMBS - 1] = low(last);
        top = high(last);
    }
    reduce(&mut t, top);
    t
}

#[allow(clippy::cast_possible_truncation)] // The lower half is what is asked for.
fn low(wide: u64) -> u32 {
    wide as u32
}

#[allow(clippy::cast_possible_truncation)] // 32 bits are left after the shift.
fn high(wide: u64) -> u32 {
    (wide >> 32) as u32
}

fn bytes(limbs: &[u32; LIMBS]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (chunk, limb) in bytes.chunks_exact_mut(4).zip(limbs.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crypto_bigint::modular::{FixedMontyForm, FixedMontyParams};
    use crypto_bigint::{Odd, U3072};
    use proptest::prelude::*;

    fn modulus() -> FixedMontyParams<{ U3072::LIMBS }> {
        FixedMontyParams::new_vartime(Odd::new(U3072::from_be_slice(&prime())).expect("the prime is odd"))
    }

    fn monty(bytes: &[u8; BYTES]) -> FixedMontyForm<{ U3072::LIMBS }> {
        FixedMontyForm::new(&U3072::from_be_slice(bytes), &modulus())
    }

    fn theirs(form: &FixedMontyForm<{ U3072::LIMBS }>) -> Vec<u8> {
        form.retrieve().to_be_bytes().as_ref().to_vec()
    }

    /// Numbers of 3072 bits, many of them near the edges where carries and reductions happen.
    fn numbers() -> impl Strategy<Value = [u8; BYTES]> {
        prop_oneof![
            4 => prop::collection::vec(any::<u8>(), BYTES),
            1 => (0..=255_u8).prop_map(|last| { let mut n = prime().to_vec(); n[BYTES - 1] = last; n }),
            1 => (0..BYTES, any::<u8>()).prop_map(|(at, byte)| { let mut n = vec![0; BYTES]; n[at] = byte; n }),
            1 => (0..BYTES, any::<u8>()).prop_map(|(at, byte)| { let mut n = vec![255; BYTES]; n[at] = byte; n }),
        ]
        .prop_map(|n| n.try_into().expect("BYTES bytes"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn products_and_differences_are_crypto_bigints(a in numbers(), b in numbers()) {
            let (x, y) = (Residue::from_bytes(&a).unwrap(), Residue::from_bytes(&b).unwrap());
            prop_assert_eq!(x.times(&y).to_bytes().to_vec(), theirs(&(monty(&a) * monty(&b))));
            prop_assert_eq!(x.minus(&y).to_bytes().to_vec(), theirs(&(monty(&a) - monty(&b))));
            prop_assert_eq!(x.is_zero(), theirs(&monty(&a)).iter().all(|byte| *byte == 0));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn powers_are_crypto_bigints(base in numbers(), exponent in prop::collection::vec(any::<u8>(), 0..72)) {
            let mut wide = vec![0; BYTES - exponent.len()];
            wide.extend(&exponent);
            let exponent_bits = U3072::from_be_slice(&wide);
            prop_assert_eq!(Residue::from_bytes(&base).unwrap().power(&exponent).to_bytes().to_vec(), theirs(&monty(&base).pow(&exponent_bits)));
            let mut two = [0; BYTES];
            two[BYTES - 1] = 2;
            prop_assert_eq!(Residue::power_of_two(&exponent).to_bytes().to_vec(), theirs(&monty(&two).pow(&exponent_bits)));
        }
    }

    #[test]
    fn the_prime_itself_is_zero_and_more_than_3072_bits_are_refused() {
        assert!(Residue::from_bytes(&prime()).unwrap().is_zero());
        assert!(Residue::from_bytes(&[]).unwrap().is_zero());
        assert!(Residue::from_bytes(&[1; BYTES + 1]).is_none());
        let mut padded = vec![0; 7];
        padded.extend([255; BYTES]);
        assert!(Residue::from_bytes(&padded).is_some());
    }
}
