use super::*;

#[test]
fn an_error_ends_the_answer_and_keeps_the_text_before_it() {
    for (line, code, message) in [
        ("Error: {\"error\":{}}", "", ""),
        ("Error: {\"error\":\"too busy\"}\n", "", "too busy"),
        ("Error: {\"error\":{\"message\":\"too busy\",\"code\":\"x\"}}", "x", "too busy"),
        ("Error: out of luck", "", "out of luck"),
        ("Error:", "", ""),
        ("{\"error\":{\"message\":\"too busy\"}}", "", "too busy"),
        ("data: {\"error\":{\"message\":\"too busy\",\"code\":529}}\n\n", "529", "too busy"),
        ("event: error\ndata: too busy\n\n", "", "too busy"),
        ("event: error\ndata: {\"message\":\"too busy\"}\n\n", "", "too busy"),
    ] {
        let answer = format!("{{\"chunk\":\"a\"}}\n\n{line}\n\n{{\"chunk\":\"late\"}}\n[DONE]\n");
        for answer in [&answer, answer.split("\n\n{\"chunk\":\"late\"}").next().unwrap()] {
            let retryable = (code == "529").then_some(true);
            assert_eq!(decode(answer.as_bytes()), [text("a"), error(code, message, retryable)], "{line}");
        }
    }
    assert_eq!(decode(b"Error: alone"), [error("", "alone", None)]);
    for (code, retryable) in [("ThrottlingException", Some(true)), ("validationException", Some(false)), ("x", None)] {
        assert_eq!(decode(&exception(code, "{}")), [error(code, "", retryable)]);
    }
}

#[test]
fn an_http_status_says_whether_asking_again_may_help() {
    for (status, retryable) in [
        (408, Some(true)),
        (429, Some(true)),
        (500, Some(true)),
        (502, Some(true)),
        (529, Some(true)),
        (400, Some(false)),
        (401, Some(false)),
        (403, Some(false)),
        (418, None),
        (1234, None),
    ] {
        let openrouter = format!("data: {{\"error\":{{\"code\":{status},\"message\":\"m\"}},\"choices\":[]}}\n\n");
        let chat_ui = format!(r#"{{"type":"status","status":"error","message":"m","statusCode":{status}}}"#);
        for answer in [openrouter, chat_ui] {
            assert_eq!(decode(answer.as_bytes()), [error(&status.to_string(), "m", retryable)], "{answer}");
        }
    }
}
