//! [`ResponseFuture`]: reads and verifies the body, waits for the inner service to be ready, then calls it.

use std::{
    fmt,
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
    body::VerifiedBody,
    collect::{BodyError, Collect},
    log,
    refusals::Refusals,
};
use crate::{
    BoxError,
    rejection::Rejection,
    response::{body::ResponseBody, failure::Failure},
    verify::{delivery::VerifiedDelivery, verifier::PendingVerification},
};

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
        Refused {
            refusal: Option<(Rejection, Refusals)>,
        },
        Reading {
            #[pin]
            body: Collect<B>,
            waiting: Option<Waiting<S>>,
        },
        Verified {
            inner: S,
            request: Option<Request<VerifiedBody>>,
            outcome: Option<Outcome>,
        },
        Answering {
            #[pin]
            answer: S::Future,
            outcome: Outcome,
        },
    }
}

/// A delivery whose body is still being read.
struct Waiting<S> {
    inner: S,
    parts: request::Parts,
    pending: PendingVerification,
    refusals: Refusals,
}

/// The delivery's context while the inner service handles it.
struct Outcome {
    delivery: VerifiedDelivery,
    span: Span,
    refusals: Refusals,
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<VerifiedBody>>,
    B: Body,
    B::Error: Into<BoxError>,
{
    pub(super) fn refused(rejection: Rejection, refusals: Refusals) -> Self {
        Self {
            state: State::Refused {
                refusal: Some((rejection, refusals)),
            },
        }
    }

    pub(super) fn reading(
        inner: S,
        request: Request<B>,
        pending: PendingVerification,
        max_body_bytes: usize,
        refusals: Refusals,
    ) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            state: State::Reading {
                body: Collect::new(body, max_body_bytes),
                waiting: Some(Waiting {
                    inner,
                    parts,
                    pending,
                    refusals,
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
                StateProj::Refused { refusal } => match refusal.take() {
                    Some((rejection, refusals)) => {
                        return Poll::Ready(Ok(refusals.response(&rejection)));
                    }
                    None => return Poll::Pending,
                },
                StateProj::Reading { body, waiting } => {
                    let body = ready!(body.poll(cx));
                    match waiting.take() {
                        Some(waiting) => waiting.verify(body),
                        None => return Poll::Pending,
                    }
                }
                StateProj::Verified {
                    inner,
                    request,
                    outcome,
                } => {
                    ready!(inner.poll_ready(cx))?;
                    match request.take().zip(outcome.take()) {
                        Some((request, outcome)) => State::Answering {
                            answer: outcome.span.in_scope(|| inner.call(request)),
                            outcome,
                        },
                        None => return Poll::Pending,
                    }
                }
                StateProj::Answering { answer, outcome } => {
                    let _entered = outcome.span.enter();
                    return answer.poll(cx).map_ok(|response| outcome.pass(response));
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
    fn verify<B>(mut self, body: Result<Bytes, BodyError>) -> State<S, B> {
        let message_id = self.pending.message_id();
        let verified = match body {
            Ok(body) => self.pending.finish(body).map_err(Rejection::from),
            Err(BodyError::TooLarge) => Err(Rejection::body_too_large(message_id)),
            Err(BodyError::Read(error)) => Err(Rejection::body_read_failed(message_id, error)),
        };
        let delivery = match verified {
            Ok(delivery) => delivery,
            Err(rejection) => {
                self.refusals.log(&rejection, self.parts.uri.path());
                return State::Refused {
                    refusal: Some((rejection, self.refusals)),
                };
            }
        };
        let span = log::delivery_span(&delivery);
        log::verified(&delivery);
        self.parts.extensions.insert(delivery.clone());
        let body = VerifiedBody::new(delivery.clone());
        State::Verified {
            inner: self.inner,
            request: Some(Request::from_parts(self.parts, body)),
            outcome: Some(Outcome {
                delivery,
                span,
                refusals: self.refusals,
            }),
        }
    }
}

impl Outcome {
    fn pass<B>(&self, response: Response<B>) -> Response<ResponseBody<B>> {
        if let Some(failure) = response.extensions().get::<Failure>() {
            failure.log(&self.delivery);
        }
        self.refusals.pass(response)
    }
}

impl<S, B> fmt::Debug for ResponseFuture<S, B>
where
    S: Service<Request<VerifiedBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Refused { .. } => "Refused",
            State::Reading { .. } => "Reading",
            State::Verified { .. } => "Verified",
            State::Answering { .. } => "Answering",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
