//! What the forms of a sign-in say.

use super::notice;
use crate::cognito::Delivery;
use crate::config::{AuthFlow, Config, PasswordPolicy, Username};
use crate::fault::{Busy, Fault, FieldFault};
use crate::protocol::{Button, Check, Field, FieldKind, Form, FormError, Rule, SessionView, Text};
use crate::secret::Secret;
use crate::session::{Asked, Screen};
use crate::sign_in::{Action, Input, Step, by_link};

/// What the page is told of a screen.
pub fn screen(config: &Config, screen: Screen) -> SessionView {
    match screen {
        Screen::Ask(asked) => SessionView::Asked(form(config, &asked)),
        Screen::Busy(busy) => SessionView::Busy { text: self::busy(busy) },
        Screen::SignedIn { username, role, guest } => SessionView::SignedIn {
            username: if guest { "Guest".to_owned() } else { username },
            role,
            sign_out: if guest { "Sign in" } else { "Sign out" }.into(),
        },
    }
}

fn busy(busy: Busy) -> Text {
    match busy {
        Busy::SigningIn => "Signing in…".into(),
        Busy::Checking => "Checking…".into(),
        Busy::Sending => "Sending…".into(),
        Busy::Leaving => "Opening the sign-in page…".into(),
        Busy::Retrying(service, seconds) => {
            format!("{} does not answer. Trying again in {seconds} s…", super::capitalised(super::service(service)))
                .into()
        }
    }
}

/// A step's form.
fn form(config: &Config, asked: &Asked) -> Form {
    let step = &asked.question.step;
    let inputs = step.inputs(config);
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

fn error(config: &Config, fault: &Fault, inputs: &[Input]) -> FormError {
    let at = |wanted: &[Input]| {
        inputs.iter().position(|input| wanted.contains(input)).and_then(|index| u8::try_from(index).ok())
    };
    let notice = notice(fault, config.contact.as_deref());
    let field = match fault {
        Fault::Field { field, .. } => Some(*field),
        Fault::WrongPassword => at(&[Input::Password]),
        Fault::Refused { code, .. } => match code.as_str() {
            "CodeMismatchException" | "ExpiredCodeException" | "EnableSoftwareTokenMFAException" => at(&[Input::Code]),
            "InvalidPasswordException" | "PasswordHistoryPolicyViolationException" => at(&[Input::NewPassword]),
            "UsernameExistsException" | "AliasExistsException" => at(&[Input::Username]),
            _ => None,
        },
        _ => None,
    };
    let named = match fault {
        Fault::Field { field, why: FieldFault::Empty } => inputs.get(usize::from(*field)).map(missing),
        _ => None,
    };
    let text = named.unwrap_or_else(|| match notice.request_id {
        Some(id) => [&notice.text, " Request ", &id, "."].concat(),
        None => notice.text,
    });
    FormError { text, field }
}

/// What an empty field is told.
fn missing(input: &Input) -> String {
    match input {
        Input::Username | Input::FixedUsername => "Type your username.",
        Input::Password => "Type your password.",
        Input::NewPassword => "Type a new password.",
        Input::Code => "Type the code.",
        Input::Email => "Type an email address.",
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
                    && asked.question.step.inputs(config).len() == 1
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
            "Scan the code with an authenticator app, or copy the key into it. Then type the code that the app shows."
                .into(),
            "Continue",
        ),
        Step::SetUpEmail => {
            ("Get codes by email", "From now on a code is sent to this address when you sign in.".into(), "Continue")
        }
        Step::NewPassword(_) => {
            ("Choose a new password", "The password you were given is good for one sign-in only.".into(), "Continue")
        }
        Step::Custom(parameters) => {
            // What the pool's own code says; one line for each, without what is empty.
            let lines: Vec<&str> =
                parameters.iter().map(|(_, value)| value.as_str()).filter(|value| !value.is_empty()).collect();
            ("One more question", lines.join("\n").into(), "Continue")
        }
        Step::Passkey => ("Use your passkey", "Your browser asks for it.".into(), "Try again"),
        Step::SignUp => ("Create an account", none(), "Create account"),
        Step::ConfirmSignUp(delivery) if by_link(config) => {
            let sent = delivery
                .as_ref()
                .map_or_else(|| "A link was sent to you.".into(), |delivery| sent("A link was sent", delivery));
            ("Confirm your account", [&sent, " Open it, then come back here."].concat().into(), "Continue")
        }
        Step::ConfirmSignUp(delivery) => {
            let text = delivery.as_ref().map_or_else(
                || "This account was not confirmed yet. Type the code that you were sent, or ask for another.".into(),
                |delivery| sent("A code was sent", delivery),
            );
            ("Confirm your account", text, "Confirm")
        }
        Step::ForgotPassword => {
            ("Reset your password", "A code is sent to the address or the phone of your account.".into(), "Send a code")
        }
        Step::ResetPassword(delivery) => {
            let text = delivery
                .as_ref()
                .map_or_else(none, |delivery| sent("If the account exists, a code was sent", delivery));
            ("Set a new password", text, "Save and sign in")
        }
        Step::RememberDevice => (
            "Remember this device?",
            "Then this browser is known when you sign in again, and may not be asked for a code.".into(),
            "Continue",
        ),
    }
}

/// Where something was sent.
fn sent(what: &str, delivery: &Delivery) -> Text {
    let by = if delivery.medium == "SMS" { "by text message" } else { "by email" };
    if delivery.destination.is_empty() {
        [what, " ", by, "."].concat().into()
    } else {
        [what, " ", by, " to ", &delivery.destination, "."].concat().into()
    }
}

fn field(config: &Config, asked: &Asked, input: &Input) -> Field {
    let text = |kind: &'static str| FieldKind::Text(kind.into());
    let pool = config.user_pool.as_ref();
    let username = pool.map(|pool| pool.username).unwrap_or_default();
    let (name, label, autocomplete, kind): (&str, &str, &str, FieldKind) = match input {
        Input::Username => {
            let (label, kind) = match username {
                // What index.html says until the configuration is known.
                Username::Any if asked.question.step == Step::SignUp => ("Username", "text"),
                Username::Any => ("Email or username", "text"),
                Username::Email => ("Email", "email"),
                Username::Phone => ("Phone number", "tel"),
                Username::EmailOrPhone => ("Email or phone number", "text"),
            };
            let autofill = *step(asked) == Step::SignIn && pool.is_some_and(|pool| pool.passkey_autofill);
            ("username", label, if autofill { "username webauthn" } else { "username" }, text(kind))
        }
        Input::FixedUsername => ("username", "Account", "username", FieldKind::Fixed),
        Input::Password => ("password", "Password", "current-password", FieldKind::Password),
        Input::NewPassword => {
            let rules = pool.map(|pool| rules(pool.password_policy)).unwrap_or_default();
            ("new-password", "New password", "new-password", FieldKind::NewPassword(rules))
        }
        Input::Code => ("code", "Code", "one-time-code", FieldKind::Code),
        Input::Answer => ("answer", "Answer", "off", text("text")),
        Input::Email => ("email", "Email", "email", text("email")),
        Input::Attribute(name) => return attribute(name),
        Input::Choice(names) => {
            let choices = names.iter().map(|name| (name.clone().into(), factor(name).into())).collect();
            ("choice", "Choose one", "", FieldKind::Choice(choices))
        }
        Input::YesOrNo => {
            let choices = [("yes", "Yes, it is mine"), ("no", "No")];
            let choices = choices.map(|(value, label)| (value.into(), label.into())).to_vec();
            ("choice", "Remember this device", "", FieldKind::Choice(choices))
        }
        Input::Secret => {
            let issuer = config.name.as_deref().unwrap_or("Signet");
            let secret = Secret::new(asked.question.secret_code().to_owned());
            let uri = crate::qr::otpauth_uri(issuer, &asked.username, &secret);
            let (side, path) = crate::qr::path(uri.expose()).unwrap_or_default();
            ("secret", "Key", "off", FieldKind::Copy { side, path })
        }
    };
    let value = match input {
        Input::Username | Input::FixedUsername => asked.username.clone(),
        Input::Secret => asked.question.secret_code().to_owned(),
        _ => String::new(),
    };
    let hint = match (input, username) {
        (Input::Username, Username::Phone) => "With the country code, such as +49 170 1234567.",
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
    // A custom attribute has no label but its name.
    let own = name.strip_prefix("custom:").unwrap_or(name);
    let (_, label, autocomplete, kind) = known.copied().unwrap_or(("", "", "", "text"));
    Field {
        name: name.to_owned().into(),
        label: if label.is_empty() { own.to_owned().into() } else { label.into() },
        hint: if name == "phone_number" { "With the country code, such as +491701234567." } else { "" }.into(),
        autocomplete: autocomplete.into(),
        value: String::new(),
        kind: FieldKind::Text(kind.into()),
    }
}

/// A way to prove who one is.
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
    let wanted = [
        (true, Check::Length(policy.minimum_length)),
        (policy.lowercase, Check::Lowercase),
        (policy.uppercase, Check::Uppercase),
        (policy.numbers, Check::Number),
        (policy.symbols, Check::Symbol),
    ];
    let label = |check| match check {
        Check::Length(least) => format!("at least {least} characters").into(),
        Check::Lowercase => "a lower-case letter".into(),
        Check::Uppercase => "an upper-case letter".into(),
        Check::Number => "a number".into(),
        Check::Symbol => "a symbol, such as ! or #".into(),
    };
    wanted.into_iter().filter(|(wanted, _)| *wanted).map(|(_, check)| Rule { label: label(check), check }).collect()
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
        label: provider.map_or(label.into(), |provider| provider.label.clone().into()),
        is_provider: matches!(action, Action::Provider(_) | Action::TokenUrl | Action::Guest),
        icon: provider.and_then(|provider| provider.icon.clone()).unwrap_or_default(),
        wait: if action == Action::Resend { asked.wait } else { 0 },
    }
}
