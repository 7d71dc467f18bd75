//! What each framework's module provides.

use std::{
    any::Any,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use clerk_webhooks::{SigningSecret, VerifiedDelivery, Verifier, WebhookError};

/// The body limit of the route [`SMALL`].
pub(crate) const SMALL_LIMIT: usize = 1_024;

/// Verifies with [`verifier`], under the default body limit.
pub(crate) const PLAIN: &str = "/webhooks/clerk";
/// The same with a body limit of [`SMALL_LIMIT`].
pub(crate) const SMALL: &str = "/small";
/// Verifies with [`rotating_verifier`].
pub(crate) const ROTATING: &str = "/rotating";
/// As [`PLAIN`], with a handler that takes a `RawClerkEvent`.
pub(crate) const RAW: &str = "/raw";
/// A handler that takes a verified event, on a route whose verification is not set up.
pub(crate) const NO_SETUP: &str = "/no-setup";

pub(crate) const CURRENT_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const OLD_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A framework's endpoint, written as its users write it.
pub(crate) struct Framework {
    pub(crate) name: &'static str,
    /// Starts a server on a free port of 127.0.0.1. It has the five `POST` routes above. Each handler takes
    /// the verified event, and answers 200 with the text of [`Handler::run`], or the `WebhookError`.
    pub(crate) start: fn(Handler) -> Running,
    /// The rows of the contract that end differently here.
    pub(crate) exceptions: &'static [Exception],
}

/// A server that accepts connections.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    /// Ends the server's process when dropped.
    _process: Option<Box<dyn Any + Send>>,
}

impl Running {
    /// A server on a thread of this process, until the process ends.
    pub(crate) fn here(address: SocketAddr) -> Self {
        Self {
            address,
            _process: None,
        }
    }

    /// A server that goes on until `process` is dropped.
    pub(crate) fn until_dropped(address: SocketAddr, process: impl Any + Send) -> Self {
        Self {
            address,
            _process: Some(Box::new(process)),
        }
    }
}

/// For an exception: all rows that withhold the body.
pub(crate) const WITHHELD: &str = "every withheld body";
/// For an exception: the mutated deliveries with such headers.
pub(crate) const NOT_UTF8: &str = "a mutated header value that is not UTF-8";
/// For an exception: the mutated deliveries with such headers.
pub(crate) const SEVERAL_LINES: &str = "a mutated header of several lines";

/// A row that a framework makes impossible, or answers differently.
pub(crate) struct Exception {
    /// The row's name, [`WITHHELD`], [`NOT_UTF8`] or [`SEVERAL_LINES`].
    pub(crate) row: &'static str,
    pub(crate) instead: Instead,
    /// Why, for users of the framework.
    pub(crate) reason: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Instead {
    /// These answers, written as in the row, and so many runs of the handler.
    Answers(&'static str, usize),
    /// One of these answers, by chance, and so many runs of the handler.
    OneOf(&'static [&'static str], usize),
    /// The request cannot be made.
    Impossible,
    /// The body is sent, and the answer stays. For [`WITHHELD`].
    Sent,
    /// As without that header. For [`NOT_UTF8`].
    Dropped,
    /// As one line, joined by a comma. For [`SEVERAL_LINES`].
    Joined,
}

impl Instead {
    /// As the page writes it.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Answers(answers, _) => answers,
            Self::OneOf(answers, _) => return answers.join(" or "),
            Self::Impossible => "impossible",
            Self::Sent => "sent",
            Self::Dropped => "as without that header",
            Self::Joined => "as one line, joined by a comma",
        }
        .to_owned()
    }
}

impl Exception {
    pub(crate) fn line(&self) -> String {
        let Self { row, reason, .. } = self;
        format!("  {row}: {} ({reason})", self.instead.text())
    }
}

/// What every handler does. Cloning is cheap: clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Handler {
    runs: Arc<AtomicUsize>,
}

impl Handler {
    /// Counts the run. The message id chooses how it ends: `msg_retry`, `msg_retry_later`, `msg_permanent`;
    /// every other succeeds, with a text that proves what the handler got.
    pub(crate) fn run(
        &self,
        event_type: &str,
        delivery: &VerifiedDelivery,
    ) -> Result<String, WebhookError> {
        self.runs.fetch_add(1, Relaxed);
        let message_id = delivery.message_id();
        match message_id {
            "msg_retry" => Err(WebhookError::retry("told to")),
            "msg_retry_later" => {
                Err(WebhookError::retry("told to").with_retry_after(Duration::from_secs(60)))
            }
            "msg_permanent" => Err(WebhookError::permanent("told to")),
            _ => {
                let label = delivery.secret_label();
                Ok(format!("{event_type} {message_id} {label}"))
            }
        }
    }

    pub(crate) fn runs(&self) -> usize {
        self.runs.load(Relaxed)
    }
}

pub(crate) fn verifier() -> Verifier {
    Verifier::new(current_secret().with_label("current"))
}

pub(crate) fn rotating_verifier() -> Verifier {
    verifier().with_secret(old_secret().with_label("old"))
}

pub(crate) fn current_secret() -> SigningSecret {
    SigningSecret::parse(CURRENT_SECRET).unwrap()
}

pub(crate) fn old_secret() -> SigningSecret {
    SigningSecret::parse(OLD_SECRET).unwrap()
}

/// Runs a server on a thread of its own, in a tokio runtime of one thread, until the process ends.
///
/// The listener already listens. A framework that binds its port itself takes the address from it, drops it
/// and binds: the client tries again until it is connected.
pub(crate) fn on_a_free_port<F>(serve: impl FnOnce(TcpListener) -> F + Send + 'static) -> Running
where
    F: Future,
{
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { drop(serve(listener).await) });
        panic!("the server on {address} ended");
    });
    Running::here(address)
}
