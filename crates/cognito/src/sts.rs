//! STS: the second half of the basic (classic) flow, which assumes a role with a web identity; and a call that finds the role of a set of keys.

use crate::http::{Request, Response, ServiceError, check};
use crate::wire::{need, post_form};
use crate::{CognitoError, Keys, Secret, UnixMillis};

/// `GetCallerIdentity`, to be signed for service `sts`. It needs no permission.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
pub fn get_caller_identity(endpoint: &str) -> Request {
    sts(endpoint, "GetCallerIdentity", &[])
}

/// `AssumeRoleWithWebIdentity`, which is not signed. `token` comes from [`crate::get_open_id_token`]. The keys live for `duration_seconds`, from
/// 900 to the role's maximum.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
pub fn assume_role_with_web_identity(
    endpoint: &str,
    role_arn: &str,
    session_name: &str,
    token: &Secret,
    duration_seconds: u32,
) -> Request {
    let parameters = [
        ("RoleArn", role_arn),
        ("RoleSessionName", session_name),
        ("WebIdentityToken", token.expose()),
        ("DurationSeconds", &duration_seconds.to_string()),
    ];
    sts(endpoint, "AssumeRoleWithWebIdentity", &parameters)
}

fn sts(endpoint: &str, action: &str, parameters: &[(&str, &str)]) -> Request {
    let parameters = [&[("Action", action), ("Version", "2011-06-15")], parameters].concat();
    post_form(endpoint, "application/x-www-form-urlencoded; charset=utf-8", &parameters)
}

/// Reads the reply to [`assume_role_with_web_identity`]. STS replies in XML, errors included.
pub fn read_assumed(response: Response) -> Result<Keys, CognitoError> {
    const OPERATION: &str = "AssumeRoleWithWebIdentity";
    let error = read_error(&response);
    let body = check(response).map_err(|plain| error.unwrap_or(plain))?;
    let body = String::from_utf8(body).unwrap_or_default();
    let field = |name| need(OPERATION, name, element(&body, name));
    Ok(Keys {
        access_key_id: field("AccessKeyId")?,
        secret_access_key: Secret::new(field("SecretAccessKey")?),
        session_token: Secret::new(field("SessionToken")?),
        expires: need(OPERATION, "Expiration", UnixMillis::from_iso_8601(&field("Expiration")?))?,
    })
}

/// `<Error><Code>…</Code><Message>…</Message></Error><RequestId>…</RequestId>`.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>
fn read_error(response: &Response) -> Option<ServiceError> {
    let body = std::str::from_utf8(&response.body).ok()?;
    Some(ServiceError {
        status: response.head.status,
        code: element(body, "Code")?,
        message: element(body, "Message").unwrap_or_default(),
        request_id: response.head.request_id.clone().or_else(|| element(body, "RequestId")),
        retry_after: response.head.retry_after,
    })
}

/// The text of the first element of that name, if it holds text. STS's elements have no attributes, and the names used here occur once, so this needs no
/// XML parser.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&["<", name, ">"].concat())?;
    let (text, tail) = rest.split_once('<')?;
    let closed = tail.strip_prefix('/')?.strip_prefix(name)?.starts_with('>');
    (closed && !text.is_empty()).then(|| {
        // XML's five entities, the ampersand last so that nothing is decoded twice.
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
            .iter()
            .fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
    })
}

/// The role's name in the reply to [`get_caller_identity`], whose `Arn` is `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`; `None` if there is none.
pub fn read_role_name(response: Response) -> Option<String> {
    let body = String::from_utf8(check(response).ok()?).ok()?;
    let (_, arn) = body.split_once(":assumed-role/")?;
    arn.split(['/', '<']).next().filter(|role| !role.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Head;
    use proptest::prelude::*;

    fn read(status: u16, body: &str) -> Option<String> {
        read_role_name(response(status, body))
    }

    fn response(status: u16, body: &str) -> Response {
        Response { head: Head { status, ..Head::default() }, body: body.as_bytes().to_vec() }
    }

    /// The shape of the API reference's example.
    const ASSUMED: &str = "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n\
        <AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>eu-central-1:1-2</SubjectFromWebIdentityToken>\
        <Audience>eu-central-1:3-4</Audience><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/guests/signet</Arn>\
        <AssumedRoleId>AROACLKWSDQRAOEXAMPLE:signet</AssumedRoleId></AssumedRoleUser>\n<Credentials>\
        <SessionToken>AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE/==</SessionToken>\
        <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey><Expiration>2026-11-03T05:06:07Z</Expiration>\
        <AccessKeyId>ASgeIAIOSFODNN7EXAMPLE</AccessKeyId></Credentials><Provider>cognito-identity.amazonaws.com</Provider>\
        </AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId>\
        </ResponseMetadata></AssumeRoleWithWebIdentityResponse>";

    #[test]
    fn a_request_for_a_role_has_every_parameter() {
        let token = Secret::new("e.y.J".into());
        let role = "arn:aws:iam::123456789012:role/a/b";
        let request =
            assume_role_with_web_identity("https://sts.eu-central-1.amazonaws.com/", role, "signet", &token, 900);
        assert_eq!((request.method, request.url.as_str()), ("POST", "https://sts.eu-central-1.amazonaws.com/"));
        assert_eq!(
            String::from_utf8(request.body.clone()).unwrap(),
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fa%2Fb\
             &RoleSessionName=signet&WebIdentityToken=e.y.J&DurationSeconds=900"
        );
        let whoami = get_caller_identity("https://sts.amazonaws.com/");
        assert_eq!(whoami.body, b"Action=GetCallerIdentity&Version=2011-06-15");
    }

    #[test]
    fn keys_are_read_from_the_documented_reply() {
        let keys = read_assumed(response(200, ASSUMED)).unwrap();
        assert_eq!(keys.access_key_id, "ASgeIAIOSFODNN7EXAMPLE");
        assert_eq!(keys.secret_access_key.expose(), "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY");
        assert_eq!(keys.session_token.expose(), "AQoDYXdzEE0a8ANXXXXXXXXNO1ewxE5TijQyp+IEXAMPLE/==");
        assert_eq!(keys.expires, UnixMillis(1_793_682_367_000));
    }

    #[test]
    fn every_missing_element_is_named() {
        for field in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
            let without = ASSUMED.replace(field, "Other");
            let missing = CognitoError::Unexpected { operation: "AssumeRoleWithWebIdentity", field };
            assert_eq!(read_assumed(response(200, &without)), Err(missing));
        }
        assert!(read_assumed(response(200, &ASSUMED.replace("07Z", "07"))).is_err());
        assert!(read_assumed(response(200, "")).is_err());
    }

    #[test]
    fn an_error_is_read_with_its_message() {
        let refusal = "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
            <Code>AccessDenied</Code><Message>Not authorized to perform &quot;sts:AssumeRoleWithWebIdentity&quot; &amp;lt;</Message>\
            </Error><RequestId>6f1c</RequestId></ErrorResponse>";
        let Err(CognitoError::Service(error)) = read_assumed(response(403, refusal)) else { panic!("no refusal") };
        assert_eq!((error.status, error.code.as_str()), (403, "AccessDenied"));
        assert_eq!(error.message, "Not authorized to perform \"sts:AssumeRoleWithWebIdentity\" &lt;");
        assert_eq!(error.request_id.as_deref(), Some("6f1c"));
        let Err(CognitoError::Service(error)) = read_assumed(response(503, "<html>")) else { panic!("no refusal") };
        assert_eq!((error.status, error.code.as_str()), (503, ""));
    }

    #[test]
    fn the_role_is_read_from_the_documented_reply() {
        let reply = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
                     <Arn>arn:aws:sts::123456789012:assumed-role/my-role-name/my-role-session-name</Arn><UserId>ARO:x</UserId>\
                     <Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>";
        assert_eq!(read(200, reply).as_deref(), Some("my-role-name"));
        assert_eq!(read(403, reply), None);
        assert_eq!(read(200, "<Arn>arn:aws:iam::123456789012:user/Alice</Arn>"), None);
    }

    proptest! {
        #[test]
        fn any_reply_gives_a_name_or_none(body in ".{0,80}") {
            let _ = read(200, &body);
        }

        #[test]
        fn any_reply_gives_keys_or_an_error(bytes in "(<|</|>|Code|AccessKeyId|Expiration|&amp;|é| ){0,20}", status in 100..600_u16, cut in 0..1200_usize) {
            let _ = read_assumed(response(status, &bytes));
            let whole = ASSUMED.get(..cut).unwrap_or(ASSUMED);
            prop_assert_eq!(read_assumed(response(200, whole)).is_ok(), whole.contains("</AccessKeyId>"));
        }
    }
}
