//! Poem, with its extractor.

use std::io;

use clerk_webhooks::RawClerkEvent;
use clerk_webhooks_poem::{VerifiedClerkEvent, WebhookEndpoint, WebhookError};
use poem::{
    Endpoint, EndpointExt as _, Route, Server, handler, listener::TcpAcceptor, post, web::Data,
};
use tokio::net::TcpListener;

use crate::framework::{
    Framework, Handler, NO_SETUP, PLAIN, RAW, ROTATING, SMALL, SMALL_LIMIT, on_a_free_port,
    rotating_verifier, verifier,
};

pub(crate) const POEM: Framework = Framework {
    name: "poem",
    start: |handler| {
        on_a_free_port(async |listener| -> io::Result<()> {
            let acceptor = TcpAcceptor::from_tokio(TcpListener::from_std(listener)?)?;
            Server::new_with_acceptor(acceptor).run(app(handler)).await
        })
    },
    exceptions: &[],
};

fn app(handler: Handler) -> impl Endpoint {
    let clerk = WebhookEndpoint::new(verifier());
    let small = clerk.clone().with_max_body_bytes(SMALL_LIMIT);
    let rotating = WebhookEndpoint::new(rotating_verifier());
    Route::new()
        .at(PLAIN, post(on_event).data(clerk.clone()))
        .at(SMALL, post(on_event).data(small))
        .at(ROTATING, post(on_event).data(rotating))
        .at(RAW, post(on_raw_event).data(clerk))
        .at(NO_SETUP, post(on_event))
        .data(handler)
}

#[handler]
fn on_event(handler: Data<&Handler>, event: VerifiedClerkEvent) -> Result<String, WebhookError> {
    Ok(handler.run(event.event_type().as_str(), event.delivery())?)
}

#[handler]
fn on_raw_event(
    handler: Data<&Handler>,
    event: VerifiedClerkEvent<RawClerkEvent>,
) -> Result<String, WebhookError> {
    Ok(handler.run(event.event_type.as_str(), event.delivery())?)
}
