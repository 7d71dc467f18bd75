//! [`ResponseFuture`]: reads and verifies the body, waits for the inner service to be ready, then calls it.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, Response, request};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;
use tracing::Span;

use super::{body::VerifiedBody, collect, restyle::Restyle, span::delivery_span};
use crate::{
    BoxError,
    endpoint::{observer::Observer, reading::Reading},
    metrics::stopwatch::Stopwatch,
    rejection::Rejection,
    response::{body::ResponseBody, failure::Failure},
    verify::delivery::VerifiedDelivery,
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
            refusal: Option<(Rejection, Restyle)>,
        },
        Reading {
            #[pin]
            body: B,
            waiting: Option<Waiting<S>>,
        },
        Verified {
            waiting: Option<(S, Request<VerifiedBody>)>,
            #[pin]
            answer: Option<S::Future>,
            outcome: Outcome,
        },
    }
}

/// A delivery whose body is still being read.
struct Waiting<S> {
    inner: S,
    parts: request::Parts,
    reading: Reading,
    restyle: Restyle,
}

/// The delivery's context while the inner service handles it.
struct Outcome {
    delivery: VerifiedDelivery,
    span: Span,
    restyle: Restyle,
    observer: Arc<Observer>,
    received: Stopwatch,
    called: Stopwatch,
}

impl<S, B> ResponseFuture<S, B>
where
    S: Service<Request<VerifiedBody>>,
    B: Body,
    B::Error: Into<BoxError>,
{
    pub(super) fn refused(rejection: Rejection, restyle: Restyle) -> Self {
        Self {
            state: State::Refused {
                refusal: Some((rejection, restyle)),
            },
        }
    }

    pub(super) fn reading(
        inner: S,
        request: Request<B>,
        reading: Reading,
        restyle: Restyle,
    ) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            state: State::Reading {
                body,
                waiting: Some(Waiting {
                    inner,
                    parts,
                    reading,
                    restyle,
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
                    Some((rejection, restyle)) => {
                        return Poll::Ready(Ok(restyle.refuse(&rejection)));
                    }
                    None => return Poll::Pending,
                },
                StateProj::Reading { body, waiting } => {
                    let Some(reading) = waiting.as_mut().map(|waiting| &mut waiting.reading) else {
                        return Poll::Pending;
                    };
                    let read = ready!(collect::poll(body, reading, cx));
                    match waiting.take() {
                        Some(waiting) => waiting.verify(read),
                        None => return Poll::Pending,
                    }
                }
                StateProj::Verified {
                    waiting,
                    mut answer,
                    outcome,
                } => {
                    if let Some((inner, _)) = waiting {
                        ready!(inner.poll_ready(cx))?;
                    }
                    // Entered once for the call and the first poll.
                    let _entered = outcome.span.enter();
                    if let Some((mut inner, request)) = waiting.take() {
                        outcome.called = Stopwatch::start();
                        answer.set(Some(inner.call(request)));
                    }
                    return match answer.as_pin_mut() {
                        Some(answer) => answer.poll(cx).map_ok(|response| outcome.pass(response)),
                        None => Poll::Pending,
                    };
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
    fn verify<B>(mut self, read: Result<(), Rejection>) -> State<S, B> {
        let path = self.parts.uri.path();
        let (observer, received) = (Arc::clone(self.reading.observer()), self.reading.begun());
        let verified = match read {
            Ok(()) => self.reading.finish(path),
            Err(rejection) => {
                self.reading.refused(&rejection, path);
                Err(rejection)
            }
        };
        let delivery = match verified {
            Ok(delivery) => delivery,
            Err(rejection) => {
                return State::Refused {
                    refusal: Some((rejection, self.restyle)),
                };
            }
        };
        self.parts.extensions.insert(delivery.clone());
        let body = VerifiedBody::new(delivery.clone());
        State::Verified {
            waiting: Some((self.inner, Request::from_parts(self.parts, body))),
            answer: None,
            outcome: Outcome {
                span: delivery_span(&delivery),
                delivery,
                restyle: self.restyle,
                observer,
                received,
                called: received,
            },
        }
    }
}

impl Outcome {
    fn pass<B>(&self, response: Response<B>) -> Response<ResponseBody<B>> {
        self.observer.series().handled(self.called, self.received);
        if let Some(failure) = response.extensions().get::<Failure>() {
            failure.log(&self.delivery);
        }
        self.restyle.pass(response)
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
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
