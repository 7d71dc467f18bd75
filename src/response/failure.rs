//! Converts a handler's [`WebhookError`] into a response and logs it.

use std::sync::Arc;

use http::Response;
use tracing::error;

use crate::{
    error::{Disposition, WebhookError},
    event::decode::envelope::event_type_of,
    metrics,
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
        let failure = Failure(Arc::new(Report(self.clone())));
        response.extensions_mut().insert(failure);
        response
    }
}

/// A failure in the extensions of its response. The error is known where the response is built. The message
/// id is known in the layer outside, which writes the log line.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Arc<Report>);

#[derive(Debug)]
struct Report(WebhookError);

impl Failure {
    /// Logs the failure, unless it is logged already.
    pub(crate) fn log(&self, delivery: &VerifiedDelivery) {
        log(&self.0.0, Some(delivery));
    }
}

/// Without a layer nothing calls [`Failure::log`], so the failure is logged here.
impl Drop for Report {
    fn drop(&mut self) {
        log(&self.0, None);
    }
}

/// Logs and counts the error, unless that is done already.
pub(crate) fn log(error: &WebhookError, delivery: Option<&VerifiedDelivery>) {
    if !error.claim_log_line() {
        return;
    }
    let event_type = delivery.and_then(|delivery| event_type_of(delivery.raw_body()));
    let (reason, permanently) = match error.disposition() {
        Disposition::Retry => ("handler_retry", ""),
        Disposition::Permanent => ("handler_permanent", " permanently"),
    };
    metrics::delivery::failed(reason, event_type.as_ref());
    error!(
        target: "clerk_webhooks",
        status = error.status().as_u16(),
        message_id = delivery.map(VerifiedDelivery::message_id),
        event_type = event_type.as_ref().map(|event_type| event_type.as_str()),
        "a handler failed{permanently}: {error}"
    );
}
