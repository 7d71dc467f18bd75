//! [`Receiver`]: reads, verifies, forwards and answers deliveries.

use std::{
    sync::Arc,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use clerk_webhooks::{Rejection, VerifiedClerkEvent, WebhookEndpoint};
use http::{HeaderMap, Method, Request, Response, StatusCode, request::Parts};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::sync::mpsc;

use super::{
    received::{Outcome, Received, Summary},
    server::{BoxError, read_body},
    service::Service,
};
use crate::{attempt::milliseconds, capture::CapturedDelivery};

/// The sender's own limit, and that of [`WebhookEndpoint`].
const MAX_BODY_BYTES: usize = 2_097_152;

type Answer = Response<Full<Bytes>>;

/// Receives on every path: the sender's address may have any.
#[derive(Clone)]
pub(crate) struct Receiver {
    endpoint: WebhookEndpoint,
    status: StatusCode,
    service: Option<Arc<Service>>,
    received: mpsc::Sender<Received>,
}

impl Receiver {
    /// Answers verified deliveries as the service does or, without a service, with this status. Everything that it
    /// receives goes to `received`.
    pub(crate) fn new(
        endpoint: WebhookEndpoint,
        status: StatusCode,
        service: Option<Arc<Service>>,
        received: mpsc::Sender<Received>,
    ) -> Self {
        Self {
            endpoint,
            status,
            service,
            received,
        }
    }

    /// Answers a request. A task of its own: a sender that hangs up does not end what it started.
    pub(crate) async fn answer(self, request: Request<Incoming>) -> Answer {
        if request.method() != Method::POST {
            let text = "this is a receiver of webhooks: send them with POST\n";
            return answer(StatusCode::METHOD_NOT_ALLOWED, text);
        }
        let answered = tokio::spawn(self.receive(request)).await;
        answered.unwrap_or_else(|_| answer(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new()))
    }

    async fn receive(self, request: Request<Incoming>) -> Answer {
        let started = Instant::now();
        let (head, body) = request.into_parts();
        let (body, fault) = read_body(body, MAX_BODY_BYTES).await;
        let delivery = captured(&head.headers, body);
        let judged = self.judge(&head, &delivery, fault);
        let mut summary = Summary::new(&delivery, &judged);
        let answer = self.respond(&delivery, judged, &mut summary).await;
        summary.status = answer.status().as_u16();
        summary.latency_ms = milliseconds(started.elapsed());
        // Nobody takes it when the program ends.
        let _ = self.received.send(Received { delivery, summary }).await;
        answer
    }

    /// As a service that uses the library. The headers are judged first, but only after the body is read: it is needed to
    /// explain what is wrong with them.
    fn judge(
        &self,
        head: &Parts,
        delivery: &CapturedDelivery,
        fault: Option<BoxError>,
    ) -> Result<VerifiedClerkEvent, Rejection> {
        let mut incoming = self.endpoint.receive(&head.headers, head.uri.path())?;
        if let Some(fault) = fault {
            return Err(incoming.fail(fault));
        }
        incoming.push(delivery.body.clone())?;
        VerifiedClerkEvent::decode(incoming.finish()?)
    }

    async fn respond(
        &self,
        delivery: &CapturedDelivery,
        judged: Result<VerifiedClerkEvent, Rejection>,
        summary: &mut Summary,
    ) -> Answer {
        match (judged, &self.service) {
            (_, Some(service)) if summary.is_genuine() => {
                let attempt = service.forward(delivery).await;
                summary.forwarded = Some(Outcome::from(&attempt));
                match attempt.answer {
                    Ok((status, body)) => answer(
                        StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY),
                        body,
                    ),
                    Err(_) => answer(
                        StatusCode::BAD_GATEWAY,
                        "no answer from the service behind `listen`\n",
                    ),
                }
            }
            (Err(rejection), _) => rejection.to_response(),
            (Ok(_), _) => answer(self.status, Bytes::new()),
        }
    }
}

fn captured(headers: &HeaderMap, body: Bytes) -> CapturedDelivery {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), value.into_owned())
    };
    let mut delivery = CapturedDelivery::new(headers.iter().map(header).collect(), body);
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    delivery.received_at_ms = since_1970
        .ok()
        .and_then(|since| since.as_millis().try_into().ok());
    delivery
}

fn answer(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = status;
    answer
}
