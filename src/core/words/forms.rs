//! The texts of the sign-in forms.

use super::notice;
use crate::core::config::{AuthFlow, Config, PasswordPolicy, Username};
use crate::core::env::{Asked, Screen};
use crate::core::fault::{Busy, Fault, FieldFault};
use crate::core::question::{Action, FormField, Step, by_link};
use crate::core::sign_in::checks;
use crate::protocol::{Button, Check, Field, FieldKind, Form, FormError, Person, Rule, SessionView, Text};
use signet_cognito::{Delivery, Secret};

/// A screen as the page shows it.
pub fn screen(config: &Config, screen: Screen) -> SessionView {
    match screen {
        Screen::Ask(asked) => SessionView::Asked(form(config, &asked)),
        Screen::Busy(busy) => SessionView::Busy { text: self::busy(busy) },
        Screen::SignedIn { username, role, guest } => SessionView::SignedIn(Person {
            username: if guest { "Guest".to_owned() } else { username },
            role,
            sign_out: if guest { "Sign in" } else { "Sign out" }.into(),
        }),
    }
}

fn busy(busy: Busy) -> Text {
    match busy {
        Busy::SigningIn => super::sign_in::SIGNING_IN.into(),
        Busy::Checking => "Checking…".into(),
        Busy::Sending => "Sending…".into(),
        Busy::Leaving => "Opening the sign-in page…".into(),
        Busy::Retrying(service, seconds) => {
            // A short wait is over before anybody has read it.
            let when = if seconds > 2 { format!(" in {seconds} s") } else { String::new() };
            [&super::capitalised(super::service(service)), " cannot answer now. Trying again", &when, "…"]
                .concat()
                .into()
        }
    }
}

/// A step's form.
fn form(config: &Config, asked: &Asked) -> Form {
    let step = &asked.question.step;
    let inputs = step.fields(config);
    let (title, text, submit) = words(config, asked);
    let fields: Vec<Field> = inputs.iter().map(|input| field(config, asked, input)).collect();
    let actions = step.actions(config, asked.first_factor);
    Form {
        id: asked.form,
        is_sign_in: *step == Step::SignIn,
        title: title.into(),
        text,
        submit: if fields.is_empty() && *step != Step::Passkey { "".into() } else { submit.into() },
        fields,
        buttons: actions.into_iter().map(|action| button(config, asked, action)).collect(),
        error: asked.fault.as_ref().map(|fault| error(config, fault, &inputs)),
    }
}

fn error(config: &Config, fault: &Fault, inputs: &[FormField]) -> FormError {
    let at = |wanted: &[FormField]| {
        inputs.iter().position(|input| wanted.contains(input)).and_then(|index| u8::try_from(index).ok())
    };
    let notice = notice(fault, config.contact.as_deref());
    let field = match fault {
        Fault::Field { field, .. } => Some(*field),
        Fault::WrongPassword => at(&[FormField::Password]),
        Fault::Refused { code, .. } => match code.as_str() {
            "CodeMismatchException" | "ExpiredCodeException" | "EnableSoftwareTokenMFAException" => {
                at(&[FormField::Code])
            }
            "InvalidPasswordException" | "PasswordHistoryPolicyViolationException" => at(&[FormField::NewPassword]),
            "UsernameExistsException" | "AliasExistsException" => at(&[FormField::Username]),
            _ => None,
        },
        _ => None,
    };
    let named = match fault {
        Fault::Field { field, why: FieldFault::Empty } => inputs.get(usize::from(*field)).map(missing),
        // A user pool returns this for every failed sign-in, even one without a password.
        Fault::WrongPassword if !inputs.contains(&FormField::Password) => {
            Some("That was not accepted. Check your username and try again.".to_owned())
        }
        _ => None,
    };
    // Nobody needs to look up the request behind a typing error.
    let text = named.unwrap_or_else(|| match notice.request_id.filter(|_| field.is_none()) {
        Some(id) => [&notice.text, " Request ", &id, "."].concat(),
        None => notice.text,
    });
    FormError { text, field }
}

/// The error of an empty field.
fn missing(input: &FormField) -> String {
    match input {
        FormField::Username | FormField::FixedUsername => "Type your username.",
        FormField::Password => "Type your password.",
        FormField::NewPassword => "Type a new password.",
        FormField::Code => "Type the code.",
        FormField::Email => "Type an email address.",
        _ => "Fill in this field.",
    }
    .to_owned()
}

/// Title, text and the label of the button that sends the form.
fn words(config: &Config, asked: &Asked) -> (&'static str, Text, &'static str) {
    let none = Text::default;
    match &asked.question.step {
        Step::SignIn => {
            let to = config.name.as_ref().map_or_else(none, |name| ["to ", name].concat().into());
            let first = config.user_pool.as_ref().is_some_and(|pool| {
                matches!(pool.auth_flow, AuthFlow::UserAuth | AuthFlow::CustomAuth)
                    && asked.question.step.fields(config).len() == 1
            });
            ("Sign in", to, if first { "Continue" } else { "Sign in" })
        }
        Step::Password => ("Type your password", none(), "Sign in"),
        Step::SelectChallenge(_) => ("How do you want to sign in?", none(), "Continue"),
        Step::Code(Some(delivery)) => ("Type your code", sent("A code was sent", delivery), "Continue"),
        Step::Code(None) => (
            "Type your code",
            "Open your authenticator app and type the code that it shows for this account.".into(),
            "Continue",
        ),
        Step::SelectMfaType(_) => ("How do you want to get your code?", none(), "Continue"),
        Step::SelectMfaSetup(_) => (
            "Protect your account",
            "This account needs a second step when you sign in. Choose one to set up.".into(),
            "Continue",
        ),
        Step::SetUpTotp => (
            "Set up an authenticator app",
            "Scan the QR code with an authenticator app, or copy the key into it. Then type the digits that the app shows."
                .into(),
            "Continue",
        ),
        Step::SetUpEmail => {
            ("Get codes by email", "From now on, a code will be sent to this address when you sign in.".into(), "Continue")
        }
        Step::NewPassword(_) => {
            ("Choose a new password", "You signed in with a one-time password. Choose your own.".into(), "Continue")
        }
        Step::Custom(parameters) => {
            // The texts from the pool's own code, one per line, without empty ones.
            let lines: Vec<&str> =
                parameters.iter().map(|(_, value)| value.as_str()).filter(|value| !value.is_empty()).collect();
            ("One more question", lines.join("\n").into(), "Continue")
        }
        Step::Passkey => {
            ("Use your passkey", "Your browser will ask for it. If it does not, try again.".into(), "Try again")
        }
        Step::SignUp => ("Create an account", none(), "Create account"),
        Step::ConfirmSignUp(delivery) if by_link(config) => {
            let sent = delivery
                .as_ref()
                .map_or_else(|| "A link was sent to you.".into(), |delivery| sent("A link was sent", delivery));
            ("Confirm your account", [&sent, " Open it, then come back here and continue."].concat().into(), "Continue")
        }
        Step::ConfirmSignUp(delivery) => {
            let text = delivery.as_ref().map_or_else(
                || "This account is not confirmed yet. Type the code that you were sent, or ask for another.".into(),
                |delivery| sent("A code was sent", delivery),
            );
            ("Confirm your account", text, "Confirm")
        }
        Step::ForgotPassword => {
            ("Reset your password", "A code will be sent to your email address or your phone.".into(), "Send a code")
        }
        Step::ResetPassword(delivery) => {
            let text = delivery.as_ref().map_or_else(
                || "If the account exists, a code was sent.".into(),
                |delivery| sent("If the account exists, a code was sent", delivery),
            );
            ("Set a new password", text, "Save and sign in")
        }
        Step::RememberDevice => (
            "Remember this device?",
            "If you do, you may not need a code the next time you sign in with this browser.".into(),
            "Continue",
        ),
    }
}

/// Says where something was sent.
fn sent(what: &str, delivery: &Delivery) -> Text {
    let by = if delivery.medium == "SMS" { "by text message" } else { "by email" };
    if delivery.destination.is_empty() {
        [what, " ", by, "."].concat().into()
    } else {
        [what, " ", by, " to ", &delivery.destination, "."].concat().into()
    }
}

fn field(config: &Config, asked: &Asked, input: &FormField) -> Field {
    let text = |kind: &'static str| FieldKind::Text(kind.into());
    let pool = config.user_pool.as_ref();
    let username = pool.map(|pool| pool.username).unwrap_or_default();
    let (name, label, autocomplete, kind): (&str, &str, &str, FieldKind) = match input {
        FormField::Username => {
            let (label, kind) = match username {
                // index.html has the same label until the configuration is known.
                Username::Any if asked.question.step == Step::SignUp => ("Username", "text"),
                Username::Any => ("Email or username", "text"),
                Username::Email => ("Email", "email"),
                Username::Phone => ("Phone number", "tel"),
                Username::EmailOrPhone => ("Email or phone number", "text"),
            };
            let autofill = *step(asked) == Step::SignIn && pool.is_some_and(|pool| pool.passkey_autofill);
            ("username", label, if autofill { "username webauthn" } else { "username" }, text(kind))
        }
        FormField::FixedUsername => ("username", "Account", "username", FieldKind::Fixed),
        FormField::Password => ("password", "Password", "current-password", FieldKind::Password),
        FormField::NewPassword => {
            let rules = pool.map(|pool| rules(pool.password_policy)).unwrap_or_default();
            let label = if *step(asked) == Step::SignUp { "Password" } else { "New password" };
            ("new-password", label, "new-password", FieldKind::NewPassword(rules))
        }
        FormField::Code => ("code", "Code", "one-time-code", FieldKind::Code),
        FormField::Answer => ("answer", "Answer", "off", text("text")),
        FormField::Email => ("email", "Email", "email", text("email")),
        FormField::Attribute(name) => return attribute(name),
        FormField::Choice(names) => {
            let choices = names.iter().map(|name| (name.clone().into(), factor(name).into())).collect();
            ("choice", "Choose one", "", FieldKind::Choice(choices))
        }
        FormField::YesOrNo => {
            let choices = [("yes", "Yes, it is mine"), ("no", "No")];
            let choices = choices.map(|(value, label)| (value.into(), label.into())).to_vec();
            ("choice", "Remember this device", "", FieldKind::Choice(choices))
        }
        FormField::Secret => {
            let issuer = config.name.as_deref().unwrap_or("Signet");
            let secret = Secret::new(asked.question.secret_code().to_owned());
            let uri = super::qr::otpauth_uri(issuer, &asked.username, &secret);
            // Without the secret there is nothing to scan.
            let uri = Some(uri).filter(|_| !secret.expose().is_empty());
            let (side, path) = uri.and_then(|uri| super::qr::path(uri.expose())).unwrap_or_default();
            ("secret", "Key", "off", FieldKind::Copy { side, path })
        }
    };
    let value = match input {
        FormField::Username | FormField::FixedUsername => asked.username.clone(),
        FormField::Secret => asked.question.secret_code().to_owned(),
        _ => String::new(),
    };
    let hint = match (input, username) {
        (FormField::Username, Username::Phone) => "With the country code, such as +49 170 1234567.",
        _ => "",
    };
    Field { name: name.into(), label: label.into(), hint: hint.into(), autocomplete: autocomplete.into(), value, kind }
}

fn step(asked: &Asked) -> &Step {
    &asked.question.step
}

/// AWS's name, label, `autocomplete` and `type` of the standard attributes (OpenID Connect Core 1.0 §5.1).
const ATTRIBUTES: [(&str, &str, &str, &str); 17] = [
    ("address", "Address", "street-address", "text"),
    ("birthdate", "Date of birth", "bday", "date"),
    ("email", "Email", "email", "email"),
    ("family_name", "Family name", "family-name", "text"),
    ("gender", "Gender", "sex", "text"),
    ("given_name", "Given name", "given-name", "text"),
    ("locale", "Language", "language", "text"),
    ("middle_name", "Middle name", "additional-name", "text"),
    ("name", "Name", "name", "text"),
    ("nickname", "Nickname", "nickname", "text"),
    ("phone_number", "Phone number", "tel", "tel"),
    ("picture", "Picture (address)", "photo", "url"),
    ("preferred_username", "Preferred username", "nickname", "text"),
    ("profile", "Profile (address)", "url", "url"),
    ("updated_at", "Updated at (seconds since 1970)", "", "text"),
    ("website", "Website", "url", "url"),
    ("zoneinfo", "Time zone", "", "text"),
];

fn attribute(name: &str) -> Field {
    let known = ATTRIBUTES.iter().find(|(other, ..)| *other == name);
    // A custom attribute has no label except its name.
    let own = name.strip_prefix("custom:").unwrap_or(name);
    let (_, label, autocomplete, kind) = known.copied().unwrap_or(("", "", "", "text"));
    Field {
        name: name.to_owned().into(),
        label: if label.is_empty() { super::capitalised(&own.replace('_', " ")).into() } else { label.into() },
        hint: if name == "phone_number" { "With the country code, such as +491701234567." } else { "" }.into(),
        autocomplete: autocomplete.into(),
        value: String::new(),
        kind: FieldKind::Text(kind.into()),
    }
}

/// The label of a factor, by its challenge's name.
fn factor(name: &str) -> &'static str {
    match name {
        "PASSWORD_SRP" | "PASSWORD" => "Password",
        "WEB_AUTHN" => "Passkey",
        "EMAIL_OTP" => "A code by email",
        "SMS_OTP" | "SMS_MFA" => "A code by text message",
        _ => "A code from an authenticator app",
    }
}

fn rules(policy: PasswordPolicy) -> Vec<Rule> {
    let label = |check| match check {
        Check::Length(least) => format!("at least {least} characters").into(),
        Check::Lowercase => "a lower-case letter".into(),
        Check::Uppercase => "an upper-case letter".into(),
        Check::Number => "a number".into(),
        Check::Symbol => "a symbol, such as !".into(),
    };
    checks(policy).map(|check| Rule { label: label(check), check }).collect()
}

fn button(config: &Config, asked: &Asked, action: Action) -> Button {
    let provider = match action {
        Action::Provider(index) => config.hosted_ui.as_ref().and_then(|ui| ui.providers.get(index)),
        _ => None,
    };
    let label = match action {
        Action::Provider(_) => "",
        Action::TokenUrl => "Continue with your account",
        Action::Guest => "Continue as a guest",
        Action::SignUp => "Create an account",
        Action::ForgotPassword => "Forgot your password?",
        Action::Resend if matches!(step(asked), Step::ConfirmSignUp(_)) && by_link(config) => "Send another link",
        Action::Resend => "Send another code",
        Action::AnotherWay => "Sign in another way",
        Action::StartAgain => "Back to sign in",
    };
    Button {
        label: provider.map_or(label.into(), |provider| super::config::provider(&provider.label).into()),
        is_provider: matches!(action, Action::Provider(_) | Action::TokenUrl | Action::Guest),
        icon: provider.and_then(|provider| provider.icon.clone()).unwrap_or_default(),
        wait: if action == Action::Resend { asked.wait } else { 0 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::SignUp;
    use crate::core::question::Question;
    use crate::core::session::harness::{TOTP_SECRET, config, config_with, with_choice, with_hosted_ui};
    use crate::protocol::{FormId, View, decode, encode};

    fn steps() -> Vec<Step> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let delivery = |medium: &str| Some(Delivery { medium: medium.into(), destination: "a***@e***".into() });
        vec![
            Step::SignIn,
            Step::Password,
            Step::SelectChallenge(names(&["PASSWORD_SRP", "WEB_AUTHN", "EMAIL_OTP", "SMS_OTP"])),
            Step::Code(None),
            Step::Code(delivery("EMAIL")),
            Step::Code(delivery("SMS")),
            Step::SelectMfaType(names(&["SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP"])),
            Step::SelectMfaSetup(names(&["SOFTWARE_TOKEN_MFA", "EMAIL_OTP"])),
            Step::SetUpTotp,
            Step::SetUpEmail,
            Step::NewPassword(names(&["email", "phone_number", "custom:team"])),
            Step::Custom(vec![("question".into(), "Favourite colour?".into()), ("hint".into(), String::new())]),
            Step::Passkey,
            Step::SignUp,
            Step::ConfirmSignUp(None),
            Step::ConfirmSignUp(delivery("EMAIL")),
            Step::ForgotPassword,
            Step::ResetPassword(None),
            Step::ResetPassword(delivery("SMS")),
            Step::RememberDevice,
        ]
    }

    fn asked(step: Step) -> Asked {
        let challenge = Question::totp(Question::sign_in().challenge, TOTP_SECRET).challenge;
        Asked {
            form: FormId(7),
            question: Question { step, challenge },
            username: "alice".into(),
            first_factor: true,
            wait: 12,
            fault: None,
        }
    }

    fn everything() -> Config {
        let mut config = with_choice(None);
        config.hosted_ui = with_hosted_ui().hosted_ui;
        config.token_url = Some("https://login.example.com/token".into());
        config.identity_pool.guest_access = true;
        let sign_up = SignUp {
            attributes: ["email", "birthdate", "custom:favourite_team"].map(str::to_owned).to_vec(),
            by_link: false,
        };
        config.user_pool.as_mut().unwrap().sign_up = Some(sign_up);
        config
    }

    fn by_link() -> Config {
        let mut config = everything();
        config.user_pool.as_mut().unwrap().sign_up = Some(SignUp { attributes: vec![], by_link: true });
        config
    }

    #[test]
    fn every_step_is_a_whole_form() {
        for config in [config(), everything(), by_link()] {
            for step in steps() {
                let form = form(&config, &asked(step.clone()));
                assert!(!form.title.is_empty() && form.submit.starts_with(char::is_uppercase), "{form:?}");
                let says_itself = matches!(
                    step,
                    Step::SignIn | Step::Password | Step::SelectChallenge(_) | Step::SelectMfaType(_) | Step::SignUp
                );
                assert!(says_itself || form.text.ends_with(['.', '?']), "{form:?}");
                assert_eq!(form.is_sign_in, step == Step::SignIn);
                for (index, field) in form.fields.iter().enumerate() {
                    assert!(!field.label.is_empty(), "{field:?}");
                    assert!(form.fields[..index].iter().all(|other| other.name != field.name), "{form:?}");
                    let autocomplete = match &field.kind {
                        FieldKind::Password => Some("current-password"),
                        FieldKind::NewPassword(_) => Some("new-password"),
                        FieldKind::Code => Some("one-time-code"),
                        FieldKind::Fixed => Some("username"),
                        _ => None,
                    };
                    assert!(autocomplete.is_none_or(|wanted| field.autocomplete == wanted), "{field:?}");
                    let begins = match &*field.name {
                        "username" => "alice",
                        "secret" => TOTP_SECRET,
                        _ => "",
                    };
                    assert_eq!(field.value, begins, "{field:?}");
                }
                for (index, button) in form.buttons.iter().enumerate() {
                    assert!(!button.label.is_empty(), "{form:?}");
                    assert!(form.buttons[..index].iter().all(|other| other.label != button.label), "{form:?}");
                    assert_eq!(button.wait, if button.label.starts_with("Send another") { 12 } else { 0 });
                }
                // All ways in that are no form stand together, below one "or".
                assert!(form.buttons.is_sorted_by_key(|button| !button.is_provider), "{form:?}");
                let leads_back = form.buttons.iter().any(|button| button.label == "Back to sign in");
                assert_eq!(leads_back, !matches!(step, Step::SignIn | Step::RememberDevice), "{form:?}");
                let view = View::Session(SessionView::Asked(form));
                assert_eq!(decode(&encode(&view).unwrap()), Ok(view));
            }
        }
    }

    #[test]
    fn the_first_form_has_only_fields_that_index_html_has() {
        for config in
            [config(), everything(), with_choice(Some("PASSWORD")), Config { user_pool: None, ..everything() }]
        {
            let form = form(&config, &asked(Step::SignIn));
            assert!(form.fields.iter().all(|field| ["username", "password"].contains(&&*field.name)), "{form:?}");
            assert_eq!(form.fields.is_empty(), form.submit.is_empty(), "{form:?}");
        }
    }

    #[test]
    fn the_username_field_fits_the_pools_usernames() {
        for (username, label, kind) in [
            (Username::Any, "Email or username", "text"),
            (Username::Email, "Email", "email"),
            (Username::Phone, "Phone number", "tel"),
            (Username::EmailOrPhone, "Email or phone number", "text"),
        ] {
            let form = form(&config_with(|pool| pool.username = username), &asked(Step::SignIn));
            assert_eq!((&*form.fields[0].label, &form.fields[0].kind), (label, &FieldKind::Text(kind.into())));
        }
        let autofill = config_with(|pool| pool.passkey_autofill = true);
        assert_eq!(form(&autofill, &asked(Step::SignIn)).fields[0].autocomplete, "username webauthn");
        assert_eq!(form(&autofill, &asked(Step::ForgotPassword)).fields[0].autocomplete, "username");
    }

    #[test]
    fn attributes_have_the_names_that_people_and_browsers_know() {
        let fields = form(&everything(), &asked(Step::SignUp)).fields;
        let told: Vec<_> =
            fields[2..].iter().map(|field| (&*field.name, &*field.label, &*field.autocomplete)).collect();
        assert_eq!(
            told,
            [
                ("email", "Email", "email"),
                ("birthdate", "Date of birth", "bday"),
                ("custom:favourite_team", "Favourite team", "")
            ]
        );
        for (name, label, ..) in ATTRIBUTES {
            assert_eq!(attribute(name).label, label);
        }
    }

    #[test]
    fn a_password_policy_becomes_the_list_of_rules() {
        let rules_of = |policy| {
            let config = config_with(|pool| pool.password_policy = policy);
            let fields = form(&config, &asked(Step::NewPassword(vec![]))).fields;
            match &fields[1].kind {
                FieldKind::NewPassword(rules) => rules.iter().map(|rule| rule.check).collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        };
        let none =
            PasswordPolicy { minimum_length: 12, lowercase: false, uppercase: false, numbers: false, symbols: false };
        assert_eq!(rules_of(none), [Check::Length(12)]);
        let all = PasswordPolicy { lowercase: true, uppercase: true, numbers: true, symbols: true, ..none };
        let every = [Check::Length(12), Check::Lowercase, Check::Uppercase, Check::Number, Check::Symbol];
        assert_eq!(rules_of(all), every);
    }

    #[test]
    fn an_authenticators_secret_is_a_key_to_copy_and_a_qr_code() {
        let mut asked = asked(Step::SetUpTotp);
        let picture = |asked: &Asked| match form(&config(), asked).fields.remove(0).kind {
            FieldKind::Copy { side, path } => (side, path),
            other => panic!("{other:?}"),
        };
        let (side, path) = picture(&asked);
        assert!(side > 20 && path.len() > 100, "{side} {path}");
        asked.question = Question { step: Step::SetUpTotp, challenge: Question::sign_in().challenge };
        assert_eq!(picture(&asked), (0, String::new()), "nothing to scan");
    }

    #[test]
    fn a_form_without_a_password_does_not_blame_the_password() {
        let told = |config: &Config, step| {
            let asked = Asked { fault: Some(Fault::WrongPassword), ..asked(step) };
            form(config, &asked).error.unwrap().text
        };
        assert!(told(&config(), Step::SignIn).contains("password"));
        assert!(told(&with_choice(None), Step::Password).contains("password"));
        for (config, step) in [(with_choice(None), Step::SignIn), (config(), Step::ForgotPassword)] {
            let told = told(&config, step);
            assert!(told.contains("username") && !told.contains("password"), "{told}");
        }
    }

    #[test]
    fn a_request_is_named_unless_it_is_about_what_was_typed() {
        for (code, named) in [("CodeMismatchException", false), ("AnotherException", true)] {
            let fault = Fault::Refused {
                service: crate::core::fault::Service::UserPool,
                status: 400,
                code: code.into(),
                message: String::new(),
                request_id: Some("0f9e-7d".into()),
            };
            let error = form(&config(), &Asked { fault: Some(fault), ..asked(Step::Code(None)) }).error.unwrap();
            assert_eq!(error.text.ends_with(" Request 0f9e-7d."), named, "{error:?}");
        }
    }

    #[test]
    fn every_error_stands_at_the_field_that_it_is_about() {
        let refused = |code: &str| Fault::Refused {
            service: crate::core::fault::Service::UserPool,
            status: 400,
            code: code.into(),
            message: String::new(),
            request_id: Some("1-2-3".into()),
        };
        let confirm = || Step::ConfirmSignUp(None);
        let reset = || Step::ResetPassword(None);
        for (step, fault, field) in [
            (Step::Password, Fault::WrongPassword, Some("password")),
            (confirm(), refused("CodeMismatchException"), Some("code")),
            (confirm(), refused("ExpiredCodeException"), Some("code")),
            (Step::SetUpTotp, refused("EnableSoftwareTokenMFAException"), Some("code")),
            (reset(), refused("InvalidPasswordException"), Some("new-password")),
            (reset(), refused("PasswordHistoryPolicyViolationException"), Some("new-password")),
            (Step::SignUp, refused("UsernameExistsException"), Some("username")),
            (reset(), Fault::Field { field: 2, why: FieldFault::Policy }, Some("new-password")),
            (confirm(), refused("AnotherException"), None),
            (Step::ForgotPassword, Fault::WrongPassword, None),
            (Step::Passkey, Fault::PasskeyRefused, None),
        ] {
            let form = form(&config(), &Asked { fault: Some(fault.clone()), ..asked(step) });
            let error = form.error.unwrap();
            let at = error.field.map(|index| &*form.fields[usize::from(index)].name);
            assert_eq!(at, field, "{fault:?}");
            assert!(error.text.ends_with('.'), "{error:?}");
            let is_to_be_looked_up = field.is_none() && matches!(fault, Fault::Refused { .. });
            assert_eq!(error.text.contains("Request 1-2-3."), is_to_be_looked_up, "{error:?}");
        }
        for step in steps() {
            let form = form(&everything(), &asked(step.clone()));
            for (index, field) in form.fields.iter().enumerate() {
                let fault = Fault::Field { field: u8::try_from(index).unwrap(), why: FieldFault::Empty };
                let error =
                    super::form(&everything(), &Asked { fault: Some(fault), ..asked(step.clone()) }).error.unwrap();
                assert!(error.text.ends_with('.') && error.field == u8::try_from(index).ok(), "{field:?}: {error:?}");
            }
        }
    }
}
