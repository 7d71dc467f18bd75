//! What goes wrong, and what to do about it.

use std::{error::Error, fmt};

use redis::{ErrorKind, RedisError};

const TOO_OLD: &str = "the server is too old; it takes Redis 7.0 or newer, the first that knows `SET` with \
    `NX` and `GET` together";

/// A command that failed, or that was not answered: it may have happened or not.
///
/// Its text says what to do; its [source](Error::source) is the [`RedisError`] with the server's own
/// words. Neither holds the URL or the password.
#[derive(Debug)]
pub struct RedisStoreError {
    attempt: Attempt,
    source: RedisError,
}

/// What the store was about to do.
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

/// The server answered, with an error of this code.
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
        "NOAUTH" | "WRONGPASS" => "the server refused user or password; check those of the URL",
        "NOPERM" => {
            "the server's ACL forbids it; the store needs `SET`, `GET`, `DEL`, `PEXPIRE` and `EVAL` on \
             the keys under its prefix"
        }
        "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "BUSY" => {
            "the server is not ready yet; the sender will come again"
        }
        "MOVED" | "ASK" => {
            "the server is a node of a cluster, and another one has the key; give the store a cluster \
             connection"
        }
        "WRONGTYPE" => {
            "the key is somebody else's; give the store a prefix of its own, by `with_prefix`"
        }
        _ => "the server refused; its own words say why",
    }
}

/// No answer, or none that makes sense.
fn advice_on_failure(error: &RedisError) -> &'static str {
    match error.kind() {
        ErrorKind::InvalidClientConfig => {
            "the URL is not understood; it looks like `redis://user:password@host:6379/0`, and \
             `rediss://` needs one of the TLS features of the crate `redis`"
        }
        ErrorKind::AuthenticationFailed => {
            "the server refused user or password; check those of the URL"
        }
        ErrorKind::RESP3NotSupported => TOO_OLD,
        ErrorKind::Io if error.is_timeout() => {
            "the server did not answer in time; see whether it is overloaded or cut off"
        }
        ErrorKind::Io => {
            "the server cannot be reached, or it closed the connection; see that it runs, and check \
             host and port"
        }
        _ => "what the server answered makes no sense; see that it is Redis 7.0 or newer",
    }
}
