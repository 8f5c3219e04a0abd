//! The elements of index.html, which exist before this code runs. They are looked up once, here and nowhere else.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlButtonElement, HtmlElement, HtmlFormElement, HtmlInputElement, HtmlLabelElement};

use super::document;

/// The elements of index.html that the page changes. One can be missing only if index.html and this code come from different builds.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The components are mounted here.
    pub app: HtmlElement,
    /// The paragraph that says that a session is being restored.
    pub opening: HtmlElement,
    /// The screen for an app that has stopped or is not set up.
    pub fatal: HtmlElement,
    /// Its heading.
    pub fatal_title: HtmlElement,
    /// Its paragraph.
    pub fatal_text: HtmlElement,
    /// Its details, for whoever fixes the app.
    pub fatal_details: HtmlElement,
    /// Its button.
    pub reload: HtmlElement,
    /// The sign-in screen.
    pub sign_in: SignIn,
}

/// The sign-in form of index.html.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The whole screen, which is taken out of the document while another one is shown.
    pub main: HtmlElement,
    /// The form.
    pub form: HtmlFormElement,
    /// Its heading.
    pub title: HtmlElement,
    /// The paragraph below the heading.
    pub text: HtmlElement,
    /// The error of the form that was sent.
    pub error: HtmlElement,
    /// The first field.
    pub username: Field,
    /// The second field.
    pub password: Field,
    /// The button that shows the password.
    pub show_password: HtmlButtonElement,
    /// The button that sends the form.
    pub submit: HtmlButtonElement,
    /// The progress of the form.
    pub status: HtmlElement,
    /// The place for further buttons.
    pub others: HtmlElement,
}

/// A field of the sign-in form.
#[derive(Debug, Clone)]
pub struct Field {
    /// The element around the field.
    pub wrap: HtmlElement,
    /// Its label.
    pub label: HtmlLabelElement,
    /// Its hint; the password has none.
    pub hint: Option<HtmlElement>,
    /// Its input.
    pub input: HtmlInputElement,
}

fn by_id<T: JsCast>(id: &str) -> Option<T> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

fn first<T: JsCast>(place: &Element, selector: &str) -> Option<T> {
    place.query_selector(selector).ok()??.dyn_into().ok()
}

fn field(form: &Element, name: &str) -> Option<Field> {
    let input: HtmlInputElement = by_id(name)?;
    Some(Field {
        wrap: input.closest(".field").ok()??.dyn_into().ok()?,
        label: first(form, &format!("label[for={name}]"))?,
        hint: by_id(&format!("{name}-hint")),
        input,
    })
}

impl Shell {
    /// Finds the elements; `None` if one is missing.
    pub fn find() -> Option<Self> {
        let fatal: HtmlElement = by_id("fatal")?;
        let form: HtmlFormElement = by_id("sign-in-form")?;
        Some(Self {
            app: by_id("app")?,
            opening: by_id("opening")?,
            fatal_title: first(&fatal, "h1")?,
            fatal_text: first(&fatal, "p")?,
            fatal_details: first(&fatal, "details")?,
            reload: by_id("reload")?,
            fatal,
            sign_in: SignIn {
                main: by_id("sign-in")?,
                title: by_id("sign-in-title")?,
                text: by_id("sign-in-to")?,
                error: by_id("sign-in-error")?,
                username: field(&form, "username")?,
                password: field(&form, "password")?,
                show_password: by_id("show-password")?,
                submit: by_id("sign-in-button")?,
                status: by_id("sign-in-status")?,
                others: by_id("sign-in-others")?,
                form,
            },
        })
    }
}
