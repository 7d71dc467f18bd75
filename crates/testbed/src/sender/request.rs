//! The bytes of a request.

use std::{net::SocketAddr, time::SystemTime};

use clerk_webhooks_cli::send::{Target, request};
use fastrand::Rng;

use super::{Endpoint, Message, signer::whole_seconds};

/// Head and body, signed now. A re-send is these very bytes, whichever server it goes to.
pub(super) fn signed(
    message: &Message,
    endpoint: &Endpoint,
    server: SocketAddr,
    now: SystemTime,
    rng: &mut Rng,
) -> Vec<u8> {
    let seconds = whole_seconds(now);
    let signer = endpoint.signer();
    let headers = [
        ("svix-id", message.id().to_owned()),
        ("svix-timestamp", seconds.to_string()),
        (
            "svix-signature",
            signer.sign(message.id(), seconds, message.body()),
        ),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let target = Target::plain(server, "webhooks.example", endpoint.path());
    request(&target, &headers, message.body(), rng)
}
