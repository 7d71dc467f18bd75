//! Poem, with its extractor.

use std::{io, sync::Arc};

use bytes::Bytes;
use clerk_webhooks_poem::{VerifiedClerkEvent, WebhookEndpoint};
use poem::{
    EndpointExt as _, Request, Route, Server, handler, http::StatusCode, listener::TcpAcceptor,
    post, web::Data,
};
use svix::webhooks::Webhook;
use tokio::net::TcpListener;

use crate::{
    framework::{Framework, Part, on_a_free_port, svix_accepts, verifier, webhook},
    support::payloads::PATH,
};

pub(crate) const POEM: Framework = Framework {
    name: "poem",
    start: |part| {
        on_a_free_port(async move |listener| -> io::Result<()> {
            let acceptor = TcpAcceptor::from_tokio(TcpListener::from_std(listener)?)?;
            let route = match part {
                Part::Bare => post(bare).boxed(),
                Part::Ours => post(ours).data(WebhookEndpoint::new(verifier())).boxed(),
                Part::Svix => post(by_hand).data(Arc::new(webhook())).boxed(),
            };
            let app = Route::new().at(PATH, route);
            Server::new_with_acceptor(acceptor).run(app).await
        })
    },
};

#[handler]
fn bare(_: Bytes) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[handler]
fn ours(_: VerifiedClerkEvent) -> StatusCode {
    StatusCode::NO_CONTENT
}

#[handler]
fn by_hand(request: &Request, webhook: Data<&Arc<Webhook>>, body: Bytes) -> StatusCode {
    match svix_accepts(&webhook, request.headers(), &body) {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::BAD_REQUEST,
    }
}
