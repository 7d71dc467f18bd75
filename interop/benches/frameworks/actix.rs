//! actix-web, with its extractor.

use std::net::TcpListener;

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::StatusCode,
    web::{Bytes, Data, post},
};
use clerk_webhooks_actix::{VerifiedClerkEvent, WebhookEndpoint};
use http::{HeaderMap, HeaderName, HeaderValue};
use svix::webhooks::Webhook;

use crate::{
    framework::{Framework, Part, on_a_free_port, svix_accepts, verifier, webhook},
    support::payloads::PATH,
};

pub(crate) const ACTIX: Framework = Framework {
    name: "actix",
    start: |part| on_a_free_port(move |listener| serve(listener, part)),
};

async fn serve(listener: TcpListener, part: Part) {
    let endpoint = WebhookEndpoint::new(verifier());
    let webhook = Data::new(webhook());
    let app = move || {
        let handler = match part {
            Part::Bare => post().to(async |_: Bytes| no_content()),
            Part::Ours => post().to(async |_: VerifiedClerkEvent| no_content()),
            Part::Svix => post().to(by_hand),
        };
        App::new()
            .app_data(endpoint.clone())
            .app_data(webhook.clone())
            .route(PATH, handler)
    };
    let server = HttpServer::new(app).workers(1).disable_signals();
    server.listen(listener).unwrap().run().await.unwrap();
}

/// `svix` does not know actix-web's header map.
async fn by_hand(request: HttpRequest, webhook: Data<Webhook>, body: Bytes) -> HttpResponse {
    let mut headers = HeaderMap::new();
    for name in ["svix-id", "svix-timestamp", "svix-signature"] {
        if let Some(value) = request.headers().get(name) {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    match svix_accepts(&webhook, &headers, &body) {
        true => no_content(),
        false => HttpResponse::new(StatusCode::BAD_REQUEST),
    }
}

fn no_content() -> HttpResponse {
    HttpResponse::new(StatusCode::NO_CONTENT)
}
