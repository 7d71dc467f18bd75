//! Salvo, with its hoop and extractor.

use clerk_webhooks_salvo::{ClerkWebhookHoop, VerifiedClerkEvent, WebhookEndpoint};
// The prelude: `#[handler]` asks for its traits.
use salvo::{conn::tcp::TcpAcceptor, prelude::*};
use svix::webhooks::Webhook;
use tokio::net::TcpListener;

use crate::{
    framework::{Framework, Part, on_a_free_port, svix_accepts, verifier, webhook},
    support::payloads::PATH,
};

pub(crate) const SALVO: Framework = Framework {
    name: "salvo",
    start: |part| {
        on_a_free_port(async move |listener| {
            let listener = TcpListener::from_std(listener).unwrap();
            let acceptor = TcpAcceptor::try_from(listener).unwrap();
            Server::new(acceptor).serve(app(part)).await;
        })
    },
};

fn app(part: Part) -> Router {
    let route = Router::with_path(PATH);
    Router::new().push(match part {
        Part::Bare => route.post(bare),
        Part::Ours => route
            .hoop(ClerkWebhookHoop::new(WebhookEndpoint::new(verifier())))
            .post(ours),
        Part::Svix => route.post(ByHand(webhook())),
    })
}

#[handler]
async fn bare(request: &mut Request, response: &mut Response) {
    std::hint::black_box(request.payload().await.unwrap());
    response.status_code(StatusCode::NO_CONTENT);
}

#[handler]
async fn ours(_event: VerifiedClerkEvent, response: &mut Response) {
    response.status_code(StatusCode::NO_CONTENT);
}

struct ByHand(Webhook);

#[handler]
impl ByHand {
    async fn handle(&self, request: &mut Request, response: &mut Response) {
        let body = request.payload().await.unwrap().clone();
        response.status_code(match svix_accepts(&self.0, request.headers(), &body) {
            true => StatusCode::NO_CONTENT,
            false => StatusCode::BAD_REQUEST,
        });
    }
}
