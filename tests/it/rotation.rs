//! New signing secrets while deliveries arrive, and the warnings about a clock and a rotation.

use std::{
    convert::Infallible,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, VerifiedBody, Verifier, WebhookEndpoint,
    endpoint::SecretsFile,
    testing::{SignedRequest, fixtures},
    verify::{Clock, SecretErrorKind},
};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::common::{Logs, OTHER_SECRET, SECRET, other_secret, secret};

const SENDERS: usize = 4;
const GENUINE: usize = 2_000;

/// The secret of the `number`th endpoint: unlike all others, and long enough.
fn text(number: usize) -> String {
    format!("whsec_{number:032}")
}

fn nth(number: usize) -> SigningSecret {
    SigningSecret::parse(&text(number)).unwrap()
}

async fn accept(_: Request<VerifiedBody>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(String::new()))
}

fn status(clerk: &ClerkWebhookLayer, signer: &SigningSecret) -> StatusCode {
    let request = SignedRequest::new(signer, fixtures::user_created());
    let request = request.into_request::<Full<Bytes>>("/".parse().unwrap());
    let answer = clerk.layer(service_fn(accept)).oneshot(request);
    tokio_test::block_on(answer).unwrap().status()
}

/// What the senders and the operator share. The list of secrets is `[k, k + 1]`; the operator replaces it by
/// `[k + 1, k + 2]` while all senders sign with `k + 1`, as in a rotation by the book.
struct Site {
    clerk: ClerkWebhookLayer,
    signer: AtomicUsize,
    sent: [AtomicUsize; SENDERS],
    refused: AtomicUsize,
    forged_accepted: AtomicUsize,
    is_over: AtomicBool,
}

impl Site {
    fn send(&self, sender: usize) {
        while !self.is_over.load(SeqCst) {
            let genuine = nth(self.signer.load(SeqCst));
            if status(&self.clerk, &genuine) != StatusCode::OK {
                self.refused.fetch_add(1, SeqCst);
            }
            if status(&self.clerk, &nth(1_000 + sender)) != StatusCode::BAD_REQUEST {
                self.forged_accepted.fetch_add(1, SeqCst);
            }
            self.sent[sender].fetch_add(1, SeqCst);
        }
    }

    fn sent(&self) -> usize {
        self.sent.iter().map(|sent| sent.load(SeqCst)).sum()
    }

    /// Until each sender has ended what it sends now, and one more.
    fn wait_for_the_senders(&self) {
        for sent in &self.sent {
            let before = sent.load(SeqCst);
            eventually(|| sent.load(SeqCst) >= before + 2);
        }
    }
}

#[track_caller]
fn eventually(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "not within 30 s");
        thread::sleep(Duration::from_millis(1));
    }
}

/// As an operator should: the file is never half written.
fn write_whole(path: &Path, content: &str) {
    let new = path.with_extension("new");
    fs::write(&new, content).unwrap();
    fs::rename(new, path).unwrap();
}

#[test]
fn a_rotation_under_load_refuses_nothing_genuine_and_accepts_nothing_forged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clerk");
    let list = |first: usize| format!("{}\n{}\n", text(first), text(first + 1));
    fs::write(&path, list(0)).unwrap();
    let file = SecretsFile::open(&path).unwrap();
    let file = file.with_interval(Duration::from_millis(5));
    let clerk = ClerkWebhookLayer::new(file.verifier());
    file.watch();
    let site = Site {
        clerk,
        signer: AtomicUsize::new(1),
        sent: Default::default(),
        refused: AtomicUsize::new(0),
        forged_accepted: AtomicUsize::new(0),
        is_over: AtomicBool::new(false),
    };
    thread::scope(|scope| {
        for sender in 0..SENDERS {
            let site = &site;
            scope.spawn(move || site.send(sender));
        }
        for step in 1..=5 {
            eventually(|| site.sent() >= step * GENUINE / 6);
            match step {
                // By the watched file.
                1 | 3 | 5 => write_whole(&path, &list(step)),
                // By the file and a call.
                2 => {
                    write_whole(&path, &list(step));
                    file.reload().unwrap();
                }
                // By a call.
                _ => {
                    let new = [nth(step), nth(step + 1)];
                    file.verifier().secrets().replace(new).unwrap();
                }
            }
            eventually(|| status(&site.clerk, &nth(step + 1)) == StatusCode::OK);
            assert_eq!(status(&site.clerk, &nth(step - 1)), StatusCode::BAD_REQUEST);
            if step == 2 {
                // Half of the file, and then none of it: nothing changes.
                for broken in [&list(step)[..20], ""] {
                    fs::write(&path, broken).unwrap();
                    assert!(file.reload().is_err());
                    site.wait_for_the_senders();
                    thread::sleep(Duration::from_millis(50));
                    for still_valid in [step, step + 1] {
                        assert_eq!(status(&site.clerk, &nth(still_valid)), StatusCode::OK);
                    }
                }
            }
            site.signer.store(step + 1, SeqCst);
            site.wait_for_the_senders();
        }
        eventually(|| site.sent() >= GENUINE);
        site.is_over.store(true, SeqCst);
    });
    assert!(site.sent() >= GENUINE);
    assert_eq!(
        site.refused.load(SeqCst),
        0,
        "genuine deliveries were refused"
    );
    assert_eq!(
        site.forged_accepted.load(SeqCst),
        0,
        "forged deliveries were accepted"
    );
}

#[test]
fn a_reload_is_logged_without_a_secret() {
    let logs = Logs::capture();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clerk");
    fs::write(&path, SECRET).unwrap();
    let file = SecretsFile::open(&path).unwrap();
    fs::write(&path, format!("{SECRET},{OTHER_SECRET}")).unwrap();
    file.reload().unwrap();
    let logged = logs.take();
    for part in [
        "INFO",
        "read new signing secrets from",
        r#"["clerk#1", "clerk#2"]"#,
    ] {
        assert!(logged.contains(part), "{logged}");
    }
    fs::write(&path, &SECRET[..20]).unwrap();
    assert_eq!(file.reload().unwrap_err().kind(), SecretErrorKind::TooShort);
    fs::remove_file(&path).unwrap();
    assert_eq!(
        file.reload().unwrap_err().kind(),
        SecretErrorKind::Unreadable
    );
    let failed = logs.take();
    for part in [
        "ERROR",
        "the old ones stay in use",
        "clerk is too short",
        "cannot be read",
    ] {
        assert!(failed.contains(part), "{failed}");
    }
    for logged in [logged, failed] {
        assert!(!logged.contains(&SECRET[6..18]), "{logged}");
    }
}

#[test]
fn a_missing_file_is_an_error_that_names_it() {
    let error = SecretsFile::open("/nowhere/clerk").unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("the file \"/nowhere/clerk\" ("), "{text}");
}

#[derive(Debug, Clone, Default)]
struct Hands(Arc<AtomicU64>);

impl Clock for Hands {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.load(SeqCst))
    }
}

/// One delivery at this second, whose timestamp is `late` seconds before.
fn deliver(endpoint: &WebhookEndpoint, hands: &Hands, signer: &SigningSecret, at: u64, late: u64) {
    hands.0.store(at, SeqCst);
    let sent_at = UNIX_EPOCH + Duration::from_secs(at - late);
    let request = SignedRequest::new(signer, fixtures::user_created()).with_sent_at(sent_at);
    let mut incoming = endpoint.receive(&request.headers(), "/").unwrap();
    incoming.push(request.body().clone()).unwrap();
    incoming.finish().unwrap();
}

const START: u64 = 1_767_225_600;
const DAY: u64 = 24 * 3600;

#[test]
fn a_clock_that_is_off_is_logged_before_anything_is_refused() {
    let logs = Logs::capture();
    let hands = Hands::default();
    let endpoint = WebhookEndpoint::new(Verifier::new(secret()).with_clock(hands.clone()));
    let warnings = |begin, late| {
        for minute in 0..30 {
            deliver(&endpoint, &hands, &secret(), begin + 60 * minute, late);
        }
        let logged = logs.take();
        let lines = logged
            .lines()
            .filter(|line| line.contains("this machine's clock seems"));
        let lines: Vec<_> = lines.map(str::to_owned).collect();
        assert!(lines.iter().all(|line| line.contains("WARN")), "{lines:?}");
        lines.len()
    };
    assert_eq!(warnings(START, 20), 0);
    assert_eq!(warnings(START + 3600, 90), 2);
}

#[test]
fn a_rotation_that_nobody_finishes_is_logged_once_a_day() {
    let logs = Logs::capture();
    let hands = Hands::default();
    let verifier = Verifier::new(secret().with_label("old"))
        .with_secret(other_secret().with_label("new"))
        .with_clock(hands.clone());
    let endpoint =
        WebhookEndpoint::new(verifier).with_longest_rotation(Duration::from_secs(3 * DAY));
    for hour in 0..(6 * 24) {
        let now = START + hour * 3600;
        deliver(&endpoint, &hands, &secret(), now, 0);
        deliver(&endpoint, &hands, &other_secret(), now, 0);
    }
    let logged = logs.take();
    let lines = logged
        .lines()
        .filter(|line| line.contains("several signing secrets"));
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        assert!(
            line.contains("WARN") && line.contains("for 3 days"),
            "{line}"
        );
        assert!(line.contains(r#"secrets=["old", "new"]"#), "{line}");
    }
}
