//! Converts a handler's [`WebhookError`] into a response and logs it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use http::Response;
use tracing::error;

use crate::{
    error::{Disposition, WebhookError},
    event::decode::envelope::event_type_of,
    verify::delivery::VerifiedDelivery,
};

impl WebhookError {
    /// The response for the sender: [`status`](Self::status), [`headers`](Self::headers) and
    /// [`body_text`](Self::body_text). The error is logged once: when the response passes through a layer of
    /// this crate or, without a layer, when the response is dropped.
    ///
    /// For handlers without axum. `B` is your framework's body type.
    ///
    /// ```
    /// use clerk_webhooks::WebhookError;
    ///
    /// let response = WebhookError::retry("the database is down").to_response::<String>();
    /// assert_eq!(response.status(), 500);
    /// assert_eq!(response.body(), "processing failed, please retry");
    /// ```
    #[must_use]
    pub fn to_response<B: From<&'static str>>(&self) -> Response<B> {
        let mut response = Response::new(B::from(self.body_text()));
        *response.status_mut() = self.status();
        *response.headers_mut() = self.headers();
        let failure = Failure(Arc::new(Report {
            error: self.clone(),
            is_logged: AtomicBool::new(false),
        }));
        response.extensions_mut().insert(failure);
        response
    }
}

/// A failure in the extensions of its response. The error is known where the response is built. The message
/// id is known in the layer outside, which writes the log line.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Arc<Report>);

struct Report {
    error: WebhookError,
    is_logged: AtomicBool,
}

impl Failure {
    /// Logs the failure, unless it is logged already.
    pub(crate) fn log(&self, delivery: &VerifiedDelivery) {
        self.0.log(Some(delivery));
    }
}

impl Report {
    fn log(&self, delivery: Option<&VerifiedDelivery>) {
        if self.is_logged.swap(true, Relaxed) {
            return;
        }
        let event_type = delivery.and_then(|delivery| event_type_of(delivery.raw_body()));
        error!(
            target: "clerk_webhooks",
            status = self.error.status().as_u16(),
            message_id = delivery.map(VerifiedDelivery::message_id),
            event_type = event_type.as_ref().map(|event_type| event_type.as_str()),
            "a handler failed{}: {}",
            match self.error.disposition() {
                Disposition::Retry => "",
                Disposition::Permanent => " permanently",
            },
            self.error,
        );
    }
}

/// Without a layer nothing calls [`Failure::log`], so the failure is logged here.
impl Drop for Report {
    fn drop(&mut self) {
        self.log(None);
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}
