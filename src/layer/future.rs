//! What a delivery waits for: its body, then the inner service's readiness, then its answer.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response, request};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;
use tracing::Span;

use super::{
    body::{ResponseBody, VerifiedBody},
    collect::Collect,
    log, refusal,
};
use crate::{BoxError, rejection::Rejection, verify::PendingVerification};

pin_project! {
    /// The future of [`ClerkWebhook`](super::ClerkWebhook).
    pub struct ResponseFuture<S, B>
    where
        S: Service<Request<VerifiedBody>>,
    {
        #[pin]
        state: State<S, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, B>
    where
        S: Service<Request<VerifiedBody>>,
    {
        Rejected {
            rejection: Option<Rejection>,
        },
        Reading {
            #[pin]
            body: Collect<B>,
            waiting: Option<Waiting<S>>,
        },
        Verified {
            inner: S,
            request: Option<Request<VerifiedBody>>,
            delivery: Span,
        },
        Answering {
            #[pin]
            answer: S::Future,
            delivery: Span,
        },
    }
}

/// All of a delivery but its body.
struct Waiting<S> {
    inner: S,
    parts: request::Parts,
    pending: PendingVerification,
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<VerifiedBody>>,
    B: Body,
    B::Error: Into<BoxError>,
{
    pub(super) fn rejected(rejection: Rejection) -> Self {
        Self {
            state: State::Rejected {
                rejection: Some(rejection),
            },
        }
    }

    pub(super) fn reading(
        inner: S,
        request: Request<B>,
        pending: PendingVerification,
        max_body_bytes: usize,
    ) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            state: State::Reading {
                body: Collect::new(body, max_body_bytes),
                waiting: Some(Waiting {
                    inner,
                    parts,
                    pending,
                }),
            },
        }
    }
}

impl<S, B, ResB> Future for ResponseFuture<S, B>
where
    S: Service<Request<VerifiedBody>, Response = Response<ResB>>,
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<ResB>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Rejected { rejection } => match rejection.take() {
                    Some(rejection) => return Poll::Ready(Ok(refuse(rejection))),
                    None => return Poll::Pending,
                },
                StateProj::Reading { body, waiting } => {
                    let body = ready!(body.poll(cx));
                    match waiting.take().map(|waiting| waiting.verify(body)) {
                        Some(Ok(verified)) => verified,
                        Some(Err(rejection)) => return Poll::Ready(Ok(refuse(rejection))),
                        None => return Poll::Pending,
                    }
                }
                StateProj::Verified {
                    inner,
                    request,
                    delivery,
                } => {
                    ready!(inner.poll_ready(cx))?;
                    match request.take() {
                        Some(request) => State::Answering {
                            answer: delivery.in_scope(|| inner.call(request)),
                            delivery: mem::replace(delivery, Span::none()),
                        },
                        None => return Poll::Pending,
                    }
                }
                StateProj::Answering { answer, delivery } => {
                    let _entered = delivery.enter();
                    return answer
                        .poll(cx)
                        .map_ok(|response| response.map(ResponseBody::inner));
                }
            };
            state.set(next);
        }
    }
}

impl<S> Waiting<S>
where
    S: Service<Request<VerifiedBody>>,
{
    fn verify<B>(self, body: Result<Bytes, Rejection>) -> Result<State<S, B>, Rejection> {
        let Self {
            inner,
            mut parts,
            pending,
        } = self;
        let body = body.map_err(|refused| refused.with_message_id(pending.message_id()))?;
        let verified = pending.finish(body)?;
        let delivery = log::delivery(&verified);
        delivery.in_scope(|| log::verified(&verified));
        parts.extensions.insert(verified.clone());
        let request = Request::from_parts(parts, VerifiedBody::new(verified));
        Ok(State::Verified {
            inner,
            request: Some(request),
            delivery,
        })
    }
}

fn refuse<B>(rejection: Rejection) -> Response<ResponseBody<B>> {
    log::refused(&rejection);
    refusal::response(rejection)
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<VerifiedBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Rejected { .. } => "Rejected",
            State::Reading { .. } => "Reading",
            State::Verified { .. } => "Verified",
            State::Answering { .. } => "Answering",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
