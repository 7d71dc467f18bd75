//! A reader that goes away, and Ctrl-C.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use crate::{
    common::SECRET,
    program::{program, stderr},
    receiver::Receiver,
    replay::{IDS, capture},
};

/// As with `| head -1`.
#[test]
fn a_reader_that_goes_away_ends_the_program_quietly() {
    for args in [
        &["events"][..],
        &["--json", "events"],
        &["--json", "verify", "many.jsonl", "--at", "signed"],
    ] {
        let folder = tempfile::tempdir().unwrap();
        let line =
            std::fs::read_to_string(crate::program::captures().join("several.jsonl")).unwrap();
        std::fs::write(folder.path().join("many.jsonl"), line.repeat(1_000)).unwrap();
        let mut child = program()
            .current_dir(folder.path())
            .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        // The pipe closes when the reader is dropped. It holds more than it was asked for, but not everything.
        let mut reader = BufReader::with_capacity(16, child.stdout.take().unwrap());
        reader.read_line(&mut first).unwrap();
        drop(reader);
        let output = child.wait_with_output().unwrap();
        assert!(!first.is_empty());
        assert_eq!(stderr(&output), "", "{args:?}");
        let code = output.status.code().unwrap();
        // A short output may be in the pipe whole before the reader goes.
        assert!(
            code == 141 || (args.len() == 1 && code == 0),
            "{args:?}: {code}"
        );
    }
}

#[test]
fn ctrl_c_ends_a_run_with_a_summary() {
    let receiver = Receiver::answering_after(Duration::from_millis(50));
    let mut child = program()
        .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
        .args([
            "trigger",
            "user.deleted",
            "--repeat",
            "150",
            "--to",
            &receiver.url(),
        ])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    interrupt(&child);
    let last = lines.map(Result::unwrap).last().unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(
        last.contains(" sent, ") && !last.starts_with("150 "),
        "{last}"
    );
    assert_eq!(stderr(&output), "");
}

/// What was answered is remembered: the next run sends the rest, and nothing twice.
#[test]
fn ctrl_c_ends_a_replay_that_can_be_resumed() {
    let (receiver, (folder, file)) = (Receiver::start(), capture(false));
    let place = folder.path().join("place");
    let replay = || {
        let mut replay = program();
        replay
            .env("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)
            .args(["replay", &file, "--to", &receiver.url(), "--resume"])
            .arg(&place);
        replay
    };
    let mut child = replay()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    interrupt(&child);
    let sent = 1 + lines.map(Result::unwrap).count();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    // The deliveries are 400 ms apart.
    assert!(sent < IDS.len(), "{sent}");
    assert_eq!(
        std::fs::read_to_string(&place).unwrap(),
        format!("{sent}\n")
    );

    let finished = replay().output().unwrap();
    assert_eq!(finished.status.code(), Some(0), "{}", stderr(&finished));
    assert_eq!(receiver.ids(), IDS);
}

fn interrupt(child: &Child) {
    let killed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
}
