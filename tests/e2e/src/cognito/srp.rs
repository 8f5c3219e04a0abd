//! The server's side of Cognito's SRP, with a library of its own: what the app computes meets a peer that shares no line with it.
//!
//! ```text
//! B = k·v + g^b                 v = g^x, x = H(salt | H(pool name | user id | ":" | password))
//! S = (A · v^u)^b               key = HKDF(salt u, secret S)[0..16]
//! ```

use std::sync::LazyLock;

use base64::{Engine, prelude::BASE64_STANDARD};
use num_bigint::BigUint;
use ring::{digest, hmac};

use super::random;

/// The 3072-bit group of RFC 3526 §4.
const N: &str = "\
    ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd\
    ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed\
    ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f\
    83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b\
    e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf6955817183995497cea956ae515d2261898fa0510\
    15728e5a8aaac42dad33170d04507a33a85521abdf1cba64ecfb850458dbef0a8aea71575d060c7db3970f85a6e1e4c7\
    abf5ae8cdb0933d71e8c94e04a25619dcee3d2261ad2ee6bf12ffa06d98a0864d87602733ec86a64521f2b18177b200c\
    bbe117577a615d6c770988c0bad946e208e24fa074e5ab3143db5bfce0fd108e4b82d120a93ad2caffffffffffffffff";

static PRIME: LazyLock<BigUint> = LazyLock::new(|| BigUint::parse_bytes(N.as_bytes(), 16).expect("N is hexadecimal"));

/// What the server knows of a password: not the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verifier {
    pub(super) salt: BigUint,
    verifier: BigUint,
}

impl Verifier {
    /// Of a person registered with a password.
    pub(super) fn of_password(pool_name: &str, user_id: &str, password: &str) -> Self {
        let salt = number(&random::<16>());
        let x = private_key(pool_name, user_id, password, &salt);
        Self { salt, verifier: BigUint::from(2_u8).modpow(&x, &PRIME) }
    }

    /// Of a device, from `DeviceSecretVerifierConfig`: two numbers in base64, padded as Java pads them.
    pub(super) fn of_device(salt: &str, verifier: &str) -> Result<Self, String> {
        let verifier = device_number("PasswordVerifier", verifier)?;
        if verifier == BigUint::ZERO || verifier >= *PRIME {
            return Err("PasswordVerifier is no number of the group".to_owned());
        }
        Ok(Self { salt: device_number("Salt", salt)?, verifier })
    }
}

/// A number of `DeviceSecretVerifierConfig`.
pub(super) fn device_number(field: &str, text: &str) -> Result<BigUint, String> {
    let bytes = BASE64_STANDARD.decode(text).map_err(|_| format!("{field} is not base64"))?;
    match bytes.first() {
        None => Err(format!("{field} is empty")),
        Some(128..) => Err(format!("{field} is not padded: Java would read a negative number")),
        Some(_) if bytes.len() < 12 => Err(format!("{field} has only {} bytes", bytes.len())),
        Some(_) => Ok(number(&bytes)),
    }
}

/// `SRP_A` of a request.
pub(super) fn read_srp_a(hex: &str) -> Result<BigUint, String> {
    if hex.is_empty() || hex.len() > 768 || !hex.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(format!("SRP_A is to be 1 to 768 hexadecimal digits, not {} characters", hex.len()));
    }
    let a = BigUint::parse_bytes(hex.as_bytes(), 16).unwrap_or_default();
    if &a % &*PRIME == BigUint::ZERO { Err("SRP_A is 0 modulo N".to_owned()) } else { Ok(a) }
}

/// One proof under way: between `SRP_B` and the claim.
#[derive(Debug)]
pub(super) struct Exchange {
    user: Verifier,
    a: BigUint,
    b: BigUint,
    public: BigUint,
    secret_block: Vec<u8>,
}

impl Exchange {
    pub(super) fn begin(user: Verifier, a: BigUint) -> Self {
        let b = number(&random::<32>());
        let public = (multiplier() * &user.verifier + BigUint::from(2_u8).modpow(&b, &PRIME)) % &*PRIME;
        Self { user, a, b, public, secret_block: random::<64>().to_vec() }
    }

    /// `SALT`, hexadecimal.
    pub(super) fn salt(&self) -> String {
        self.user.salt.to_str_radix(16)
    }

    /// `SRP_B`, hexadecimal.
    pub(super) fn srp_b(&self) -> String {
        self.public.to_str_radix(16)
    }

    /// `SECRET_BLOCK`, base64.
    pub(super) fn secret_block(&self) -> String {
        BASE64_STANDARD.encode(&self.secret_block)
    }

    /// Whether `PASSWORD_CLAIM_SIGNATURE` proves the password. For a device, `pool_name` is its group's key and `user_id` its own.
    pub(super) fn accepts(&self, pool_name: &str, user_id: &str, timestamp: &str, signature: &str) -> bool {
        let u = scrambling_parameter(&self.a, &self.public);
        let s = (&self.a * self.user.verifier.modpow(&u, &PRIME)).modpow(&self.b, &PRIME);
        let key = hmac::Key::new(hmac::HMAC_SHA256, &session_key(&u, &s));
        let message = [pool_name.as_bytes(), user_id.as_bytes(), &self.secret_block, timestamp.as_bytes()].concat();
        BASE64_STANDARD.decode(signature).is_ok_and(|signature| hmac::verify(&key, &message, &signature).is_ok())
    }
}

fn number(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

/// As Java's `BigInteger.toByteArray` writes a number.
fn padded(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes[0] >= 128 {
        bytes.insert(0, 0);
    }
    bytes
}

fn hash(bytes: &[u8]) -> BigUint {
    number(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// k
fn multiplier() -> BigUint {
    hash(&[padded(&PRIME), vec![2]].concat())
}

/// u
fn scrambling_parameter(a: &BigUint, b: &BigUint) -> BigUint {
    hash(&[padded(a), padded(b)].concat())
}

/// x
fn private_key(pool_name: &str, user_id: &str, password: &str, salt: &BigUint) -> BigUint {
    let identity = digest::digest(&digest::SHA256, format!("{pool_name}{user_id}:{password}").as_bytes());
    hash(&[padded(salt), identity.as_ref().to_vec()].concat())
}

fn session_key(u: &BigUint, s: &BigUint) -> [u8; 16] {
    let mac = |key: &[u8], message: &[u8]| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message);
    let extracted = mac(&padded(u), &padded(s));
    let expanded = mac(extracted.as_ref(), b"Caldera Derived Key\x01");
    let mut key = [0; 16];
    key.copy_from_slice(&expanded.as_ref()[..16]);
    key
}

#[cfg(test)]
pub(super) mod tests {
    use signet_cognito::{Entropy, Ephemeral, SrpChallenge};

    use super::*;

    fn hex(text: &str) -> BigUint {
        BigUint::parse_bytes(text.as_bytes(), 16).unwrap()
    }

    #[test]
    fn intermediate_values_are_the_vectors() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../../../crates/cognito/tests/vectors/srp.json")).unwrap();
        assert_eq!(*PRIME, hex(vectors["N"].as_str().unwrap()));
        let cases = vectors["cases"].as_array().unwrap();
        assert!(cases.len() > 20);
        for case in cases {
            let text = |name: &str| case[name].as_str().unwrap();
            let value = |name: &str| hex(text(name));
            assert_eq!(multiplier(), value("k"));
            assert_eq!(scrambling_parameter(&value("A"), &value("B")), value("u"), "{}", text("name"));
            let x = private_key(text("pool_name"), text("user_id"), text("password"), &value("salt"));
            assert_eq!(x, value("x"), "{}", text("name"));
            assert_eq!(number(&session_key(&value("u"), &value("S"))), value("key"), "{}", text("name"));
        }
    }

    fn claim(exchange: &Exchange, client: &Ephemeral, pool_name: &str, user_id: &str, password: &str) -> String {
        let (salt, srp_b, secret_block) = (exchange.salt(), exchange.srp_b(), exchange.secret_block());
        let challenge = SrpChallenge { user_id, salt: &salt, srp_b: &srp_b, secret_block: &secret_block };
        client.password_claim_signature(pool_name, challenge, password, "now").unwrap()
    }

    #[test]
    fn the_apps_claim_is_accepted_and_no_other() {
        // Enough rounds that salts and numbers with and without the first bit set come up.
        for round in 0..8 {
            let client = Ephemeral::new(&Entropy([round + 1; 32])).unwrap();
            let user = Verifier::of_password("Scripted", "u-1", "right horse");
            let exchange = Exchange::begin(user, read_srp_a(&client.srp_a()).unwrap());
            let right = claim(&exchange, &client, "Scripted", "u-1", "right horse");
            assert!(exchange.accepts("Scripted", "u-1", "now", &right));
            assert!(!exchange.accepts("Scripted", "u-1", "then", &right));
            assert!(!exchange.accepts("Scripted", "u-2", "now", &right));
            assert!(!exchange.accepts("Other", "u-1", "now", &right));
            let wrong = claim(&exchange, &client, "Scripted", "u-1", "wrong horse");
            assert!(!exchange.accepts("Scripted", "u-1", "now", &wrong));
            assert!(!exchange.accepts("Scripted", "u-1", "now", ""));
        }
    }

    /// `Salt` and `PasswordVerifier`, as a client that confirms a device computes them.
    pub(in super::super) fn handed_over(group_key: &str, key: &str, secret: &str) -> (String, String) {
        let Verifier { salt, verifier } = Verifier::of_password(group_key, key, secret);
        (BASE64_STANDARD.encode(padded(&salt)), BASE64_STANDARD.encode(padded(&verifier)))
    }

    #[test]
    fn a_devices_claim_is_accepted_with_what_the_device_handed_over() {
        let (salt, verifier) = handed_over("-group", "device-key", "device secret");
        let device = Verifier::of_device(&salt, &verifier).unwrap();
        let client = Ephemeral::new(&Entropy([9; 32])).unwrap();
        let exchange = Exchange::begin(device, read_srp_a(&client.srp_a()).unwrap());
        let right = claim(&exchange, &client, "-group", "device-key", "device secret");
        assert!(exchange.accepts("-group", "device-key", "now", &right));
    }

    #[test]
    fn numbers_that_a_server_must_refuse_are_refused() {
        for srp_a in ["", "0", "0x12", N, &"f".repeat(769)] {
            assert!(read_srp_a(srp_a).is_err(), "{srp_a}");
        }
        let good = BASE64_STANDARD.encode([1; 16]);
        for bad in ["", "*", &BASE64_STANDARD.encode([0x80; 16]), &BASE64_STANDARD.encode([1; 4])] {
            assert!(Verifier::of_device(bad, &good).is_err(), "{bad}");
            assert!(Verifier::of_device(&good, bad).is_err(), "{bad}");
        }
        let n = BASE64_STANDARD.encode(padded(&PRIME));
        assert!(Verifier::of_device(&good, &n).is_err());
    }
}
