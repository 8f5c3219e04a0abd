//! A question with its answers.

use leptos::prelude::*;

use super::super::state::Turn as TurnState;
use super::answer::Answer;
use super::question::Question;
use crate::core::words::page as words;

/// A question with its answers, one of them shown, or two side by side.
#[component]
pub fn Turn(turn: TurnState) -> impl IntoView {
    let compares = Memo::new(move |_| turn.beside().is_some());
    view! {
        <article
            class="turn"
            data-state={move || turn.status()}
            data-compares={move || compares.get().then_some("")}
        >
            <h2 class="unseen">{words::ASKED}</h2>
            <Question turn/>
            <div class="shelf">
                <For each={move || turn.shown_answers()} key={|answer| answer.serial} let:answer>
                    <Answer turn answer/>
                </For>
            </div>
        </article>
    }
}
