//! STS, for the one question that a refusal leaves open: which role is this?

use crate::http::{Request, Response, check};

/// `GetCallerIdentity`, to be signed for service `sts`. It needs no permission.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
pub fn get_caller_identity(endpoint: &str) -> Request {
    Request {
        method: "POST",
        url: endpoint.to_owned(),
        headers: vec![("content-type".into(), "application/x-www-form-urlencoded; charset=utf-8".into())],
        body: b"Action=GetCallerIdentity&Version=2011-06-15".to_vec(),
    }
}

/// The role's name in the reply, whose `Arn` is `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`; `None` if there is none to be found.
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
        read_role_name(Response { head: Head { status, ..Head::default() }, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn the_roles_name_is_read_from_the_documented_reply() {
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
    }
}
