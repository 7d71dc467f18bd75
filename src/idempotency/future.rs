//! The future that a sender waits for: an immediate refusal, or the end of the task.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::Response;
use tokio::task::{JoinError, JoinHandle};

use super::panic_message::panic_message;
use crate::{
    rejection::{Rejection, RejectionKind},
    response::body::ResponseBody,
    verify::delivery::VerifiedDelivery,
};

/// The future of [`Idempotency`](super::Idempotency). A server drops it when the sender disconnects; the task
/// continues to run.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture<B, E> {
    state: State<B, E>,
}

enum State<B, E> {
    Refused(Option<Rejection>),
    Running {
        delivery: VerifiedDelivery,
        task: JoinHandle<Result<Response<ResponseBody<B>>, E>>,
        /// While this exists, the task knows that somebody waits for the answer.
        _sender: Arc<()>,
    },
}

impl<B, E> ResponseFuture<B, E> {
    pub(super) fn refused(rejection: Rejection) -> Self {
        Self {
            state: State::Refused(Some(rejection)),
        }
    }

    pub(super) fn running(
        delivery: VerifiedDelivery,
        task: JoinHandle<Result<Response<ResponseBody<B>>, E>>,
        sender: Arc<()>,
    ) -> Self {
        Self {
            state: State::Running {
                delivery,
                task,
                _sender: sender,
            },
        }
    }
}

impl<B, E> Future for ResponseFuture<B, E> {
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.state {
            State::Refused(rejection) => match rejection.take() {
                Some(rejection) => Poll::Ready(Ok(rejection.to_response())),
                None => Poll::Pending,
            },
            State::Running { delivery, task, .. } => {
                Poll::Ready(match ready!(Pin::new(task).poll(cx)) {
                    Ok(answer) => answer,
                    Err(ended) => Ok(ended_early(ended, delivery).to_response()),
                })
            }
        }
    }
}

/// A handler runs in its own task, so a panic here comes from the store. Otherwise the runtime is shutting down.
fn ended_early(ended: JoinError, delivery: &VerifiedDelivery) -> Rejection {
    match ended.try_into_panic() {
        Ok(payload) => {
            let cause = format!("the store panicked: {}", panic_message(&*payload));
            Rejection::caused(RejectionKind::StoreUnavailable, delivery, cause.into())
        }
        Err(_) => Rejection::of(RejectionKind::ShuttingDown, delivery),
    }
}

impl<B, E> fmt::Debug for ResponseFuture<B, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Refused(_) => "Refused",
            State::Running { .. } => "Running",
        };
        f.debug_tuple("ResponseFuture").field(&state).finish()
    }
}
