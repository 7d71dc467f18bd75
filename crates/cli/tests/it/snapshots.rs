//! Every help text, every error and every verdict, as the files in `tests/snapshots` have them.
//!
//! To write the files anew, for a look at the difference: `WRITE_SNAPSHOTS=1 cargo test -p clerk-webhooks-cli`.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use crate::{
    common::{OTHER_SECRET, SECRET},
    program::{program, stderr, stdout},
};

/// Name, environment, arguments.
type Snapshot = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
);

const RIGHT: &[(&str, &str)] = &[("CLERK_WEBHOOK_SIGNING_SECRET", SECRET)];
const OTHER: &[(&str, &str)] = &[
    ("CLERK_WEBHOOK_SIGNING_SECRET", OTHER_SECRET),
    ("OLD", SECRET),
];
const QUOTED: &[(&str, &str)] = &[(
    "CLERK_WEBHOOK_SIGNING_SECRET",
    "\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"",
)];
const API_KEY: &[(&str, &str)] = &[("CLERK_WEBHOOK_SECRET", "sk_test_MfKQ9r8GKYqrTwjUPD8ILPZI")];
const TO: &str = "http://127.0.0.1:1/webhooks/clerk";

const SNAPSHOTS: &[Snapshot] = &[
    ("help", &[], &["--help"]),
    ("help-backfill", &[], &["backfill", "--help"]),
    ("help-completions", &[], &["completions", "--help"]),
    ("help-dead", &[], &["dead", "--help"]),
    ("help-dead-drop", &[], &["dead", "drop", "--help"]),
    ("help-dead-list", &[], &["dead", "list", "--help"]),
    ("help-dead-requeue", &[], &["dead", "requeue", "--help"]),
    ("help-dead-show", &[], &["dead", "show", "--help"]),
    ("help-doctor", &[], &["doctor", "--help"]),
    ("help-events", &[], &["events", "--help"]),
    ("help-explain", &[], &["explain", "--help"]),
    ("help-listen", &[], &["listen", "--help"]),
    ("help-queue", &[], &["queue", "--help"]),
    ("help-queue-purge", &[], &["queue", "purge", "--help"]),
    ("help-queue-stats", &[], &["queue", "stats", "--help"]),
    ("help-reconcile", &[], &["reconcile", "--help"]),
    ("help-replay", &[], &["replay", "--help"]),
    ("help-sign", &[], &["sign", "--help"]),
    ("help-trigger", &[], &["trigger", "--help"]),
    ("help-verify", &[], &["verify", "--help"]),
    ("events", &[], &["events"]),
    ("events-type", &[], &["events", "user.deleted"]),
    (
        "events-type-json",
        &[],
        &["--json", "events", "user.deleted"],
    ),
    (
        "sign",
        RIGHT,
        &[
            "sign",
            "body.json",
            "--message-id",
            "msg_1",
            "--sent-at",
            "1767225600",
        ],
    ),
    (
        "sign-json",
        RIGHT,
        &[
            "--json",
            "sign",
            "body.json",
            "--message-id",
            "msg_1",
            "--sent-at",
            "1767225600",
        ],
    ),
    ("verify", RIGHT, &["verify", "several.jsonl"]),
    ("verify-json", RIGHT, &["--json", "verify", "several.jsonl"]),
    (
        "verify-curl",
        RIGHT,
        &[
            "verify",
            "curl.txt",
            "--body",
            "body.json",
            "--at",
            "signed",
        ],
    ),
    (
        "verify-http",
        RIGHT,
        &["verify", "request.http", "--at", "1767225601"],
    ),
    ("explain", RIGHT, &["explain", "several.jsonl"]),
    (
        "explain-json",
        RIGHT,
        &["--json", "explain", "several.jsonl"],
    ),
    (
        "explain-other-secret",
        OTHER,
        &[
            "explain",
            "request.http",
            "--at",
            "signed",
            "--other-secret-env",
            "OLD",
        ],
    ),
    (
        "explain-quoted-secret",
        QUOTED,
        &["explain", "request.http", "--at", "signed"],
    ),
    (
        "explain-api-key",
        API_KEY,
        &["explain", "request.http", "--at", "signed"],
    ),
    (
        "explain-unknown",
        OTHER,
        &["explain", "request.http", "--at", "signed"],
    ),
    ("error-no-command", &[], &[]),
    ("error-unknown-command", &[], &["verfy"]),
    ("error-unknown-option", &[], &["events", "--jsn"]),
    (
        "error-unknown-type",
        RIGHT,
        &["trigger", "user.renamed", "--to", TO],
    ),
    ("error-no-type", RIGHT, &["trigger", "--to", TO]),
    ("error-no-target", RIGHT, &["trigger", "--all"]),
    (
        "error-target-scheme",
        RIGHT,
        &["trigger", "--all", "--to", "localhost:3000"],
    ),
    (
        "error-target-user",
        RIGHT,
        &["trigger", "--all", "--to", "http://me@localhost:3000"],
    ),
    (
        "error-all-and-type",
        RIGHT,
        &["trigger", "user.created", "--all", "--to", TO],
    ),
    (
        "error-set",
        RIGHT,
        &[
            "trigger",
            "user.created",
            "--set",
            "data.first_name",
            "--to",
            TO,
        ],
    ),
    (
        "error-set-path",
        RIGHT,
        &["trigger", "user.created", "--set", "type.a=1", "--to", TO],
    ),
    (
        "error-set-not-json",
        RIGHT,
        &["trigger", "--data", "curl.txt", "--set", "a=1", "--to", TO],
    ),
    ("error-secret-not-set", &[], &["verify", "request.http"]),
    (
        "error-secret-empty",
        &[("EMPTY", " ")],
        &["verify", "request.http", "--secret-env", "EMPTY"],
    ),
    ("error-secret-quoted", QUOTED, &["verify", "request.http"]),
    ("error-secret-api-key", API_KEY, &["sign", "body.json"]),
    (
        "error-secret-file",
        &[],
        &["verify", "request.http", "--secret-file", "missing"],
    ),
    (
        "error-secret-sources",
        RIGHT,
        &["sign", "--secret-env", "A", "--insecure-secret", SECRET],
    ),
    (
        "error-secret-as-name",
        &[],
        &["sign", "--secret-env", SECRET],
    ),
    ("error-secret-as-file", RIGHT, &["verify", SECRET]),
    (
        "error-secret-as-option",
        RIGHT,
        &["verify", "--secret", SECRET],
    ),
    ("error-no-file", RIGHT, &["verify", "missing.jsonl"]),
    ("error-not-a-capture", RIGHT, &["verify", "garbage.txt"]),
    ("error-line", RIGHT, &["explain", "broken.jsonl"]),
    ("error-no-delivery", RIGHT, &["explain", "ready.jsonl"]),
    ("error-curl-without-body", RIGHT, &["explain", "curl.txt"]),
    (
        "error-at",
        RIGHT,
        &["verify", "request.http", "--at", "yesterday"],
    ),
    (
        "error-listen-address",
        RIGHT,
        &["listen", "--bind", "203.0.113.1:4600"],
    ),
    ("error-listen-status", RIGHT, &["listen", "--status", "99"]),
    (
        "error-listen-status-and-forward",
        RIGHT,
        &["listen", "--status", "500", "--forward-to", TO],
    ),
    (
        "error-listen-record",
        RIGHT,
        &[
            "listen",
            "--bind",
            "127.0.0.1:0",
            "--record",
            "missing/capture.jsonl",
        ],
    ),
    (
        "error-listen-port-without-page",
        RIGHT,
        &["listen", "--ui-port", "4601"],
    ),
    (
        "error-listen-database-without-page",
        RIGHT,
        &["listen", "--database-url", "sqlite://app.db"],
    ),
    (
        "error-speed",
        RIGHT,
        &["replay", "several.jsonl", "--speed", "0", "--to", TO],
    ),
    (
        "error-resume",
        RIGHT,
        &[
            "replay",
            "several.jsonl",
            "--resume",
            "garbage.txt",
            "--to",
            TO,
        ],
    ),
    ("error-shell", &[], &["completions", "tcsh"]),
    ("error-doctor-without-secret", &[], &["doctor", "--url", TO]),
    ("error-doctor-unreachable", RIGHT, &["doctor", "--url", TO]),
    (
        "error-doctor-event",
        RIGHT,
        &["doctor", "--event", "user.renamed", "--url", TO],
    ),
    ("error-dead-no-action", &[], &["dead"]),
    ("error-dead-no-id", &[], &["dead", "requeue"]),
    (
        "error-dead-id-and-all",
        &[],
        &["dead", "drop", "msg_1", "--all"],
    ),
    ("error-database-not-given", &[], &["dead", "list"]),
    (
        "error-database-scheme",
        &[("DATABASE_URL", "mysql://me:pa55word@db/app")],
        &["queue", "stats"],
    ),
    (
        "error-database-as-id",
        &[],
        &["dead", "list", "postgres://me:pa55word@db/app"],
    ),
    (
        "error-sqlite-missing",
        &[],
        &["queue", "stats", "--database-url", "sqlite://missing.db"],
    ),
    (
        "error-sqlite-memory",
        &[],
        &["queue", "stats", "--database-url", "sqlite::memory:"],
    ),
    (
        "error-sqlite-no-database",
        &[],
        &["dead", "list", "--database-url", "sqlite:garbage.txt"],
    ),
    (
        "error-sqlite-no-tables",
        &[],
        &["dead", "list", "--database-url", "sqlite:empty.db"],
    ),
    (
        "error-postgres-url",
        &[("DATABASE_URL", "postgres://me:pa55word@db:port/app")],
        &["dead", "list"],
    ),
    (
        "error-purge-time",
        &[],
        &["queue", "purge", "--older-than", "7d"],
    ),
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots")
}

fn printed((_, environment, args): &Snapshot) -> String {
    let output = program()
        .envs(environment.iter().copied())
        .args(*args)
        .output()
        .unwrap();
    let code = output.status.code().unwrap();
    format!(
        "exit code {code}\n--- standard output\n{}--- standard error\n{}",
        stdout(&output),
        stderr(&output)
    )
}

#[test]
fn the_program_prints_what_the_files_have() {
    let write = env::var_os("WRITE_SNAPSHOTS").is_some();
    let mut wrong = Vec::new();
    for snapshot in SNAPSHOTS {
        let (file, printed) = (
            folder().join(snapshot.0).with_extension("txt"),
            printed(snapshot),
        );
        if write {
            fs::write(&file, &printed).unwrap();
        } else if fs::read_to_string(&file).ok().as_ref() != Some(&printed) {
            wrong.push(format!("{}:\n{printed}", snapshot.0));
        }
    }
    assert!(
        wrong.is_empty(),
        "not as in the files:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn every_file_has_its_snapshot() {
    let files: BTreeSet<_> = fs::read_dir(folder())
        .unwrap()
        .map(|file| {
            file.unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let names: BTreeSet<_> = SNAPSHOTS
        .iter()
        .map(|(name, ..)| (*name).to_owned())
        .collect();
    assert_eq!(files, names);
}

/// The commands that `--help` lists.
#[test]
fn every_command_has_the_snapshot_of_its_help() {
    let help = stdout(&program().arg("--help").output().unwrap());
    let commands = help.split("Commands:\n").nth(1).unwrap().lines();
    for command in commands.map_while(|line| line.strip_prefix("  ")) {
        let command = command.split(' ').next().unwrap();
        let file = folder().join(format!("help-{command}.txt"));
        assert!(command == "help" || file.exists(), "{command}");
    }
}

/// The keys of every secret, and the password, that a snapshot gives to the program.
#[test]
fn no_snapshot_holds_a_secret() {
    for file in fs::read_dir(folder()).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for key in ["MfKQ9r8G", "C2FVsBQI", "pa55word"] {
            assert!(!text.contains(key), "{text}");
        }
    }
}
