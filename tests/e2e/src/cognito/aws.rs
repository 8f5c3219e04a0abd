//! Temporary keys, and signatures by them, checked by signing the request again with AWS's own crate.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use hyper::HeaderMap;

use super::{random_text, time::read_amz_date};

/// The region of everything here.
pub(super) const REGION: &str = "eu-central-1";

/// AWS refuses a signature that is further off than this, in seconds.
const LONGEST_SKEW: i64 = 300;

/// Keys of a role.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: String,
}

/// What came, as far as a signature is about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) service: &'a str,
    pub(super) method: &'a str,
    /// Path and query.
    pub(super) target: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
}

impl Keys {
    pub(super) fn new() -> Self {
        let text = random_text().to_ascii_uppercase();
        Self {
            access_key_id: format!(
                "ASIA{}",
                text.chars().filter(char::is_ascii_alphanumeric).take(16).collect::<String>()
            ),
            secret_access_key: random_text(),
            session_token: [0; 8].map(|_| random_text()).concat(),
        }
    }

    /// Whether the request is signed with these keys as AWS wants it, by the server's time `now` in seconds.
    pub(super) fn check(&self, signed: Signed<'_>, now: i64) -> Result<(), String> {
        let header = |name: &str| {
            let mut values = signed.headers.get_all(name).iter();
            match (values.next().and_then(|value| value.to_str().ok()), values.next()) {
                (Some(value), None) => Ok(value),
                _ => Err(format!("there is to be one header {name}")),
            }
        };
        if header("x-amz-security-token")? != self.session_token {
            return Err("x-amz-security-token is not the session token that was issued last".to_owned());
        }
        let date = header("x-amz-date")?;
        let at = read_amz_date(date).ok_or_else(|| format!("x-amz-date is not YYYYMMDDTHHMMSSZ: {date:?}"))?;
        if (at - now).abs() > LONGEST_SKEW {
            return Err(format!("x-amz-date is {} s off", at - now));
        }
        let authorization = header("authorization")?;
        let scope = format!("{}/{}/{REGION}/{}/aws4_request", self.access_key_id, &date[..8], signed.service);
        let begin = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=");
        let names = authorization
            .strip_prefix(&begin)
            .and_then(|rest| Some(rest.split_once(", Signature=")?.0))
            .ok_or_else(|| format!("authorization is to begin with {begin:?}: {authorization:?}"))?;
        let names: Vec<&str> = names.split(';').collect();
        let sent = signed.headers.keys().map(hyper::header::HeaderName::as_str);
        let needed = sent.filter(|name| name.starts_with("x-amz-") || matches!(*name, "host" | "content-type"));
        if let Some(missing) = needed.into_iter().find(|name| !names.contains(name)) {
            return Err(format!("the header {missing} is not signed"));
        }
        if self.authorization(signed, &names, at)? == authorization {
            Ok(())
        } else {
            Err("the signature is not that of AWS's own crate".to_owned())
        }
    }

    fn authorization(&self, signed: Signed<'_>, names: &[&str], at: i64) -> Result<String, String> {
        let failed = |error: &dyn std::fmt::Display| format!("AWS's own crate cannot sign this: {error}");
        let token = Some(self.session_token.clone());
        let identity = Credentials::new(&self.access_key_id, &self.secret_access_key, token, None, "scripted").into();
        let params = SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name(signed.service)
            .time(UNIX_EPOCH + Duration::from_secs(u64::try_from(at).unwrap_or_default()))
            .settings(SigningSettings::default())
            .build()
            .map_err(|error| failed(&error))?
            .into();
        let text = |name: &str| signed.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let url = format!("http://{}{}", text("host"), signed.target);
        // These the crate adds by itself.
        let own = ["host", "x-amz-date", "x-amz-security-token"];
        let headers = names.iter().filter(|name| !own.contains(name)).map(|name| (*name, text(name)));
        let request = SignableRequest::new(signed.method, &url, headers, SignableBody::Bytes(signed.body))
            .map_err(|error| failed(&error))?;
        let (instructions, _) = sign(request, &params).map_err(|error| failed(&error))?.into_parts();
        let (headers, _) = instructions.into_parts();
        let authorization = headers.into_iter().find(|header| header.name() == "authorization");
        authorization.map(|header| header.value().to_owned()).ok_or_else(|| failed(&"it adds no authorization"))
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};
    use signet::{cognito, core::sign::Scope, http::Request, secret::Secret, time::UnixMillis};

    use super::*;

    const NOW: i64 = 1_793_682_367;

    fn signed_by_the_app(keys: &Keys, region: &str, at: i64) -> HeaderMap {
        let request = Request {
            method: "POST",
            url: "http://127.0.0.1:8080/function/".into(),
            headers: vec![("content-type".into(), "application/json".into())],
            body: b"{}".to_vec(),
            cookies: false,
        };
        let keys = cognito::Keys {
            access_key_id: keys.access_key_id.clone(),
            secret_access_key: Secret::new(keys.secret_access_key.clone()),
            session_token: Secret::new(keys.session_token.clone()),
            expires: UnixMillis(0),
        };
        let scope = Scope { region, service: "lambda" };
        let request = signet::core::sign::sign(request, &keys, scope, UnixMillis::from_seconds(at)).unwrap();
        let mut headers: HeaderMap = request
            .headers
            .iter()
            .map(|(name, value)| (HeaderName::try_from(name).unwrap(), HeaderValue::try_from(value).unwrap()))
            .collect();
        headers.insert("host", HeaderValue::from_static("127.0.0.1:8080"));
        headers
    }

    #[test]
    fn the_apps_signature_is_accepted_and_no_other() {
        let keys = Keys::new();
        assert_eq!(keys.access_key_id.len(), 20);
        let check = |headers: &HeaderMap, body: &[u8], service, now| {
            keys.check(Signed { service, method: "POST", target: "/function/", headers, body }, now)
        };
        let good = signed_by_the_app(&keys, REGION, NOW);
        assert_eq!(check(&good, b"{}", "lambda", NOW), Ok(()));
        assert!(check(&good, b"{ }", "lambda", NOW).unwrap_err().contains("signature"));
        assert!(check(&good, b"{}", "sts", NOW).unwrap_err().contains("Credential="));
        assert!(check(&good, b"{}", "lambda", NOW + 301).unwrap_err().contains("-301 s off"));
        let elsewhere = signed_by_the_app(&keys, "us-east-1", NOW);
        assert!(check(&elsewhere, b"{}", "lambda", NOW).unwrap_err().contains("Credential="));
        let others = signed_by_the_app(&Keys::new(), REGION, NOW);
        assert!(check(&others, b"{}", "lambda", NOW).unwrap_err().contains("session token"));
        let mut unsigned = good.clone();
        unsigned.insert("x-amz-later", HeaderValue::from_static("1"));
        assert!(check(&unsigned, b"{}", "lambda", NOW).unwrap_err().contains("x-amz-later is not signed"));
        assert!(check(&HeaderMap::new(), b"{}", "lambda", NOW).unwrap_err().contains("x-amz-security-token"));
    }
}
