//! `listen`: what is received, printed, recorded and forwarded, and who may use its page.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    process::Stdio,
    time::{Duration, Instant},
};

use clerk_webhooks::testing::{SignedRequest, fixtures};
use serde_json::json;

use crate::{
    common::{OTHER_SECRET, SECRET, secret},
    http::{read, request},
    listener::Listener,
    program::{program, run, stderr, stdout},
    receiver::Receiver,
};

fn signed(id: &str) -> SignedRequest {
    SignedRequest::new(&secret(), fixtures::user_created().id("user_1")).with_message_id(id)
}

fn forged(id: &str) -> SignedRequest {
    let other = OTHER_SECRET.parse().unwrap();
    SignedRequest::new(&other, fixtures::user_deleted().id("user_2")).with_message_id(id)
}

#[test]
fn each_delivery_is_answered_as_the_library_does_and_has_a_line() {
    let listener = Listener::start(&[]);
    let undecodable = SignedRequest::new(&secret(), "{}").with_message_id("msg_3");
    let cases = [
        (
            signed("msg_1"),
            204,
            "verified",
            None,
            "user.created",
            "user_1",
        ),
        (
            forged("msg_2"),
            400,
            "refused",
            Some("no_matching_signature"),
            "user.deleted",
            "user_2",
        ),
        (
            undecodable,
            422,
            "undecodable",
            Some("invalid_envelope"),
            "",
            "",
        ),
        (
            signed("msg_4").with_age(Duration::from_secs(600)),
            400,
            "refused",
            Some("timestamp_too_old"),
            "user.created",
            "user_1",
        ),
        (
            signed("msg_5").unsigned(),
            400,
            "refused",
            Some("malformed_signature"),
            "user.created",
            "user_1",
        ),
    ];
    for (number, (delivery, status, verdict, reason, event_type, object)) in
        cases.into_iter().enumerate()
    {
        let answer = listener.send(&delivery);
        let line = listener.line();
        assert_eq!(answer.status, status, "{line}");
        assert_eq!(line["svix_id"], format!("msg_{}", number + 1));
        assert_eq!(
            (&line["status"], &line["verdict"]),
            (&json!(status), &json!(verdict))
        );
        assert_eq!(line["reason"].as_str(), reason);
        assert_eq!(line["event_type"].as_str().unwrap_or_default(), event_type);
        assert_eq!(line["object_id"].as_str().unwrap_or_default(), object);
    }
    assert_eq!(request(&listener.url, "GET", "/", &[], b"").status, 405);
}

#[test]
fn bodies_over_the_limit_are_refused_and_slow_senders_are_ended() {
    let listener = Listener::start(&[]);
    let large = SignedRequest::new(&secret(), vec![b' '; 2_097_153]);
    assert_eq!(listener.send(&large).status, 413);
    assert_eq!(listener.line()["reason"], "body_too_large");
    // Sends its body for ever, a byte now and then.
    let host = listener.url.strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(host).unwrap();
    let head: String = signed("msg_slow")
        .header_pairs()
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    write!(
        slow,
        "POST / HTTP/1.1\r\nhost: x\r\n{head}content-length: 1000\r\n\r\n"
    )
    .unwrap();
    let started = Instant::now();
    let mut dripping = slow.try_clone().unwrap();
    std::thread::spawn(move || {
        while dripping.write_all(b" ").is_ok() {
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    // Meanwhile, others are served.
    assert_eq!(listener.send(&signed("msg_quick")).status, 204);
    assert_eq!(listener.line()["svix_id"], "msg_quick");
    assert_eq!(read(&mut slow).status, 400);
    assert!(
        (14..25).contains(&started.elapsed().as_secs()),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(listener.line()["reason"], "body_read_failed");
}

#[test]
fn verified_deliveries_are_forwarded_unchanged_and_answered_as_the_service_does() {
    let service = Receiver::start();
    let listener = Listener::start(&["--forward-to", &service.url()]);
    assert_eq!(listener.send(&signed("msg_1")).status, 204);
    assert_eq!(listener.line()["forwarded"]["status"], 204);
    // Verified, but no event: the service judges it.
    assert_eq!(
        listener.send(&SignedRequest::new(&secret(), "{}")).status,
        422
    );
    assert_eq!(listener.line()["forwarded"]["status"], 422);
    assert_eq!(listener.send(&forged("msg_2")).status, 400);
    assert!(listener.line()["forwarded"].is_null());
    assert_eq!(service.ids(), ["msg_1"]);

    let nobody = Listener::start(&["--forward-to", "http://127.0.0.1:1/"]);
    assert_eq!(nobody.send(&signed("msg_1")).status, 502);
    let error = nobody.line()["forwarded"]["error"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(error.contains("nothing listens there"), "{error}");
}

#[test]
fn a_status_of_choice_makes_the_sender_retry() {
    let listener = Listener::start(&["--status", "500"]);
    assert_eq!(listener.send(&signed("msg_1")).status, 500);
    assert_eq!(listener.send(&forged("msg_2")).status, 400);
}

#[test]
fn what_is_recorded_can_be_verified_explained_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("capture.jsonl");
    let file = file.to_str().unwrap();
    for round in ["1", "2"] {
        // It appends to what is there.
        let listener = Listener::start(&["--record", file]);
        listener.send(&signed(&format!("msg_{round}")));
        listener.send(&forged(&format!("msg_forged_{round}")));
        listener.line();
        listener.line();
    }
    let verified = run(&["verify", file]);
    let lines = stdout(&verified);
    assert_eq!(
        lines
            .lines()
            .filter(|line| line.contains("  verified  "))
            .count(),
        2,
        "{lines}"
    );
    assert_eq!(
        lines
            .lines()
            .filter(|line| line.contains("  refused   no_matching_signature"))
            .count(),
        2
    );
    assert_eq!(verified.status.code(), Some(1));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let service = Receiver::start();
    run(&["replay", file, "--speed", "max", "--to", &service.url()]);
    assert_eq!(service.ids().len(), 4);
}

#[test]
fn the_page_shows_what_a_delivery_held_and_why_it_is_refused() {
    let listener = Listener::start(&[]);
    let with_line_break = SignedRequest::new(
        &secret(),
        r#"{"type":"user.deleted","data":{"id":"user_1"}}"#,
    )
    .with_message_id("msg_1")
    .with_altered_body("{\"type\":\"user.deleted\",\"data\":{\"id\":\"user_1\"}}\n");
    listener.send(&with_line_break);
    listener.line();
    let detail = listener.get("/deliveries/0").json();
    assert_eq!(detail["findings"][0]["cause"], "body_trailing_white_space");
    assert_eq!(detail["findings"][0]["certainty"], "proved");
    assert!(detail["body"].as_str().unwrap().ends_with("}}\n"));
    listener.send(&forged("msg_2"));
    listener.line();
    assert_eq!(
        listener.get("/deliveries/1").json()["unknown"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        listener.get("/search?text=USER_2").json(),
        json!({ "numbers": [1] })
    );
    assert_eq!(
        listener.get("/search?text=%22user_").json(),
        json!({ "numbers": [0, 1] })
    );
    for missing in ["/deliveries/2", "/deliveries/x", "/x", "/dead-letters"] {
        assert_eq!(listener.get(missing).status, 404, "{missing}");
    }
}

#[test]
fn another_site_cannot_use_the_page() {
    let service = Receiver::start();
    let listener = Listener::start(&["--forward-to", &service.url()]);
    listener.send(&signed("msg_1"));
    listener.line();
    let port = listener.page.rsplit(':').next().unwrap();
    let get = |name: &str, value: &str| {
        request(
            &listener.page,
            "GET",
            "/deliveries/0",
            &[(name, value)],
            b"",
        )
    };
    assert_eq!(listener.get("/deliveries/0").status, 200);
    assert_eq!(get("host", &format!("localhost:{port}")).status, 200);
    for foreign in [
        ("host", format!("evil.example:{port}")),
        ("host", "127.0.0.1".to_owned()),
        ("origin", "http://evil.example".to_owned()),
        ("origin", listener.url.clone()),
        ("sec-fetch-site", "cross-site".to_owned()),
    ] {
        let answer = get(foreign.0, &foreign.1);
        assert_eq!(answer.status, 403, "{foreign:?}");
        assert!(!answer.text().contains("user_1"));
    }
    let replay = |headers: &[_]| {
        request(
            &listener.page,
            "POST",
            "/replay",
            headers,
            br#"{"numbers":[0]}"#,
        )
        .status
    };
    assert_eq!(replay(&[]), 403);
    assert_eq!(
        replay(&[("x-token", "0123456789abcdef0123456789abcdef")]),
        403
    );
    assert_eq!(service.ids(), ["msg_1"]);
    assert_eq!(
        listener.post("/replay", &json!({ "numbers": [0] })).json()["outcomes"][0]["status"],
        204
    );
    assert_eq!(service.ids(), ["msg_1", "msg_1"]);
    for head in ["/", "/page.js", "/deliveries/0"].map(|path| listener.get(path).head) {
        for header in [
            "content-security-policy: default-src 'none'; script-src 'self'",
            "require-trusted-types-for 'script'",
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "cross-origin-resource-policy: same-origin",
            "cache-control: no-store",
        ] {
            assert!(head.contains(header), "{head}");
        }
        assert!(!head.contains("access-control-"), "{head}");
    }
}

/// Otherwise whoever reaches the receiver could have a forged delivery signed.
#[test]
fn a_replay_signs_only_what_was_genuine() {
    let service = Receiver::start();
    let listener = Listener::start(&["--forward-to", &service.url()]);
    listener.send(&forged("msg_forged"));
    listener.send(&signed("msg_old").with_age(Duration::from_secs(600)));
    let outcomes = listener
        .post("/replay", &json!({ "numbers": [0, 1, 7] }))
        .json();
    assert_eq!(outcomes["outcomes"].as_array().unwrap().len(), 2);
    assert_eq!(outcomes["outcomes"][0]["status"], 400);
    assert_eq!(outcomes["outcomes"][1]["status"], 400);
    assert_eq!(service.ids(), [] as [&str; 0]);
    for wrong in [json!({}), json!({ "numbers": ["x"] }), json!([])] {
        assert_eq!(listener.post("/replay", &wrong).status, 400);
    }
}

#[test]
fn the_feed_tells_everything_and_then_what_is_new() {
    let listener = Listener::start(&[]);
    listener.send(&signed("msg_1"));
    listener.line();
    let host = listener.page.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    write!(stream, "GET /feed HTTP/1.1\r\nhost: {host}\r\n\r\n").unwrap();
    let mut events = BufReader::new(stream)
        .lines()
        .map(Result::unwrap)
        .filter(|line| line.starts_with("data: "));
    let start = events.next().unwrap();
    assert!(
        start.contains(r#""svix_id":"msg_1""#) && start.contains(&listener.url),
        "{start}"
    );
    let sent = Instant::now();
    listener.send(&signed("msg_2"));
    assert!(events.next().unwrap().contains(r#""svix_id":"msg_2""#));
    assert!(sent.elapsed() < Duration::from_secs(1));
}

#[test]
fn ctrl_c_and_a_reader_that_goes_away_end_it_quietly() {
    let listener = Listener::start(&[]);
    listener.send(&signed("msg_1"));
    let output = listener.interrupt();
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(130), String::new())
    );

    let mut child = program()
        .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
        .args(["listen", "--bind", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    drop(reader);
    let server = line.trim().strip_prefix("listening on http://").unwrap();
    // It ends as soon as it prints: the answer may get lost.
    let mut stream = TcpStream::connect(server).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"
    )
    .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(141), String::new())
    );
}

#[test]
fn a_line_is_for_people_too_and_nobody_forges_one() {
    let mut child = program()
        .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
        .args(["listen", "--bind", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    let ready = lines.next().unwrap();
    let url = ready.strip_prefix("listening on ").unwrap();
    let body = br#"{"type":"a\n12:00:00Z msg_forged\u001b[2J","data":{"id":"\u202ex"}}"#;
    assert_eq!(request(url, "POST", "/", &[], body).status, 400);
    let line = lines.next().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let (time, rest) = line.split_at(9);
    assert!(
        time.ends_with('Z') && time.matches(':').count() == 2,
        "{line}"
    );
    assert!(
        rest.contains(r"a\u{a}12:00:00Z msg_forged\u{1b}[2J") && rest.contains(r"\u{202e}x"),
        "{line}"
    );
    assert!(
        rest.contains("  refused      400  ") && rest.ends_with(" missing_header"),
        "{line}"
    );
}

/// Neither on the terminal, nor on the page, nor in the answers.
#[test]
fn no_secret_comes_out() {
    let service = Receiver::start();
    let target = format!("{}?password=pa55", service.url());
    let listener = Listener::start(&["--forward-to", &target]);
    let headers = signed("msg_1").header_pairs();
    let mut headers: Vec<_> = headers
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    headers.push(("authorization", "Bearer pa55"));
    headers.push(("cookie", "session=pa55"));
    request(&listener.url, "POST", "/", &headers, signed("msg_1").body());
    listener.send(&forged("msg_2"));
    let mut seen = listener.line().to_string() + &listener.line().to_string();
    for path in [
        "/",
        "/page.js",
        "/page.css",
        "/deliveries/0",
        "/deliveries/1",
    ] {
        seen += &listener.get(path).text();
    }
    let host = listener.page.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /feed HTTP/1.1\r\nhost: {host}\r\n\r\n").unwrap();
    let mut feed = BufReader::new(stream).lines().map(Result::unwrap);
    seen += &feed.find(|line| line.starts_with("data: ")).unwrap();
    assert!(seen.contains("msg_1") && seen.contains("[hidden]") && seen.contains(&service.url()));
    let output = listener.interrupt();
    seen += &(stdout(&output) + &stderr(&output));
    for secret in ["MfKQ9r8G", "C2FVsBQI", "pa55"] {
        assert!(!seen.contains(secret), "{secret}");
    }
}
