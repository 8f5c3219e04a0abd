//! An answer as it comes.

use signet_e2e::test;

#[test]
fn an_answer_grows_before_the_readers_eyes() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        assert!(browser.who().await?.contains(alice.username));
        browser.watch_answers().await?;
        browser.choose("accuracy_optimized").await?;
        browser.ask("What can you see of this call?").await?;
        let turn = browser.turn_is("done").await?;

        assert_eq!(turn.asked, "What can you see of this call?");
        assert!(turn.model.contains("demo"), "the demonstration names itself: {:?}", turn.model);
        let label = browser
            .value::<String>("document.querySelector('input[name=use-case]:checked').labels[0].innerText.trim()")
            .await?;
        assert_eq!(turn.use_case, label);
        // What the function saw is what was chosen.
        assert!(turn.answer.contains("accuracy_optimized"), "{}", turn.answer);
        assert_eq!(turn.note, "");

        let streaming: Vec<_> =
            browser.looks().await?.into_iter().filter(|look| look.turn.state == "streaming").collect();
        let mut steps: Vec<_> = streaming.iter().map(|look| (look.at, look.turn.answer.chars().count())).collect();
        steps.dedup_by_key(|(_, length)| *length);
        assert!(steps.is_sorted_by_key(|(_, length)| *length), "text went away: {steps:?}");
        assert!(steps.len() >= 3, "the answer came in {} steps", steps.len());
        let (first, last) = (steps[0].0, steps[steps.len() - 1].0);
        assert!(last - first > 500.0, "all {} steps came within {} ms", steps.len(), last - first);
        Ok(())
    });
}

#[test]
fn stop_keeps_what_has_come() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        browser.ask("Give me a long answer").await?;
        browser.turn_is("streaming").await?;
        let begun = browser.answer_is_longer_than(20).await?;
        browser.click("#stop").await?;
        let stopped = browser.turn_is("stopped").await?;
        assert!(stopped.answer.starts_with(&begun.answer), "{:?} became {:?}", begun.answer, stopped.answer);
        browser.wait_for("the stop button to go", "!document.querySelector('#stop')?.checkVisibility()").await?;

        // The next answer comes into a turn of its own, and the stopped one has not grown meanwhile.
        browser.ask("And a short one").await?;
        browser.turn_is("done").await?;
        assert_eq!(browser.turns().await?, 2);
        let first =
            browser.value::<String>("document.querySelector('#log article.turn .answer').innerText.trim()").await?;
        assert_eq!(first, stopped.answer);
        Ok(())
    });
}

#[test]
fn every_use_case_reaches_the_function() {
    test(async |stage, browser| {
        let alice = stage.alice();
        browser.sign_in(alice.username, alice.password).await?;
        for use_case in ["balanced", "performance_optimized", "accuracy_optimized", "cost_optimized"] {
            browser.choose(use_case).await?;
            browser.ask("Which use case?").await?;
            browser.answer_shows(use_case).await?;
            browser.click("#stop").await?;
            browser.turn_is("stopped").await?;
        }
        Ok(())
    });
}
