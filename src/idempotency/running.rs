//! [`Running`]: a delivery's task, or why there is none.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument as _;

use super::{
    delivery::Delivery, endpoint::Endpoint, panic_message::panic_message, run::Judge,
    store::IdempotencyStore,
};
use crate::{
    rejection::{Rejection, RejectionKind},
    verify::delivery::VerifiedDelivery,
};

/// Resolves to the handler's answer, or to `None` if the message was processed already. The task continues
/// when this is dropped.
pub(super) enum Running<T> {
    Refused(Option<Rejection>),
    Task {
        delivery: VerifiedDelivery,
        task: JoinHandle<Result<Option<T>, Rejection>>,
        /// While this exists, the task knows that somebody waits for the answer.
        _sender: Arc<()>,
    },
}

impl<St: IdempotencyStore> Endpoint<St> {
    /// Starts the task of a delivery, unless there are too many.
    pub(super) fn start<T: Send + 'static>(
        &self,
        verified: VerifiedDelivery,
        handler: impl Future<Output = T> + Send + 'static,
        judge: Judge<T>,
    ) -> Running<T> {
        let shared = &self.shared;
        // Counted before `draining` is read, so that a drain that begins in between waits for this delivery.
        let _counted = shared.running.token();
        if shared.draining.is_cancelled() {
            return Running::refused(Rejection::of(RejectionKind::ShuttingDown, &verified));
        }
        if shared.running.len() > self.settings.max_running {
            return Running::refused(Rejection::of(RejectionKind::TooManyRunning, &verified));
        }
        let sender = Arc::new(());
        let delivery = Delivery::new(self.clone(), verified.clone(), Arc::downgrade(&sender));
        let answer = delivery.once(handler, judge);
        Running::Task {
            delivery: verified,
            task: shared.running.spawn(answer.in_current_span()),
            _sender: sender,
        }
    }
}

impl<T> Running<T> {
    pub(super) fn refused(rejection: Rejection) -> Self {
        Self::Refused(Some(rejection))
    }
}

impl<T> Future for Running<T> {
    type Output = Result<Option<T>, Rejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Refused(rejection) => match rejection.take() {
                Some(rejection) => Poll::Ready(Err(rejection)),
                None => Poll::Pending,
            },
            Self::Task { delivery, task, .. } => {
                Poll::Ready(match ready!(Pin::new(task).poll(cx)) {
                    Ok(answer) => answer,
                    Err(ended) => Err(ended_early(ended, delivery)),
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
