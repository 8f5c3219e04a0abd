//! Cognito's variant of SRP-6a (RFC 2945, RFC 5054): the 3072-bit group of RFC 3526, SHA-256, and an HKDF whose info is
//! `Caldera Derived Key`. Steps and paddings as AWS's own clients do them.
//!
//! ```text
//! A = g^a                       u = H(A | B)
//! x = H(salt | H(pool name | user id | ":" | password))
//! S = (B − k·g^x)^(a + u·x)     key = HKDF(salt u, secret S)[0..16]
//! signature = HMAC(key, pool name | user id | SECRET_BLOCK | TIMESTAMP)
//! ```
//!
//! A remembered device is proved the same way: its group key stands for the pool's name, its key for the user id, and a random password of its own
//! for the person's.
//!
//! A number is hashed as Java writes it: its fewest bytes, with a zero byte in front where the first bit is set.

use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::modp::{Residue, prime};
use crate::base64::{decode, encode};
use crate::hash::{hmac, sha256, to_hex};
use crate::secret::Secret;

/// What makes a server's answer unusable for SRP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrpError {
    /// SALT or `SRP_B` is not hexadecimal, or longer than the group.
    #[error("the sign-in service sent a number that is not hexadecimal")]
    NotHex,
    /// `SECRET_BLOCK` is not base64.
    #[error("the sign-in service sent a secret block that is not base64")]
    NotBase64,
    /// B ≡ 0 or u = 0: whoever answers could know the session key without the password (RFC 5054 §2.5.3).
    #[error("the sign-in service sent a number that SRP forbids")]
    Forbidden,
    /// A ≡ 0, which no honest randomness yields.
    #[error("the random number for the sign-in is unusable")]
    Randomness,
}

/// 32 random bytes for one sign-in: RFC 5054 §2.5.4 asks for at least 256 bits. Who has them and the requests can try passwords at leisure.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Entropy(pub [u8; 32]);

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy(…)")
    }
}

/// The client's ephemeral pair, made anew for each sign-in.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Ephemeral {
    /// The secret exponent, most significant byte first.
    a: Vec<u8>,
    /// A = g^a, padded for hashing.
    #[zeroize(skip)]
    public: Vec<u8>,
}

impl std::fmt::Debug for Ephemeral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ephemeral(…)")
    }
}

/// The parameters of a `PASSWORD_VERIFIER` or `DEVICE_PASSWORD_VERIFIER` challenge that the answer is computed from.
#[derive(Debug, Clone, Copy)]
pub struct SrpChallenge<'a> {
    /// `USER_ID_FOR_SRP`; the device's key if a device is proved.
    pub user_id: &'a str,
    /// `SALT`, hexadecimal.
    pub salt: &'a str,
    /// `SRP_B`, hexadecimal.
    pub srp_b: &'a str,
    /// `SECRET_BLOCK`, base64.
    pub secret_block: &'a str,
}

impl Ephemeral {
    /// From fresh randomness.
    pub fn new(random: &Entropy) -> Result<Self, SrpError> {
        Self::from_secret(&random.0)
    }

    fn from_secret(a: &[u8]) -> Result<Self, SrpError> {
        let public = Residue::power_of_two(a);
        if public.is_zero() {
            return Err(SrpError::Randomness);
        }
        Ok(Self { a: a.to_vec(), public: padded(&public.to_bytes()) })
    }

    /// `SRP_A`: A in hexadecimal, without leading zeros.
    pub fn srp_a(&self) -> String {
        let hex = to_hex(&self.public);
        hex.trim_start_matches('0').to_owned()
    }

    /// `PASSWORD_CLAIM_SIGNATURE`, base64. `pool_name` is the user pool's id after the underscore, or the device's group key; `timestamp` is
    /// `TIMESTAMP`, sent with it.
    pub fn password_claim_signature(
        &self,
        pool_name: &str,
        challenge: SrpChallenge<'_>,
        password: &str,
        timestamp: &str,
    ) -> Result<String, SrpError> {
        let b = padded(&from_hex(challenge.srp_b)?);
        let salt = padded(&from_hex(challenge.salt)?);
        let secret_block = decode(challenge.secret_block).ok_or(SrpError::NotBase64)?;
        let u = scrambling_parameter(&self.public, &b)?;
        let x = private_key(pool_name, challenge.user_id, password, &salt);
        let key = session_key(&u, &self.premaster_secret(&b, &u, &x)?);
        let signature =
            hmac(&*key, &[pool_name.as_bytes(), challenge.user_id.as_bytes(), &secret_block, timestamp.as_bytes()]);
        Ok(encode(&signature))
    }

    /// S = (B − k·g^x)^(a + u·x), padded.
    fn premaster_secret(&self, b: &[u8], u: &[u8; 32], x: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>, SrpError> {
        let b = Residue::from_bytes(b).ok_or(SrpError::NotHex)?;
        if b.is_zero() {
            return Err(SrpError::Forbidden);
        }
        let k = Residue::from_bytes(&multiplier()).ok_or(SrpError::NotHex)?;
        let base = b.minus(&k.times(&Residue::power_of_two(x)));
        let exponent = multiply_add(u, x, &self.a);
        Ok(Zeroizing::new(padded(&*Zeroizing::new(base.power(&exponent).to_bytes()))))
    }
}

/// What a device to be remembered is proved by later, and what the user pool is told of it now.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-device-tracking.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSecret {
    /// The device's password: 40 random bytes in base64. It stays here.
    pub password: Secret,
    /// `Salt` of `ConfirmDevice`, base64.
    pub salt_base64: String,
    /// `PasswordVerifier` of `ConfirmDevice`, base64: g^x.
    pub verifier_base64: String,
}

/// Makes a password for a device and its verifier. `random` must be fresh: 40 bytes for the password, 16 for the salt.
pub fn device_verifier(group_key: &str, device_key: &str, random: &[u8; 56]) -> DeviceSecret {
    let (password, salt) = random.split_at(40);
    let password = Secret::new(encode(password));
    let salt = padded(salt);
    let x = private_key(group_key, device_key, password.expose(), &salt);
    let verifier = padded(&Residue::power_of_two(&*x).to_bytes());
    DeviceSecret { password, salt_base64: encode(&salt), verifier_base64: encode(&verifier) }
}

/// k = H(N | g).
fn multiplier() -> [u8; 32] {
    sha256(&[&padded(&prime()), &[2]])
}

/// u = H(A | B), of padded numbers.
fn scrambling_parameter(a: &[u8], b: &[u8]) -> Result<[u8; 32], SrpError> {
    let u = sha256(&[a, b]);
    if u == [0; 32] { Err(SrpError::Forbidden) } else { Ok(u) }
}

/// x = H(salt | H(pool name | user id | ":" | password)).
fn private_key(pool_name: &str, user_id: &str, password: &str, salt: &[u8]) -> Zeroizing<[u8; 32]> {
    let identity = Zeroizing::new(sha256(&[pool_name.as_bytes(), user_id.as_bytes(), b":", password.as_bytes()]));
    Zeroizing::new(sha256(&[salt, &*identity]))
}

/// The first 16 bytes of HKDF-SHA-256 (RFC 5869) with u as salt and S as secret.
fn session_key(u: &[u8; 32], s: &[u8]) -> Zeroizing<[u8; 16]> {
    let extracted = Zeroizing::new(hmac(&padded(u), &[s]));
    let expanded = Zeroizing::new(hmac(&*extracted, &[b"Caldera Derived Key\x01"]));
    let mut key = Zeroizing::new([0; 16]);
    key.copy_from_slice(&expanded[..16]);
    key
}

/// `a + u·x` of big-endian numbers; its length depends on their lengths only.
fn multiply_add(u: &[u8], x: &[u8], a: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = a.len().max(u.len() + x.len()) + 1;
    let mut sum = vec![0_u32; length];
    for (digit, byte) in sum.iter_mut().zip(a.iter().rev()) {
        *digit = u32::from(*byte);
    }
    for (i, u) in u.iter().rev().enumerate() {
        // At most 32 products of two bytes meet in one digit, far below 2³².
        for (j, x) in x.iter().rev().enumerate() {
            sum[i + j] += u32::from(*u) * u32::from(*x);
        }
    }
    let mut carry = 0;
    let mut bytes = Zeroizing::new(vec![0; length]);
    for (byte, digit) in bytes.iter_mut().rev().zip(&sum) {
        let [low, rest @ ..] = (digit + carry).to_le_bytes();
        *byte = low;
        carry = u32::from_le_bytes([rest[0], rest[1], rest[2], 0]);
    }
    sum.zeroize();
    bytes
}

/// A big-endian number as Java's `BigInteger.toByteArray` gives it: fewest bytes, a zero in front where the first bit is set.
fn padded(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let digits = &number[zeros..];
    let mut padded = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|byte| byte & 0x80 != 0) {
        padded.push(0);
    }
    padded.extend_from_slice(digits);
    padded
}

/// Hexadecimal of any length, odd too.
fn from_hex(hex: &str) -> Result<Vec<u8>, SrpError> {
    let nibble = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or(SrpError::NotHex);
    if hex.is_empty() {
        return Err(SrpError::NotHex);
    }
    let (first, pairs) = hex.as_bytes().split_at(hex.len() % 2);
    first
        .iter()
        .map(|c| nibble(*c))
        .chain(pairs.chunks_exact(2).map(|pair| Ok(nibble(pair[0])? << 4 | nibble(pair[1])?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixMillis;
    use proptest::prelude::*;
    use serde::Deserialize;

    /// Values of pycognito, an implementation that is not ours; srp.py beside it made them.
    const VECTORS: &str = include_str!("../../tests/vectors/srp.json");

    /// What three implementations that are not ours make of 1,000 random sign-ins of people and their devices; the script beside them says how.
    const PEERS: [&str; 3] = [
        include_str!("../../tests/vectors/srp_random.pycognito.txt"),
        include_str!("../../tests/vectors/srp_random.amazon-cognito-identity-js.txt"),
        include_str!("../../tests/vectors/srp_random.cognito-srp-helper.txt"),
    ];
    const CASES: usize = 1000;

    #[derive(Deserialize)]
    struct Vectors {
        #[serde(rename = "N")]
        n: String,
        cases: Vec<Case>,
        refused: Vec<Refused>,
    }

    #[derive(Deserialize)]
    struct Case {
        name: String,
        pool_name: String,
        user_id: String,
        password: String,
        a: String,
        #[serde(rename = "A")]
        public: String,
        salt: String,
        #[serde(rename = "B")]
        b: String,
        k: String,
        u: String,
        x: String,
        #[serde(rename = "S")]
        s: String,
        key: String,
        secret_block: String,
        unix_millis: i64,
        timestamp: String,
        signature: String,
    }

    #[derive(Deserialize)]
    struct Refused {
        name: String,
        #[serde(rename = "B")]
        b: String,
    }

    fn vectors() -> Vectors {
        serde_json::from_str(VECTORS).unwrap()
    }

    /// As the vectors write numbers: without leading zeros.
    fn number(bytes: &[u8]) -> String {
        to_hex(bytes).trim_start_matches('0').to_owned()
    }

    fn secret(hex: &str) -> Ephemeral {
        Ephemeral::from_secret(&from_hex(hex).unwrap()).unwrap()
    }

    #[test]
    fn every_intermediate_value_is_the_vectors() {
        let vectors = vectors();
        assert_eq!(number(&prime()), vectors.n);
        assert!(vectors.cases.len() > 20);
        for case in &vectors.cases {
            let name = &case.name;
            let ephemeral = secret(&case.a);
            assert_eq!(ephemeral.srp_a(), case.public, "A: {name}");
            assert_eq!(number(&multiplier()), case.k, "k: {name}");
            let b = padded(&from_hex(&case.b).unwrap());
            let u = scrambling_parameter(&ephemeral.public, &b).unwrap();
            assert_eq!(number(&u), case.u, "u: {name}");
            let salt = padded(&from_hex(&case.salt).unwrap());
            let x = private_key(&case.pool_name, &case.user_id, &case.password, &salt);
            assert_eq!(number(&*x), case.x, "x: {name}");
            let s = ephemeral.premaster_secret(&b, &u, &x).unwrap();
            assert_eq!(number(&s), case.s, "S: {name}");
            assert_eq!(to_hex(&*session_key(&u, &s)), case.key, "key: {name}");
            assert_eq!(UnixMillis(case.unix_millis).srp_timestamp(), case.timestamp, "TIMESTAMP: {name}");
            let challenge = SrpChallenge {
                user_id: &case.user_id,
                salt: &case.salt,
                srp_b: &case.b,
                secret_block: &case.secret_block,
            };
            let signature =
                ephemeral.password_claim_signature(&case.pool_name, challenge, &case.password, &case.timestamp);
            assert_eq!(signature.as_ref(), Ok(&case.signature), "signature: {name}");
        }
    }

    #[test]
    fn a_b_that_is_zero_modulo_n_is_refused() {
        let vectors = vectors();
        let case = &vectors.cases[0];
        assert!(!vectors.refused.is_empty());
        for Refused { name, b } in &vectors.refused {
            let challenge =
                SrpChallenge { user_id: &case.user_id, salt: &case.salt, srp_b: b, secret_block: &case.secret_block };
            let claim =
                secret(&case.a).password_claim_signature(&case.pool_name, challenge, &case.password, &case.timestamp);
            // More than 3072 bits is no number of this group at all.
            let expected = if b.len() > 768 { SrpError::NotHex } else { SrpError::Forbidden };
            assert_eq!(claim, Err(expected), "{name}");
        }
    }

    fn some_bytes<const LENGTH: usize>(case: usize, label: &str) -> [u8; LENGTH] {
        let block = |block: usize| sha256(&[format!("signet {case} {label} {block}").as_bytes()]);
        let blocks = (0..=LENGTH / 32).flat_map(block).take(LENGTH);
        blocks.collect::<Vec<_>>().try_into().unwrap()
    }

    /// A line of the peers' files, as this code makes it.
    fn random_line(case: usize) -> String {
        let password = encode(&some_bytes::<18>(case, "password")[..6 + case % 13]) + ["", " ß", "鍵", "🔑"][case % 4];
        let pool_name = to_hex(&some_bytes::<5>(case, "pool"));
        let user_id = to_hex(&some_bytes::<16>(case, "user"));
        let group_key = format!("-{}", to_hex(&some_bytes::<4>(case, "group")));
        let device_key = format!("eu-central-1_{}", to_hex(&some_bytes::<16>(case, "device")));
        let device_random = some_bytes(case, "device random");
        let timestamp =
            UnixMillis::from_seconds(1_700_000_000 + 1_234_567 * i64::try_from(case).unwrap()).srp_timestamp();
        let ephemeral = Ephemeral::new(&Entropy(some_bytes(case, "a"))).unwrap();
        let claim = |pool_name: &str, user_id: &str, password: &str, salt: &[u8], b: &str, block: &str| {
            let (salt, srp_b) = (to_hex(salt), to_hex(&some_bytes::<384>(case, b)));
            let secret_block = encode(&some_bytes::<48>(case, block));
            let challenge = SrpChallenge { user_id, salt: &salt, srp_b: &srp_b, secret_block: &secret_block };
            ephemeral.password_claim_signature(pool_name, challenge, password, &timestamp).unwrap()
        };
        let person = claim(&pool_name, &user_id, &password, &some_bytes::<16>(case, "salt"), "B", "block");
        let device = device_verifier(&group_key, &device_key, &device_random);
        let password = device.password.expose();
        let proof = claim(&group_key, &device_key, password, &device_random[40..], "device B", "device block");
        let srp_a = ephemeral.srp_a();
        let rest = [&srp_a, &timestamp, password, &device.salt_base64, &device.verifier_base64].join("|");
        format!("{person} {proof} {}", encode(&sha256(&[rest.as_bytes()])[..16]))
    }

    #[test]
    fn random_sign_ins_of_people_and_devices_are_those_of_three_peers() {
        let peers = PEERS.map(|file| file.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>());
        assert!(peers.iter().all(|lines| lines.len() == CASES));
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let check = |first: usize| {
            for case in (first..CASES).step_by(threads) {
                let ours = random_line(case);
                for (peer, file) in peers.iter().zip(PEERS) {
                    assert_eq!(ours, peer[case], "case {case} {}", file.lines().next().unwrap_or_default());
                }
            }
        };
        std::thread::scope(|scope| {
            for first in 0..threads {
                scope.spawn(move || check(first));
            }
        });
    }

    #[test]
    fn what_is_not_hexadecimal_or_base64_is_refused() {
        let ephemeral = Ephemeral::new(&Entropy([7; 32])).unwrap();
        let good = SrpChallenge { user_id: "u", salt: "a1", srp_b: "b2", secret_block: "AAAA" };
        let claim = |challenge| ephemeral.password_claim_signature("pool", challenge, "p", "now");
        assert!(claim(good).is_ok());
        assert_eq!(claim(SrpChallenge { salt: "", ..good }), Err(SrpError::NotHex));
        assert_eq!(claim(SrpChallenge { salt: "0xa1", ..good }), Err(SrpError::NotHex));
        assert_eq!(claim(SrpChallenge { srp_b: "é", ..good }), Err(SrpError::NotHex));
        assert_eq!(claim(SrpChallenge { secret_block: "*", ..good }), Err(SrpError::NotBase64));
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", Ephemeral::new(&Entropy([7; 32])).unwrap()), "Ephemeral(…)");
    }

    proptest! {
        #[test]
        fn products_are_those_of_wide_integers(u in any::<u64>(), x in any::<u64>(), a in any::<u128>()) {
            // a + u·x of 64-bit numbers may exceed 128 bits by one; a is halved to stay below.
            let a = a >> 1;
            let sum = multiply_add(&u.to_be_bytes(), &x.to_be_bytes(), &a.to_be_bytes());
            let mut expected = vec![0];
            let wide = u128::from(u) * u128::from(x);
            let (low, carried) = wide.overflowing_add(a);
            expected[0] = u8::from(carried);
            expected.extend(low.to_be_bytes());
            prop_assert_eq!(&*sum, &expected);
        }

        #[test]
        fn any_challenge_gives_a_claim_or_an_error(salt in ".{0,12}", srp_b in "[0-9a-fA-Fx]{0,8}", secret_block in ".{0,8}") {
            let challenge = SrpChallenge { user_id: "u", salt: &salt, srp_b: &srp_b, secret_block: &secret_block };
            let _ = Ephemeral::new(&Entropy([7; 32])).unwrap().password_claim_signature("pool", challenge, "p", "now");
        }
    }
}
