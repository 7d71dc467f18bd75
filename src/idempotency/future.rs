//! The future that a sender waits for: the delivery's task, as a response.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Response, StatusCode};

use super::running::Running;
use crate::response::{body::ResponseBody, refusal::short_answer};

/// The future of [`Idempotency`](super::Idempotency). A server drops it when the sender disconnects; the task
/// continues to run.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture<B, E> {
    running: Running<Result<Response<B>, E>>,
}

impl<B, E> ResponseFuture<B, E> {
    pub(super) fn new(running: Running<Result<Response<B>, E>>) -> Self {
        Self { running }
    }
}

impl<B, E> Future for ResponseFuture<B, E> {
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(Pin::new(&mut self.running).poll(cx)) {
            Ok(Some(answer)) => answer.map(|response| response.map(ResponseBody::inner)),
            Ok(None) => Ok(short_answer(StatusCode::OK, "already processed")),
            Err(rejection) => Ok(rejection.to_response()),
        })
    }
}

impl<B, E> fmt::Debug for ResponseFuture<B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.running {
            Running::Refused(_) => "Refused",
            Running::Task { .. } => "Running",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
