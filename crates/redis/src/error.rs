//! The store's error, with advice.

use std::{error::Error, fmt};

use redis::{ErrorKind, RedisError};

const TOO_OLD: &str = "the server is too old; it takes Redis 7.0 or newer, the first that knows `SET` with \
    `NX` and `GET` together";

/// A command that failed or was not answered. Its result is unknown: the server may have carried it out.
///
/// The error's text says what to do. Its [source](Error::source) is the [`RedisError`] with the server's own text.
/// Neither of them has the URL or the password.
#[derive(Debug)]
pub struct RedisStoreError {
    attempt: Attempt,
    source: RedisError,
}

/// The operation that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Attempt {
    Connect,
    Claim,
    Extend,
    Complete,
    Release,
    Forget,
}

impl RedisStoreError {
    pub(crate) fn new(attempt: Attempt, source: RedisError) -> Self {
        Self { attempt, source }
    }
}

impl fmt::Display for RedisStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (attempt, advice) = (self.attempt.text(), advice(&self.source));
        write!(f, "Redis store: could not {attempt}: {advice}")
    }
}

impl Error for RedisStoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

impl Attempt {
    fn text(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Claim => "claim a message",
            Self::Extend => "extend a claim",
            Self::Complete => "complete a message",
            Self::Release => "release a claim",
            Self::Forget => "forget a message",
        }
    }
}

fn advice(error: &RedisError) -> &'static str {
    match error.code() {
        Some(code) => advice_on_refusal(code, error.detail().unwrap_or_default()),
        None => advice_on_failure(error),
    }
}

/// Advice for an error with this code that the server sent.
fn advice_on_refusal(code: &str, detail: &str) -> &'static str {
    match code {
        "ERR" if detail.contains("syntax error") => TOO_OLD,
        "READONLY" => "the server is a read-only replica; connect to the primary",
        "OOM" => {
            "the server has no memory left; raise `maxmemory` (its `maxmemory-policy` must stay \
             `noeviction`, or claims get lost)"
        }
        "MISCONF" | "NOREPLICAS" => {
            "the server takes no writes for now; its own words say which of its rules is broken"
        }
        "NOAUTH" | "WRONGPASS" => "the server refused the user or password; check both in the URL",
        "NOPERM" => {
            "the server's ACL forbids it; the store needs `SET`, `GET`, `DEL`, `PEXPIRE` and `EVAL` on \
             the keys under its prefix"
        }
        "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "BUSY" => {
            "the server is not ready yet; the sender retries"
        }
        "MOVED" | "ASK" => {
            "the server is a node of a cluster, and another one has the key; give the store a cluster \
             connection"
        }
        "WRONGTYPE" => {
            "another program uses the key; give the store a prefix of its own with `with_prefix`"
        }
        _ => "the server refused; its own words say why",
    }
}

/// Advice when there is no answer, or no valid one.
fn advice_on_failure(error: &RedisError) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidClientConfig => {
            "the URL is not understood; it looks like `redis://user:password@host:6379/0`, and \
             `rediss://` needs one of the TLS features of the crate `redis`"
        }
        ErrorKind::AuthenticationFailed => {
            "the server refused the user or password; check both in the URL"
        }
        ErrorKind::RESP3NotSupported => TOO_OLD,
        ErrorKind::Io if error.is_timeout() => {
            "the server did not answer in time; check whether it is overloaded or unreachable"
        }
        ErrorKind::Io => {
            "the server cannot be reached, or it closed the connection; see that it runs, and check \
             host and port"
        }
        _ => "what the server answered makes no sense; see that it is Redis 7.0 or newer",
    }
}
