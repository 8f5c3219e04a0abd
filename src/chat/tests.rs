use serde_json::Value;

use super::*;
use crate::markdown::Step;
use crate::secret::Secret;
use crate::stream::stock::UseCase;
use crate::time::Skew;

const NOW: UnixMillis = UnixMillis(1_793_682_367_000);
const TURN: TurnId = TurnId(0);

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

fn ask() -> Input {
    Input::Ask(Ask { prompt: "Why?".into(), use_case: UseCase::CostOptimized })
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

/// All effects of these inputs, each a tenth of a second after the one before.
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

fn end(effects: &[Effect]) -> Option<&Ending> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Ended { ending, .. } => Some(ending),
        _ => None,
    })
}

fn update(effect: &Effect) -> Option<&AnswerUpdate> {
    if let Effect::Show(_, TurnUpdate::Answer { update, .. }) = effect { Some(update) } else { None }
}

fn text(effects: &[Effect]) -> String {
    let steps = effects.iter().filter_map(update).filter_map(|update| match update {
        AnswerUpdate::Steps(steps) => Some(steps),
        _ => None,
    });
    steps.flatten().filter_map(|step| if let Step::Text(text) = step { Some(text.as_str()) } else { None }).collect()
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
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body, serde_json::json!({"prompt": "Why?", "use_case": "cost_optimized"}));
    let header = |name: &str| request.headers.iter().find(|(n, _)| n == name).unwrap().1.as_str();
    assert!(header("authorization").contains("Credential=A1/20261103/eu-west-1/lambda/aws4_request"));
    assert_eq!(
        header("x-amz-date"),
        "20261103T100607Z",
        "five hours ahead of this machine, and a tenth of a second later"
    );
    assert_eq!(header("x-amz-security-token"), "session");
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
    let texts: Vec<_> =
        effects.iter().filter_map(update).filter(|update| matches!(update, AnswerUpdate::Steps(_))).collect();
    assert_eq!(texts.len(), 2, "one for each read: {texts:?}");
    assert_eq!(text(&effects), "abc");
    assert!(matches!(
        effects.last(),
        Some(Effect::Ended { turn: TURN, ending: Ending::Done, first_text: Some(400), duration: 500 })
    ));
}

#[test]
fn an_end_without_the_marker_is_cut_off_with_the_text_kept() {
    for last in [Input::End, Input::NoAnswer(NoAnswer::Unreachable)] {
        let effects = all([ask(), grant("A1"), head(200, ""), bytes("{\"chunk\":\"a\"}\n\n"), last]);
        assert_eq!((text(&effects).as_str(), end(&effects)), ("a", Some(&Ending::CutOff)));
    }
    assert_eq!(
        end(&all([ask(), grant("A1"), head(200, ""), Input::End])),
        Some(&Ending::CutOff),
        "an empty 200 is no answer"
    );
}

#[test]
fn an_error_or_a_broken_line_in_mid_stream_keeps_the_text() {
    let effects =
        all([ask(), grant("A1"), head(200, ""), bytes("{\"chunk\":\"a\"}\n\nError: {\"error\":\"no\"}"), Input::End]);
    assert_eq!(
        (text(&effects).as_str(), end(&effects)),
        ("a", Some(&Ending::Failed(Fault::Answer { message: "no".into() })))
    );
    let effects = all([
        ask(),
        grant("A1"),
        head(200, ""),
        bytes("{\"chunk\":\"a\"}\noops\n{\"chunk\":\"b\"}\n[DONE]"),
        Input::End,
    ]);
    assert_eq!((text(&effects).as_str(), end(&effects)), ("ab", Some(&Ending::Failed(Fault::Garbled { lines: 1 }))));
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
        assert_eq!((text(&effects).as_str(), end(&effects)), ("a", Some(&Ending::Done)));

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
        assert!(matches!(end(&effects), Some(Ending::Failed(Fault::Refused { status: 403, .. }))), "{effects:?}");
    }
}

#[test]
fn what_refuses_the_question_is_told_apart() {
    let refused = |status, error_type, body: &str| {
        let effects = all([ask(), grant("A1"), head(status, error_type), bytes(body), Input::End]);
        match end(&effects) {
            Some(Ending::Failed(fault)) => fault.clone(),
            other => panic!("{other:?}"),
        }
    };
    let request_id = Some("6f1c".to_owned());
    let service = Service::FunctionUrl;
    assert_eq!(
        refused(403, "AccessDeniedException", "{\"Message\":\"Forbidden. For troubleshooting\"}"),
        Fault::NotAllowed { role: Some("callers".into()), request_id: request_id.clone() }
    );
    assert_eq!(
        refused(429, "", ""),
        Fault::Throttled { service, retry_after: Some(7), request_id: request_id.clone() }
    );
    assert_eq!(
        refused(502, "", "{\"message\":\"Internal Server Error\"}"),
        Fault::Failing {
            service,
            status: 502,
            message: "Internal Server Error".into(),
            request_id: request_id.clone()
        }
    );
    assert_eq!(
        refused(400, "", "{\"message\":\"no prompt\"}"),
        Fault::Refused { service, status: 400, code: String::new(), message: "no prompt".into(), request_id }
    );
    for (no_answer, fault) in [
        (NoAnswer::Offline, Fault::Offline),
        (NoAnswer::Unreachable, Fault::Unreachable { service }),
        (NoAnswer::Unreadable, Fault::Unreadable { service }),
    ] {
        assert_eq!(end(&all([ask(), grant("A1"), Input::NoAnswer(no_answer)])), Some(&Ending::Failed(fault)));
    }
    assert_eq!(end(&all([ask(), Input::Keys(Err(Fault::SessionEnded))])), Some(&Ending::Failed(Fault::SessionEnded)));
}

#[test]
fn a_role_that_the_token_does_not_name_is_asked_of_sts() {
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
        Ending::Failed(Fault::NotAllowed { role: role.map(str::to_owned), request_id: Some("6f1c".into()) })
    };
    assert_eq!(end(&effects), Some(&not_allowed(Some("guests"))));
    // An STS that does not answer changes nothing of the refusal.
    let mut chat = Chat::default();
    run(&mut chat, refused());
    let effects = run(&mut chat, [nameless(), Input::NoAnswer(NoAnswer::Unreachable)]);
    assert_eq!(end(&effects), Some(&not_allowed(None)));
}

#[test]
fn stop_ends_it_at_every_stage_and_nothing_comes_after() {
    let stages = [grant("A1"), head(200, ""), bytes("{\"chunk\":\"a\"}\n")];
    for count in 0..=stages.len() {
        let mut chat = Chat::default();
        let mut begun = vec![ask(), grant("A1"), head(200, ""), bytes("{\"chunk\":\"a\"}\n")];
        begun.truncate(1 + count);
        run(&mut chat, begun);
        let effects = run(&mut chat, [Input::Stop]);
        assert_eq!(effects.iter().any(|effect| matches!(effect, Effect::Abort)), count > 0, "what was sent is aborted");
        assert_eq!(end(&effects), Some(&Ending::Stopped));
        assert!(chat.answering.is_none());
        assert!(
            run(&mut chat, [grant("A1"), head(200, ""), bytes("{\"chunk\":\"b\"}\n[DONE]\n"), Input::End]).is_empty()
        );
    }
}

#[test]
fn a_retry_is_in_place_without_text_and_a_new_turn_with_it() {
    let mut chat = Chat::default();
    run(&mut chat, [ask(), grant("A1"), head(500, ""), Input::End]);
    let effects = run(&mut chat, [Input::Retry(TURN)]);
    assert!(
        matches!(&effects[0], Effect::Show(TurnId(0), TurnUpdate::Asked { prompt, .. }) if prompt == "Why?"),
        "{effects:?}"
    );
    run(&mut chat, [grant("A1"), head(200, ""), bytes("{\"chunk\":\"a\"}\n"), Input::End]);
    let effects = run(&mut chat, [Input::Retry(TURN)]);
    assert!(
        matches!(&effects[0], Effect::Show(TurnId(1), TurnUpdate::Asked { prompt, .. }) if prompt == "Why?"),
        "{effects:?}"
    );
    assert!(run(&mut Chat::default(), [Input::Retry(TurnId(9))]).is_empty());
}

#[test]
fn one_answer_at_a_time() {
    let mut chat = Chat::default();
    run(&mut chat, [ask()]);
    assert!(run(&mut chat, [ask()]).is_empty());
}
