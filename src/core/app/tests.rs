use super::*;
use crate::core::fault::Fault;
use crate::core::session::harness::{
    HOUR, NOW, PAGE, Run, claims, config, credentials, operation, refusal, response, secrets, tokens, verifier,
    with_guests,
};
use crate::protocol::{AnswerId, AnswerUpdate, End, Errand, SessionView, TurnId, TurnUpdate};
use proptest::prelude::*;
use signet_stream::stock::UseCase;

/// An app, and the effects of its last step.
struct Tab {
    app: App,
    now: UnixMillis,
    effects: Vec<Effect>,
}

impl Tab {
    /// With the record that an earlier load of the page stored.
    fn new(config: Config, record: Option<Record>) -> Self {
        let mut tab = Self { app: App::new(config, [3; 32], UnixMillis::amz_date), now: NOW, effects: vec![] };
        tab.restore(record);
        tab
    }

    fn restore(&mut self, record: Option<Record>) {
        self.step(Input::Restored {
            record,
            memory: Memory::default(),
            page: PAGE.into(),
            callback: Secret::new(String::new()),
        });
    }

    /// Somebody is signed in, and keys are on the way.
    fn restored() -> Self {
        Self::new(config(), Run::signed_in(config()).record)
    }

    /// Somebody is signed in, with keys.
    fn signed_in() -> Self {
        let mut tab = Self::restored();
        tab.reply(Ok(response(200, credentials("A1", NOW.plus(HOUR)).to_string())));
        tab
    }

    /// The form was sent, and a request to the user pool is under way.
    fn signing_in() -> Self {
        let mut tab = Self::new(config(), None);
        tab.submit();
        tab
    }

    fn step(&mut self, input: Input) -> &mut Self {
        self.effects = self.app.step(self.now, input);
        self
    }

    fn submit(&mut self) -> &mut Self {
        let form = self.app.last_form;
        self.step(Input::Intent(Intent::Submit { form }, secrets(&["alice", "hunter2"])))
    }

    fn ask(&mut self) -> &mut Self {
        self.step(Input::Intent(Intent::Ask { prompt: "Why?".into(), use_case: UseCase::Balanced }, vec![]))
    }

    fn reply(&mut self, reply: Result<Response, NoAnswer>) -> &mut Self {
        let id = self.app.session_request.as_ref().expect("a request").id;
        self.step(Input::Replied(id, reply))
    }

    fn sends(&self) -> Option<(RequestId, &str)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Send(Some(id), request) => Some((*id, operation(request))),
            _ => None,
        })
    }

    fn waits(&self) -> Option<(RequestId, u32)> {
        let waits = |effect: &Effect| {
            if let Effect::Wait(Timer::Retry(id), millis) = effect { Some((*id, *millis)) } else { None }
        };
        self.effects.iter().find_map(waits)
    }

    fn streams(&self) -> Option<RequestId> {
        self.effects.iter().find_map(|effect| if let Effect::Stream(id, _) = effect { Some(*id) } else { None })
    }

    fn busy(&self) -> Option<&str> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Show(View::Session(SessionView::Busy { text })) => Some(&**text),
            _ => None,
        })
    }

    /// The error beside the form.
    fn error(&self) -> Option<&str> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Show(View::Session(SessionView::Asked(form))) => Some(form.error.as_ref()?.text.as_str()),
            _ => None,
        })
    }

    fn end(&self) -> Option<(&End, Option<&str>)> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Show(View::Turn {
                update: TurnUpdate::Answer { update: AnswerUpdate::Ended { end, notice, .. }, .. },
                ..
            }) => Some((end, notice.as_ref().map(|notice| notice.text.as_str()))),
            _ => None,
        })
    }

    fn has_no_turns(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Show(View::Forget { .. })))
    }
}

fn throttled(retry_after: Option<u32>) -> Response {
    let mut response = refusal("TooManyRequestsException", "Rate exceeded");
    response.head.retry_after = retry_after;
    response
}

#[test]
fn a_question_asked_before_the_keys_are_there_waits_for_them() {
    let mut tab = Tab::restored();
    assert_eq!(tab.ask().streams(), None);
    tab.reply(Ok(response(200, credentials("A1", NOW.plus(HOUR)).to_string())));
    assert!(tab.streams().is_some());
}

#[test]
fn a_reply_to_an_old_request_is_dropped() {
    let mut tab = Tab::restored();
    let (restoring, _) = tab.sends().unwrap();
    tab.step(Input::Intent(Intent::SignOut, vec![]));
    let late = Input::Replied(restoring, Ok(response(200, credentials("A1", NOW.plus(HOUR)).to_string())));
    assert!(tab.step(late).effects.is_empty());
    assert_eq!(tab.app.session.subject(), None);
}

#[test]
fn signing_out_ends_the_answer_and_forgets_the_turns() {
    let mut tab = Tab::signed_in();
    let asked = tab.ask().streams().unwrap();
    tab.step(Input::Intent(Intent::SignOut, vec![]));
    assert!(tab.effects.iter().any(|effect| matches!(effect, Effect::Abort(id) if *id == asked)));
    assert!(matches!(tab.effects.last(), Some(Effect::Show(View::Forget { draft: true }))));
    assert!(tab.step(Input::Streamed(asked, Streamed::Bytes(b"{\"chunk\":\"late\"}\n".to_vec()))).effects.is_empty());
}

#[test]
fn a_guest_who_signs_in_goes_on_with_what_was_typed() {
    let mut tab = Tab::new(with_guests(), None);
    tab.step(Input::Intent(Intent::Press { form: tab.app.last_form, button: 0 }, vec![]));
    tab.reply(Ok(response(200, r#"{"IdentityId":"eu-central-1:i"}"#)));
    tab.reply(Ok(response(200, credentials("G1", NOW.plus(HOUR)).to_string())));
    assert!(tab.app.is_guest && !tab.has_no_turns());
    tab.step(Input::Intent(Intent::SignOut, vec![]));
    assert!(matches!(tab.effects.last(), Some(Effect::Show(View::Forget { draft: false }))));
    tab.submit().reply(Ok(response(200, verifier("PASSWORD_VERIFIER").to_string())));
    tab.reply(Ok(response(200, tokens(NOW, None).to_string())));
    tab.reply(Ok(response(200, credentials("A2", NOW.plus(HOUR)).to_string())));
    assert!(tab.app.session.subject() == Some("s-1") && !tab.has_no_turns());
    tab.step(Input::Intent(Intent::SignOut, vec![]));
    assert!(matches!(tab.effects.last(), Some(Effect::Show(View::Forget { draft: true }))));
}

#[test]
fn a_whole_answers_connection_is_closed_when_the_next_one_is_opened() {
    let mut tab = Tab::signed_in();
    let asked = tab.ask().streams().unwrap();
    tab.step(Input::Streamed(asked, Streamed::Head(Head { status: 200, ..Head::default() })));
    tab.step(Input::Streamed(asked, Streamed::Bytes(b"{\"chunk\":\"a\"}\n[DONE]\n".to_vec())));
    let aborts = |tab: &Tab| tab.effects.iter().any(|effect| matches!(effect, Effect::Abort(id) if *id == asked));
    assert!(tab.end().is_some_and(|(end, _)| *end == End::Done) && !aborts(&tab));
    assert!(tab.ask().streams().is_some() && aborts(&tab));
}

#[test]
fn a_session_that_ends_by_itself_keeps_the_turns_for_the_same_person_only() {
    for (who, kept) in [("s-1", true), ("s-2", false)] {
        let mut tab = Tab::signed_in();
        tab.now = NOW.plus(2 * HOUR);
        tab.ask();
        assert_eq!(tab.sends().unwrap().1, "GetTokensFromRefreshToken");
        tab.reply(Ok(refusal("NotAuthorizedException", "Refresh Token has been revoked")));
        let ended = tab.end().unwrap();
        assert_eq!(ended.0, &End::Failed);
        assert!(ended.1.unwrap().contains("Sign in again"), "{ended:?}");
        assert!(tab.error().is_some() && !tab.has_no_turns());
        tab.submit().reply(Ok(response(200, verifier("PASSWORD_VERIFIER").to_string())));
        let mut body = tokens(tab.now, None);
        let mut claims = claims(tab.now);
        claims["sub"] = who.into();
        body["AuthenticationResult"]["IdToken"] = crate::core::session::harness::unsigned_token(&claims).into();
        tab.reply(Ok(response(200, body.to_string())));
        tab.reply(Ok(response(200, r#"{"IdentityId":"eu-central-1:i"}"#)));
        tab.reply(Ok(response(200, credentials("A2", tab.now.plus(HOUR)).to_string())));
        assert!(tab.app.session.subject() == Some(who));
        assert_eq!(!tab.has_no_turns(), kept, "{who}");
    }
}

#[test]
fn the_notice_of_a_turn_names_whom_to_ask() {
    let config = Config { contact: Some("it@example.com".into()), ..config() };
    let mut tab = Tab::new(config, Run::signed_in(self::config()).record);
    tab.reply(Ok(response(200, credentials("A1", NOW.plus(HOUR)).to_string())));
    let asked = tab.ask().streams().unwrap();
    let head = Head { status: 403, error_type: Some("AccessDeniedException".into()), ..Head::default() };
    tab.step(Input::Streamed(asked, Streamed::Head(head))).step(Input::Streamed(asked, Streamed::End));
    let (end, notice) = tab.end().unwrap();
    assert_eq!(end, &End::Failed);
    assert!(notice.unwrap().contains("callers") && notice.unwrap().contains("it@example.com"), "{notice:?}");

    let asked = tab.ask().streams().unwrap();
    tab.step(Input::Streamed(asked, Streamed::Head(Head { status: 200, ..Head::default() })));
    tab.step(Input::Streamed(asked, Streamed::End));
    assert_eq!(tab.end(), Some((&End::CutOff, Some("The connection ended before the answer began. Try again."))));
    tab.ask().step(Input::Intent(Intent::Stop, vec![]));
    assert_eq!(tab.end(), Some((&End::Stopped, None)));
}

#[test]
fn a_silent_endpoint_is_given_up_and_its_request_aborted() {
    let mut tab = Tab::signed_in();
    let asked = tab.ask().streams().unwrap();
    let alarm = |tab: &Tab| {
        tab.effects.iter().find_map(|effect| match effect {
            Effect::Wait(Timer::Alarm(id), millis) => Some((*id, *millis)),
            _ => None,
        })
    };
    assert_eq!(alarm(&tab), Some((asked, 75_000)));
    assert!(tab.step(Input::Waited(Timer::Alarm(RequestId(asked.0 - 1)))).effects.is_empty(), "another's");
    tab.now = tab.now.plus(75_000);
    tab.step(Input::Waited(Timer::Alarm(asked)));
    assert_eq!(alarm(&tab), Some((asked, 15_000)));
    tab.now = tab.now.plus(15_000);
    tab.step(Input::Waited(Timer::Alarm(asked)));
    assert!(tab.effects.iter().any(|effect| matches!(effect, Effect::Abort(id) if *id == asked)));
    assert!(tab.end().unwrap().1.unwrap().contains("90 seconds"));
    let late = [Input::Waited(Timer::Alarm(asked)), Input::Streamed(asked, Streamed::Broken)];
    assert!(late.into_iter().all(|late| tab.step(late).effects.is_empty()));
}

#[test]
fn batches_are_shown_in_time() {
    let mut tab = Tab::signed_in();
    let asked = tab.ask().streams().unwrap();
    tab.step(Input::Streamed(asked, Streamed::Head(Head { status: 200, ..Head::default() })));
    let chunk = || Input::Streamed(asked, Streamed::Bytes(b"{\"chunk\":\"a\"}\n".to_vec()));
    let flushes = |tab: &Tab| {
        let is_flush = |effect: &Effect| matches!(effect, Effect::Wait(Timer::Flush(id), 80) if *id == asked);
        tab.effects.iter().any(is_flush)
    };
    assert!(flushes(tab.step(chunk())));
    // It is stored at once, and shown later.
    assert!(matches!(tab.step(chunk()).effects[..], [Effect::History(_, history::Order::Append { .. })]));
    assert!(flushes(tab.step(Input::Waited(Timer::Flush(asked)))));
    let copy = Intent::Copy { turn: TurnId(0), answer: AnswerId(0) };
    tab.step(Input::Intent(copy.clone(), vec![]));
    assert!(matches!(&tab.effects[..], [Effect::Show(View::Errand(Errand::Copy(text)))] if text == "aa"));
    tab.step(Input::Intent(Intent::New, vec![]));
    assert!(tab.step(Input::Intent(copy, vec![])).effects.is_empty());
}

#[test]
fn whatever_leaves_the_conversation_stops_the_answer_first() {
    let edit = Intent::Edit { turn: TurnId(0), prompt: "Else?".into(), use_case: UseCase::Balanced };
    for (intent, goes_on) in [(Intent::New, false), (edit, true)] {
        let mut tab = Tab::signed_in();
        let asked = tab.ask().streams().unwrap();
        let old = tab.app.chat.conversation().id.clone();
        assert_eq!(old.len(), 16);
        tab.step(Input::Intent(intent, vec![]));
        assert!(tab.effects.iter().any(|effect| matches!(effect, Effect::Abort(id) if *id == asked)));
        assert_eq!(tab.end(), Some((&End::Stopped, None)));
        let opened = tab.effects.iter().find_map(|effect| match effect {
            Effect::Show(View::Conversation { id, .. }) => Some(id.as_str()),
            _ => None,
        });
        assert_eq!(opened, Some(tab.app.chat.conversation().id.as_str()));
        assert_eq!(opened.map(str::len), Some(if goes_on { 16 } else { 0 }));
        assert_ne!(opened, Some(old.as_str()));
        assert_eq!(tab.streams().is_some(), goes_on);
    }
}

#[test]
fn a_turn_can_be_asked_again() {
    let mut tab = Tab::signed_in();
    let asked = tab.ask().streams().unwrap();
    tab.step(Input::Streamed(asked, Streamed::Head(Head { status: 200, ..Head::default() })));
    tab.step(Input::Streamed(asked, Streamed::Bytes(b"{\"chunk\":\"a\"}\n[DONE]\n".to_vec())));
    assert_eq!(tab.end(), Some((&End::Done, None)));
    let turn = TurnId(0);
    let again = tab.step(Input::Intent(Intent::Again { turn, use_case: UseCase::CostOptimized }, vec![])).streams();
    assert!(again.is_some_and(|again| again != asked));
    assert!(tab.step(Input::Streamed(asked, Streamed::End)).effects.is_empty(), "of the first");
    tab.step(Input::Intent(Intent::Stop, vec![]));
    assert!(tab.step(Input::Intent(Intent::Retry { turn }, vec![])).streams().is_some());
}

#[test]
fn the_waits_of_two_tabs_differ() {
    let first_wait = |seed: [u8; 32]| {
        let mut tab = Tab { app: App::new(config(), seed, UnixMillis::amz_date), now: NOW, effects: vec![] };
        tab.restore(None);
        tab.submit().reply(Ok(throttled(None))).waits().unwrap().1
    };
    let waits: Vec<u32> = (0..8).map(|seed| first_wait([seed; 32])).collect();
    assert!(waits.iter().any(|wait| *wait != waits[0]), "{waits:?}");
}

#[test]
fn retry_after_is_obeyed_up_to_a_limit() {
    let mut tab = Tab::signing_in();
    assert_eq!(tab.reply(Ok(throttled(Some(PATIENCE)))).waits().unwrap().1, PATIENCE * 1000);
    assert!(tab.busy().unwrap().contains(" in 10 s"), "a wait that is worth saying");
    let mut tab = Tab::signing_in();
    tab.reply(Ok(throttled(Some(PATIENCE + 1))));
    assert_eq!(tab.waits(), None, "the person decides");
    assert!(tab.error().unwrap().contains("in 11 s"), "{:?}", tab.error());
}

#[test]
fn permanent_failures_are_never_retried() {
    for reply in [
        Ok(refusal("NotAuthorizedException", "Incorrect username or password.")),
        Ok(refusal("LimitExceededException", "Attempt limit exceeded, please try after some time.")),
        Ok(refusal("TooManyFailedAttemptsException", "")),
        Ok(refusal("InvalidParameterException", "")),
        Err(NoAnswer::Unreadable),
    ] {
        let mut tab = Tab::signing_in();
        tab.reply(reply);
        assert_eq!((tab.waits(), tab.sends()), (None, None));
        assert!(tab.error().is_some());
    }
}

#[test]
fn signing_out_while_a_request_waits_ends_the_waiting() {
    for mut tab in [Tab::signing_in(), Tab::restored()] {
        let (id, _) = tab.sends().unwrap();
        assert!(tab.reply(Ok(throttled(None))).waits().is_some());
        tab.step(Input::Intent(Intent::SignOut, vec![]));
        assert!(tab.step(Input::Waited(Timer::Retry(id))).effects.is_empty());
        assert!(tab.step(Input::Replied(id, Ok(throttled(None)))).effects.is_empty());
    }
}

#[test]
fn the_next_proof_is_made_while_nobody_is_signed_in() {
    let mut tab = Tab::new(config(), None);
    tab.step(Input::Idle);
    assert!(tab.app.spare.is_some());
    tab.submit();
    assert!(tab.app.spare.is_none(), "each is used once");
    let mut tab = Tab::signed_in();
    tab.step(Input::Idle);
    assert!(tab.app.spare.is_none());
}

#[test]
fn a_page_that_cannot_be_left_shows_why() {
    let mut tab = Tab::new(crate::core::session::harness::with_hosted_ui(), None);
    let form = tab.app.last_form;
    tab.step(Input::Intent(Intent::Press { form, button: 0 }, vec![]));
    assert!(tab.effects.iter().any(|effect| matches!(effect, Effect::Leave(_))));
    tab.step(Input::NotKept);
    let not_kept = words::notice(&Fault::NotKept, None).text;
    assert_eq!(tab.error(), Some(not_kept.as_str()));
}

#[test]
fn temporary_failures_are_retried_twice_after_doubling_waits() {
    for reply in [Ok(throttled(None)), Ok(response(503, "")), Err(NoAnswer::Unreachable)] {
        let mut tab = Tab::signing_in();
        let (id, _) = tab.sends().unwrap();
        for least in [BACK_OFF, 2 * BACK_OFF] {
            tab.reply(reply.clone());
            let (waiting, millis) = tab.waits().unwrap();
            assert!(waiting == id && (least..2 * least).contains(&millis), "{millis}");
            assert_eq!((tab.sends(), tab.error()), (None, None));
            let busy = tab.busy().expect("the person is told");
            assert!(busy.contains("Trying again…") && busy.contains("sign-in service"), "{busy}");
            assert_eq!(
                tab.step(Input::Waited(Timer::Retry(id))).sends(),
                Some((id, "InitiateAuth")),
                "the same request"
            );
        }
        tab.reply(reply.clone());
        assert_eq!(tab.waits(), None, "not more often");
        assert!(tab.error().is_some(), "and the form is there again");
        assert!(tab.submit().sends().is_some());
    }
}

#[test]
fn a_retry_is_shown_at_the_end_of_a_sign_in_but_not_at_a_renewal() {
    let mut tab = Tab::restored();
    assert!(tab.reply(Ok(throttled(None))).waits().is_some());
    assert_eq!(tab.busy(), None, "the person sees the conversation");

    let mut tab = Tab::signing_in();
    tab.reply(Ok(response(200, verifier("PASSWORD_VERIFIER").to_string())));
    tab.reply(Ok(response(200, tokens(NOW, None).to_string())));
    assert_eq!(tab.sends().unwrap().1, "GetId");
    tab.reply(Ok(throttled(None)));
    assert!(tab.busy().unwrap().contains("identity pool"), "{:?}", tab.busy());
}

#[test]
fn an_address_of_the_deployers_is_not_called_the_user_pool() {
    let config = Config { user_pool: None, token_url: Some("https://login.example.com/token".into()), ..config() };
    let mut tab = Tab::new(config, None);
    let form = tab.app.last_form;
    tab.step(Input::Intent(Intent::Press { form, button: 0 }, vec![]));
    tab.reply(Ok(response(503, "")));
    assert!(tab.busy().unwrap().starts_with("The sign-in page's service"), "{:?}", tab.busy());
}

#[test]
fn an_offer_by_autofill_that_waits_leaves_the_form_usable() {
    let mut config = crate::core::session::harness::with_choice(None);
    config.user_pool.as_mut().unwrap().passkey_autofill = true;
    let mut tab = Tab { app: App::new(config, [3; 32], UnixMillis::amz_date), now: NOW, effects: vec![] };
    tab.step(Input::Restored {
        record: None,
        memory: Memory::new(vec![("username".into(), Secret::new("alice".into()))]),
        page: PAGE.into(),
        callback: Secret::new(String::new()),
    });
    let (offered, _) = tab.sends().unwrap();
    assert!(tab.reply(Ok(throttled(None))).waits().is_some());
    assert!(tab.busy().is_none() && tab.error().is_none(), "nobody asked for it");
    let form = tab.app.last_form;
    let (sent, _) = tab.step(Input::Intent(Intent::Submit { form }, secrets(&["bob"]))).sends().unwrap();
    assert_ne!(sent, offered);
    assert!(tab.step(Input::Waited(Timer::Retry(offered))).effects.is_empty(), "the person goes first");
}

/// Conversations that are in this browser's store.
fn stored(conversations: &[Conversation]) -> Input {
    let summaries = conversations.iter().map(|one| history::Summary::new(one).to_bytes()).collect();
    stored_reply(history::Reply::Loaded(Ok((summaries, false))))
}

fn stored_reply(reply: history::Reply) -> Input {
    Input::History(history::Input::Stored(format!("{}\ns-1", config().identity_pool.api.id), reply))
}

fn conversation(id: &str) -> Conversation {
    let answer = crate::core::conversation::Answer {
        use_case: UseCase::Balanced,
        asked: NOW,
        context: 0,
        model: String::new(),
        text: "Because.".into(),
        reasoning: String::new(),
        end: Some(End::Done),
        notice: None,
        stop: None,
        usage: signet_stream::Usage::default(),
        first_text: None,
        duration: 1,
    };
    let turns = vec![crate::core::conversation::Turn { prompt: "Why?".into(), answers: vec![answer] }];
    Conversation { id: id.into(), title: "Why?".into(), updated: NOW, context_bytes: None, turns }
}

impl Tab {
    fn orders(&self) -> Vec<&history::Order> {
        let orders = self.effects.iter().filter_map(|effect| match effect {
            Effect::History(_, order) => Some(order),
            _ => None,
        });
        orders.collect()
    }

    fn want(&mut self, intent: Intent) -> &mut Self {
        self.step(Input::Intent(intent, vec![]))
    }

    /// The conversation that replaces the shown one.
    fn replaced_by(&self) -> Option<&str> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::Show(View::Conversation { id, .. }) => Some(id.as_str()),
            _ => None,
        })
    }

    /// With this conversation on the page.
    fn opened(id: &str) -> Self {
        let mut tab = Self::signed_in();
        tab.step(stored(&[conversation("a"), conversation("b")]));
        tab.want(Intent::Open { id: id.into() });
        let [history::Order::Read { job, id: read }] = tab.orders()[..] else { panic!("{:?}", tab.effects) };
        let (job, saved) = (*job, history::write(&conversation(read)));
        tab.step(stored_reply(history::Reply::Read { job, found: Some((saved, vec![])) }));
        assert_eq!(tab.replaced_by(), Some(id));
        tab
    }
}

#[test]
fn the_history_is_read_as_soon_as_it_is_known_whose_it_is() {
    let tab = Tab::restored();
    assert_eq!(tab.orders(), [&history::Order::Load]);
    assert!(tab.effects.iter().any(|effect| matches!(effect, Effect::History(owner, _) if owner.ends_with("\ns-1"))));
    assert_eq!(Tab::new(config(), None).orders(), [] as [&history::Order; 0]);
}

#[test]
fn turns_that_another_tab_added_are_shown() {
    let mut tab = Tab::opened("a");
    let read = |tab: &mut Tab, conversation: &Conversation| {
        tab.step(Input::History(history::Input::ChangedElsewhere)).step(stored(&[self::conversation("a")]));
        let job = tab.orders().into_iter().find_map(|order| match order {
            history::Order::Read { job, .. } => Some(*job),
            _ => None,
        });
        let found = Some((history::write(conversation), vec![]));
        job.map(|job| tab.step(stored_reply(history::Reply::Read { job, found })).effects.len())
    };
    let mut changed = conversation("a");
    assert_eq!(read(&mut tab, &changed), Some(0), "nothing is new");
    changed.title = "Rivers".into();
    changed.turns.push(changed.turns[0].clone());
    read(&mut tab, &changed);
    assert_eq!(*tab.app.chat.conversation(), changed);
    let views: Vec<_> = tab.effects.iter().collect();
    assert!(matches!(views[0], Effect::Show(View::Title { title, .. }) if title == "Rivers"), "{views:?}");
    let is_new = |effect: &&Effect| matches!(effect, Effect::Show(View::Turn { id: TurnId(1), .. }));
    assert!(views.len() > 2 && views[1..].iter().all(is_new), "what was shown is not touched: {views:?}");
    // Text that is shown here stays, though the other tab lost it.
    assert_eq!(read(&mut tab, &conversation("a")), Some(0));
    tab.ask();
    assert_eq!(read(&mut tab, &changed), None, "an answer is under way");
}

#[test]
fn signing_out_deletes_the_history_first_and_stores_nothing_afterwards() {
    let mut tab = Tab::opened("a");
    tab.ask().want(Intent::SignOut);
    let at = |such: fn(&Effect) -> bool| tab.effects.iter().position(such).unwrap();
    let wipe = at(|effect| matches!(effect, Effect::History(_, history::Order::Wipe { is_wanted: true })));
    assert!(wipe < at(|effect| matches!(effect, Effect::Forget)));
    let last = tab.effects.iter().rposition(|effect| matches!(effect, Effect::History(..)));
    assert_eq!(last, Some(wipe), "{:?}", tab.effects);
}

#[test]
fn the_shown_conversation_can_be_renamed_and_deleted() {
    let mut tab = Tab::opened("a");
    tab.want(Intent::Rename { id: "a".into(), title: " Rivers ".into() });
    let title =
        |effect: &Effect| matches!(effect, Effect::Show(View::Title { id, title }) if id == "a" && title == "Rivers");
    assert!(tab.effects.iter().any(title), "{:?}", tab.effects);
    assert!(matches!(tab.orders()[..], [history::Order::Save { .. }]));
    tab.want(Intent::Rename { id: "a".into(), title: " ".into() });
    assert!(tab.effects.is_empty());
    // The title of a conversation that is not shown is changed in the store.
    tab.want(Intent::Rename { id: "b".into(), title: "Lakes".into() });
    assert!(matches!(tab.orders()[..], [history::Order::Read { .. }]));
    tab.want(Intent::Delete { id: "b".into() });
    assert_eq!(tab.replaced_by(), None);
    tab.want(Intent::Delete { id: "a".into() });
    assert_eq!(tab.replaced_by(), Some(""));
    assert_eq!(tab.orders().last(), Some(&&history::Order::Delete { id: "a".into() }));
}

#[test]
fn opening_the_shown_conversation_changes_nothing() {
    let mut tab = Tab::opened("a");
    assert!(tab.want(Intent::Open { id: "a".into() }).effects.is_empty());
    assert_eq!(tab.want(Intent::New).replaced_by(), Some(""));
    tab.want(Intent::Open { id: "a".into() });
    assert_eq!(tab.orders().len(), 1);
}

#[test]
fn after_a_session_has_ended_the_history_is_out_of_reach_until_the_same_person_is_back() {
    let mut tab = Tab::opened("a");
    tab.now = NOW.plus(2 * HOUR);
    tab.ask();
    tab.reply(Ok(refusal("NotAuthorizedException", "Refresh Token has been revoked")));
    assert!(tab.error().is_some());
    assert!(!tab.orders().iter().any(|order| matches!(order, history::Order::Wipe { .. })), "nobody wanted that");
    for intent in [
        Intent::Export { id: None, markdown: true },
        Intent::Search { query: "why".into() },
        Intent::Delete { id: "b".into() },
        Intent::Keep { keep: true },
        Intent::Open { id: "b".into() },
    ] {
        assert!(tab.want(intent).effects.is_empty());
    }
    tab.submit().reply(Ok(response(200, verifier("PASSWORD_VERIFIER").to_string())));
    tab.reply(Ok(response(200, tokens(tab.now, None).to_string())));
    tab.reply(Ok(response(200, r#"{"IdentityId":"eu-central-1:i"}"#)));
    tab.reply(Ok(response(200, credentials("A2", tab.now.plus(HOUR)).to_string())));
    assert_eq!(tab.orders(), [&history::Order::Load]);
    tab.step(stored(&[conversation("a"), conversation("b")]));
    assert!(matches!(tab.orders()[..], [history::Order::Read { id, .. }] if id == "b"), "what was wanted meanwhile");
}

fn anything() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((0..18_u8, any::<u8>()), 0..40)
}

/// Replies of all the services that a sign-in with a password calls.
fn a_reply(kind: u8) -> Response {
    let code = crate::core::session::harness::delivered("SMS_MFA", "SMS", "+*9934");
    match kind % 8 {
        0 | 1 => response(200, verifier("PASSWORD_VERIFIER").to_string()),
        2 | 3 => response(200, tokens(NOW, Some("refresh-1")).to_string()),
        4 => response(200, code.to_string()),
        5 => response(200, r#"{"IdentityId":"eu-central-1:i"}"#),
        6 => response(200, credentials("A1", NOW.plus(HOUR)).to_string()),
        _ => refusal("NotAuthorizedException", "Incorrect username or password."),
    }
}

proptest! {
    #[test]
    fn a_request_is_pending_exactly_while_the_session_waits(moves in anything(), signed_in in any::<bool>()) {
        let mut tab = if signed_in { Tab::signed_in() } else { Tab::new(config(), None) };
        for (kind, detail) in moves {
            let current = tab.app.session_request.as_ref().map(|sent| sent.id);
            let streaming = tab.app.chat_request.unwrap_or(RequestId(0));
            let old = RequestId(u32::from(detail));
            let form = tab.app.last_form;
            let reply = |id: Option<RequestId>, reply| Input::Replied(id.unwrap_or(old), reply);
            let input = match kind {
                0 | 1 => Input::Intent(Intent::Submit { form }, secrets(&["alice", "hunter2"])),
                2 => Input::Intent(Intent::Press { form, button: detail % 3 }, secrets(&["alice", ""])),
                3..=7 => reply(current, Ok(a_reply(detail))),
                8 => reply(current, Ok(throttled(None))),
                9 => reply(current, Err(NoAnswer::Unreachable)),
                10 => reply(None, Ok(a_reply(detail))),
                11 => Input::Waited(Timer::Retry(current.unwrap_or(old))),
                12 => Input::Intent(Intent::Ask { prompt: "Why?".into(), use_case: UseCase::Balanced }, vec![]),
                13 => Input::Streamed(streaming, Streamed::Head(Head { status: if detail < 128 { 200 } else { 403 }, ..Head::default() })),
                14 => Input::Streamed(streaming, Streamed::End),
                15 => Input::Intent(Intent::Stop, vec![]),
                16 => Input::Idle,
                _ => Input::Intent(Intent::SignOut, vec![]),
            };
            tab.now = tab.now.plus(i64::from(detail) * 10_000);
            let signs_out = kind == 17;
            tab.step(input);
            prop_assert_eq!(tab.app.session.waits(), tab.app.session_request.is_some(), "{:?}", tab.app);
            let awaited = tab.effects.iter().filter(|effect| matches!(effect, Effect::Send(Some(_), _) | Effect::Wait(Timer::Retry(_), _)));
            prop_assert!(awaited.count() <= 1, "{:?}", tab.effects);
            prop_assert!(!signs_out || tab.app.session.subject().is_none() && tab.has_no_turns());
            let debug = format!("{:?}{:?}", tab.app, tab.effects);
            for secret in ["hunter2", "refresh-1", "access-token", "secret-key", "session-token"] {
                prop_assert!(!debug.contains(secret), "{secret} in {debug}");
            }
        }
    }
}
