//! Salvo, with its hoop and extractor.

use clerk_webhooks::RawClerkEvent;
use clerk_webhooks_salvo::{ClerkWebhookHoop, VerifiedClerkEvent, WebhookEndpoint, WebhookError};
use salvo::{conn::tcp::TcpAcceptor, prelude::*};
use tokio::net::TcpListener;

use crate::framework::{
    Framework, Handler, NO_SETUP, PLAIN, RAW, ROTATING, SMALL, SMALL_LIMIT, on_a_free_port,
    rotating_verifier, verifier,
};

pub(crate) const SALVO: Framework = Framework {
    name: "salvo",
    start: |handler| {
        on_a_free_port(async |listener| {
            let listener = TcpListener::from_std(listener).unwrap();
            let acceptor = TcpAcceptor::try_from(listener).unwrap();
            Server::new(acceptor).serve(app(handler)).await;
        })
    },
    exceptions: &[],
};

fn app(handler: Handler) -> Router {
    let clerk = WebhookEndpoint::new(verifier());
    let small = clerk.clone().with_max_body_bytes(SMALL_LIMIT);
    let rotating = WebhookEndpoint::new(rotating_verifier());
    let at = |path, endpoint| Router::with_path(path).hoop(ClerkWebhookHoop::new(endpoint));
    Router::new()
        .hoop(Inject(handler))
        .push(at(PLAIN, clerk.clone()).post(on_event))
        .push(at(SMALL, small).post(on_event))
        .push(at(ROTATING, rotating).post(on_event))
        .push(at(RAW, clerk).post(on_raw_event))
        .push(Router::with_path(NO_SETUP).post(on_event))
}

/// As `affix_state`, which is a feature of Salvo.
struct Inject(Handler);

#[handler]
impl Inject {
    async fn handle(&self, depot: &mut Depot) {
        depot.insert_typed(self.0.clone());
    }
}

#[handler]
async fn on_event(depot: &mut Depot, event: VerifiedClerkEvent) -> Result<String, WebhookError> {
    Ok(handler_of(depot).run(event.event_type().as_str(), event.delivery())?)
}

#[handler]
async fn on_raw_event(
    depot: &mut Depot,
    event: VerifiedClerkEvent<RawClerkEvent>,
) -> Result<String, WebhookError> {
    Ok(handler_of(depot).run(event.event_type.as_str(), event.delivery())?)
}

fn handler_of(depot: &Depot) -> &Handler {
    match depot.get_typed() {
        Ok(handler) => handler,
        Err(_) => panic!("the handler was not injected"),
    }
}
