//! hyper alone.

use std::{convert::Infallible, net, sync::Arc};

use bytes::Bytes;
use clerk_webhooks::{ClerkWebhookLayer, Rejection, VerifiedBody, VerifiedClerkEvent};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::net::TcpListener;
use tower::{Layer as _, Service, service_fn};

use crate::framework::{Framework, Part, on_a_free_port, svix_accepts, verifier, webhook};

pub(crate) const HYPER: Framework = Framework {
    name: "hyper",
    start: |part| on_a_free_port(move |listener| serve(listener, part)),
};

async fn serve(listener: net::TcpListener, part: Part) {
    match part {
        Part::Bare => run(listener, service_fn(bare)).await,
        Part::Ours => {
            let clerk = ClerkWebhookLayer::new(verifier());
            run(listener, clerk.layer(service_fn(ours))).await;
        }
        Part::Svix => {
            let webhook = Arc::new(webhook());
            let by_hand = move |request: Request<Incoming>| {
                let webhook = Arc::clone(&webhook);
                async move {
                    let (parts, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let accepted = svix_accepts(&webhook, &parts.headers, &body);
                    Ok::<_, Infallible>(answer(match accepted {
                        true => StatusCode::NO_CONTENT,
                        false => StatusCode::BAD_REQUEST,
                    }))
                }
            };
            run(listener, service_fn(by_hand)).await;
        }
    }
}

async fn run<S, B>(listener: net::TcpListener, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(service.clone());
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move { drop(connection.await) });
    }
}

async fn bare(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = request.into_body().collect().await.unwrap().to_bytes();
    std::hint::black_box(&body);
    Ok(answer(StatusCode::NO_CONTENT))
}

async fn ours(request: Request<VerifiedBody>) -> Result<Response<Full<Bytes>>, Infallible> {
    let event: Result<VerifiedClerkEvent, Rejection> =
        VerifiedClerkEvent::decode(request.into_body().into_delivery());
    Ok(match event {
        Ok(_) => answer(StatusCode::NO_CONTENT),
        Err(rejection) => rejection.to_response(),
    })
}

fn answer(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
