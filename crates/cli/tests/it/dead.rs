//! `dead` and `queue`, on every engine.

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Output,
    thread,
    time::{Duration, Instant},
};

use clerk_webhooks::{
    BoxError, ClerkEvent, Verifier, WebhookError,
    queue::{EventContext, EventHandler, EventQueue, QueuedEvent},
    testing::{SignedRequest, fixtures},
};
use clerk_webhooks_nats::{Streams, open_nats};
use clerk_webhooks_sqlx::{migrate, open_postgres, open_sqlite, queue::Queue};
use serde_json::Value;
use sqlx::Connection as _;

use crate::{
    common::{secret, shown},
    program::{program, stderr, stdout},
};

const PASSWORD: &str = "pa55word";

/// Dead-letters the event of `user_0`, and so on.
async fn dead_letter<Q>(queue: &Q, worker: impl Future<Output = ()> + Send + 'static, count: usize)
where
    Q: EventQueue<Error: std::fmt::Debug>,
{
    for number in 0..count {
        let request = SignedRequest::new(
            &secret(),
            fixtures::user_deleted().id(format!("user_{number}")),
        );
        let request = request.with_message_id(format!("msg_{number}"));
        let delivery = Verifier::new(secret()).verify(&request.headers(), request.body().clone());
        let event = QueuedEvent::from(&delivery.unwrap());
        queue
            .enqueue(&event, None)
            .await
            .map_err(Into::into)
            .unwrap();
    }
    tokio::spawn(worker);
}

/// Its error tries to forge a line, and to colour it.
async fn fail(_: ClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
    Err(WebhookError::permanent("no such plan\u{1b}[31m"))
}

async fn succeed(_: ClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
    Ok(())
}

/// A runtime for what the service does.
fn service<T>(work: impl Future<Output = Result<T, BoxError>>) -> T {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(work).unwrap()
}

async fn wait_for(mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "it does not become so"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The commands on a queue.
struct Commands<'a> {
    url: &'a str,
    more: &'a [&'a str],
}

impl Commands<'_> {
    fn output(&self, args: &[&str]) -> Output {
        program()
            .env("DATABASE_URL", self.url)
            .args(args)
            .args(self.more)
            .output()
            .unwrap()
    }

    /// What it prints, with this exit code.
    #[track_caller]
    fn run(&self, args: &[&str], code: i32) -> String {
        let output = self.output(args);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{args:?}: {}",
            shown(&output)
        );
        stdout(&output)
    }

    #[track_caller]
    fn json(&self, args: &[&str], code: i32) -> Vec<Value> {
        let printed = self.run(&[&["--json"], args].concat(), code);
        printed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn ids(&self) -> Vec<String> {
        let letters = self.json(&["dead", "list"], 0);
        letters
            .iter()
            .map(|letter| letter["svix_id"].as_str().unwrap().to_owned())
            .collect()
    }

    fn counts(&self) -> (u64, u64, u64) {
        let counts = &self.json(&["queue", "stats"], 0)[0];
        let count = |name: &str| counts[name].as_u64().unwrap();
        (count("waiting"), count("running"), count("dead"))
    }
}

/// Of 25 dead letters, more than one page.
fn operate(commands: &Commands<'_>) {
    assert_eq!(commands.counts(), (0, 0, 25));
    let ids = commands.ids();
    assert_eq!(ids.len(), 25);

    let letters = commands.json(&["dead", "list"], 0);
    assert_eq!(letters[0]["event_type"], "user.deleted");
    assert_eq!(letters[0]["attempts"], 1);
    assert!(letters[0]["died_at_ms"].as_u64().unwrap() > 1_700_000_000_000);
    assert!(letters[0].get("event").is_none());
    let listed = commands.run(&["dead", "list"], 0);
    let line = listed.lines().find(|line| line.contains("msg_7 ")).unwrap();
    assert!(line.contains("user.deleted"), "{line}");
    assert!(
        line.contains("no such plan") && !line.contains('\u{1b}'),
        "{line}"
    );

    let shown = &commands.json(&["dead", "show", "msg_7"], 0)[0];
    assert_eq!(shown["event"]["data"]["id"], "user_7");
    let text = commands.run(&["dead", "show", "msg_7"], 0);
    assert!(
        text.starts_with("message id  msg_7\n") && text.contains("\"id\": \"user_7\""),
        "{text}"
    );
    let missing = commands.run(&["dead", "show", "msg_none"], 1);
    assert_eq!(
        missing,
        format!("{:<31}  no such dead letter\n", "msg_none")
    );

    let requeued = commands.json(&["dead", "requeue", "msg_none", "msg_7"], 1);
    assert_eq!(
        (&requeued[0]["found"], &requeued[1]["found"]),
        (&false.into(), &true.into())
    );
    assert_eq!(commands.counts(), (1, 0, 24));

    let refused = commands.output(&["dead", "drop", "msg_8"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("nothing is deleted"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(commands.counts(), (1, 0, 24));
    let dropped = commands.run(&["dead", "drop", "msg_8", "--yes"], 0);
    assert_eq!(dropped, format!("{:<31}  dropped\n", "msg_8"));
    assert!(
        commands
            .ids()
            .iter()
            .all(|id| !["msg_7", "msg_8"].contains(&id.as_str()))
    );

    let rest = commands.ids();
    let requeued = commands.json(&["dead", "requeue", "--all"], 0);
    assert_eq!(requeued.len(), 23);
    assert!(
        requeued
            .iter()
            .all(|line| rest.contains(&line["svix_id"].as_str().unwrap().to_owned()))
    );
    assert_eq!(commands.counts(), (24, 0, 0));
    assert_eq!(commands.run(&["dead", "drop", "--all", "--yes"], 0), "");
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

#[test]
fn dead_letters_of_sqlite_are_operated() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    service(async {
        let pool = open_sqlite(&file).await?;
        migrate(&pool).await?;
        let queue = Queue::new(&pool, "clerk").await?;
        dead_letter(&queue, queue.worker(EventHandler::new((), fail)).run(), 25).await;
        wait_for(async || queue.count_dead().await.unwrap() == 25).await;
        Ok(())
    });
    let url = sqlite_url(&file);
    let commands = Commands {
        url: &url,
        more: &[],
    };
    operate(&commands);
    let other = Commands {
        url: &url,
        more: &["--queue", "other"],
    };
    assert!(
        other
            .run(&["queue", "stats"], 0)
            .contains("queue `other` at sqlite://")
    );

    service(async {
        let pool = open_sqlite(&file).await?;
        let queue = Queue::new(&pool, "clerk").await?;
        tokio::spawn(queue.worker(EventHandler::new((), succeed)).run());
        wait_for(async || queue.counts().await.unwrap() == Default::default()).await;
        Ok(())
    });
    let refused = commands.output(&["queue", "purge"]);
    assert_eq!(refused.status.code(), Some(2), "{}", shown(&refused));
    let kept = commands.run(&["queue", "purge", "--yes"], 0);
    assert_eq!(kept, "deleted the ids of 0 messages\n");
    let purged = commands.json(&["queue", "purge", "--older-than", "0", "--yes"], 0);
    assert_eq!(purged[0]["messages"], 24);
}

/// Someone edited the table: the letter can still be read and dropped.
#[test]
fn what_is_not_an_event_is_shown_as_it_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    service(async {
        let pool = open_sqlite(&file).await?;
        migrate(&pool).await?;
        let queue = Queue::new(&pool, "clerk").await?;
        dead_letter(&queue, queue.worker(EventHandler::new((), fail)).run(), 1).await;
        wait_for(async || queue.count_dead().await.unwrap() == 1).await;
        sqlx::query("update clerk_queue set body = '{\u{1b}'")
            .execute(&pool)
            .await?;
        Ok(())
    });
    let url = sqlite_url(&file);
    let commands = Commands {
        url: &url,
        more: &[],
    };
    assert_eq!(
        commands.json(&["dead", "show", "msg_0"], 0)[0]["stored"],
        "{\u{1b}"
    );
    let text = commands.run(&["dead", "show", "msg_0"], 0);
    assert!(text.ends_with("not an event: {\\u{1b}\n"), "{text}");
    assert!(commands.run(&["dead", "list"], 0).contains("  -  "));
    commands.run(&["dead", "drop", "msg_0", "--yes"], 0);
}

/// Only `migrate` of the service makes tables and files, and a file of somebody else's stays as it is.
#[test]
fn nothing_is_made_and_no_file_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (missing, other) = (
        folder.path().join("missing.db"),
        folder.path().join("other.db"),
    );
    fs::write(&other, "").unwrap();
    for file in [&missing, &other] {
        let url = sqlite_url(file);
        let output = Commands {
            url: &url,
            more: &[],
        }
        .output(&["dead", "list"]);
        assert_eq!(output.status.code(), Some(5), "{}", shown(&output));
    }
    assert!(!missing.exists());
    assert_eq!(fs::read(&other).unwrap(), b"");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
#[ignore = "needs a Postgres server: set CLERK_WEBHOOKS_POSTGRES_URL"]
fn dead_letters_of_postgres_are_operated() {
    const SCHEMA: &str = "clerk_cli_dead_test";
    let server = env::var("CLERK_WEBHOOKS_POSTGRES_URL").unwrap();
    let url = format!("{server}?options=-csearch_path%3D{SCHEMA}");
    let drop_schema = format!("drop schema if exists {SCHEMA} cascade");
    service(async {
        let mut connection = sqlx::PgConnection::connect(&server).await?;
        let create_schema = format!("create schema {SCHEMA}");
        for statement in [&drop_schema, &create_schema] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement.as_str()))
                .execute(&mut connection)
                .await?;
        }
        Ok(())
    });
    let absent = Commands {
        url: &url,
        more: &[],
    }
    .output(&["dead", "list"]);
    assert_eq!(absent.status.code(), Some(5));
    assert!(
        stderr(&absent).contains("the table is missing"),
        "{}",
        stderr(&absent)
    );
    service(async {
        let pool = open_postgres(&url).await?;
        migrate(&pool).await?;
        let queue = Queue::new(&pool, "clerk").await?;
        dead_letter(&queue, queue.worker(EventHandler::new((), fail)).run(), 25).await;
        wait_for(async || queue.count_dead().await.unwrap() == 25).await;
        Ok(())
    });
    operate(&Commands {
        url: &url,
        more: &[],
    });
    service(async {
        let mut connection = sqlx::PgConnection::connect(&server).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(drop_schema.as_str()))
            .execute(&mut connection)
            .await?;
        Ok(())
    });
    let (role, database) = (
        url_with(&server, "nobody", "test"),
        url_with(&server, "postgres", "no_such_database"),
    );
    assert_fails(&role, REFUSED);
    assert_fails(&database, "no database of this name");
}

/// The same server, with another user and database.
fn url_with(server: &str, user: &str, database: &str) -> String {
    let address = server
        .split("://")
        .nth(1)
        .unwrap()
        .split('/')
        .next()
        .unwrap();
    let address = address.rsplit('@').next().unwrap();
    format!("postgres://{user}:{PASSWORD}@{address}/{database}")
}

#[test]
#[ignore = "needs a NATS server: set CLERK_WEBHOOKS_NATS_URL"]
fn dead_letters_of_nats_are_operated() {
    const STREAM: &str = "clerk_cli_dead_test";
    let url = env::var("CLERK_WEBHOOKS_NATS_URL").unwrap();
    let commands = Commands {
        url: &url,
        more: &["--stream", STREAM],
    };
    let remove = || {
        service(async {
            let context = open_nats(&url).await?;
            for name in ["", "_failures", "_dead"] {
                context.delete_stream(format!("{STREAM}{name}")).await.ok();
            }
            Ok(())
        });
    };
    remove();
    let absent = commands.output(&["dead", "list"]);
    assert_eq!(absent.status.code(), Some(5));
    assert!(
        stderr(&absent).contains("is missing"),
        "{}",
        stderr(&absent)
    );
    service(async {
        // Like a service's on a server whose messages are small.
        let streams = Streams::new(open_nats(&url).await?)
            .with_name(STREAM)
            .with_max_body_bytes(64 * 1024);
        clerk_webhooks_nats::migrate(&streams).await?;
        let queue = clerk_webhooks_nats::queue::Queue::new(&streams, "clerk").await?;
        dead_letter(&queue, queue.worker(EventHandler::new((), fail)).run(), 25).await;
        // An event leaves the queue after it is dead-lettered.
        wait_for(async || {
            let counts = queue.counts().await.unwrap();
            (counts.waiting, counts.running, counts.dead) == (0, 0, 25)
        })
        .await;
        Ok(())
    });
    operate(&commands);
    let output = commands.output(&["queue", "purge", "--yes"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("NATS has nothing to purge"),
        "{}",
        stderr(&output)
    );
    remove();
}

/// Answers one connection.
fn server(answer: impl FnOnce(TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || answer(listener.accept().unwrap().0));
    port
}

#[track_caller]
fn assert_fails(url: &str, message: &str) {
    let output = Commands { url, more: &[] }.output(&["dead", "list"]);
    assert_eq!(output.status.code(), Some(5), "{}", shown(&output));
    let error = stderr(&output);
    assert!(error.contains(message), "{error}");
    assert!(!error.contains(PASSWORD), "{error}");
}

const REFUSED: &str = "the server refuses the user or the password";

#[test]
fn a_server_that_is_not_there_is_named_without_the_password() {
    for scheme in ["postgres", "nats"] {
        let url = format!("{scheme}://me:{PASSWORD}@127.0.0.1:1/app");
        assert_fails(
            &url,
            &format!("error: queue `clerk` at {scheme}://127.0.0.1:1/app: "),
        );
        assert_fails(&url, "check its address, and that it is up");
    }
}

/// A server as Postgres speaks: no TLS, asks for the password, refuses it.
#[test]
fn a_wrong_password_of_postgres_is_named_and_not_printed() {
    let port = server(|mut stream| {
        let mut read = [0; 1024];
        let mut answer = |bytes: &[u8]| {
            let length = stream.read(&mut read).unwrap();
            stream.write_all(bytes).unwrap();
            read[..length].to_vec()
        };
        answer(b"N");
        answer(b"R\0\0\0\x08\0\0\0\x03");
        let fields = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"me\"\0\0";
        let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
        let password = answer(&[b"E", &length[..], fields].concat());
        assert!(String::from_utf8_lossy(&password).contains(PASSWORD));
    });
    assert_fails(
        &format!("postgres://me:{PASSWORD}@127.0.0.1:{port}/app"),
        REFUSED,
    );
}

/// A server as NATS speaks.
#[test]
fn a_wrong_password_of_nats_is_named_and_not_printed() {
    let port = server(|mut stream| {
        let info = r#"INFO {"server_id":"a","server_name":"a","version":"2.9.10","go":"go1","host":"127.0.0.1","port":1,"headers":true,"max_payload":1048576,"proto":1,"auth_required":true}"#;
        stream.write_all(format!("{info}\r\n").as_bytes()).unwrap();
        let mut connect = String::new();
        BufReader::new(&stream).read_line(&mut connect).unwrap();
        assert!(connect.contains(PASSWORD));
        stream
            .write_all(b"-ERR 'Authorization Violation'\r\n")
            .unwrap();
    });
    assert_fails(&format!("nats://me:{PASSWORD}@127.0.0.1:{port}"), REFUSED);
}

/// `script` gives the program a terminal.
#[test]
#[ignore = "needs the program `script` of util-linux"]
fn on_a_terminal_it_asks() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.db");
    service(async {
        let pool = open_sqlite(&file).await?;
        migrate(&pool).await?;
        let queue = Queue::new(&pool, "clerk").await?;
        dead_letter(&queue, queue.worker(EventHandler::new((), fail)).run(), 2).await;
        wait_for(async || queue.count_dead().await.unwrap() == 2).await;
        Ok(())
    });
    let url = sqlite_url(&file);
    let commands = Commands {
        url: &url,
        more: &[],
    };
    for (answer, code, left) in [("n\n", 2, 2), ("\n", 2, 2), ("y\n", 0, 0)] {
        let command = format!("{} dead drop --all", env!("CARGO_BIN_EXE_clerk-webhooks"));
        let mut child = std::process::Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .env("DATABASE_URL", &url)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(answer.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{answer:?}: {}",
            shown(&output)
        );
        let question = format!("Delete 2 dead letters of queue `clerk` at {url} for good? [y/N]");
        assert!(stdout(&output).contains(&question), "{}", shown(&output));
        assert_eq!(commands.ids().len(), left);
    }
}
