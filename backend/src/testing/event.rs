//! Events of a function URL, as AWS sends them.

use serde_json::{Value, json};

use crate::request::FunctionUrlEvent;

pub(crate) const SIGNATURE: &str = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
pub(crate) const SESSION_TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLETOKEN";
pub(crate) const ACCESS_KEY: &str = "ASIAIOSFODNN7EXAMPLE";

/// A POST with that body.
pub(crate) fn event(body: &str) -> FunctionUrlEvent {
    with_headers(body, &[])
}

/// The same from a caller that accepts these media types.
pub(crate) fn accepting(media_types: &str, body: &str) -> FunctionUrlEvent {
    with_headers(body, &[("accept", media_types)])
}

/// The same with more headers, or with others in place of these.
pub(crate) fn with_headers(body: &str, headers: &[(&str, &str)]) -> FunctionUrlEvent {
    let mut event = json(body);
    for (name, value) in headers {
        event["headers"][name] = Value::from(*value);
    }
    serde_json::from_value(event).unwrap()
}

/// The event's JSON.
pub(crate) fn json(body: &str) -> Value {
    json!({
        "version": "2.0",
        "rawPath": "/",
        "headers": {
            "authorization": format!(
                "AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/20261123/eu-central-1/lambda/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature={SIGNATURE}"
            ),
            "x-amz-date": "20261123T101500Z",
            "x-amz-security-token": SESSION_TOKEN,
        },
        "requestContext": {
            "accountId": "123456789012",
            "authentication": null,
            "authorizer": {"iam": {
                "accessKey": ACCESS_KEY,
                "callerId": "AROAEXAMPLEEXAMPLE:CognitoIdentityCredentials",
                "cognitoIdentity": null,
                "userArn": "arn:aws:sts::123456789012:assumed-role/signet-users/CognitoIdentityCredentials",
            }},
            "http": {"method": "POST", "path": "/"},
            "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
            "time": "23/Nov/2026:10:15:01 +0000",
        },
        "body": body,
        "isBase64Encoded": false,
    })
}
