//! What people filled in, and whether it can be sent.

use zeroize::Zeroizing;

use crate::core::config::{PasswordPolicy, UserPool, Username};
use crate::core::fault::{Fault, FieldFault};
use crate::core::question::FormField;
use crate::protocol::Check;
use signet_cognito::Secret;

/// The values of a form, by field.
pub(super) struct Answers<'a> {
    pub(super) inputs: &'a [FormField],
    pub(super) values: &'a [Secret],
}

impl<'a> Answers<'a> {
    /// The value as typed.
    pub(super) fn raw(&self, input: &FormField) -> &'a str {
        let index = self.inputs.iter().position(|other| other == input);
        index.and_then(|index| self.values.get(index)).map_or("", Secret::expose)
    }

    pub(super) fn text(&self, input: &FormField) -> &'a str {
        self.raw(input).trim()
    }

    pub(super) fn secret(&self, input: &FormField) -> Option<Secret> {
        Some(self.raw(input)).filter(|text| !text.is_empty()).map(|text| Secret::new(text.to_owned()))
    }

    pub(super) fn choice(&self) -> String {
        let index = self.inputs.iter().position(|input| matches!(input, FormField::Choice(_) | FormField::YesOrNo));
        index.and_then(|index| self.values.get(index)).map_or("", Secret::expose).to_owned()
    }

    /// The code, without the spaces that people copy along.
    pub(super) fn code(&self) -> Secret {
        Secret::new(self.raw(&FormField::Code).chars().filter(|c| !c.is_whitespace()).collect())
    }

    pub(super) fn attributes(&self) -> Vec<(&'a str, String)> {
        let filled = self.inputs.iter().zip(self.values).filter_map(|(input, value)| match input {
            FormField::Attribute(name) if name == "phone_number" => Some((name.as_str(), phone_number(value.expose()))),
            FormField::Attribute(name) => Some((name.as_str(), value.expose().trim().to_owned())),
            _ => None,
        });
        filled.collect()
    }

    /// The username in the form that the pool expects.
    pub(super) fn username(&self, pool: &UserPool) -> String {
        let typed = self.text(&FormField::Username);
        let is_phone = match pool.username {
            Username::Phone => true,
            Username::EmailOrPhone => typed.starts_with('+'),
            Username::Any | Username::Email => false,
        };
        if is_phone { phone_number(typed) } else { typed.to_owned() }
    }
}

/// A phone number without the characters that people write between digits: AWS accepts only `+` and digits.
/// <https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html>
fn phone_number(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '/' | '(' | ')')).collect()
}

/// The first field that cannot be sent.
pub(super) fn wrong_field(pool: &UserPool, inputs: &[FormField], values: &[Secret]) -> Option<Fault> {
    inputs.iter().enumerate().find_map(|(index, input)| {
        let value = values.get(index).map_or("", Secret::expose);
        let why = match input {
            FormField::Password | FormField::NewPassword if value.is_empty() => FieldFault::Empty,
            FormField::NewPassword if !allows(pool.password_policy, value) => FieldFault::Policy,
            FormField::FixedUsername | FormField::Secret | FormField::Password | FormField::NewPassword => return None,
            _ if value.trim().is_empty() => FieldFault::Empty,
            _ => return None,
        };
        Some(Fault::Field { field: u8::try_from(index).unwrap_or(u8::MAX), why })
    })
}

/// A policy's rules for a password, in the order in which the form lists them.
pub fn checks(policy: PasswordPolicy) -> impl Iterator<Item = Check> {
    let all = [
        (true, Check::Length(policy.minimum_length)),
        (policy.lowercase, Check::Lowercase),
        (policy.uppercase, Check::Uppercase),
        (policy.numbers, Check::Number),
        (policy.symbols, Check::Symbol),
    ];
    all.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, check)| check)
}

/// Whether a password follows a policy, by the same checks that the page makes while people type.
fn allows(policy: PasswordPolicy, password: &str) -> bool {
    let units: Zeroizing<Vec<u16>> = Zeroizing::new(password.encode_utf16().collect());
    let length = u32::try_from(units.len()).unwrap_or(u32::MAX);
    let unit = |at: u32| usize::try_from(at).ok().and_then(|at| units.get(at)).copied().map_or(0, u32::from);
    checks(policy).all(|check| check.is_met(length, unit))
}
