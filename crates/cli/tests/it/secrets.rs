//! No command prints a secret.

use std::fs;

use crate::{
    common::{SECRET, shown},
    program::{program, run},
    receiver::Receiver,
};

#[test]
fn no_output_of_any_command_holds_the_secret() {
    let receiver = Receiver::start();
    let url = receiver.url();
    let commands: &[&[&str]] = &[
        &["events"],
        &["trigger", "--all", "--to", &url],
        &["trigger", "user.created", "--forge", "--to", &url],
        &["trigger", "user.created", "--stale", "--to", &url],
        &["sign", "body.json"],
        &["verify", "several.jsonl"],
        &["explain", "several.jsonl"],
        &["replay", "several.jsonl", "--speed", "max", "--to", &url],
        &["doctor", "--url", &url],
        &["completions", "bash"],
    ];
    for command in commands {
        for format in [&["--json"][..], &[]] {
            let output = run(&[format, command].concat());
            assert!(
                output.status.code().is_some_and(|code| code <= 1),
                "{command:?}: {}",
                shown(&output)
            );
            assert_without_secret(&shown(&output));
        }
    }
}

#[test]
fn no_source_of_the_secret_prints_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, SECRET).unwrap();
    for source in [
        ["--secret-file", file.to_str().unwrap()],
        ["--secret-env", "MINE"],
        ["--insecure-secret", SECRET],
    ] {
        let output = program()
            .env("MINE", SECRET)
            .args(["explain", "several.jsonl"])
            .args(source)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
        assert_without_secret(&shown(&output));
    }
}

#[track_caller]
fn assert_without_secret(text: &str) {
    assert!(!text.contains("MfKQ9r8G"), "{text}");
}
