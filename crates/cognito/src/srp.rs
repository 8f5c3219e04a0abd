//! Cognito's variant of SRP-6a (RFC 2945, RFC 5054): the 3072-bit group of RFC 3526, SHA-256, and an HKDF whose info is
//! `Caldera Derived Key`. Steps and paddings are as in AWS's own clients.
//!
//! ```text
//! A = g^a                       u = H(A | B)
//! x = H(salt | H(pool name | user id | ":" | password))
//! S = (B − k·g^x)^(a + u·x)     key = HKDF(salt u, secret S)[0..16]
//! signature = HMAC(key, pool name | user id | SECRET_BLOCK | TIMESTAMP)
//! ```
//!
//! A remembered device proves itself in the same way: its group key stands for the pool's name, its key for the user id, and a random password of its
//! own for the person's.
//!
//! Numbers are hashed as Java writes them: the fewest bytes, with a zero byte in front where the first bit is set.

mod group;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::Secret;
use group::{Exponent, GENERATOR, Residue, power, power_of_generator, prime, residue};

/// Why SRP cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SrpError {
    /// SALT or `SRP_B` is not hexadecimal, or longer than the group.
    #[error("the sign-in service sent a number that is not hexadecimal")]
    NotHex,
    /// `SECRET_BLOCK` is not base64.
    #[error("the sign-in service sent a secret block that is not base64")]
    NotBase64,
    /// B ≡ 0 or u = 0: the server could know the session key without the password (RFC 5054 §2.5.3).
    #[error("the sign-in service sent a number that SRP forbids")]
    Forbidden,
    /// A ≡ 0, which no honest randomness yields.
    #[error("the random number for the sign-in is unusable")]
    Randomness,
}

/// 32 random bytes for one sign-in: RFC 5054 §2.5.4 asks for at least 256 bits. Anybody who has them and the requests can guess the password offline.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Entropy(pub [u8; 32]);

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy(…)")
    }
}

/// The client's ephemeral pair, new for each sign-in.
pub struct Ephemeral {
    /// The secret exponent.
    a: Exponent,
    /// A = g^a, padded for hashing.
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
        Self::from_exponent(Exponent::new(&random.0))
    }

    fn from_exponent(a: Exponent) -> Result<Self, SrpError> {
        let public = power_of_generator(&a);
        if public == Residue::ZERO {
            return Err(SrpError::Randomness);
        }
        Ok(Self { a, public: padded(&group::bytes(&public)) })
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
        let secret_block = BASE64_STANDARD.decode(challenge.secret_block).map_err(|_| SrpError::NotBase64)?;
        let u = scrambling_parameter(&self.public, &b)?;
        let x = private_key(pool_name, challenge.user_id, password, &salt);
        let key = session_key(&u, &self.premaster_secret(&b, &u, &x)?);
        let signature =
            hmac(&*key, &[pool_name.as_bytes(), challenge.user_id.as_bytes(), &secret_block, timestamp.as_bytes()]);
        Ok(BASE64_STANDARD.encode(signature))
    }

    /// S = (B − k·g^x)^(a + u·x), padded.
    #[allow(clippy::many_single_char_names)] // The RFC's names.
    fn premaster_secret(&self, b: &[u8], u: &[u8; 32], x: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>, SrpError> {
        let b = residue(b).ok_or(SrpError::NotHex)?;
        if b == Residue::ZERO {
            return Err(SrpError::Forbidden);
        }
        let k = residue(&multiplier()).ok_or(SrpError::NotHex)?;
        let base = Zeroizing::new(b - k * power_of_generator(&Exponent::new(x)));
        let s = Zeroizing::new(power(&base, &self.a.plus_product(u, x)));
        Ok(Zeroizing::new(padded(&group::bytes(&s))))
    }
}

/// The data for remembering a device: the password for its later proofs, and the values for the user pool.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-device-tracking.html>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceSecret {
    /// The device's password: 40 random bytes in base64. It is never sent.
    pub password: Secret,
    /// `Salt` of `ConfirmDevice`, base64.
    pub salt_base64: String,
    /// `PasswordVerifier` of `ConfirmDevice`, base64: g^x.
    pub verifier_base64: String,
}

/// Makes a password for a device and its verifier. `random` must be fresh: 40 bytes for the password, 16 for the salt.
pub fn device_verifier(group_key: &str, device_key: &str, random: &[u8; 56]) -> DeviceSecret {
    let (password, salt) = random.split_at(40);
    let password = Secret::new(BASE64_STANDARD.encode(password));
    let salt = padded(salt);
    let x = private_key(group_key, device_key, password.expose(), &salt);
    let verifier = padded(&group::bytes(&power_of_generator(&Exponent::new(&x))));
    DeviceSecret {
        password,
        salt_base64: BASE64_STANDARD.encode(&salt),
        verifier_base64: BASE64_STANDARD.encode(&verifier),
    }
}

/// k = H(N | g).
fn multiplier() -> [u8; 32] {
    sha256(&[&padded(&prime()), &[GENERATOR]])
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

/// SHA-256 (FIPS 180-4) of the concatenated parts.
fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA-256 (RFC 2104) of the concatenated parts.
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// In lower case.
fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| char::from_digit(u32::from(nibble), 16))
        .collect()
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
mod tests;
