//! An answer, with the facts about it and its buttons.

use leptos::ev::KeyboardEvent;
use leptos::html::Button;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use super::super::app::Page;
use super::super::countdown::seconds_until;
use super::super::state::{Answer as AnswerState, Ended, Turn};
use super::copy::{CopyButton, Source, copy};
use super::{ask, is_for_app};
use crate::core::words::{page as words, use_case as name_of};
use crate::protocol::{End, Intent};
use signet_stream::stock::UseCase;

/// An answer.
#[component]
pub fn Answer(turn: Turn, answer: AnswerState) -> impl IntoView {
    let Page { focus, .. } = expect_context();
    let at = Memo::new(move |_| {
        turn.answers.with(|answers| answers.iter().position(|each| each.serial == answer.serial)).unwrap_or_default()
    });
    let count = Memo::new(move |_| turn.answers.with(Vec::len));
    let place = move || format!("{}{}{}", at.get() + 1, words::OF, count.get());
    let heading = move || match count.get() {
        0 | 1 => words::ANSWER.to_owned(),
        _ => format!("{}{}", words::ANSWER_NUMBER, place()),
    };

    let offer = Offer { is_open: RwSignal::new(false), button: NodeRef::new() };
    // From any of the answer's buttons, Escape closes the use cases for asking again.
    let escape = move |event: KeyboardEvent| {
        if event.key() == "Escape" && offer.is_open.get_untracked() && is_for_app(&event) {
            event.prevent_default();
            offer.is_open.set(false);
            if let Some(button) = offer.button.get_untracked() {
                focus.to(&button);
            }
        }
    };

    view! {
        <section
            class="reply"
            aria-busy={move || answer.is_under_way().then_some("true")}
            data-state={move || answer.status()}
        >
            <h2 class="unseen">{heading}</h2>
            <Show when={move || answer.has_reasoning.get()}><Reasoning answer/></Show>
            <Text answer/>
            <Fault turn answer is_newest={Signal::derive(move || at.get() + 1 == count.get())}/>
            <div class="foot">
                <Facts answer/>
                <div class="acts" on:keydown={escape}>
                    <CopyButton
                        class="act copy-answer"
                        name={words::COPY_ANSWER}
                        source={move || Source::Answer(turn.id, answer.id)}
                    />
                    <Again turn offer/>
                    <Show when={move || answer.ended.with(|ended| is_stopped_by_person(ended.as_ref())) && at.get() + 1 == count.get()}>
                        <Retry turn answer class="act retry when-idle"/>
                    </Show>
                    <Show when={move || count.get() > 1}>
                        <Others turn at place={Signal::derive(place)}/>
                    </Show>
                </div>
            </div>
        </section>
    }
}

fn is_stopped_by_person(ended: Option<&Ended>) -> bool {
    matches!(ended, Some(Ended { end: End::Stopped, notice: None, .. }))
}

/// The text, which [`GrowingAnswer`](super::GrowingAnswer) builds by hand.
#[component]
fn Text(answer: AnswerState) -> impl IntoView {
    let page: Page = expect_context();
    let press = move |event: leptos::ev::MouseEvent| {
        let pressed = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if let Some((button, code)) =
            pressed.and_then(|pressed| answer.document.with_value(|document| document.pressed_copy(&pressed)))
        {
            copy(page, Source::Text(code), move |words| button.set_text_content(Some(words)));
        }
    };
    view! { <div class="answer" use:mount={answer} on:click={press}></div> }
}

/// Puts the text into its element when that is created. An effect would do so a moment after the rest of the answer appears.
#[allow(clippy::needless_pass_by_value)] // Directives are called this way.
fn mount(place: Element, answer: AnswerState) {
    answer.document.update_value(|document| document.mount(&place));
}

/// The same, for the reasoning.
#[allow(clippy::needless_pass_by_value)] // Directives are called this way.
fn mount_reasoning(place: Element, answer: AnswerState) {
    answer.document.with_value(|document| document.mount_reasoning(&place));
}

/// The model's reasoning.
#[component]
fn Reasoning(answer: AnswerState) -> impl IntoView {
    let fold = move |event: leptos::ev::Event| {
        answer.reasoning_is_open.set_value(event_target::<Element>(&event).has_attribute("open"));
    };
    view! {
        <details class="reasoning" open={answer.reasoning_is_open.get_value()} on:toggle={fold}>
            <summary>{words::REASONING}</summary>
            <div dir="auto" use:mount_reasoning={answer}></div>
        </details>
    }
}

/// Why an answer is not complete.
#[component]
fn Fault(turn: Turn, answer: AnswerState, is_newest: Signal<bool>) -> impl IntoView {
    let notice = Memo::new(move |_| answer.ended.with(|ended| ended.as_ref()?.notice.clone()));
    // An alert must exist before its text, so that a screen reader notices it. One that was read out is no alert when the answer returns to the screen.
    let has_spoken = answer.is_old || answer.was_heard.get_value();
    on_cleanup(move || {
        if answer.ended.try_with_untracked(Option::is_some) == Some(true) {
            let _ = answer.was_heard.try_set_value(true);
        }
    });
    let text = move |read: fn(crate::protocol::Notice) -> String| move || notice.get().map(read).unwrap_or_default();
    let request_id = Memo::new(move |_| notice.get().and_then(|notice| notice.request_id));
    let may_retry = Memo::new(move |_| {
        answer.ended.with(|ended| ended.as_ref().is_some_and(|ended| ended.notice.is_some() && ended.may_retry))
    });

    view! {
        <div class="fault" class:told={move || notice.with(Option::is_some)}>
            <div role={(!has_spoken).then_some("alert")}>
                <div class="note" hidden={move || notice.with(Option::is_none)}>
                    <Show when={move || notice.with(Option::is_some)}>
                        <b>{text(|notice| notice.title)}</b>
                        <p>{text(|notice| notice.text)}</p>
                    </Show>
                </div>
            </div>
            <Show when={move || may_retry.get() && is_newest.get()}>
                <Retry turn answer class="quiet retry when-idle"/>
            </Show>
            <Show when={move || request_id.with(Option::is_some)}>
                <p class="hint">
                    {words::REQUEST}
                    <code class="request-id">{move || request_id.get()}</code>
                </p>
            </Show>
        </div>
    }
}

/// The button that repeats a request. It waits for as long as the service asks.
#[component]
fn Retry(turn: Turn, answer: AnswerState, class: &'static str) -> impl IntoView {
    let page: Page = expect_context();
    let retry_at = Signal::derive(move || answer.ended.with(|ended| ended.as_ref()?.retry_at));
    let seconds = seconds_until(retry_at);
    let press = move |_| {
        if seconds.get_untracked() == 0 {
            ask(page, "", &Intent::Retry { turn: turn.id });
        }
    };
    let label = move || match seconds.get() {
        0 => words::RETRY.to_owned(),
        seconds => format!("{}{seconds}{}", words::RETRY_IN, words::SECONDS),
    };
    view! {
        <button
            type="button"
            class={class}
            aria-disabled={move || (seconds.get() > 0).then_some("true")}
            on:click={press}
        >
            {label}
        </button>
    }
}

/// The model, the use case, and the facts about the answer.
#[component]
fn Facts(answer: AnswerState) -> impl IntoView {
    let context = match answer.context {
        1 => format!("{}1{}", words::WITH, words::EARLIER_TURN),
        turns => format!("{}{turns}{}", words::WITH, words::EARLIER_TURNS),
    };
    // After the end, the facts say whether the back end accepted the earlier turns.
    let has_context = Memo::new(move |_| answer.context > 0 && answer.is_under_way());
    let facts = move || match answer.ended.get() {
        Some(ended) => ended.facts.join(" · "),
        None if answer.has_text.get() => words::ANSWERING.to_owned(),
        None => words::WAITING.to_owned(),
    };
    view! {
        <p class="meta">
            <b class="model">{answer.model}</b>
            <span class="use-case">{name_of(answer.use_case)}</span>
            <Show when={move || has_context.get()}>
                <span class="context">{context.clone()}</span>
            </Show>
            <span class="times">{facts}</span>
        </p>
    }
}

/// The use cases that a question can be asked again with.
#[derive(Debug, Clone, Copy)]
struct Offer {
    is_open: RwSignal<bool>,
    /// The button that opens it.
    button: NodeRef<Button>,
}

/// Asks again, with any use case.
#[component]
fn Again(turn: Turn, offer: Offer) -> impl IntoView {
    let page: Page = expect_context();
    let Offer { is_open, button } = offer;
    let ask_as = move |use_case| {
        if ask(page, "", &Intent::Again { turn: turn.id, use_case }) {
            is_open.set(false);
        }
    };
    view! {
        <button
            type="button"
            class="act when-idle again"
            aria-expanded={move || if is_open.get() { "true" } else { "false" }}
            node_ref={button}
            on:click={move |_| is_open.update(|is_open| *is_open = !*is_open)}
        >
            {words::AGAIN}
        </button>
        <Show when={move || is_open.get()}>
            <span class="offer when-idle" role="group" aria-label={words::AGAIN_AS}>
                {UseCase::ALL.map(|use_case| {
                    view! {
                        <button
                            type="button"
                            class="act ask-again"
                            value={use_case.name()}
                            on:click={move |_| ask_as(use_case)}
                        >
                            {name_of(use_case)}
                        </button>
                    }
                })}
            </span>
        </Show>
    }
}

/// The buttons that lead to a turn's other answers.
#[component]
fn Others(turn: Turn, at: Memo<usize>, place: Signal<String>) -> impl IntoView {
    let Page { focus, .. } = expect_context();
    // Shows the answer `by` places further on, in a circle. The focus goes to the same button there.
    let turn_over = move |by: usize, control: Control| {
        let count = turn.answers.with_untracked(Vec::len).max(1);
        turn.shown.set((at.get_untracked() + by) % count);
        turn.compares.set(false);
        turn.wanted.set(Some(control));
    };
    let [previous, next, compare] = [(); 3].map(|()| NodeRef::<Button>::new());
    Effect::new(move |_| {
        let Some(control) = turn.wanted.get().filter(|_| turn.shown.get_untracked() == at.get_untracked()) else {
            return;
        };
        turn.wanted.set(None);
        let button = match control {
            Control::Previous => previous,
            Control::Next => next,
            Control::Compare => compare,
        };
        focus.soon(button);
    });
    let backwards = move || turn.answers.with_untracked(Vec::len).saturating_sub(1);
    view! {
        <button
            type="button"
            class="act previous"
            aria-label={words::PREVIOUS}
            node_ref={previous}
            on:click={move |_| turn_over(backwards(), Control::Previous)}
        >
            {"←"}
        </button>
        <span class="place">{place}</span>
        <button
            type="button"
            class="act next"
            aria-label={words::NEXT}
            node_ref={next}
            on:click={move |_| turn_over(1, Control::Next)}
        >
            {"→"}
        </button>
        <button
            type="button"
            class="act compare"
            aria-pressed={move || if turn.compares.get() { "true" } else { "false" }}
            node_ref={compare}
            on:click={move |_| {
                turn.compares.update(|compares| *compares = !*compares);
                turn.wanted.set(Some(Control::Compare));
            }}
        >
            {words::COMPARE}
        </button>
    }
}

/// A button of [`Others`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Shows the previous answer.
    Previous,
    /// Shows the next answer.
    Next,
    /// Shows two answers side by side.
    Compare,
}
