//! Signet's own `config.json`, as `docs/config.schema.json` describes it. Amplify's files are turned into this one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::AuthFlow;
use super::field::{
    Address, Attribute, ClientId, Currency, Date, Domain, DurationSeconds, Field, FileName, FunctionUrl, Icon,
    IdentityPoolId, Issuer, Lang, Millionths, MinimumLength, Object, PreferredChallenge, Prompt, Redirect, Region,
    RoleArn, Scopes, Switch, Text, UserPoolClientId, UserPoolId,
};

/// The format of a file. Errors name a field as its file does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Format {
    /// `config.json`.
    #[default]
    Signet,
    /// `amplify_outputs.json`, of Amplify Gen 2.
    AmplifyOutputs,
    /// `aws-exports.js` and `amplifyconfiguration.json`, of Amplify Gen 1.
    AmplifyExports,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct File {
    #[serde(skip)]
    pub(super) format: Format,
    /// Where editors find the schema.
    #[serde(rename = "$schema")]
    pub(super) schema: IgnoredAny,
    pub(super) extends: Field<FileName>,
    pub(super) name: Field<Text>,
    pub(super) contact: Field<Text>,
    pub(super) region: Field<Region>,
    pub(super) function_url: Field<FunctionUrl>,
    pub(super) user_pool_endpoint: Field<Address>,
    pub(super) identity_pool_endpoint: Field<Address>,
    pub(super) sts_endpoint: Field<Address>,
    pub(super) user_pool_id: Field<UserPoolId>,
    pub(super) user_pool_client_id: Field<UserPoolClientId>,
    pub(super) identity_pool_id: Field<IdentityPoolId>,
    pub(super) auth_flow: Field<AuthFlow>,
    pub(super) preferred_challenge: Field<PreferredChallenge>,
    pub(super) passkey_autofill: Field<bool>,
    /// Whether one-time codes are a first factor; only Amplify's files say.
    #[serde(skip)]
    pub(super) one_time_codes: bool,
    pub(super) password_form: Field<bool>,
    pub(super) username_attributes: Field<Vec<UsernameAttribute>>,
    pub(super) sign_up: Field<Switch<SignUpFile>>,
    pub(super) recovery: Field<bool>,
    pub(super) password_policy: Field<Object<PasswordPolicyFile>>,
    pub(super) guest_access: Field<bool>,
    pub(super) logins_key: Field<Text>,
    pub(super) basic_flow: Field<Object<BasicFlowFile>>,
    pub(super) token_url: Field<Address>,
    pub(super) hosted_ui: Field<Object<HostedUiFile>>,
    pub(super) prices: Field<Object<PricesFile>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UsernameAttribute {
    Email,
    PhoneNumber,
    Username,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct SignUpFile {
    pub(super) attributes: Field<Vec<Attribute>>,
    pub(super) verification: Field<Verification>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verification {
    Code,
    Link,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PasswordPolicyFile {
    pub(super) minimum_length: Field<MinimumLength>,
    pub(super) require_lowercase: Field<bool>,
    pub(super) require_uppercase: Field<bool>,
    pub(super) require_numbers: Field<bool>,
    pub(super) require_symbols: Field<bool>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BasicFlowFile {
    pub(super) role_arn: Field<RoleArn>,
    pub(super) guest_role_arn: Field<RoleArn>,
    pub(super) duration_seconds: Field<DurationSeconds>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct HostedUiFile {
    /// Amplify Gen 1 writes an empty object where there is no hosted UI.
    #[serde(skip)]
    pub(super) may_be_empty: bool,
    pub(super) domain: Field<Domain>,
    pub(super) issuer: Field<Issuer>,
    pub(super) authorization_endpoint: Field<Address>,
    pub(super) token_endpoint: Field<Address>,
    pub(super) client_id: Field<ClientId>,
    pub(super) redirect_sign_in: Field<Vec<Redirect>>,
    pub(super) redirect_sign_out: Field<Vec<Redirect>>,
    pub(super) scopes: Field<Scopes>,
    pub(super) prompt: Field<Prompt>,
    pub(super) lang: Field<Lang>,
    pub(super) providers: Field<Vec<Object<ProviderFile>>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ProviderFile {
    /// The provider's name for people, if the file has no label; only Amplify's files have none.
    #[serde(skip)]
    pub(super) called: Option<String>,
    pub(super) label: Field<Text>,
    pub(super) icon: Field<Icon>,
    pub(super) identity_provider: Field<Text>,
    pub(super) idp_identifier: Field<Text>,
    pub(super) login_hint: Field<Text>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PricesFile {
    pub(super) date: Field<Date>,
    pub(super) currency: Field<Currency>,
    pub(super) models: Field<BTreeMap<String, Object<PriceFile>>>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PriceFile {
    pub(super) input: Millionths,
    pub(super) output: Millionths,
}

impl File {
    /// This file, with the fields that it lacks taken from `base`, the file that it extends.
    pub(super) fn over(self, base: Self) -> Self {
        Self {
            format: self.format,
            schema: IgnoredAny,
            extends: self.extends,
            name: self.name.or(base.name),
            contact: self.contact.or(base.contact),
            region: self.region.or(base.region),
            function_url: self.function_url.or(base.function_url),
            user_pool_endpoint: self.user_pool_endpoint.or(base.user_pool_endpoint),
            identity_pool_endpoint: self.identity_pool_endpoint.or(base.identity_pool_endpoint),
            sts_endpoint: self.sts_endpoint.or(base.sts_endpoint),
            user_pool_id: self.user_pool_id.or(base.user_pool_id),
            user_pool_client_id: self.user_pool_client_id.or(base.user_pool_client_id),
            identity_pool_id: self.identity_pool_id.or(base.identity_pool_id),
            auth_flow: self.auth_flow.or(base.auth_flow),
            preferred_challenge: self.preferred_challenge.or(base.preferred_challenge),
            passkey_autofill: self.passkey_autofill.or(base.passkey_autofill),
            one_time_codes: self.one_time_codes || base.one_time_codes,
            password_form: self.password_form.or(base.password_form),
            username_attributes: self.username_attributes.or(base.username_attributes),
            sign_up: self.sign_up.merge(base.sign_up, |own, base| match (own, base) {
                (Switch::Object(own), Switch::Object(base)) => Switch::Object(own.over(base)),
                // `true` does not say which attributes are asked for.
                (Switch::Flag(true), base @ Switch::Object(_)) => base,
                (own, _) => own,
            }),
            recovery: self.recovery.or(base.recovery),
            // A policy is one unit: two files' policies are never mixed.
            password_policy: self.password_policy.or(base.password_policy),
            guest_access: self.guest_access.or(base.guest_access),
            logins_key: self.logins_key.or(base.logins_key),
            basic_flow: self.basic_flow.or(base.basic_flow),
            token_url: self.token_url.or(base.token_url),
            hosted_ui: self.hosted_ui.merge(base.hosted_ui, |own, base| Object(own.0.over(base.0))),
            prices: self.prices.or(base.prices),
        }
    }
}

impl SignUpFile {
    fn over(self, base: Self) -> Self {
        Self { attributes: self.attributes.or(base.attributes), verification: self.verification.or(base.verification) }
    }
}

impl HostedUiFile {
    fn over(self, base: Self) -> Self {
        if self.authorization_endpoint.as_ref().is_some() {
            // Another provider's addresses, scopes and buttons are not the user pool's.
            return self;
        }
        Self {
            may_be_empty: self.may_be_empty,
            domain: self.domain.or(base.domain),
            issuer: self.issuer.or(base.issuer),
            authorization_endpoint: self.authorization_endpoint,
            token_endpoint: self.token_endpoint.or(base.token_endpoint),
            client_id: self.client_id.or(base.client_id),
            redirect_sign_in: self.redirect_sign_in.or(base.redirect_sign_in),
            redirect_sign_out: self.redirect_sign_out.or(base.redirect_sign_out),
            scopes: self.scopes.or(base.scopes),
            prompt: self.prompt.or(base.prompt),
            lang: self.lang.or(base.lang),
            providers: self.providers.or(base.providers),
        }
    }
}
