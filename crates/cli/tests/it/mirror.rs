//! `backfill` and `reconcile`, against a stand-in for Clerk's API.

use std::{
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use clerk_webhooks_testbed::clerk_api::{Canned, FakeClerk};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::program::{program, stderr, stdout};

struct Site {
    clerk: FakeClerk,
    folder: TempDir,
    /// Runs the API.
    _runtime: Runtime,
}

impl Site {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let clerk = runtime.block_on(FakeClerk::start()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        // An empty file is an empty database.
        std::fs::write(folder.path().join("app.db"), "").unwrap();
        Self {
            clerk,
            folder,
            _runtime: runtime,
        }
    }

    fn command(&self, args: &[&str]) -> Command {
        let url = format!("sqlite://{}", self.folder.path().join("app.db").display());
        let mut command = program();
        command
            .env("CLERK_SECRET_KEY", FakeClerk::SECRET_KEY)
            .env("CLERK_API_URL", self.clerk.url())
            .env("DATABASE_URL", url)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Waits until the API has seen so many requests more.
    fn wait_for_requests(&self, more: usize) {
        let (before, start) = (self.clerk.seen().len(), Instant::now());
        while self.clerk.seen().len() < before + more {
            assert!(start.elapsed() < Duration::from_secs(60), "no requests");
            sleep(Duration::from_millis(5));
        }
    }
}

#[track_caller]
fn is_code(output: &Output, code: i32) {
    let found = output.status.code();
    assert_eq!(found, Some(code), "{}{}", stdout(output), stderr(output));
    for key in [FakeClerk::SECRET_KEY, "sk_live_other"] {
        let is_printed = (stdout(output) + &stderr(output)).contains(key);
        assert!(!is_printed, "a key is printed");
    }
}

fn user(number: u64, updated_at: u64) -> Value {
    json!({"id": format!("user_{number:08}"), "created_at": number, "updated_at": updated_at})
}

#[test]
fn tables_are_filled_compared_and_fixed() {
    let site = Site::new();
    site.clerk
        .change(|state| (0..700).for_each(|number| state.put("users", user(number, 1))));
    let filled = site.run(&["backfill"]);
    is_code(&filled, 0);
    assert!(
        stdout(&filled).starts_with("users                            700\n"),
        "{}",
        stdout(&filled)
    );
    is_code(&site.run(&["reconcile"]), 0);

    site.clerk.change(|state| {
        state.remove("users", "user_00000003");
        state.put("users", user(4, 2));
        state.put("users", user(1_000, 1));
    });
    let compared = site.run(&["--json", "reconcile"]);
    is_code(&compared, 1);
    let lines: Vec<Value> = stdout(&compared)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let difference = |id: &str, kind: &str| json!({"type": "difference", "table": "users", "id": id, "difference": kind});
    for line in [
        difference("user_00000003", "extra"),
        difference("user_00000004", "stale"),
        difference("user_00001000", "missing"),
        json!({"type": "reconciled", "table": "users", "objects": 700, "missing": 1, "stale": 1, "extra": 1,
            "unconfirmed": 0}),
    ] {
        assert!(
            lines.contains(&line),
            "{line} is not in {}",
            stdout(&compared)
        );
    }
    is_code(&site.run(&["reconcile"]), 1);
    is_code(&site.run(&["reconcile", "--fix"]), 0);
    is_code(&site.run(&["reconcile"]), 0);
}

#[test]
fn ctrl_c_and_kill_leave_a_state_to_go_on_from() {
    let site = Site::new();
    site.clerk
        .change(|state| state.generate_users(6_000, |number| user(number, 1).to_string()));
    site.clerk.delay(Duration::from_millis(100));
    for (signal, code) in [("-INT", Some(130)), ("-KILL", None)] {
        let child = site.command(&["backfill"]).spawn().unwrap();
        // The count and six pages. Two of them are committed: two wait, one is being applied, one is on its way.
        site.wait_for_requests(7);
        let output = signalled(child, signal);
        assert_eq!(output.status.code(), code, "{}", stderr(&output));
        let says_so = stderr(&output).contains("the same command goes on where it was");
        assert_eq!(says_so, code.is_some());
    }
    let before = site.clerk.seen().len();
    is_code(&site.run(&["backfill"]), 0);
    let seen = site.clerk.seen().split_off(before);
    let lists: Vec<_> = seen
        .iter()
        .filter(|seen| seen.target.starts_with("/v1/users?"))
        .collect();
    // Thirteen pages in all.
    assert!(lists.len() < 11, "it read {} pages again", lists.len());
    assert!(
        lists
            .iter()
            .all(|seen| seen.target.contains("starting_after=")),
        "{lists:?}"
    );
    is_code(&site.run(&["reconcile", "--only", "users"]), 0);
}

fn signalled(child: Child, signal: &str) -> Output {
    let killed = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    child.wait_with_output().unwrap()
}

#[test]
fn every_failure_has_its_code_and_says_what_to_do() {
    let site = Site::new();
    let says = |output: Output, code, text: &str| {
        is_code(&output, code);
        assert!(stderr(&output).contains(text), "{}", stderr(&output));
    };
    let without_key = site
        .command(&["backfill"])
        .env_remove("CLERK_SECRET_KEY")
        .output()
        .unwrap();
    says(without_key, 3, "CLERK_SECRET_KEY is not set");
    let other_key = site
        .command(&["backfill"])
        .env("CLERK_SECRET_KEY", "sk_live_other")
        .output()
        .unwrap();
    says(other_key, 3, "Clerk does not accept the secret key");
    site.clerk.answer(Some(Canned::LOGIN_PAGE));
    says(
        site.run(&["backfill"]),
        4,
        "this answer does not come from Clerk",
    );
    says(
        site.run(&["reconcile"]),
        4,
        "this answer does not come from Clerk",
    );
    site.clerk.answer(None);

    let missing = site.folder.path().join("missing.db");
    let url = format!("sqlite://{}", missing.display());
    says(
        site.run(&["backfill", "--database-url", &url]),
        5,
        "the file cannot be opened",
    );
    assert!(!Path::new(&missing).exists());
    let url = "postgres://me:pa55word@127.0.0.1:1/app";
    let refused = site.run(&["backfill", "--database-url", url]);
    is_code(&refused, 5);
    assert!(
        !stderr(&refused).contains("pa55word"),
        "{}",
        stderr(&refused)
    );
    says(
        site.run(&["backfill", "--database-url", "mysql://me:pa55word@db"]),
        2,
        "sqlite:// or postgres://",
    );
    let nowhere = site
        .command(&["backfill"])
        .env_remove("DATABASE_URL")
        .output()
        .unwrap();
    says(nowhere, 2, "which database?");
    says(
        site.run(&["backfill", "--only", "sessions"]),
        2,
        "use users, organizations",
    );
}
