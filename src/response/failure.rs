//! A handler's [`WebhookError`] as a response and as a line in the log.

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
    /// [`body_text`](Self::body_text). The error goes to the log once the response has left the layer.
    ///
    /// For handlers without axum. `B` is your framework's body.
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

/// A failure in the extensions of its response: what made the handler fail is known where the error becomes
/// a response, which message it was only further outside.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Arc<Report>);

struct Report {
    error: WebhookError,
    is_logged: AtomicBool,
}

impl Failure {
    /// Writes the failure's line to the log, unless it has been written.
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

/// Outside a layer nobody asks for the line: no failure goes unlogged.
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
