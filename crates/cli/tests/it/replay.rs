//! `replay`, against a receiver.

use std::{fs, net::TcpListener, time::Instant};

use clerk_webhooks::testing::{SignedRequest, fixtures};
use clerk_webhooks_cli::capture::CapturedDelivery;

use crate::{
    common::{SECRET, secret, sent_at},
    program::{program, run, stderr, stdout},
    receiver::Receiver,
};

/// A capture of several deliveries, 400 ms apart.
pub(crate) fn capture(signed_now: bool) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let lines = (0..4).map(|number| {
        let request = SignedRequest::new(
            &secret(),
            fixtures::user_deleted().id(format!("user_{number}")),
        );
        let request = request.with_message_id(format!("msg_{number}"));
        let request = if signed_now {
            request
        } else {
            request.with_sent_at(sent_at())
        };
        let mut delivery =
            CapturedDelivery::new(request.header_pairs().to_vec(), request.body().clone());
        delivery.received_at_ms = Some(1_767_225_600_000 + 400 * number);
        serde_json::to_string(&delivery).unwrap() + "\n"
    });
    let lines: String = lines.collect();
    let file = folder.path().join("capture.jsonl");
    fs::write(&file, format!("{{\"type\":\"ready\"}}\n{lines}")).unwrap();
    let file = file.to_str().unwrap().to_owned();
    (folder, file)
}

pub(crate) const IDS: [&str; 4] = ["msg_0", "msg_1", "msg_2", "msg_3"];

#[test]
fn old_deliveries_are_signed_anew_in_their_order_under_their_ids() {
    let (receiver, (_folder, file)) = (Receiver::start(), capture(false));
    let output = run(&["replay", &file, "--speed", "max", "--to", &receiver.url()]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    assert_eq!(receiver.ids(), IDS);
}

#[test]
fn as_is_sends_what_was_recorded_and_needs_no_secret() {
    let receiver = Receiver::start();
    for (signed_now, code) in [(true, 0), (false, 1)] {
        let (_folder, file) = capture(signed_now);
        let args = [
            "replay",
            &file,
            "--as-is",
            "--speed",
            "max",
            "--to",
            &receiver.url(),
        ];
        let output = program().args(args).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{}{}",
            stdout(&output),
            stderr(&output)
        );
    }
    assert_eq!(receiver.ids(), IDS);
}

#[test]
fn the_pace_is_kept() {
    let (receiver, (_folder, file)) = (Receiver::start(), capture(false));
    let started = Instant::now();
    let output = run(&["replay", &file, "--speed", "2", "--to", &receiver.url()]);
    assert_eq!(output.status.code(), Some(0));
    let pauses = std::time::Duration::from_millis(600);
    assert!(started.elapsed() >= pauses, "{:?}", started.elapsed());
}

/// The receiver goes away after two deliveries, and comes back.
#[test]
fn a_replay_goes_on_where_it_stopped() {
    let (receiver, (folder, file)) = (Receiver::start(), capture(false));
    let place = folder.path().join("place");
    fs::write(&place, "2\n").unwrap();
    let place = place.to_str().unwrap();

    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let args = ["replay", &file, "--speed", "max", "--resume", place, "--to"];
    let stopped = run(&[&args[..], &[&format!("http://{closed}/hook")]].concat());
    assert_eq!(stopped.status.code(), Some(4));
    assert!(
        stderr(&stopped).starts_with("error: stopped at delivery 3: "),
        "{}",
        stderr(&stopped)
    );
    assert_eq!(fs::read_to_string(place).unwrap(), "2\n");

    let finished = run(&[&args[..], &[&receiver.url()]].concat());
    assert_eq!(finished.status.code(), Some(0), "{}", stderr(&finished));
    assert_eq!(receiver.ids(), IDS[2..]);
    assert_eq!(fs::read_to_string(place).unwrap(), "4\n");
}

#[test]
fn what_signs_can_be_in_a_file() {
    let (receiver, (folder, file)) = (Receiver::start(), capture(false));
    let secret = folder.path().join("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let args = [
        "replay",
        &file,
        "--speed",
        "max",
        "--secret-file",
        secret.to_str().unwrap(),
        "--to",
        &receiver.url(),
    ];
    let output = program().args(args).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}
