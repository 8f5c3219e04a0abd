//! Answers of the function, streamed through the gateway.

use std::task::Poll;

use hyper::StatusCode;

use crate::client::{ask, chunk, keys_of, readable, role, send, signed, token_of, whole};
use crate::function::Prompt;
use crate::{ORIGIN, alice, bob, test};

#[test]
fn an_answer_streams_while_the_function_is_still_writing() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let speak = async {
            let mut function = prompt.function().await;
            function.say("one").await;
            function
        };
        let (response, mut function) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), speak);
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "text/event-stream");
        let origins: Vec<_> = headers.get_all("access-control-allow-origin").iter().collect();
        assert_eq!(origins, [ORIGIN], "only one, though the function sends one too");
        let mut body = response.into_body();
        assert_eq!(chunk(&mut body).await.unwrap().unwrap(), "one");
        // Each text is sent only after the one before it has arrived here.
        for text in ["two", "three ü"] {
            function.say(text).await;
            assert_eq!(chunk(&mut body).await.unwrap().unwrap(), text);
        }
        function.tell("end").await;
        function.has_done("end").await;
        assert!(chunk(&mut body).await.is_none());
    });
}

#[test]
fn typed_events_and_keep_alives_stream_while_the_function_is_still_writing() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let start = "data: {\"type\":\"start\",\"model\":\"m\",\"contextBytes\":32768}\n\n";
        // The header is not signed: a browser adds it after the app has signed the request.
        let mut request = signed(config, ask(config, &prompt.1), &keys);
        request.headers_mut().insert("accept", "text/event-stream".parse().unwrap());
        let speak = async {
            let mut function = prompt.function().await;
            function.say(": keep-alive\n\n").await;
            function
        };
        let (response, mut function) = tokio::join!(send(request), speak);
        assert_eq!(function.event["headers"]["accept"], "text/event-stream");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream; charset=utf-8");
        let origins: Vec<_> = response.headers().get_all("access-control-allow-origin").iter().collect();
        assert_eq!(origins, [ORIGIN]);
        let mut body = response.into_body();
        assert_eq!(chunk(&mut body).await.unwrap().unwrap(), ": keep-alive\n\n");
        // Each text is sent only after the one before it has arrived here; half an event does not wait for the rest.
        for text in [
            start,
            ": keep-alive\n\n",
            "data: {\"type\":\"text\",\"te",
            "xt\":\"ü\"}\n\n",
            "data: {\"type\":\"end\"}\n\n",
        ] {
            function.say(text).await;
            assert_eq!(chunk(&mut body).await.unwrap().unwrap(), text);
        }
        function.tell("end").await;
        function.has_done("end").await;
        assert!(chunk(&mut body).await.is_none());
    });
}

#[test]
fn the_event_says_who_called() {
    test(async |stack, config| {
        let token = token_of(config, alice(stack)).await;
        let role = role(&token).expect("the token names the group's role");
        let role = role.rsplit('/').next().unwrap();
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let request = send(signed(config, ask(config, &prompt.1), &keys));
        let speak = async {
            let mut function = prompt.function().await;
            function.tell("end").await;
            function.event
        };
        let (response, event) = tokio::join!(request, speak);
        let caller = &event["requestContext"]["authorizer"]["iam"];
        assert_eq!(caller["accessKey"], keys.access_key_id);
        assert_eq!(caller["accountId"], "000000000000");
        let arn = format!("arn:aws:sts::000000000000:assumed-role/{role}/CognitoIdentityCredentials");
        assert_eq!(caller["userArn"], arn);
        assert!(caller["userId"].as_str().unwrap().ends_with(":CognitoIdentityCredentials"));
        assert_eq!(event["requestContext"]["requestId"], response.headers()["x-amzn-requestid"].to_str().unwrap());
        assert_eq!(event["requestContext"]["http"]["method"], "POST");
    });
}

#[test]
fn a_function_that_dies_or_fails_is_a_502_and_another_takes_its_place() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        for command in ["die", "fail"] {
            let prompt = Prompt::new().await;
            let (response, ()) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
                prompt.function().await.tell(command).await;
            });
            readable(response, StatusCode::BAD_GATEWAY, "InternalServerErrorException").await;
        }
        let prompt = Prompt::new().await;
        let (response, ()) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
            let mut function = prompt.function().await;
            function.say("alive").await;
            function.tell("end").await;
        });
        assert_eq!(whole(response).await.unwrap(), "alive");
    });
}

#[test]
fn an_answer_whose_function_dies_is_cut_off() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let (response, mut function) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
            let mut function = prompt.function().await;
            function.say("so far").await;
            function
        });
        let mut body = response.into_body();
        assert_eq!(chunk(&mut body).await.unwrap().unwrap(), "so far");
        function.tell("die").await;
        assert!(chunk(&mut body).await.unwrap().is_err());
    });
}

#[test]
fn a_client_that_leaves_does_not_stop_the_function() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let (response, mut function) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
            let mut function = prompt.function().await;
            function.say("so far").await;
            function
        });
        drop(response);
        // Far more than all buffers on the way can hold: it is accepted although nobody reads it, and the function ends normally.
        function.tell("flood 1024").await;
        function.has_done("flood").await;
        function.tell("end").await;
        function.has_done("end").await;
    });
}

#[test]
fn a_client_that_reads_slowly_slows_the_function_down() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let prompt = Prompt::new().await;
        let (response, mut function) = tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), async {
            let mut function = prompt.function().await;
            function.say("so far").await;
            function
        });
        let mut body = response.into_body();
        assert_eq!(chunk(&mut body).await.unwrap().unwrap(), "so far");
        // 128 MB: if they were accepted as fast as the function writes them, it would be done before the other request, which takes a while.
        function.tell("flood 2048").await;
        keys_of(config, bob(stack)).await;
        {
            let mut flooded = std::pin::pin!(function.has_done("flood"));
            let waiting =
                std::future::poll_fn(|context| Poll::Ready(flooded.as_mut().poll(context).is_pending())).await;
            assert!(waiting, "the function was done before anything was read");
            let mut read = 0;
            while read < 2048 * 65536 {
                read += chunk(&mut body).await.unwrap().unwrap().len();
            }
            flooded.await;
        }
        function.tell("end").await;
        assert!(chunk(&mut body).await.is_none());
    });
}

#[test]
fn answers_stream_concurrently() {
    test(async |stack, config| {
        let keys = keys_of(config, alice(stack)).await;
        let (first, second) = (Prompt::new().await, Prompt::new().await);
        let begin = async |prompt: &Prompt| {
            let speak = async {
                let mut function = prompt.function().await;
                function.say(&prompt.1).await;
                function
            };
            tokio::join!(send(signed(config, ask(config, &prompt.1), &keys)), speak)
        };
        // Neither function ends before the other one has begun.
        let ((one, mut of_one), (two, mut of_two)) = tokio::join!(begin(&first), begin(&second));
        of_two.tell("end").await;
        assert_eq!(whole(two).await.unwrap(), second.1);
        of_one.tell("end").await;
        assert_eq!(whole(one).await.unwrap(), first.1);
    });
}
