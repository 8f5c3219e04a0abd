use super::*;
use crate::UnixMillis;
use proptest::prelude::*;
use serde::Deserialize;

/// Values from pycognito, another implementation; srp.py beside the file made them.
const VECTORS: &str = include_str!("../../tests/vectors/srp.json");

/// The results of three other implementations for 1,000 random sign-ins of people and their devices; the scripts beside the files made them.
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

/// A number as the vectors write it: without leading zeros.
fn number(bytes: &[u8]) -> String {
    to_hex(bytes).trim_start_matches('0').to_owned()
}

/// The vectors' exponents have up to 1024 bits.
fn secret(hex: &str) -> Ephemeral {
    let digits = from_hex(hex).unwrap();
    let mut bytes = [0; 128];
    bytes[128 - digits.len()..].copy_from_slice(&digits);
    Ephemeral::from_exponent(Exponent::new(&bytes)).unwrap()
}

#[test]
fn every_intermediate_value_is_that_of_the_vectors() {
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
        let challenge =
            SrpChallenge { user_id: &case.user_id, salt: &case.salt, srp_b: &case.b, secret_block: &case.secret_block };
        let signature = ephemeral.password_claim_signature(&case.pool_name, challenge, &case.password, &case.timestamp);
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

/// The line of those files for a case, made by this code.
fn random_line(case: usize) -> String {
    let password =
        BASE64_STANDARD.encode(&some_bytes::<18>(case, "password")[..6 + case % 13]) + ["", " ß", "鍵", "🔑"][case % 4];
    let pool_name = to_hex(&some_bytes::<5>(case, "pool"));
    let user_id = to_hex(&some_bytes::<16>(case, "user"));
    let group_key = format!("-{}", to_hex(&some_bytes::<4>(case, "group")));
    let device_key = format!("eu-central-1_{}", to_hex(&some_bytes::<16>(case, "device")));
    let device_random = some_bytes(case, "device random");
    let timestamp = UnixMillis::from_seconds(1_700_000_000 + 1_234_567 * i64::try_from(case).unwrap()).srp_timestamp();
    let ephemeral = Ephemeral::new(&Entropy(some_bytes(case, "a"))).unwrap();
    let claim = |pool_name: &str, user_id: &str, password: &str, salt: &[u8], b: &str, block: &str| {
        let (salt, srp_b) = (to_hex(salt), to_hex(&some_bytes::<384>(case, b)));
        let secret_block = BASE64_STANDARD.encode(some_bytes::<48>(case, block));
        let challenge = SrpChallenge { user_id, salt: &salt, srp_b: &srp_b, secret_block: &secret_block };
        ephemeral.password_claim_signature(pool_name, challenge, password, &timestamp).unwrap()
    };
    let person = claim(&pool_name, &user_id, &password, &some_bytes::<16>(case, "salt"), "B", "block");
    let device = device_verifier(&group_key, &device_key, &device_random);
    let password = device.password.expose();
    let proof = claim(&group_key, &device_key, password, &device_random[40..], "device B", "device block");
    let srp_a = ephemeral.srp_a();
    let rest = [&srp_a, &timestamp, password, &device.salt_base64, &device.verifier_base64].join("|");
    format!("{person} {proof} {}", BASE64_STANDARD.encode(&sha256(&[rest.as_bytes()])[..16]))
}

#[test]
fn random_sign_ins_of_people_and_devices_agree_with_three_other_implementations() {
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
fn anything_but_hexadecimal_or_base64_is_refused() {
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
    fn any_challenge_gives_a_claim_or_an_error(salt in ".{0,12}", srp_b in "[0-9a-fA-Fx]{0,8}", secret_block in ".{0,8}") {
        let challenge = SrpChallenge { user_id: "u", salt: &salt, srp_b: &srp_b, secret_block: &secret_block };
        let _ = Ephemeral::new(&Entropy([7; 32])).unwrap().password_claim_signature("pool", challenge, "p", "now");
    }
}
