//! The program itself.

use std::{
    path::Path,
    process::{Command, Output},
};

use example_sync_users::{Database, USERS};

fn run_once(folder: &Path, database_url: Option<&str>) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_example-sync-users"));
    program.arg("--once").current_dir(folder);
    let variables = [
        "DATABASE_URL",
        "PORT",
        "CLERK_WEBHOOK_SIGNING_SECRET",
        "CLERK_WEBHOOK_SECRET",
    ];
    for variable in variables {
        program.env_remove(variable);
    }
    program.envs(database_url.map(|url| ("DATABASE_URL", url)));
    program.output().unwrap()
}

#[tokio::test]
async fn it_shows_itself_again_and_again_on_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let output = run_once(folder.path(), None);
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{printed}");
        for outcome in [
            "created",
            "updated",
            "deleted",
            "stale",
            "duplicate",
            "ignored",
        ] {
            let is_there = |line: &str| line.starts_with("msg_") && line.ends_with(outcome);
            assert!(printed.lines().any(is_there), "{outcome}: {printed}");
        }
        let users = printed.lines().filter(|line| line.starts_with("  user_"));
        assert_eq!(users.count(), 2, "{printed}");
    }
    let file = folder.path().join("sync-users.db");
    let url = format!("sqlite://{}", file.display());
    let database = Database::connect(&url).await.unwrap();
    let rows = database.rows(&USERS).await.unwrap();
    assert_eq!(rows.len(), 4, "those of both runs: {rows:?}");
}

#[test]
fn another_database_is_refused_without_printing_its_password() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["mysql://root:hunter2@localhost/clerk", "hunter2"] {
        let output = run_once(folder.path(), Some(url));
        let printed = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(printed.contains("sqlite:// or postgres://"), "{printed}");
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}

#[test]
fn what_a_sqlite_url_asks_for_is_done_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let urls = [
        ("sqlite://", "needs a file"),
        ("sqlite://:memory:", "needs a file"),
        ("sqlite://:memory:?mode=rwc", "needs a file"),
        ("sqlite://users.db?mode=memory", "no parameter but mode=rwc"),
        ("sqlite://users.db?mode=ro", "no parameter but mode=rwc"),
    ];
    for (url, reason) in urls {
        let output = run_once(folder.path(), Some(url));
        let printed = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{url}");
        assert!(printed.contains(reason), "{url}: {printed}");
    }
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);

    let output = run_once(folder.path(), Some("sqlite://users.db?mode=rwc"));
    assert!(output.status.success(), "{output:?}");
    assert!(folder.path().join("users.db").exists());
}
