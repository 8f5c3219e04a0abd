//! The types of a file's fields. Each type says what it expects, so that serde's errors say it too.

use std::fmt::{Formatter, Result as FmtResult};
use std::marker::PhantomData;
use std::ops::RangeInclusive;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor};

use super::check::{
    address, any, checked, domain, is_date, is_file_name, is_graphic, is_icon, is_plain, is_redirect, is_region,
    is_role, region_before,
};

/// A field of `config.json`.
#[derive(Debug, Clone, Default)]
pub(super) enum Field<T> {
    /// The file does not have it: the extended file's value applies.
    #[default]
    Absent,
    /// It is null: the extended file's value is removed.
    Null,
    /// It has a value.
    Value(T),
}

impl<T> Field<T> {
    /// This file's value, or else the extended file's.
    pub(super) fn or(self, base: Self) -> Self {
        self.merge(base, |own, _| own)
    }

    /// The same, but if both have a value, `merge` combines them.
    pub(super) fn merge(self, base: Self, merge: impl FnOnce(T, T) -> T) -> Self {
        match (self, base) {
            (Self::Absent, base) => base,
            (Self::Value(own), Self::Value(base)) => Self::Value(merge(own, base)),
            (own, _) => own,
        }
    }

    pub(super) fn value(self) -> Option<T> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }

    pub(super) fn as_ref(&self) -> Option<&T> {
        if let Self::Value(value) = self { Some(value) } else { None }
    }
}

impl<T> From<Option<T>> for Field<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Self::Value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

/// An object. serde's derive alone would accept a list too.
#[derive(Debug, Clone, Default)]
pub(super) struct Object<T>(pub(super) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut Formatter<'_>) -> FmtResult {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// A switch, or an object with more settings.
#[derive(Debug, Clone)]
pub(super) enum Switch<T> {
    Flag(bool),
    Object(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Switch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FlagOrMembers<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for FlagOrMembers<T> {
            type Value = Switch<T>;
            fn expecting(&self, f: &mut Formatter<'_>) -> FmtResult {
                f.write_str("true, false or an object")
            }
            fn visit_bool<E: Error>(self, flag: bool) -> Result<Switch<T>, E> {
                Ok(Switch::Flag(flag))
            }
            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Switch<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Switch::Object)
            }
        }
        deserializer.deserialize_any(FlagOrMembers(PhantomData))
    }
}

/// A list, or a string of words with commas or spaces between, as Amplify's tools write some.
#[derive(Debug, Clone)]
pub(super) struct Words<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Words<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrList<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for TextOrList<T> {
            type Value = Words<T>;
            fn expecting(&self, f: &mut Formatter<'_>) -> FmtResult {
                f.write_str("a list, or a string with commas or spaces")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Words<T>, E> {
                let words = text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty());
                words.map(|word| T::deserialize(word.into_deserializer())).collect::<Result<_, _>>().map(Words)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Words<T>, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Words)
            }
        }
        deserializer.deserialize_any(TextOrList(PhantomData))
    }
}

/// A text that passes a check, as it is kept.
struct TextCheck {
    /// What is expected, for error messages.
    expected: &'static str,
    check: fn(&str) -> Option<String>,
}

impl Visitor<'_> for TextCheck {
    type Value = String;
    fn expecting(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.write_str(self.expected)
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        (self.check)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A whole number in a range. Amplify's tools write some as strings.
struct NumberCheck {
    /// What is expected, for error messages.
    expected: &'static str,
    range: RangeInclusive<u32>,
}

impl Visitor<'_> for NumberCheck {
    type Value = u32;
    fn expecting(&self, f: &mut Formatter<'_>) -> FmtResult {
        f.write_str(self.expected)
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<u32, E> {
        let checked = u32::try_from(number).ok().filter(|number| self.range.contains(number));
        checked.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<u32, E> {
        let checked = text.trim().parse().ok().filter(|number| self.range.contains(number));
        checked.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// A type for each kind of text, with one visitor for all of them.
macro_rules! texts {
    ($($name:ident: $expected:literal, $check:expr;)*) => {$(
        #[derive(Debug, Clone)]
        #[allow(dead_code)] // Some are checked but not kept.
        pub(super) struct $name(pub(super) String);

        impl $name {
            /// What is expected, for error messages.
            #[allow(dead_code)] // Only required fields are missed.
            pub(super) const EXPECTED: &str = $expected;
            const CHECK: TextCheck = TextCheck { expected: $expected, check: $check };

            #[allow(dead_code)] // Only some are read out of something else.
            pub(super) fn from_text(text: &str) -> Option<Self> {
                (Self::CHECK.check)(text).map(Self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Self::CHECK).map(Self)
            }
        }
    )*};
}

/// A type for each kind of number.
macro_rules! numbers {
    ($($name:ident: $expected:literal, $range:expr;)*) => {$(
        #[derive(Debug, Clone)]
        pub(super) struct $name(pub(super) u32);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(NumberCheck { expected: $expected, range: $range }).map(Self)
            }
        }
    )*};
}

#[rustfmt::skip] // A table.
texts! {
    Text: "text",
        |text| any(text.trim());
    FileName: "the name of one of Amplify's files beside this one, such as \"amplify_outputs.json\"",
        |name| checked(name.trim(), is_file_name(name.trim()));
    Region: "the function's region, such as \"eu-central-1\", where the function URL's host does not name it",
        |text| checked(text.trim(), is_region(text.trim()));
    FunctionUrl: "a function URL, such as \"https://abcdefg.lambda-url.eu-central-1.on.aws/\"",
        |url| address(url.trim());
    Address: "an https address (http only on this machine)",
        |url| address(url.trim());
    // Compared as a string, so kept as written.
    Issuer: "an https address (http only on this machine)",
        |issuer| checked(issuer.trim(), address(issuer.trim()).is_some());
    UserPoolId: "a user pool id, such as \"eu-central-1_AbCdEfGhI\"",
        |id| checked(id.trim(), region_before(id.trim(), '_').is_some());
    UserPoolClientId: "the id of an app client of the user pool, such as \"1example23456789\"",
        |id| checked(id.trim(), is_plain(id.trim(), b"_+"));
    IdentityPoolId: "an identity pool id, such as \"eu-central-1:12345678-abcd-1234-abcd-123456789012\"",
        |id| checked(id.trim(), region_before(id.trim(), ':').is_some());
    PreferredChallenge: "PASSWORD_SRP, PASSWORD, EMAIL_OTP, SMS_OTP or WEB_AUTHN",
        |name| checked(name, ["PASSWORD_SRP", "PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"].contains(&name));
    Attribute: "an attribute, such as \"email\" or \"custom:team\"",
        |name| checked(name, is_graphic(name));
    RoleArn: "a role's ARN, such as \"arn:aws:iam::123456789012:role/Name\"",
        |arn| checked(arn.trim(), is_role(arn.trim()));
    Domain: "the hosted UI's domain, such as \"example.auth.eu-central-1.amazoncognito.com\", or an https address",
        |name| domain(name.trim());
    ClientId: "a client id",
        |id| checked(id.trim(), is_graphic(id.trim()));
    Scope: "a scope, such as \"openid\"",
        |scope| checked(scope, is_graphic(scope));
    Redirect: "an https address (http only on this machine)",
        |url| checked(url, is_redirect(url));
    ResponseType: "\"code\"",
        |kind| checked(kind, kind == "code");
    Prompt: "login, consent or select_account",
        |prompt| checked(prompt, ["login", "consent", "select_account"].contains(&prompt));
    Lang: "a language, such as \"de\" or \"pt-BR\"",
        |lang| checked(lang.trim(), is_plain(lang.trim(), b"-"));
    Icon: "a file of this origin, such as \"google.svg\"",
        |icon| checked(icon.trim(), is_icon(icon.trim()));
    Date: "the day of the prices, such as \"2026-11-01\"",
        |date| checked(date.trim(), is_date(date.trim()));
    Currency: "an ISO 4217 code, such as \"USD\"",
        |code| checked(code.trim(), code.trim().len() == 3 && code.trim().bytes().all(|c| c.is_ascii_uppercase()));
    OutputsVersion: "a version that begins with \"1\"",
        |version| checked(version, version.starts_with('1'));
}

#[rustfmt::skip] // A table.
numbers! {
    MinimumLength: "a number from 6 to 99", 6..=99;
    DurationSeconds: "a number of seconds from 900 to 43200", 900..=43_200;
}

/// Scopes, including `openid`.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(try_from = "Vec<Scope>")]
pub(super) struct Scopes(pub(super) Vec<String>);

impl TryFrom<Vec<Scope>> for Scopes {
    type Error = &'static str;

    fn try_from(scopes: Vec<Scope>) -> Result<Self, Self::Error> {
        let scopes: Vec<String> = scopes.into_iter().map(|scope| scope.0).collect();
        let has_openid = scopes.iter().any(|scope| scope == "openid");
        if has_openid { Ok(Self(scopes)) } else { Err("expected \"openid\" among the scopes") }
    }
}

/// The price of a million tokens in millionths of the currency, from a decimal number or a string with one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Millionths(pub(super) u64);

impl<'de> Deserialize<'de> for Millionths {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Price;
        impl Visitor<'_> for Price {
            type Value = Millionths;
            fn expecting(&self, f: &mut Formatter<'_>) -> FmtResult {
                f.write_str("the price of a million tokens, such as \"0.06\"")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Millionths, E> {
                let number: Option<serde_json::Number> = serde_json::from_str(text).ok();
                let price = number.and_then(|number| millionths(number.as_f64()?));
                price.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Millionths, E> {
                let price = number.checked_mul(1_000_000).map(Millionths);
                price.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Millionths, E> {
                millionths(number).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
            }
        }
        deserializer.deserialize_any(Price)
    }
}

/// Up to 2⁵³, below which a double is exact.
fn millionths(price: f64) -> Option<Millionths> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    let millionths = (price * 1e6).round();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Checked.
    (price >= 0.0 && millionths <= MOST).then_some(Millionths(millionths as u64))
}
