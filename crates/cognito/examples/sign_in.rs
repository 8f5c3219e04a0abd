//! Signs in to a local AWS: SRP, tokens, `GetId`, credentials. It prints who signed in and how long the keys live, and no secret.
//!
//! Start the local AWS with `make serve`, or without the app with `cargo run -p signet-local -- aws`. Then:
//!
//! ```sh
//! cargo run -p signet-cognito --example sign_in -- alice@example.com Alice-may-ask-1
//! ```
//!
//! `AWS_PORT` is the port of the local AWS: 4566, unless it was started with another.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use signet_cognito::http::{Head, Request, Response};
use signet_cognito::{
    AuthReply, Entropy, Ephemeral, IdentityPool, Login, SrpChallenge, Tokens, UnixMillis, UserPool,
    get_credentials_for_identity, get_id, initiate_auth, read_auth, read_credentials, read_identity_id,
    respond_to_auth_challenge,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(username), Some(password), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: sign_in USERNAME PASSWORD".into());
    };
    let port = std::env::var("AWS_PORT").unwrap_or_else(|_| "4566".into());
    let (user_pool, identity_pool) = pools(&format!("http://127.0.0.1:{port}/_signet/config.json"))?;

    let tokens = sign_in(&user_pool, &username, &password)?;
    println!("Signed in as {}, with the role {}.", tokens.id.username, tokens.id.role_name().unwrap_or_default());

    let login = Login { key: tokens.id.issuer.clone(), token: tokens.id.raw().clone() };
    let identity = read_identity_id(send(&get_id(&identity_pool, Some(&login)))?)?;
    println!("The identity is {}.", identity.0);

    let request = get_credentials_for_identity(&identity_pool, &identity, Some(&login));
    let (keys, _) = read_credentials(send(&request)?)?;
    let minutes = (keys.expires.0 - now()?.0) / 60_000;
    println!("The keys {} live for another {minutes} minutes.", keys.access_key_id);
    Ok(())
}

/// Proves the password by SRP.
fn sign_in(pool: &UserPool, username: &str, password: &str) -> Result<Tokens, Box<dyn Error>> {
    let mut random = Entropy([0; 32]);
    getrandom::fill(&mut random.0)?;
    let ephemeral = Ephemeral::new(&random)?;
    let parameters = [("USERNAME", username), ("SRP_A", &ephemeral.srp_a())];
    let challenge = match read_auth(send(&initiate_auth(pool, "USER_SRP_AUTH", &parameters, None))?)? {
        AuthReply::Challenge(challenge) if challenge.name == "PASSWORD_VERIFIER" => challenge,
        AuthReply::Challenge(other) => return Err(format!("the user pool asks for {}", other.name).into()),
        AuthReply::Tokens(_) => return Err("the user pool asks for no password".into()),
    };
    let parameter = |name| challenge.parameter(name).ok_or_else(|| format!("the challenge has no {name}"));
    let srp = SrpChallenge {
        user_id: parameter("USER_ID_FOR_SRP")?,
        salt: parameter("SALT")?,
        srp_b: parameter("SRP_B")?,
        secret_block: parameter("SECRET_BLOCK")?,
    };
    let timestamp = now()?.srp_timestamp();
    let signature = ephemeral.password_claim_signature(pool.name(), srp, password, &timestamp)?;
    let responses = [
        ("USERNAME", srp.user_id),
        ("PASSWORD_CLAIM_SECRET_BLOCK", srp.secret_block),
        ("PASSWORD_CLAIM_SIGNATURE", &signature),
        ("TIMESTAMP", &timestamp),
    ];
    let request = respond_to_auth_challenge(pool, &challenge.name, challenge.session.as_ref(), &responses);
    match read_auth(send(&request)?)? {
        AuthReply::Tokens(tokens) => Ok(tokens),
        AuthReply::Challenge(other) => Err(format!("the user pool asks for {}", other.name).into()),
    }
}

/// The pools of the local AWS, from the configuration that it serves for the app.
fn pools(url: &str) -> Result<(UserPool, IdentityPool), Box<dyn Error>> {
    let request = Request { method: "GET", url: url.into(), headers: vec![], body: vec![], cookies: false };
    let config: Value = serde_json::from_slice(
        &signet_cognito::http::check(send(&request)?)
            .map_err(|error| format!("{url} replied with the status {}", error.status))?,
    )?;
    let text =
        |name: &str| config[name].as_str().map(str::to_owned).ok_or_else(|| format!("the configuration has no {name}"));
    let user_pool =
        UserPool { id: text("userPoolId")?, client_id: text("userPoolClientId")?, endpoint: text("userPoolEndpoint")? };
    Ok((user_pool, IdentityPool { id: text("identityPoolId")?, endpoint: text("identityPoolEndpoint")? }))
}

/// Sends a request with ureq. Another client would do as well.
fn send(request: &Request) -> Result<Response, Box<dyn Error>> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut builder = ureq::http::Request::builder().method(request.method).uri(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let mut response = agent.run(builder.body(request.body.as_slice())?)?;
    let header = |name: &str| response.headers().get(name)?.to_str().ok().map(str::to_owned);
    let head = Head {
        status: response.status().as_u16(),
        request_id: header("x-amzn-requestid"),
        error_type: header("x-amzn-errortype"),
        retry_after: header("retry-after").and_then(|seconds| seconds.parse().ok()),
    };
    Ok(Response { head, body: response.body_mut().read_to_vec()? })
}

fn now() -> Result<UnixMillis, Box<dyn Error>> {
    let millis = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
    Ok(UnixMillis(i64::try_from(millis)?))
}
