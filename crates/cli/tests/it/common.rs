//! What several of the tests need.

use std::{
    env,
    io::{self, Write as _},
    path::PathBuf,
    process::Output,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clerk_webhooks::SigningSecret;

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// When the deliveries of these tests are sent and arrive.
pub(crate) const SENT_AT: u64 = 1_767_225_600;

pub(crate) fn sent_at() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(SENT_AT)
}

pub(crate) fn secret() -> SigningSecret {
    SigningSecret::parse(SECRET).unwrap()
}

/// The folder of real input. Unset (a user's clone) the test is skipped, and says so; set and missing it fails.
pub(crate) fn shared_folder() -> Option<PathBuf> {
    let Some(folder) = env::var_os("CLERK_WEBHOOKS_SHARED").map(PathBuf::from) else {
        // Not `eprintln!`: what a passing test prints with it is swallowed.
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

/// Both outputs of a program.
pub(crate) fn shown(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}
