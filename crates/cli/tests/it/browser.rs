//! The page of `listen` in a browser.
//!
//! To take the pictures of the documentation anew: `WRITE_SCREENSHOTS=1`.

use std::{env, fs, time::Duration};

use clerk_webhooks::{
    WebhookError,
    queue::{EventContext, EventHandler, EventQueue as _, RetryPolicy},
    testing::{Delivery, SignedRequest, fixtures},
};
use clerk_webhooks_sqlx::{migrate, open_sqlite, queue::Queue};
use serde_json::{Value, json};

use crate::{
    common::{OTHER_SECRET, secret},
    listener::Listener,
    receiver::Receiver,
    webdriver::Browser,
};

const WIDE: (u32, u32) = (1280, 800);

fn signed(id: &str, body: &Value) -> SignedRequest {
    SignedRequest::new(&secret(), body.to_string()).with_message_id(id)
}

fn user(id: &str, name: &str) -> Value {
    json!({ "type": "user.created", "data": { "id": id, "first_name": name }, "timestamp": 1_767_225_600_123_u64 })
}

/// A page of this listener, and everything on it.
fn open(listener: &Listener) -> Browser {
    let browser = Browser::start(WIDE.0, WIDE.1);
    browser.open(&listener.page);
    browser.wait("document.querySelector('#live').innerText === 'live'");
    browser
}

/// The ids in the list, as they are shown.
fn shown(browser: &Browser) -> Vec<String> {
    let rows = "[...document.querySelectorAll('#rows .row')].filter((row) => row.offsetParent).map((row) => row.querySelector('.which').innerText)";
    serde_json::from_value(browser.eval(rows)).unwrap()
}

#[test]
#[ignore = "needs chromium and its driver: the program chromedriver, or CLERK_WEBHOOKS_CHROMEDRIVER"]
fn deliveries_appear_and_can_be_filtered_read_and_replayed() {
    let service = Receiver::start();
    let listener = Listener::start(&["--forward-to", &service.url()]);
    let browser = open(&listener);
    assert!(
        browser
            .text("#empty")
            .contains(&format!("trigger user.created --to {}", listener.url))
    );

    listener.send(&signed("msg_1", &user("user_1", "Ada")));
    let took = browser.wait("document.querySelectorAll('#rows .row').length === 1");
    assert!(took < Duration::from_secs(1), "{took:?}");
    let other = SignedRequest::new(
        &OTHER_SECRET.parse().unwrap(),
        user("user_2", "Grace").to_string(),
    );
    listener.send(&other.with_message_id("msg_2"));
    listener.send(&signed(
        "msg_3",
        &json!({ "type": "session.ended", "data": { "id": "sess_3", "user_id": "user_1" } }),
    ));
    browser.wait("document.querySelectorAll('#rows .row').length === 3");
    assert_eq!(shown(&browser), ["sess_3", "user_2", "user_1"]);

    // By verdict, by type, by a text in the body.
    browser.click(".segments label:nth-of-type(3)");
    assert_eq!(shown(&browser), ["user_2"]);
    browser.click(".segments label:nth-of-type(1)");
    browser.click("#type option[value='session.ended']");
    assert_eq!(shown(&browser), ["sess_3"]);
    browser.click("#type option:first-child");
    browser.press("/");
    browser.press("ada");
    browser.wait("document.querySelector('#count').innerText === '1 of 3'");
    assert_eq!(shown(&browser), ["user_1"]);

    // The event as a tree, as text, and its headers.
    browser.click("#rows .row:not([hidden]) > button");
    browser.wait("document.querySelector('.tree') !== null");
    let tree = browser.text(".tree");
    for part in [
        "type: \"user.created\"",
        "first_name: \"Ada\"",
        "timestamp: 1767225600123",
        "2026-01-01 00:00:00 UTC",
    ] {
        assert!(tree.contains(part), "{part}: {tree}");
    }
    browser.click("[data-panel=Raw]");
    assert_eq!(browser.text("pre"), user("user_1", "Ada").to_string());
    browser.click("[data-panel=Headers]");
    assert!(
        browser.text("table").contains("svix-id\tmsg_1"),
        "{}",
        browser.text("table")
    );
    assert!(
        browser.text("#outcomes").contains("204"),
        "{}",
        browser.text("#outcomes")
    );

    // One click to replay; several in order.
    browser.click("#replay");
    browser.wait("document.querySelector('#outcomes').innerText.includes('Replay 1')");
    assert_eq!(service.ids(), ["msg_1", "msg_3", "msg_1"]);
    browser.eval("document.querySelector('#text').value = '', document.querySelector('#text').dispatchEvent(new Event('input'))");
    browser.wait("document.querySelector('#count').innerText === '3'");
    browser.click("#rows .row:nth-child(1) input");
    browser.click("#rows .row:nth-child(3) input");
    assert!(browser.text("#actions").starts_with("2 marked"));
    browser.click("#actions .primary");
    browser.wait("document.querySelector('#toast').innerText === '2 of 2 accepted'");
    assert_eq!(service.ids(), ["msg_1", "msg_3", "msg_1", "msg_1", "msg_3"]);

    // By keys: the next delivery down is the refused one, which says why.
    browser.click("#rows .row:nth-child(1) > button");
    browser.press("j");
    browser.wait("document.querySelector('.why .finding') !== null");
    assert!(
        browser.text(".why").contains("To do: "),
        "{}",
        browser.text(".why")
    );
    browser.press("\u{e00c}");
    browser.wait("document.querySelector('.why') === null");
    assert_eq!(browser.console(), "[]");
}

#[test]
#[ignore = "needs chromium and its driver: the program chromedriver, or CLERK_WEBHOOKS_CHROMEDRIVER"]
fn a_hostile_payload_stays_text() {
    let listener = Listener::start(&[]);
    let browser = open(&listener);
    let markup = "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>";
    let right_to_left = "\u{202e}}\"drop\u{2066}\u{0}";
    let mut data = json!({ "id": markup, "long": "x".repeat(1 << 20), "rtl": right_to_left, "hebrew": "שלום", "__proto__": { "a": 1 } });
    data[markup] = json!(markup);
    data["numbers"] = json!((0..1000).collect::<Vec<_>>());
    let body = json!({ "type": markup, "data": data })
        .to_string()
        .replace("[0,1,", "[12345678901234567890123,1.0,");
    let delivery = SignedRequest::new(&secret(), body.clone()).with_message_id("msg_1");
    listener.send(&delivery);
    // Deeper than any recursion survives, and unsigned.
    let deep = format!(
        "{{\"type\":\"{}\",\"data\":{}{}}}",
        "\u{202e}".repeat(10),
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    listener.send(
        &SignedRequest::new(&secret(), deep)
            .with_message_id("msg_2")
            .unsigned(),
    );
    browser.wait("document.querySelectorAll('#rows .row').length === 2");

    browser.click("#rows .row:nth-child(2) > button");
    browser.wait("document.querySelector('.tree') !== null");
    let tree = browser.text(".tree");
    for part in [
        &serde_json::to_string(markup).unwrap(),
        "\\u202e}",
        "שלום",
        "__proto__",
        "show all 1,048,578 characters",
    ] {
        assert!(tree.contains(part), "{part}: {tree}");
    }
    assert!(!tree.contains('\u{202e}') && !tree.contains('\u{2066}'));
    browser.eval("[...document.querySelectorAll('.tree summary')].find((line) => line.innerText.startsWith('numbers')).click()");
    browser.wait("document.querySelector('.tree').innerText.includes('show 200 of 800 more')");
    assert!(
        browser.text(".tree").contains("12345678901234567890123")
            && browser.text(".tree").contains("1: 1.0")
    );
    browser.click("[data-panel=Raw]");
    browser.click("pre .more");
    browser.wait(&format!(
        "document.querySelector('pre').innerText.length >= {}",
        1 << 20
    ));
    browser.click("#rows .row:nth-child(1) > button");
    browser
        .wait("document.querySelector('.why')?.innerText.includes('malformed_signature') === true");
    assert_eq!(browser.eval("window.hacked ?? null"), Value::Null);
    assert_eq!(
        browser.eval("document.querySelectorAll('script, img').length"),
        1
    );
    assert_eq!(browser.console(), "[]");
    // Markup that a mistake puts into the page: the browser refuses it.
    assert_eq!(browser.eval("(() => { try { document.body.innerHTML = 'x'; return 'written' } catch { return 'refused' } })()"), "refused");
}

/// A queue in a new file, with dead letters of these ids.
fn queue_with_dead_letters(
    file: &str,
    ids: &[&str],
) -> (tokio::runtime::Runtime, Queue<sqlx::Sqlite>) {
    async fn on_event(
        _: clerk_webhooks::ClerkEvent,
        _: EventContext<()>,
    ) -> Result<(), WebhookError> {
        Err(WebhookError::permanent("the user has no e-mail address"))
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let queue = runtime.block_on(async {
        let pool = open_sqlite(file).await.unwrap();
        migrate(&pool).await.unwrap();
        let queue = Queue::new(&pool, "clerk").await.unwrap();
        for id in ids {
            let event = Delivery::of(fixtures::user_created().id(format!("user_of_{id}")))
                .with_message_id(*id);
            queue.enqueue(&event.queued(), None).await.unwrap();
        }
        let worker = queue
            .worker(EventHandler::new((), on_event))
            .with_retry_policy(RetryPolicy::default());
        let all_dead = async {
            while queue.counts().await.unwrap().dead < ids.len() as u64 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        worker.run_until(all_dead).await;
        queue
    });
    (runtime, queue)
}

#[test]
#[ignore = "needs chromium and its driver: the program chromedriver, or CLERK_WEBHOOKS_CHROMEDRIVER"]
fn dead_letters_are_read_requeued_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.db");
    let file = file.to_str().unwrap();
    let (runtime, queue) = queue_with_dead_letters(file, &["msg_1", "msg_2", "msg_3"]);
    let listener = Listener::start(&["--database-url", &format!("sqlite://{file}")]);
    let browser = open(&listener);
    browser.click("#tab-dead");
    browser.wait("document.querySelectorAll('#letters .row').length === 3");
    browser.click("#letters .row[data-number=msg_2] > button");
    browser.wait("document.querySelector('.why')?.innerText.includes('the user has no e-mail address') === true");
    assert!(
        browser.text(".tree").contains("user_of_msg_2"),
        "{}",
        browser.text(".tree")
    );
    browser.click(".title [data-action=requeue]");
    browser.wait("document.querySelectorAll('#letters .row').length === 2");
    let counts = runtime.block_on(queue.counts()).unwrap();
    assert_eq!((counts.waiting, counts.dead), (1, 2));

    // Dropping takes a second click.
    browser.click("#letters .row[data-number=msg_1] input");
    browser.click("#letters .row[data-number=msg_3] input");
    browser.click("#actions [data-action=drop]");
    assert_eq!(
        browser.text("#actions [data-action=drop]"),
        "Drop 2 for good?"
    );
    assert_eq!(runtime.block_on(queue.counts()).unwrap().dead, 2);
    browser.click("#actions [data-action=drop]");
    browser.wait("!document.querySelector('#empty').hidden && document.querySelector('#empty').innerText.startsWith('No dead letters')");
    assert_eq!(runtime.block_on(queue.counts()).unwrap().dead, 0);
    assert_eq!(browser.console(), "[]");
}

/// The pictures of the documentation: light, dark, and as narrow as a phone.
#[test]
#[ignore = "needs chromium and its driver: the program chromedriver, or CLERK_WEBHOOKS_CHROMEDRIVER"]
fn the_page_fits_every_screen_light_and_dark() {
    let service = Receiver::start();
    let listener = Listener::start(&["--forward-to", &service.url()]);
    send_a_day(&listener);
    let browser = open(&listener);
    browser.wait("document.querySelectorAll('#rows .row').length > 10");
    browser.click("#rows .row:nth-child(6) > button");
    for (name, (width, height), scheme, row) in [
        ("listen-light", WIDE, "light", 6),
        ("listen-dark", WIDE, "dark", 3),
        ("listen-phone", (390, 844), "dark", 3),
        ("listen-phone-list", (390, 844), "light", 0),
    ] {
        browser.emulate(
            "Emulation.setDeviceMetricsOverride",
            &json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
        );
        browser.emulate(
            "Emulation.setEmulatedMedia",
            &json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] }),
        );
        if row == 0 {
            browser.press("\u{e00c}");
        } else {
            browser.eval(&format!(
                "document.querySelector('#rows .row:nth-child({row}) > button').click()"
            ));
            browser.wait("document.querySelector('.card') !== null");
        }
        let is_dark =
            browser.eval("getComputedStyle(document.body).backgroundColor") == "rgb(15, 15, 20)";
        assert_eq!(is_dark, scheme == "dark");
        let overflow = "[document.documentElement, ...document.querySelectorAll('.list, .detail')].every((part) => part.scrollWidth <= part.clientWidth)";
        assert_eq!(
            browser.eval(overflow),
            json!(true),
            "{name} is wider than its screen"
        );
        let png = browser.screenshot();
        if env::var_os("WRITE_SCREENSHOTS").is_some() {
            fs::write(
                format!("{}/../../docs/{name}.png", env!("CARGO_MANIFEST_DIR")),
                png,
            )
            .unwrap();
        }
    }
}

/// What a service gets in a day, one of it damaged and one forged.
fn send_a_day(listener: &Listener) {
    let types = [
        "role.created",
        "permission.created",
        "organization.created",
        "organizationMembership.created",
        "organizationDomain.created",
        "email.created",
        "user.updated",
        "session.created",
        "user.created",
    ];
    for wanted in types {
        let (_, body) = fixtures::all()
            .into_iter()
            .find(|(event_type, _)| event_type.as_str() == wanted)
            .unwrap();
        listener.send(&SignedRequest::new(&secret(), body));
    }
    let user = fixtures::user_created()
        .id("user_2tPQ9sLmXw7GfYk0vRbN4hJcE1d")
        .to_json();
    listener.send(&SignedRequest::new(&secret(), user.clone()));
    listener.send(&SignedRequest::new(&secret(), fixtures::session_created()));
    let parsed: Value = serde_json::from_str(&user).unwrap();
    let pretty = serde_json::to_string_pretty(&parsed).unwrap();
    listener.send(&SignedRequest::new(&secret(), fixtures::session_ended()));
    listener.send(&SignedRequest::new(&secret(), user).with_altered_body(pretty));
    let other = OTHER_SECRET.parse().unwrap();
    listener.send(&SignedRequest::new(
        &other,
        fixtures::organization_deleted(),
    ));
    listener.send(&SignedRequest::new(&secret(), fixtures::user_deleted()));
}
