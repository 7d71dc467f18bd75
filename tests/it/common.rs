//! What several of the integration tests need.

#![allow(dead_code, reason = "other test binaries use a part of this")]

use std::{
    cell::RefCell,
    env, fs,
    io::{self, Write as _},
    path::PathBuf,
    sync::Once,
};

use clerk_webhooks::SigningSecret;

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

pub(crate) fn secret() -> SigningSecret {
    SigningSecret::parse(SECRET).unwrap()
}

pub(crate) fn other_secret() -> SigningSecret {
    SigningSecret::parse(OTHER_SECRET).unwrap()
}

/// The folder of real input that `CLERK_WEBHOOKS_SHARED` names. Unset (a user's clone) the test is
/// skipped, and says so; set and missing it fails.
pub(crate) fn shared_folder() -> Option<PathBuf> {
    let Some(folder) = env::var_os("CLERK_WEBHOOKS_SHARED").map(PathBuf::from) else {
        // Not `eprintln!`: what a passing test prints with it is swallowed. On a line of its own: the test
        // harness may be in the middle of one.
        let mut stderr = io::stderr();
        let test = std::thread::current();
        let name = test.name().unwrap_or_default();
        writeln!(
            stderr,
            "\nskipped: {name}: CLERK_WEBHOOKS_SHARED is not set"
        )
        .unwrap();
        return None;
    };
    assert!(
        folder.is_dir(),
        "CLERK_WEBHOOKS_SHARED names {}, which is no folder",
        folder.display()
    );
    Some(folder)
}

pub(crate) fn published_examples() -> Option<Vec<(String, Vec<u8>)>> {
    let folder = shared_folder()?.join("clerk/examples");
    let mut examples: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let event_type = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (event_type, fs::read(path).unwrap())
        })
        .collect();
    examples.sort();
    assert_eq!(examples.len(), 45, "all of Clerk's published examples");
    Some(examples)
}

/// Collects what is logged on this thread while it is alive.
///
/// One subscriber serves all threads: with one for each, a log statement could be cached as disabled
/// by a thread that has none.
pub(crate) struct Logs(());

impl Logs {
    pub(crate) fn capture() -> Self {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .without_time()
                .with_writer(|| ThisThread)
                .init();
        });
        LOGGED.set(Vec::new());
        Self(())
    }

    /// Everything so far, and starts anew.
    pub(crate) fn take(&self) -> String {
        String::from_utf8(LOGGED.take()).unwrap()
    }
}

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct ThisThread;

impl io::Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
