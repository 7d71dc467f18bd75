//! What each framework's module provides.

use std::{
    hint::black_box,
    net::{SocketAddr, TcpListener},
    thread,
};

use clerk_webhooks::{SigningSecret, Verifier};
use http::HeaderMap;
use serde_json::Value;
use svix::webhooks::Webhook;

use crate::support::payloads::SECRET;

pub(crate) struct Framework {
    pub(crate) name: &'static str,
    /// Starts a server on a free port of 127.0.0.1, with one thread, until the process ends. It answers 204 to
    /// `POST /webhooks/clerk`.
    pub(crate) start: fn(Part) -> SocketAddr,
}

/// What the handler does with a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Part {
    /// Reads the body.
    Bare,
    /// Takes a `VerifiedClerkEvent`.
    Ours,
    /// Reads the body, verifies it with `svix`, and decodes it into a `Value`: what users write by hand.
    Svix,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Bare, Self::Ours, Self::Svix];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Ours => "ours",
            Self::Svix => "svix",
        }
    }
}

pub(crate) fn verifier() -> Verifier {
    Verifier::new(SigningSecret::parse(SECRET).unwrap())
}

pub(crate) fn webhook() -> Webhook {
    Webhook::new(SECRET).unwrap()
}

pub(crate) fn svix_accepts(webhook: &Webhook, headers: &HeaderMap, body: &[u8]) -> bool {
    webhook.verify(body, headers).is_ok()
        && serde_json::from_slice::<Value>(body).is_ok_and(|event| {
            black_box(&event);
            true
        })
}

/// On a thread and in a tokio runtime of its own. A framework that binds its port itself takes the address from
/// the listener and drops it: the client tries again.
pub(crate) fn on_a_free_port<F: Future>(
    serve: impl FnOnce(TcpListener) -> F + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async { drop(serve(listener).await) });
    });
    address
}
