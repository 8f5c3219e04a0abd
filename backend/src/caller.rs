//! Who signed a request, without secrets.

/// Who signed the request: no signature, no session token, no whole key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The ARN that IAM found, usually of an assumed role.
    pub(crate) user_arn: Option<String>,
    /// The last four characters of the access key ID.
    pub(crate) access_key_ending: Option<String>,
    /// The region in the signing scope.
    pub(crate) region: Option<String>,
    /// The service in the signing scope, such as `lambda`.
    pub(crate) service: Option<String>,
    /// The names of the signed headers.
    pub(crate) signed_headers: Vec<String>,
    /// When the request was signed, from `x-amz-date`; without that header, when AWS received it.
    pub(crate) time: Option<String>,
}

impl Caller {
    /// Adds what the `Authorization` header says: `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`. Any other header adds nothing.
    pub(crate) fn with_authorization(mut self, authorization: &str) -> Self {
        let credential = part(authorization, "Credential=").unwrap_or_default();
        let mut scope = credential.split('/').map(str::to_owned);
        let access_key = scope.next();
        let (_date, region, service) = (scope.next(), scope.next(), scope.next());
        self.access_key_ending = self.access_key_ending.or(access_key.and_then(|key| ending(&key)));
        self.region = region;
        self.service = service;
        self.signed_headers = part(authorization, "SignedHeaders=")
            .map_or_else(Vec::new, |headers| headers.split(';').map(str::to_owned).collect());
        self
    }

    /// The role's name, from an ARN such as `arn:aws:sts::123456789012:assumed-role/NAME/SESSION`.
    pub(crate) fn role(&self) -> Option<&str> {
        let (_, role) = self.user_arn.as_deref()?.split_once(":assumed-role/")?;
        role.split('/').next().filter(|role| !role.is_empty())
    }
}

/// One part of an AWS Signature Version 4 `Authorization` header.
fn part<'a>(authorization: &'a str, name: &str) -> Option<&'a str> {
    let parts = authorization.strip_prefix("AWS4-HMAC-SHA256")?;
    parts.split(',').find_map(|part| part.trim().strip_prefix(name))
}

/// The last four characters of a key that is much longer than that.
pub(crate) fn ending(key: &str) -> Option<String> {
    let start = key.len().checked_sub(4).filter(|start| *start >= 12)?;
    key.get(start..).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_key_has_no_ending_to_show() {
        assert_eq!(ending("AKIASHORT"), None);
        assert_eq!(ending("ASIAIOSFODNN7EXAMPLE").as_deref(), Some("MPLE"));
    }
}
