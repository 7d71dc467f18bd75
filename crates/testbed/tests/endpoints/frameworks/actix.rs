//! actix-web, with its extractor.

use std::net::TcpListener;

use actix_web::{
    App, HttpServer,
    web::{Data, post, resource},
};
use clerk_webhooks::RawClerkEvent;
use clerk_webhooks_actix::{VerifiedClerkEvent, WebhookEndpoint, WebhookError};

use crate::framework::{
    Exception, Framework, Handler, Instead, NO_SETUP, PLAIN, RAW, ROTATING, SMALL, SMALL_LIMIT,
    on_a_free_port, rotating_verifier, verifier,
};

pub(crate) const ACTIX: Framework = Framework {
    name: "actix",
    start: |handler| on_a_free_port(|listener| serve(listener, handler)),
    exceptions: &[
        Exception {
            row: "`Expect: 100-continue`, no webhook header",
            instead: Instead::Answers("100, then 400 missing webhook header", 0),
            reason: INVITES,
        },
        Exception {
            row: "`Expect: 100-continue`, stale",
            instead: Instead::Answers("100, then 400 timestamp out of tolerance", 0),
            reason: INVITES,
        },
        Exception {
            row: "`Expect: 100-continue`, one byte over the limit declared",
            instead: Instead::Answers("100, then 413 body too large", 0),
            reason: INVITES,
        },
        Exception {
            row: "a genuine delivery after a stale one",
            instead: Instead::Answers("400 timestamp out of tolerance, then closed", 0),
            reason: "actix-web closes a connection whose payload nobody read",
        },
    ],
};

const INVITES: &str = "actix-web sends `100 Continue` before it calls the handler's extractors";

async fn serve(listener: TcpListener, handler: Handler) {
    let plain = WebhookEndpoint::new(verifier());
    let rotating = WebhookEndpoint::new(rotating_verifier());
    let app = move || {
        let small = plain.clone().with_max_body_bytes(SMALL_LIMIT);
        let typed = |path| resource(path).route(post().to(on_event));
        let raw = resource(RAW).route(post().to(on_raw_event));
        App::new()
            .app_data(Data::new(handler.clone()))
            .service(typed(PLAIN).app_data(plain.clone()))
            .service(typed(SMALL).app_data(small))
            .service(typed(ROTATING).app_data(rotating.clone()))
            .service(raw.app_data(plain.clone()))
            .service(typed(NO_SETUP))
    };
    let server = HttpServer::new(app).workers(1).disable_signals();
    server.listen(listener).unwrap().run().await.unwrap();
}

async fn on_event(
    handler: Data<Handler>,
    event: VerifiedClerkEvent,
) -> Result<String, WebhookError> {
    Ok(handler.run(event.event_type().as_str(), event.delivery())?)
}

async fn on_raw_event(
    handler: Data<Handler>,
    event: VerifiedClerkEvent<RawClerkEvent>,
) -> Result<String, WebhookError> {
    Ok(handler.run(event.event_type.as_str(), event.delivery())?)
}
