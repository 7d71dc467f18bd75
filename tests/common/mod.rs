//! What several of the integration tests need.

#![allow(
    dead_code,
    reason = "each test file is a crate of its own and uses a part of this"
)]

use std::{
    env, fs,
    io::{self, Write as _},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};

use clerk_webhooks::SigningSecret;
use tracing_subscriber::fmt::MakeWriter;

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
        // Not `eprintln!`: what a passing test prints with it is swallowed.
        let reason = "skipped: CLERK_WEBHOOKS_SHARED is not set";
        writeln!(io::stderr(), "{reason}").unwrap();
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
pub(crate) struct Logs {
    written: Written,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Logs {
    pub(crate) fn capture() -> Self {
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(written.clone())
            .finish();
        Self {
            written,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    /// Everything so far, and starts anew.
    pub(crate) fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.written.lock())).unwrap()
    }
}

#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Written {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
