use proptest::prelude::*;
use serde_json::{Value, json};

use super::answering::{HEAD_PATIENCE, SHORTEST_BATCH, beginning};
use super::spoken::spoken;
use super::*;
use crate::core::config::{Price, Prices};
use crate::core::conversation::{Part, Tail};
use crate::core::fault::Service;
use crate::protocol::Notice;
use signet_cognito::http::Request;
use signet_cognito::{Keys, Secret, Skew};
use signet_markdown::Step;
use signet_stream::{Event, Failure};

const NOW: UnixMillis = UnixMillis(1_793_682_367_000);
const TURN: TurnId = TurnId(0);
const ID: Id = [7; 12];
/// The same id as text, as in an address.
const ID_TEXT: &str = "BwcHBwcHBwcHBwcH";

fn config() -> Config {
    Config::from_json(
        br#"{"userPoolId":"eu-central-1_AbC","userPoolClientId":"1abc","identityPoolId":"eu-central-1:1-2",
             "functionUrl":"https://abc.lambda-url.eu-west-1.on.aws/"}"#,
    )
    .unwrap()
}

fn grant(id: &str) -> Input {
    let keys = Keys {
        access_key_id: id.into(),
        secret_access_key: Secret::new("secret".into()),
        session_token: Secret::new("session".into()),
        expires: NOW.plus(3_600_000),
    };
    Input::Keys(Ok(Grant { keys, skew: Skew(5 * 3_600_000), role: Some("callers".into()) }))
}

fn ask_for(prompt: &str) -> Input {
    Input::Ask(asks(prompt), ID)
}

fn asks(prompt: &str) -> Ask {
    Ask { prompt: prompt.into(), use_case: UseCase::CostOptimized }
}

fn ask() -> Input {
    ask_for("Why?")
}

fn head(status: u16, error_type: &str) -> Input {
    Input::Head(Head {
        status,
        request_id: Some("6f1c".into()),
        error_type: Some(error_type.into()).filter(|t: &String| !t.is_empty()),
        retry_after: Some(7),
    })
}

fn bytes(text: &str) -> Input {
    Input::Bytes(text.as_bytes().to_vec())
}

/// All effects of these inputs, a tenth of a second apart.
fn run(chat: &mut Chat, inputs: impl IntoIterator<Item = Input>) -> Vec<Effect> {
    let mut now = NOW;
    let mut effects = vec![];
    for input in inputs {
        effects.extend(chat.step(&config(), now, input));
        now = now.plus(100);
    }
    effects
}

fn all(inputs: impl IntoIterator<Item = Input>) -> Vec<Effect> {
    run(&mut Chat::default(), inputs)
}

/// How the answer ended, and its notice.
fn end(effects: &[Effect]) -> Option<(End, Option<Notice>)> {
    effects.iter().rev().filter_map(update).find_map(|update| match update {
        AnswerUpdate::Ended { end, notice, .. } => Some((*end, notice.clone())),
        _ => None,
    })
}

/// The end and the notice for an ending.
fn said(ending: &Ending, has_text: bool) -> (End, Option<Notice>) {
    (ending.end(), words::ending(ending, has_text, None))
}

fn failed(fault: Fault) -> (End, Option<Notice>) {
    said(&Ending::Failed(fault), false)
}

/// The facts at the end, and the seconds to wait before a retry.
fn facts(effects: &[Effect]) -> (Vec<String>, Option<u32>) {
    let facts = effects.iter().rev().filter_map(update).find_map(|update| match update {
        AnswerUpdate::Ended { facts, wait, .. } => Some((facts.clone(), *wait)),
        _ => None,
    });
    facts.unwrap()
}

fn views(effects: &[Effect]) -> impl Iterator<Item = &View> {
    effects.iter().filter_map(|effect| if let Effect::Show(view) = effect { Some(view) } else { None })
}

/// What a screen reader reads out: the state of the answer, and the answer.
fn heard(effects: &[Effect]) -> Vec<&str> {
    let heard = views(effects).filter_map(|view| match view {
        View::Status(text) => Some(&**text),
        View::Spoken(text) => Some(text.as_str()),
        _ => None,
    });
    heard.collect()
}

fn update(effect: &Effect) -> Option<&AnswerUpdate> {
    match effect {
        Effect::Show(View::Turn { update: TurnUpdate::Answer { update, .. }, .. }) => Some(update),
        _ => None,
    }
}

fn is_abort(effect: &Effect) -> bool {
    matches!(effect, Effect::Abort)
}

/// Turn and answer that have begun.
fn begun(effects: &[Effect]) -> Option<(u32, u32, UseCase, u32)> {
    views(effects).find_map(|view| match view {
        View::Turn {
            id: TurnId(turn),
            update: TurnUpdate::Answer { id: AnswerId(answer), update: AnswerUpdate::Begun { use_case, context } },
        } => Some((*turn, *answer, *use_case, *context)),
        _ => None,
    })
}

/// The body of the only request.
fn body(effects: &[Effect]) -> Value {
    let [request] = sent(effects)[..] else { panic!("{effects:?}") };
    serde_json::from_slice(&request.body).unwrap()
}

/// A whole answer.
fn answered(text: &str) -> [Input; 3] {
    [grant("A1"), head(200, ""), bytes(&format!("{{\"chunk\":{}}}\n[DONE]\n", json!(text)))]
}

fn texts(chat: &Chat) -> Vec<Vec<&str>> {
    let turns = chat.conversation.turns.iter();
    turns.map(|turn| turn.answers.iter().map(|answer| answer.text.as_str()).collect()).collect()
}

fn text(effects: &[Effect]) -> String {
    let steps = effects.iter().filter_map(update).filter_map(|update| match update {
        AnswerUpdate::Steps(steps) => Some(steps),
        _ => None,
    });
    spoken(steps.flatten().cloned().collect())
}

fn sent(effects: &[Effect]) -> Vec<&Request> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Stream(request) = effect { Some(request) } else { None })
        .collect()
}

#[test]
fn a_question_is_signed_for_lambda_in_the_functions_region_by_awss_clock() {
    let effects = all([ask(), grant("A1")]);
    let request = sent(&effects)[0];
    assert_eq!((request.method, request.url.as_str()), ("POST", "https://abc.lambda-url.eu-west-1.on.aws/"));
    assert_eq!(body(&effects), json!({"prompt": "Why?", "use_case": "cost_optimized"}));
    let header = |name: &str| request.headers.iter().find(|(n, _)| n == name).unwrap().1.as_str();
    assert!(header("authorization").contains("Credential=A1/20261103/eu-west-1/lambda/aws4_request"));
    assert_eq!(
        header("x-amz-date"),
        "20261103T100607Z",
        "five hours ahead of this machine, and a tenth of a second later"
    );
    assert_eq!(header("x-amz-security-token"), "session");
    assert_eq!(header("accept"), "text/event-stream");
    assert!(header("authorization").contains("SignedHeaders=content-type;host;x-amz-date;x-amz-security-token,"));
}

#[test]
fn an_answer_is_model_then_text_as_it_comes_then_its_end_with_times() {
    let effects = all([
        ask(),
        grant("A1"),
        head(200, ""),
        bytes("{\"model_used\":\"m\"}\n\n{\"chu"),
        bytes("nk\":\"a\"}\n\n{\"chunk\":\"b\"}\n\n"),
        bytes("{\"chunk\":\"c\"}\n\n[DONE]\n\n"),
    ]);
    assert!(
        effects.iter().filter_map(update).any(|update| matches!(update, AnswerUpdate::Model(model) if model == "m"))
    );
    assert_eq!((text(&effects).as_str(), end(&effects)), ("abc", Some(said(&Ending::Done, true))));
    assert_eq!(facts(&effects), (vec!["first word 0.40 s".into(), "0.50 s in all".into()], Some(0)));
}

#[test]
fn an_end_without_the_marker_is_cut_off_with_the_text_kept() {
    for last in [Input::End, Input::Broken] {
        let effects = all([ask(), grant("A1"), head(200, ""), bytes("{\"chunk\":\"a\"}\n\n"), last]);
        assert_eq!((text(&effects).as_str(), end(&effects)), ("a", Some(said(&Ending::CutOff, true))));
    }
    assert_eq!(
        end(&all([ask(), grant("A1"), head(200, ""), Input::End])),
        Some(said(&Ending::CutOff, false)),
        "an empty 200 is no answer"
    );
}

#[test]
fn an_error_or_a_broken_line_in_mid_stream_keeps_the_text() {
    let effects =
        all([ask(), grant("A1"), head(200, ""), bytes("{\"chunk\":\"a\"}\n\nError: {\"error\":\"no\"}"), Input::End]);
    let request_id = Some("6f1c".into());
    let broken_off = Fault::Answer { message: "no".into(), retryable: None, retry_after: None, request_id };
    assert_eq!((text(&effects).as_str(), end(&effects)), ("a", Some(said(&Ending::Failed(broken_off), true))));
    let effects = all([
        ask(),
        grant("A1"),
        head(200, ""),
        bytes("{\"chunk\":\"a\"}\noops\n{\"chunk\":\"b\"}\n[DONE]"),
        Input::End,
    ]);
    assert_eq!(
        (text(&effects).as_str(), end(&effects)),
        ("ab", Some(said(&Ending::Failed(Fault::Garbled { lines: 1 }), true)))
    );
}

#[test]
fn unknown_events_are_counted_and_reported_if_nothing_else_arrived() {
    let unknown = "data: {\"type\":\"later\"}\n\nevent: x\ndata: y\n\n";
    let nothing = Ending::Failed(Fault::Unexpected { service: Service::FunctionUrl, what: words::unknown(2) });
    for (body, ending) in [
        (unknown.to_owned(), nothing.clone()),
        (format!("{unknown}data: [DONE]\n\n"), nothing),
        (format!("{unknown}data: {{\"chunk\":\"a\"}}\n\n"), Ending::CutOff),
        (format!("{unknown}data: {{\"chunk\":\"a\"}}\n\ndata: [DONE]\n\n"), Ending::Done),
        (format!("{unknown}data: {{\"type\":\"reasoning-delta\",\"delta\":\"a\"}}\n\ndata: [DONE]\n\n"), Ending::Done),
        (format!("{unknown}data: {{\"model_used\":\"m\"}}\n\n"), Ending::CutOff),
    ] {
        let effects = all([ask(), grant("A1"), head(200, ""), bytes(&body), Input::End]);
        assert_eq!(end(&effects), Some(said(&ending, body.contains("chunk"))), "{body}");
    }
}

#[test]
fn expired_keys_are_renewed_and_the_question_sent_again_once() {
    for (status, error_type, body) in [
        (403, "ExpiredTokenException", "{}"),
        (403, "", "{\"message\":\"The security token included in the request is expired\"}"),
        (
            403,
            "InvalidSignatureException",
            "{\"message\":\"Signature expired: 20261103T050607Z is now earlier than 20261103T100107Z\"}",
        ),
    ] {
        let mut chat = Chat::default();
        let effects = run(&mut chat, [ask(), grant("A1"), head(status, error_type), bytes(body), Input::End]);
        assert!(matches!(effects.last(), Some(Effect::NeedKeys { refused: Some(id) }) if id == "A1"), "{effects:?}");
        assert_eq!(end(&effects), None, "the person sees nothing of it");
        let effects = run(&mut chat, [grant("A2"), head(200, ""), bytes("{\"chunk\":\"a\"}\n[DONE]\n")]);
        assert_eq!((text(&effects).as_str(), end(&effects)), ("a", Some(said(&Ending::Done, true))));

        let effects = all([
            ask(),
            grant("A1"),
            head(status, error_type),
            bytes(body),
            Input::End,
            grant("A2"),
            head(status, error_type),
            bytes(body),
            Input::End,
        ]);
        assert_eq!(sent(&effects).len(), 2, "not in a circle");
        assert_eq!(end(&effects).unwrap().0, End::Failed);
    }
}

#[test]
fn refusals_of_a_question_are_told_apart() {
    let refused = |status, error_type, body: &str| {
        let effects = all([ask(), grant("A1"), head(status, error_type), bytes(body), Input::End]);
        (end(&effects), facts(&effects).1)
    };
    let told = |fault| (Some(failed(fault)), Some(0));
    let request_id = Some("6f1c".to_owned());
    let service = Service::FunctionUrl;
    assert_eq!(
        refused(403, "AccessDeniedException", "{\"Message\":\"Forbidden. For troubleshooting\"}"),
        told(Fault::NotAllowed { role: Some("callers".into()), request_id: request_id.clone() })
    );
    let throttled = Fault::Throttled { service, retry_after: Some(7), request_id: request_id.clone() };
    assert_eq!(refused(429, "", ""), (Some(failed(throttled)), Some(7)));
    assert_eq!(
        refused(502, "", "{\"message\":\"Internal Server Error\"}"),
        told(Fault::Failing {
            service,
            status: 502,
            message: "Internal Server Error".into(),
            request_id: request_id.clone()
        })
    );
    assert_eq!(
        refused(400, "", "{\"message\":\"no prompt\"}"),
        told(Fault::Refused { service, status: 400, code: String::new(), message: "no prompt".into(), request_id })
    );
    for (no_answer, fault) in [
        (NoAnswer::Offline, Fault::Offline),
        (NoAnswer::Unreachable, Fault::Unreachable { service }),
        (NoAnswer::Unreadable, Fault::Unreadable { service }),
    ] {
        assert_eq!(end(&all([ask(), grant("A1"), Input::NoAnswer(no_answer)])), Some(failed(fault)));
    }
    assert_eq!(end(&all([ask(), Input::Keys(Err(Fault::SessionEnded))])), Some(failed(Fault::SessionEnded)));
}

#[test]
fn sts_names_a_role_that_the_token_does_not() {
    let nameless = || match grant("A1") {
        Input::Keys(Ok(grant)) => Input::Keys(Ok(Grant { role: None, ..grant })),
        other => other,
    };
    let refused = || [ask(), nameless(), head(403, "AccessDeniedException"), bytes("{}"), Input::End];
    let mut chat = Chat::default();
    let effects = run(&mut chat, refused());
    assert!(matches!(effects.last(), Some(Effect::NeedKeys { refused: None })));
    let effects = run(&mut chat, [nameless()]);
    assert_eq!(sent(&effects)[0].url, "https://sts.eu-central-1.amazonaws.com/");
    let effects = run(&mut chat, [head(200, ""), bytes("<Arn>arn:aws:sts::1:assumed-role/guests/x</Arn>"), Input::End]);
    let not_allowed = |role: Option<&str>| {
        Some(failed(Fault::NotAllowed { role: role.map(str::to_owned), request_id: Some("6f1c".into()) }))
    };
    assert_eq!(end(&effects), not_allowed(Some("guests")));
    // If STS does not answer, the refusal stays the same.
    let mut chat = Chat::default();
    run(&mut chat, refused());
    let effects = run(&mut chat, [nameless(), Input::NoAnswer(NoAnswer::Unreachable)]);
    assert_eq!(end(&effects), not_allowed(None));
}

#[test]
fn stop_ends_it_at_every_stage_and_nothing_comes_after() {
    let gone_on = "The model may have continued after that.";
    for (count, told) in [
        (0, &["Stopped before the first word."][..]),
        (1, &["Stopped before the first word.", gone_on]),
        (2, &["Stopped before the first word.", gone_on]),
        (3, &["Stopped. The partial answer is kept.", gone_on, "first word 0.30 s", "0.40 s in all"]),
    ] {
        let mut chat = Chat::default();
        let mut begun = vec![ask(), grant("A1"), head(200, ""), bytes("{\"chunk\":\"a\"}\n")];
        begun.truncate(1 + count);
        run(&mut chat, begun);
        let effects = chat.step(&config(), NOW.plus(400), Input::Stop);
        assert_eq!(effects.iter().any(is_abort), count > 0, "what was sent is aborted");
        assert_eq!(end(&effects), Some(said(&Ending::Stopped, count > 2)));
        assert_eq!(facts(&effects).0, told);
        assert_eq!(heard(&effects), ["Stopped."]);
        assert!(chat.under_way.is_none());
        let late =
            [grant("A1"), head(200, ""), bytes("{\"chunk\":\"b\"}\n[DONE]\n"), Input::End, Input::Alarm, Input::Flush];
        assert!(run(&mut chat, late).is_empty());
    }
}

#[test]
fn a_retry_is_in_place_without_text_and_beside_it_with_text() {
    let mut chat = Chat::default();
    run(&mut chat, [ask(), grant("A1"), head(500, ""), Input::End]);
    let effects = run(&mut chat, [Input::Retry(TURN)]);
    assert_eq!(begun(&effects), Some((0, 0, UseCase::CostOptimized, 0)));
    assert_eq!(chat.conversation.turns[0].answers[0].notice, None, "nothing is left of the failure");
    run(&mut chat, [grant("A1"), head(200, ""), bytes("{\"chunk\":\"a\"}\n"), Input::End]);
    let effects = run(&mut chat, [Input::Retry(TURN)]);
    assert_eq!(begun(&effects), Some((0, 1, UseCase::CostOptimized, 0)));
    assert_eq!(texts(&chat), [["a", ""]], "the text that came stays");
    run(&mut chat, answered("b"));
    assert_eq!(texts(&chat), [["a", "b"]]);
    for nothing in [Input::Retry(TURN), Input::Retry(TurnId(9))] {
        assert!(run(&mut chat, [nothing]).is_empty(), "what is done is not asked again, nor what is not there");
    }
    assert!(run(&mut Chat::default(), [Input::Retry(TURN)]).is_empty());

    // Reasoning counts as text that arrived, too.
    let mut chat = Chat::default();
    let reasoning = "data: {\"type\":\"reasoning-delta\",\"delta\":\"Well\"}\n\n";
    let effects = run(&mut chat, [ask(), grant("A1"), head(200, ""), bytes(reasoning)]);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Changed(Change::Text(tail)) if tail.part == Part::Reasoning && tail.text == "Well")));
    run(&mut chat, [Input::End]);
    assert_eq!(begun(&run(&mut chat, [Input::Retry(TURN)])), Some((0, 1, UseCase::CostOptimized, 0)));
}

#[test]
fn a_turn_can_be_asked_again_by_another_use_case() {
    let mut chat = Chat::default();
    run(&mut chat, [ask()].into_iter().chain(answered("a")));
    let effects = run(&mut chat, [Input::Again(TURN, UseCase::AccuracyOptimized), grant("A1")]);
    assert_eq!(begun(&effects), Some((0, 1, UseCase::AccuracyOptimized, 0)));
    assert_eq!(body(&effects), json!({"prompt": "Why?", "use_case": "accuracy_optimized"}));
    run(&mut chat, [Input::Stop]);
    assert_eq!(texts(&chat), [["a", ""]]);
    assert!(run(&mut chat, [Input::Again(TurnId(1), UseCase::Balanced)]).is_empty());
}

#[test]
fn one_answer_at_a_time() {
    for blocked in
        [ask(), Input::Again(TURN, UseCase::Balanced), Input::Retry(TURN), Input::Edit(TURN, asks("Else?"), ID)]
    {
        let mut chat = Chat::default();
        run(&mut chat, [ask()]);
        assert!(run(&mut chat, [blocked]).is_empty());
        assert!(end(&run(&mut chat, answered("a"))).is_some(), "and the one under way goes on");
    }
}

#[test]
fn the_first_question_gives_the_conversation_its_id_and_title() {
    let mut chat = Chat::default();
    let effects = run(&mut chat, [ask_for("Why is the sky blue?\nAnd why not violet?")]);
    let titled = View::Title { id: ID_TEXT.into(), title: "Why is the sky blue?".into() };
    assert_eq!(views(&effects).next(), Some(&titled));
    assert!(matches!(effects.first(), Some(Effect::Changed(Change::Whole))));
    run(&mut chat, answered("a"));
    let effects = chat.step(&config(), NOW.plus(5_000), Input::Ask(asks("And now?"), [9; 12]));
    assert!(!views(&effects).any(|view| matches!(view, View::Title { .. })));
    assert_eq!(chat.conversation.id, ID_TEXT);
    assert_eq!(chat.conversation.updated, NOW.plus(5_000));
    assert!(matches!(chat.rename("Sky".into())[..], [Effect::Changed(Change::Whole)]));
    assert_eq!(chat.conversation().title, "Sky");
}

#[test]
fn a_title_is_cut_at_a_word() {
    let sixty = "123456789 ".repeat(6).trim_end().to_owned() + "0";
    assert_eq!(sixty.len(), 60);
    for (prompt, expected) in [
        ("", String::new()),
        (" \n\n  Why?  \nBecause", "Why?".into()),
        (sixty.as_str(), sixty.clone()),
        (&format!("{sixty}1"), "123456789 123456789 123456789 123456789 123456789…".into()),
        (&format!("{} b", "a".repeat(59)), "a".repeat(59) + "…"),
        (&"a".repeat(61), "a".repeat(59) + "…"),
        (&"界".repeat(70), "界".repeat(59) + "…"),
    ] {
        assert_eq!(title(prompt), expected);
        assert!(title(prompt).chars().count() <= LONGEST_TITLE);
    }
}

/// Feeds in events by hand, because the stock wire has few of them.
fn tell(chat: &mut Chat, events: Vec<Event>) -> Vec<Effect> {
    let (answering, stage) = chat.under_way.take().unwrap();
    chat.read(&config(), NOW.plus(1_000), answering, stage, events, false)
}

/// A conversation with these turns, of which the back end accepts so many bytes.
fn talk(context_bytes: Option<u32>, turns: &[(&str, &[(End, &str)])]) -> Chat {
    let answer = |&(end, text): &(End, &str)| Answer {
        use_case: UseCase::Balanced,
        asked: NOW,
        context: 0,
        model: String::new(),
        text: text.into(),
        reasoning: String::new(),
        end: Some(end),
        notice: None,
        stop: None,
        usage: Usage::default(),
        first_text: None,
        duration: 1,
    };
    let turns = turns
        .iter()
        .map(|(prompt, answers)| Turn { prompt: (*prompt).into(), answers: answers.iter().map(answer).collect() });
    let (id, title) = ("id".into(), "title".into());
    let conversation = Conversation { id, title, updated: NOW, context_bytes, turns: turns.collect() };
    Chat { conversation, ..Chat::default() }
}

#[test]
fn a_back_end_that_takes_less_than_it_said_is_asked_without_earlier_turns() {
    let mut chat = talk(Some(1_000), &[("p1", &[(End::Done, "aaa")])]);
    let effects = run(&mut chat, [ask(), grant("A1")]);
    assert_eq!(begun(&effects), Some((1, 0, UseCase::CostOptimized, 1)));
    run(&mut chat, [head(413, ""), bytes(r#"{"Message":"The earlier turns are too long."}"#), Input::End]);
    let effects = run(&mut chat, [Input::Retry(TurnId(1)), grant("A1")]);
    assert_eq!((begun(&effects), body(&effects).get("messages")), (Some((1, 0, UseCase::CostOptimized, 0)), None));
}

#[test]
fn the_newest_earlier_turns_are_sent_up_to_the_limit() {
    use End::{CutOff, Done, Failed, Stopped};
    let turns: &[(&str, &[(End, &str)])] = &[
        ("p1", &[(Done, "aaa")]),
        ("p2", &[(Done, "old"), (Stopped, "bbb"), (Failed, "half"), (Done, "")]),
        ("p3", &[(Failed, "half")]),
        ("p4", &[(Done, " \n")]),
        (" ", &[(Done, "ccc")]),
        ("p5", &[(CutOff, "ddd")]),
    ];
    let all = [("p1", "aaa"), ("p2", "bbb"), ("p5", "ddd")];
    for (room, count) in
        [(None, 0), (Some(0), 0), (Some(4), 0), (Some(5), 1), (Some(9), 1), (Some(10), 2), (Some(14), 2), (Some(15), 3)]
    {
        let mut chat = talk(room, turns);
        let effects = run(&mut chat, [ask(), grant("A1")]);
        assert_eq!(begun(&effects), Some((6, 0, UseCase::CostOptimized, count)), "{room:?}");
        let messages: Vec<Value> = all[all.len() - count as usize..]
            .iter()
            .flat_map(|(prompt, answer)| {
                [json!({"role": "user", "content": prompt}), json!({"role": "assistant", "content": answer})]
            })
            .collect();
        let body = body(&effects);
        if count == 0 {
            assert_eq!(body.get("messages"), None);
        } else {
            assert_eq!(body["messages"], json!(messages), "{room:?}");
        }
        assert_eq!(body["prompt"], "Why?");
    }
    // A turn that is asked again is sent only with the turns before it.
    let mut chat = talk(Some(1_000), turns);
    assert_eq!(begun(&run(&mut chat, [Input::Again(TurnId(1), UseCase::Balanced)])).unwrap().3, 1);
    let mut chat = talk(Some(1_000), turns);
    assert_eq!(begun(&run(&mut chat, [Input::Retry(TurnId(2))])), Some((2, 1, UseCase::Balanced, 2)));
}

#[test]
fn each_answer_says_whether_earlier_turns_are_taken() {
    let mut chat = Chat::default();
    run(&mut chat, [ask(), grant("A1"), head(200, "")]);
    let effects =
        tell(&mut chat, vec![Event::Model("m".into()), Event::Context(100), Event::Text("a".into()), Event::End]);
    assert_eq!(end(&effects), Some(said(&Ending::Done, true)));
    let effects = run(&mut chat, [ask(), grant("A1"), head(200, "")]);
    assert_eq!(body(&effects)["messages"].as_array().unwrap().len(), 2);
    assert_eq!(begun(&effects).unwrap().3, 1);
    let effects = tell(&mut chat, vec![Event::Context(100), Event::Text("a".into()), Event::End]);
    assert_eq!(facts(&effects).0.last().unwrap(), "with 1 earlier turn");
    // The answer does not mention it: the back end is another one, or has changed.
    run(&mut chat, [ask(), grant("A1"), head(200, "")]);
    let effects = tell(&mut chat, vec![Event::Text("a".into()), Event::End]);
    assert!(!facts(&effects).0.iter().any(|fact| fact.contains("earlier")));
    assert_eq!(begun(&run(&mut chat, [ask()])).unwrap().3, 0);
    // A failure does not change it.
    chat.conversation.context_bytes = Some(100);
    run(&mut chat, [grant("A1"), head(500, ""), Input::End]);
    assert_eq!(chat.conversation.context_bytes, Some(100));
}

#[test]
fn every_fact_of_an_answer_is_kept_and_shown() {
    let price = Price { input: 1_000_000, output: 2_000_000 };
    let prices = Prices { date: "2026-11-01".into(), currency: "USD".into(), models: vec![("m".into(), price)] };
    let config = Config { prices: Some(prices), ..config() };
    let mut chat = Chat::default();
    run(&mut chat, [ask(), grant("A1"), head(200, "")]);
    let usage = |output| Usage { input_tokens: Some(1_000), cached_tokens: None, output_tokens: Some(output) };
    let events = vec![
        Event::Model("m".into()),
        Event::Model("m".into()),
        Event::Reasoning("because".into()),
        Event::Text("a".into()),
        Event::Skipped,
        Event::Usage(usage(1)),
        Event::Usage(usage(500)),
        Event::Stopped(signet_stream::StopReason::MaxTokens),
        Event::End,
    ];
    let (answering, stage) = chat.under_way.take().unwrap();
    let effects = chat.read(&config, NOW.plus(1_000), answering, stage, events, false);
    let models = effects.iter().filter_map(update).filter(|update| matches!(update, AnswerUpdate::Model(_)));
    assert_eq!(models.count(), 1);
    assert!(effects.iter().filter_map(update).any(|update| *update == AnswerUpdate::Reasoning("because".into())));
    let cost = "about $0.0020 (prices as of 2026-11-01)";
    let known = ["first word 1.00 s", "1.00 s in all", "500 tokens from 1,000", "ended at the token limit", cost];
    assert_eq!(facts(&effects).0, known);
    let replayed = Chat::default().show(&config, chat.conversation.clone());
    assert_eq!(facts(&replayed).0, known);
    assert!(replayed.iter().filter_map(update).any(|update| *update == AnswerUpdate::Reasoning("because".into())));
}

#[test]
fn an_error_in_mid_stream_says_what_to_do_and_how_long_to_wait() {
    let failed = |failure: Failure| {
        let mut chat = Chat::default();
        run(&mut chat, [ask(), grant("A1"), head(200, "")]);
        let effects = tell(&mut chat, vec![Event::Text("a".into()), Event::Error(failure)]);
        assert!(effects.iter().any(is_abort));
        let notice = end(&effects).unwrap().1.unwrap();
        assert_eq!(notice.request_id.as_deref(), Some("6f1c"));
        assert!(notice.text.ends_with(" What arrived is kept."));
        (notice.text.trim_end_matches(" What arrived is kept.").to_owned(), facts(&effects).1)
    };
    let failure =
        |code: &str, message: &str| Failure { code: code.into(), message: message.into(), ..Failure::default() };
    for code in [
        "throttlingException",
        "ThrottlingException",
        "rate_limit_exceeded",
        "overloaded_error",
        "DemoThrottle",
        "429",
        "529",
    ] {
        let (text, wait) = failed(failure(code, "Slow down."));
        assert_eq!(
            (text.as_str(), wait),
            ("The AI endpoint is getting too many requests just now. Try again in a moment.", Some(10))
        );
        let (text, wait) = failed(Failure { retry_after: Some(3), ..failure(code, "") });
        assert_eq!(
            (text.as_str(), wait),
            ("The AI endpoint is getting too many requests just now. Try again in 3 s.", Some(3))
        );
    }
    let early = "The AI endpoint ended the answer early";
    let modelled = |retryable, retry_after| {
        failed(Failure { retryable, retry_after, ..failure("modelStreamErrorException", "It broke.") })
    };
    assert_eq!(modelled(None, None), (format!("{early}: It broke."), Some(0)));
    assert_eq!(modelled(Some(true), Some(5)), (format!("{early}: It broke. Try again."), Some(5)));
    assert_eq!(
        modelled(Some(false), None),
        (format!("{early}: It broke. Asking the same question again will not help."), None)
    );
    assert_eq!(failed(failure("oops", "")), (format!("{early}: oops."), Some(0)));
}

#[test]
fn an_error_that_comes_instead_of_an_answer_does_not_speak_of_an_early_end() {
    let failed = |failure: Failure| {
        let mut chat = Chat::default();
        run(&mut chat, [ask(), grant("A1"), head(200, "")]);
        let effects = tell(&mut chat, vec![Event::Model("m".into()), Event::Error(failure)]);
        let notice = end(&effects).unwrap().1.unwrap();
        assert_eq!((notice.title.as_str(), notice.request_id.as_deref()), ("Not answered", Some("6f1c")));
        (notice.text, facts(&effects).1)
    };
    let failure = |code: &str, retryable| Failure {
        code: code.into(),
        message: "It broke.".into(),
        retryable,
        retry_after: None,
    };
    assert_eq!(
        failed(failure("AccessDeniedException", Some(false))),
        (
            "The AI endpoint did not answer: It broke. Asking the same question again will not help. Ask whoever runs this app."
                .into(),
            None
        )
    );
    for retryable in [None, Some(true)] {
        let text = "The AI endpoint did not answer: It broke. Try again.".to_owned();
        assert_eq!(failed(failure("modelStreamErrorException", retryable)), (text, Some(0)));
    }
}

#[test]
fn an_answer_without_text_is_not_called_complete() {
    for events in [
        vec![Event::Model("m".into()), Event::End],
        vec![Event::Skipped, Event::Stopped(signet_stream::StopReason::EndTurn), Event::End],
        vec![Event::End],
    ] {
        let mut chat = Chat::default();
        run(&mut chat, [ask(), grant("A1"), head(200, "")]);
        assert_eq!(end(&tell(&mut chat, events)), Some(failed(Fault::Empty)));
    }
}

#[test]
fn an_edited_question_goes_on_in_a_copy() {
    use End::Done;
    let turns: &[(&str, &[(End, &str)])] =
        &[("p1", &[(Done, "a1"), (Done, "b1")]), ("p2", &[(Done, "a2")]), ("p3", &[])];
    for (turn, title, kept) in [(0, "Else?", 0), (1, "title", 1), (2, "title", 2)] {
        let mut chat = talk(Some(100), turns);
        let before = chat.conversation.clone();
        let effects = run(&mut chat, [Input::Edit(TurnId(turn), asks("Else?"), ID)]);
        let shown: Vec<&View> = views(&effects).collect();
        assert_eq!(shown[0], &View::Conversation { id: ID_TEXT.into(), title: title.into(), turns: turn });
        assert_eq!(chat.conversation.turns[..kept], before.turns[..kept]);
        assert_eq!(chat.conversation.turns.len(), kept + 1);
        let asked: Vec<&str> = shown
            .iter()
            .filter_map(|view| match view {
                View::Turn { update: TurnUpdate::Asked { prompt }, .. } => Some(prompt.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(asked, [&["p1", "p2"][..kept], &["Else?"]].concat());
        let last = run(&mut chat, [grant("A1")]);
        assert_eq!(body(&last)["prompt"], "Else?");
        assert_eq!(body(&last).get("messages").is_some(), kept > 0, "the copy takes earlier turns along, too");
    }
    let mut chat = talk(None, turns);
    assert!(run(&mut chat, [Input::Edit(TurnId(3), asks("Else?"), ID)]).is_empty());
    assert_eq!(chat.conversation.id, "id");
}

#[test]
fn an_answer_that_was_kept_cut_off_is_shown_so_and_can_be_asked_again() {
    let mut stored = talk(None, &[("p", &[(End::Done, "a b")])]).conversation;
    let notice = words::history::page_was_closed();
    stored.turns[0].answers[0].end = Some(End::CutOff);
    // Earlier versions stored the notice.
    let mut with_notice = stored.clone();
    with_notice.turns[0].answers[0].notice = Some(notice.clone());
    let effects = Chat::default().show(&config(), with_notice);
    assert_eq!(end(&effects), Some((End::CutOff, Some(notice.clone()))));
    let mut chat = Chat::default();
    let effects = chat.show(&config(), stored);
    assert_eq!(end(&effects), Some((End::CutOff, Some(notice))));
    assert_eq!(text(&effects), "a b");
    let effects = run(&mut chat, [Input::Retry(TURN)]);
    assert_eq!(begun(&effects), Some((0, 1, UseCase::Balanced, 0)));
}

#[test]
fn showing_another_conversation_ends_the_request_of_this_one() {
    let mut chat = Chat::default();
    run(&mut chat, [ask(), grant("A1"), head(200, "")]);
    let effects = chat.show(&config(), Conversation::default());
    assert!(is_abort(&effects[0]) && chat.under_way.is_none());
    assert!(run(&mut chat, [bytes("{\"chunk\":\"a\"}\n"), Input::End]).is_empty());
    assert_eq!(chat.conversation, Conversation::default());
}

/// A chat with a clock and the timers that it has set.
struct Clock {
    chat: Chat,
    now: UnixMillis,
    alarm: Option<UnixMillis>,
    flush: Option<UnixMillis>,
    /// Each view, and when it was shown.
    shown: Vec<(UnixMillis, View)>,
}

impl Clock {
    fn new() -> Self {
        Self { chat: Chat::default(), now: NOW, alarm: None, flush: None, shown: vec![] }
    }

    fn step(&mut self, input: Input) {
        for effect in self.chat.step(&config(), self.now, input) {
            match effect {
                Effect::Alarm(millis) => self.alarm = Some(self.now.plus(millis.into())),
                Effect::Flush(millis) => {
                    assert_eq!(self.flush, None, "one at a time");
                    self.flush = Some(self.now.plus(millis.into()));
                }
                Effect::Show(view) => self.shown.push((self.now, view)),
                _ => {}
            }
        }
    }

    /// Lets time pass, up to this moment.
    fn pass(&mut self, millis: i64) {
        let until = self.now.plus(millis);
        while let Some(due) = [self.alarm, self.flush].into_iter().flatten().min().filter(|due| *due <= until) {
            self.now = due;
            if self.flush == Some(due) {
                self.flush = None;
                self.step(Input::Flush);
            } else {
                self.alarm = None;
                self.step(Input::Alarm);
            }
        }
        self.now = until;
    }

    /// When the answer failed, in milliseconds since the beginning, and its notice.
    fn failure(&self) -> Option<(i64, String)> {
        self.shown.iter().find_map(|(at, view)| match view {
            View::Turn { update: TurnUpdate::Answer { update: AnswerUpdate::Ended { notice, .. }, .. }, .. } => {
                Some((at.0 - NOW.0, notice.clone().map(|notice| notice.text).unwrap_or_default()))
            }
            _ => None,
        })
    }

    fn begun(until_head: bool) -> Self {
        let mut clock = Self::new();
        clock.step(ask());
        clock.step(grant("A1"));
        if until_head {
            clock.step(head(200, ""));
        }
        clock
    }
}

#[test]
fn an_endpoint_that_never_answers_is_given_up() {
    let mut clock = Clock::begun(false);
    clock.pass(89_999);
    assert_eq!(clock.failure(), None);
    clock.pass(60_000);
    let (at, said) = clock.failure().unwrap();
    assert_eq!((at, said.contains("for 90 seconds"), said.contains("kept")), (90_000, true, false), "{said}");

    for head_at in [0, 1_000, 74_000, 76_000, 89_999] {
        let mut clock = Clock::begun(false);
        clock.pass(head_at);
        clock.step(head(200, ""));
        clock.pass(74_999);
        assert_eq!(clock.failure(), None, "{head_at}");
        clock.pass(1);
        let (at, said) = clock.failure().unwrap();
        assert_eq!((at, said.contains("for 75 seconds")), (head_at + 75_000, true), "{said}");
    }
}

#[test]
fn any_byte_resets_the_silence_limit_and_partial_text_is_kept() {
    let mut clock = Clock::begun(true);
    for piece in ["{\"chunk\":\"a\"}\n", "\n", "\n", "{\"chunk\":\"b\"}\n"] {
        clock.pass(74_000);
        clock.step(bytes(piece));
    }
    clock.pass(74_999);
    assert_eq!(clock.failure(), None);
    clock.pass(2);
    let (at, said) = clock.failure().unwrap();
    assert_eq!((at, said.ends_with("What arrived is kept.")), (5 * 74_000 + 1_000, true));
    assert_eq!(texts(&clock.chat), [["ab"]]);
    assert_eq!(begun(&run(&mut clock.chat, [Input::Retry(TURN)])).unwrap().1, 1);
}

#[test]
fn a_refusal_that_never_ends_is_read_up_to_a_limit() {
    let mut clock = Clock::begun(false);
    clock.step(head(429, ""));
    clock.pass(75_000);
    assert!(clock.failure().unwrap().1.contains("too many requests"));
    // So is a refusal for which STS does not name the role.
    let mut chat = Chat::default();
    let Input::Keys(Ok(nameless)) = grant("A1") else { unreachable!() };
    let nameless = || Input::Keys(Ok(Grant { role: None, ..nameless.clone() }));
    run(&mut chat, [ask(), nameless(), head(403, ""), Input::End, nameless()]);
    let effects = chat.step(&config(), NOW.plus(100_000), Input::Alarm);
    assert!(effects.iter().any(is_abort));
    assert_eq!(end(&effects), Some(failed(Fault::NotAllowed { role: None, request_id: Some("6f1c".into()) })));
}

#[test]
fn the_first_text_is_shown_at_once_and_then_the_less_often_the_faster_it_comes() {
    let gaps = |millis: i64| {
        let mut clock = Clock::begun(true);
        clock.shown.clear();
        let words: Vec<String> = (0..3_000 / millis).map(|number| format!("w{number} ")).collect();
        for word in &words {
            clock.step(bytes(&format!("{{\"chunk\":\"{word}\"}}\n\n")));
            clock.pass(millis);
        }
        clock.step(bytes("[DONE]\n"));
        assert_eq!(texts(&clock.chat), [[words.concat()]]);
        let mut times: Vec<i64> = clock.shown.iter().filter(|(_, view)| is_steps(view)).map(|(at, _)| at.0).collect();
        assert_eq!(times[0], NOW.0, "the first word waits for nothing");
        times.dedup();
        let shown = clock.shown.len();
        clock.pass(200_000);
        assert_eq!((clock.shown.len(), clock.flush, clock.alarm), (shown, None, None), "and no timer goes on");
        times.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()
    };
    // A model's usual pace, and one that is too fast to read along.
    assert_eq!(gaps(10), [[80].repeat(37), vec![40]].concat());
    assert_eq!(gaps(1), [vec![80, 102, 163], [200].repeat(13), vec![55]].concat());
}

fn is_steps(view: &View) -> bool {
    matches!(view, View::Turn { update: TurnUpdate::Answer { update: AnswerUpdate::Steps(_), .. }, .. })
}

#[test]
fn slow_text_is_never_held_back() {
    let mut clock = Clock::begun(true);
    for count in 1..=5 {
        clock.pass(i64::from(SHORTEST_BATCH) + 10);
        clock.step(bytes("{\"chunk\":\"a\"}\n"));
        assert_eq!(texts(&clock.chat), [["a".repeat(count)]]);
    }
}

#[test]
fn a_long_answer_is_announced_at_its_boundaries_and_read_once() {
    let mut clock = Clock::begun(true);
    clock.step(bytes("{\"model_used\":\"Nova\"}\n"));
    for _ in 0..3_500 {
        clock.step(bytes("{\"chunk\":\"word \"}\n"));
        clock.pass(10);
    }
    clock.step(bytes("[DONE]\n"));
    let effects: Vec<Effect> = clock.shown.into_iter().map(|(_, view)| Effect::Show(view)).collect();
    let whole = vec!["word"; 3_500].join(" ");
    assert_eq!(
        heard(&effects),
        [
            "Waiting for the answer.",
            "Nova is answering.",
            "Still answering: about 1,000 words so far.",
            "Still answering: about 2,000 words so far.",
            "Still answering: about 3,000 words so far.",
            "The answer is complete: 3,500 words, by Nova.",
            &whole
        ]
    );
}

#[test]
fn the_spoken_beginning_of_a_long_answer_ends_at_a_word_or_a_character() {
    for whole in ["a b".to_owned(), "words and ".repeat(2_000)] {
        assert_eq!(beginning(whole.clone()), whole);
    }
    let cut = |text: &str| beginning(text.into()).strip_suffix(words::READ_ON).unwrap().len();
    assert_eq!(cut(&"words and ".repeat(2_001)), 4_999);
    assert_eq!(cut(&"字".repeat(8_000)), 4_998);
    assert_eq!(cut(&["a ", &"b".repeat(24_000)].concat()), 4_999);
}

#[test]
fn a_failure_is_read_by_the_alert_and_the_partial_answer_by_the_status() {
    let mut chat = Chat::default();
    let effects = run(&mut chat, [ask(), grant("A1"), head(200, ""), bytes("{\"chunk\":\"a\"}\n"), Input::End]);
    assert_eq!(heard(&effects), ["Waiting for the answer.", "The model is answering.", "", "a"]);
    let effects = all([ask(), grant("A1"), head(500, ""), Input::End]);
    assert_eq!(heard(&effects), ["Waiting for the answer.", ""]);
}

/// An answer as the page shows it.
#[derive(Debug, Default, Clone, PartialEq)]
struct Shown {
    model: String,
    /// The steps of its document.
    steps: Vec<Step>,
    text: String,
    reasoning: String,
    ended: Option<(End, Option<Notice>, Vec<String>)>,
}

/// A page and a store that carry out every effect.
#[derive(Debug, Default)]
struct Page {
    id: String,
    title: String,
    turns: Vec<(String, Vec<Shown>)>,
    /// How many turns a reopened conversation has.
    reopens: u32,
    kept: Conversation,
}

impl Page {
    fn take(&mut self, effect: &Effect, conversation: &Conversation) {
        if !matches!(effect, Effect::Show(_)) {
            self.reopens = 0;
        }
        match effect {
            Effect::Changed(Change::Whole) => self.kept = conversation.clone(),
            Effect::Changed(Change::Text(Tail { turn, answer, part, text })) => {
                assert!(!text.is_empty());
                self.kept.turns[turn.0 as usize].answers[answer.0 as usize].part(*part).push_str(text);
            }
            Effect::Show(View::Conversation { id, title, turns }) => {
                (self.id, self.title) = (id.clone(), title.clone());
                self.turns.clear();
                self.reopens = *turns;
            }
            Effect::Show(View::Title { id, title }) => (self.id, self.title) = (id.clone(), title.clone()),
            Effect::Show(View::Turn { id, update: TurnUpdate::Asked { prompt } }) => {
                assert_eq!(self.turns.len(), id.0 as usize);
                self.turns.push((prompt.clone(), vec![]));
            }
            Effect::Show(View::Turn { id, update: TurnUpdate::Answer { id: at, update } }) => {
                let answers = &mut self.turns[id.0 as usize].1;
                if matches!(update, AnswerUpdate::Begun { .. }) {
                    answers.truncate(at.0 as usize);
                    answers.push(<_>::default());
                }
                assert_eq!(answers.len(), at.0 as usize + 1, "only the newest changes");
                let shown = answers.last_mut().unwrap();
                assert!(shown.ended.is_none() || id.0 < self.reopens, "nothing comes after the end");
                match update {
                    AnswerUpdate::Begun { .. } => {}
                    AnswerUpdate::Model(model) => shown.model.clone_from(model),
                    AnswerUpdate::Steps(more) => shown.steps.extend(more.iter().cloned()),
                    AnswerUpdate::Reasoning(more) => shown.reasoning.push_str(more),
                    AnswerUpdate::Ended { end, notice, facts, .. } => {
                        shown.ended = Some((*end, notice.clone(), facts.clone()));
                    }
                }
            }
            _ => {}
        }
    }

    fn shown(&self) -> (&str, &str, Vec<(&str, Vec<Shown>)>) {
        let answer = |shown: &Shown| Shown { text: spoken(shown.steps.clone()), steps: vec![], ..shown.clone() };
        let turns = self.turns.iter().map(|(prompt, answers)| (prompt.as_str(), answers.iter().map(answer).collect()));
        (&self.id, &self.title, turns.collect())
    }
}

/// Pieces of an answer's text whose meaning depends on what follows.
const PIECES: [&str; 18] = [
    "word ",
    "*a",
    "b*",
    " **c",
    "# d",
    "\n\n",
    "- e",
    "[f]",
    "[f]: /g",
    "|h|i|",
    "\n|-|-|\n",
    "`",
    "```\n",
    "\n",
    "1. j ",
    "> k",
    "\n===\n",
    "ü",
];

/// An input chosen by numbers, so that some inputs fit the state.
fn an_input(kind: u8, detail: u8) -> Input {
    let id = [detail; 12];
    match kind {
        0 | 1 => Input::Ask(asks("Why?"), id),
        2 => Input::Again(TurnId(u32::from(detail % 4)), UseCase::Balanced),
        3 | 4 => Input::Retry(TurnId(u32::from(detail % 4))),
        5 => Input::Edit(TurnId(u32::from(detail % 4)), asks("Else?"), id),
        6 => Input::Stop,
        7..=9 => grant("A1"),
        10 => Input::Keys(Err(Fault::SessionEnded)),
        11..=13 => head(if detail < 200 { 200 } else { [403, 429, 500][usize::from(detail % 3)] }, ""),
        14..=19 => bytes(&(json!({ "chunk": PIECES[usize::from(detail) % PIECES.len()] }).to_string() + "\n")),
        20 => bytes("{\"model_used\":\"m\"}\n"),
        21 => bytes("[DONE]\n"),
        22 => bytes("Error: {}\n"),
        23 => Input::End,
        24 => Input::Broken,
        25 => Input::NoAnswer(NoAnswer::Unreachable),
        26 => Input::Alarm,
        _ => Input::Flush,
    }
}

proptest! {
    #[test]
    fn shown_arrived_and_stored_text_always_agree(
        moves in prop::collection::vec((0..32_u8, any::<u8>()), 0..120),
    ) {
        let (mut chat, mut page, mut now) = (Chat::default(), Page::default(), NOW);
        // The text that arrived; whether the request is open; pending alarms and flushes.
        let (mut came, mut open, mut alarms, mut flushes) = (String::new(), false, 0, 0);
        // Whether the open connection is past the answer's end marker.
        let mut is_rest = false;
        for (kind, detail) in moves {
            now = now.plus(i64::from(detail) * if kind == 26 { 500 } else { 3 });
            let input = an_input(kind, detail);
            let is_reading = matches!(chat.under_way, Some((_, Stage::Reading { .. })));
            match &input {
                // The app passes on only inputs of the newest request.
                Input::Head(_) | Input::Bytes(_) | Input::End | Input::Broken | Input::NoAnswer(_) if !open => continue,
                Input::Alarm if alarms == 0 => continue,
                Input::Flush if flushes == 0 => continue,
                Input::Alarm => alarms -= 1,
                Input::Flush => flushes -= 1,
                Input::End | Input::Broken | Input::NoAnswer(_) => (open, alarms, flushes) = (false, 0, 0),
                Input::Bytes(bytes) if is_reading && bytes.starts_with(b"{\"chunk") => {
                    came += serde_json::from_slice::<Value>(bytes).unwrap()["chunk"].as_str().unwrap();
                }
                _ => {}
            }
            let was_under_way = chat.under_way.is_some();
            let effects = chat.step(&config(), now, input);
            prop_assert!(effects.iter().filter(|effect| matches!(effect, Effect::Changed(_))).count() <= 1);
            for effect in &effects {
                page.take(effect, &chat.conversation);
                match effect {
                    Effect::Stream(_) => (open, is_rest, alarms, flushes) = (true, false, 0, 0),
                    Effect::Abort => (open, alarms, flushes) = (false, 0, 0),
                    Effect::Alarm(millis) => {
                        prop_assert!(*millis > 0 && *millis <= HEAD_PATIENCE);
                        alarms += 1;
                    }
                    Effect::Flush(_) => flushes += 1,
                    _ => {}
                }
            }
            let is_under_way = chat.under_way.is_some();
            if let Some((answering, _)) = &chat.under_way {
                prop_assert_eq!(chat.text(answering.turn, answering.answer).unwrap(), came.as_str());
                prop_assert!(answering.shown == came.len() || flushes == 1, "what is held back is waited for");
                prop_assert!(!open || is_rest || alarms == 1, "{} alarms", alarms);
            }
            if was_under_way && !is_under_way {
                let ends = effects.iter().filter_map(update).filter(|it| matches!(it, AnswerUpdate::Ended { .. }));
                prop_assert_eq!(ends.count(), 1);
                is_rest |= end(&effects).unwrap().0 == End::Done;
                prop_assert!(!open || is_rest, "a request that nobody listens to");
                let written: usize = effects.iter().map(|effect| usize::from(matches!(effect, Effect::Changed(Change::Whole)))).sum();
                prop_assert_eq!(written, 1);
                came.clear();
            }
            if !is_under_way {
                came.clear();
            }
            let unfinished = chat.conversation.turns.iter().flat_map(|turn| &turn.answers).filter(|answer| answer.end.is_none());
            prop_assert_eq!(unfinished.count(), usize::from(is_under_way), "one answer at a time");
            let kept = Chat { conversation: page.kept.clone(), ..Chat::default() };
            prop_assert_eq!(texts(&kept), texts(&chat), "the store has all text");
        }
        if chat.under_way.is_some() {
            let effects = chat.step(&config(), now, Input::Stop);
            for effect in &effects {
                page.take(effect, &chat.conversation);
            }
        }
        prop_assert_eq!(&page.kept, &chat.conversation);
        let (mut again, mut reloaded) = (Page::default(), Chat::default());
        let replay = reloaded.show(&config(), chat.conversation.clone());
        for effect in &replay {
            again.take(effect, &chat.conversation);
        }
        prop_assert_eq!(again.shown(), page.shown(), "a replay shows the same");
        for ((_, answers), turn) in page.shown().2.iter().zip(&chat.conversation.turns) {
            for (shown, answer) in answers.iter().zip(&turn.answers) {
                prop_assert_eq!(&shown.text, &spoken(document(&answer.text)));
            }
        }
    }
}
