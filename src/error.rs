//! [`WebhookError`]: a handler's failure, temporary or permanent.

use std::{
    error::Error,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};

use crate::{
    BoxError,
    error_chain::{Chain, sources},
    rejection::{ABORT_MESSAGE, WEBHOOK_DELIVERY},
};

/// A handler's failure, and whether the sender should retry.
///
/// `?` turns any error into a [`retry`](Self::retry): the sender gets a 500 and sends the message again, up
/// to eight attempts over about 28 hours. If a message can never succeed, return
/// [`permanent`](Self::permanent): a 422 with `webhook-delivery: abort-message`.
///
/// ```
/// use clerk_webhooks::{EventData, VerifiedClerkEvent, WebhookError};
/// # async fn insert(id: &str) -> Result<(), std::io::Error> { Ok(()) }
///
/// async fn on_event(event: VerifiedClerkEvent) -> Result<(), WebhookError> {
///     if let EventData::UserCreated(user) = &event.data {
///         insert(&user.id).await?; // the database is down: the sender retries
///         if user.email_addresses.is_empty() {
///             return Err(WebhookError::permanent("users need an e-mail address here"));
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// `?` takes everything that converts into a [`BoxError`]: every [`Error`], `anyhow::Error`, `BoxError`,
/// `&str` and `String`. For that reason `WebhookError` itself does not implement [`Error`].
/// [`into_boxed`](Self::into_boxed) converts it into one, and [`Disposition::find_in`] reads the disposition
/// back.
///
/// In axum it is a response. The error and its sources are logged without redaction: do not put a payload or
/// a secret into them. The sender gets one short line.
#[derive(Clone)]
pub struct WebhookError {
    disposition: Disposition,
    retry_after: Option<Duration>,
    source: Arc<dyn Error + Send + Sync>,
    is_logged: Arc<AtomicBool>,
}

/// What should happen to an event whose handler failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// Run the handler again: it may succeed.
    Retry,
    /// Do not run the handler again: it would fail every time.
    Permanent,
}

impl Disposition {
    /// The disposition of the outermost [`WebhookError`] in an error's source chain, if there is one.
    ///
    /// ```
    /// use clerk_webhooks::{Disposition, WebhookError};
    ///
    /// let boxed = WebhookError::permanent("no such plan").into_boxed();
    /// assert_eq!(Disposition::find_in(&*boxed), Some(Disposition::Permanent));
    /// assert_eq!(Disposition::find_in(&std::fmt::Error), None);
    /// ```
    #[must_use]
    pub fn find_in(error: &(dyn Error + 'static)) -> Option<Self> {
        Boxed::find_in(error).map(|boxed| boxed.0.disposition)
    }
}

impl WebhookError {
    /// A temporary failure: the sender should retry. The status is 500.
    ///
    /// ```
    /// let busy = clerk_webhooks::WebhookError::retry("the mail server is busy");
    /// assert_eq!(busy.status(), 500);
    /// ```
    #[must_use]
    pub fn retry(source: impl Into<BoxError>) -> Self {
        Self::new(Disposition::Retry, source.into())
    }

    /// A permanent failure: the sender should stop. The status is 422, with the header
    /// `webhook-delivery: abort-message`, which hosted Svix obeys. Deduplication does not run the handler
    /// again for this message.
    ///
    /// ```
    /// let unknown_plan = clerk_webhooks::WebhookError::permanent("no such plan");
    /// assert_eq!(unknown_plan.status(), 422);
    /// assert_eq!(unknown_plan.headers()["webhook-delivery"], "abort-message");
    /// ```
    #[must_use]
    pub fn permanent(source: impl Into<BoxError>) -> Self {
        Self::new(Disposition::Permanent, source.into())
    }

    fn new(disposition: Disposition, source: BoxError) -> Self {
        Self {
            disposition,
            retry_after: None,
            source: source.into(),
            is_logged: Arc::default(),
        }
    }

    /// Asks the sender to wait this long, rounded up to whole seconds (header `Retry-After`). Not sent by
    /// default.
    ///
    /// Svix waits between one and two times as long as its own schedule says.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::WebhookError;
    ///
    /// let limited = WebhookError::retry("rate limit").with_retry_after(Duration::from_secs(90));
    /// assert_eq!(limited.headers()["retry-after"], "90");
    /// ```
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// Whether the sender should retry.
    ///
    /// ```
    /// use clerk_webhooks::{Disposition, WebhookError};
    ///
    /// let error = WebhookError::from(std::fmt::Error); // as `?` does
    /// assert_eq!(error.disposition(), Disposition::Retry);
    /// ```
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        self.disposition
    }

    /// How long the sender is asked to wait, see [`with_retry_after`](Self::with_retry_after).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::WebhookError;
    ///
    /// let busy = WebhookError::retry("the mail server is busy");
    /// assert_eq!(busy.retry_after(), None);
    /// let later = busy.with_retry_after(Duration::from_secs(90));
    /// assert_eq!(later.retry_after(), Some(Duration::from_secs(90)));
    /// ```
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The error that made the handler fail.
    ///
    /// ```
    /// use std::io;
    ///
    /// let error = clerk_webhooks::WebhookError::retry(io::Error::other("the disk is full"));
    /// assert!(error.source().is::<io::Error>());
    /// ```
    #[must_use]
    pub fn source(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.source
    }

    /// The response's status: 500 for a retry, 422 for a permanent failure.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.disposition {
            Disposition::Retry => StatusCode::INTERNAL_SERVER_ERROR,
            Disposition::Permanent => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// The response's headers: `webhook-delivery: abort-message` for a permanent failure, `Retry-After` if
    /// it was set.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use clerk_webhooks::WebhookError;
    ///
    /// let limited = WebhookError::retry("rate limit").with_retry_after(Duration::from_millis(1_500));
    /// assert_eq!(limited.headers()["retry-after"], "2");
    /// assert!(WebhookError::retry("the mail server is busy").headers().is_empty());
    /// ```
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.disposition == Disposition::Permanent {
            headers.insert(&WEBHOOK_DELIVERY, ABORT_MESSAGE.clone());
        }
        if let Some(wait) = self.retry_after {
            let started_seconds = u64::from(wait.subsec_nanos() > 0);
            let seconds = wait.as_secs().saturating_add(started_seconds);
            headers.insert(RETRY_AFTER, seconds.into());
        }
        headers
    }

    /// The one short line that the sender gets. The error's own text is only logged.
    ///
    /// ```
    /// let error = clerk_webhooks::WebhookError::retry("no connection to 10.0.0.7");
    /// assert_eq!(error.body_text(), "processing failed, please retry");
    /// ```
    #[must_use]
    pub fn body_text(&self) -> &'static str {
        match self.disposition {
            Disposition::Retry => "processing failed, please retry",
            Disposition::Permanent => "processing failed permanently",
        }
    }

    /// Converts it into an [`Error`], for tower. [`Disposition::find_in`] finds its disposition, and `?`
    /// converts it back without loss.
    ///
    /// ```
    /// use clerk_webhooks::{BoxError, Disposition, WebhookError};
    ///
    /// let boxed: BoxError = WebhookError::permanent("no such plan").into_boxed();
    /// assert_eq!(WebhookError::from(boxed).disposition(), Disposition::Permanent);
    /// ```
    #[must_use]
    pub fn into_boxed(self) -> BoxError {
        Box::new(Boxed(self))
    }

    /// Returns true on the first call for this error and its clones: an error is logged once.
    pub(crate) fn claim_log_line(&self) -> bool {
        !self.is_logged.swap(true, Relaxed)
    }
}

/// The error's text and its sources' texts: `inserting user: connection refused`.
impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Chain(self.source()).fmt(f)
    }
}

impl fmt::Debug for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookError")
            .field("disposition", &self.disposition)
            .field("retry_after", &self.retry_after)
            .field("source", &self.source)
            .finish()
    }
}

/// Any error becomes a *retry*, unless its source chain has a `WebhookError`: then it keeps that disposition
/// and `Retry-After`.
impl<E: Into<BoxError>> From<E> for WebhookError {
    fn from(error: E) -> Self {
        let error = match error.into().downcast::<Boxed>() {
            Ok(boxed) => return boxed.0,
            Err(error) => error,
        };
        let decided = Boxed::find_in(&*error).map(|boxed| &boxed.0);
        Self {
            disposition: decided.map_or(Disposition::Retry, |decided| decided.disposition),
            retry_after: decided.and_then(|decided| decided.retry_after),
            source: error.into(),
            is_logged: Arc::default(),
        }
    }
}

/// A `WebhookError` that implements [`Error`].
#[derive(Debug)]
struct Boxed(WebhookError);

impl Boxed {
    fn find_in<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        sources(error).find_map(|error| error.downcast_ref())
    }
}

impl fmt::Display for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0.disposition {
            Disposition::Retry => "processing failed",
            Disposition::Permanent => "processing failed permanently",
        })
    }
}

impl Error for Boxed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.source())
    }
}

/// Whether a response tells the sender to stop.
#[cfg(feature = "idempotency")]
pub(crate) fn stops_retries(headers: &HeaderMap) -> bool {
    headers.get(&WEBHOOK_DELIVERY) == Some(&ABORT_MESSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(BoxError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("outer")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&*self.0)
        }
    }

    fn question_mark<E: Into<BoxError>>(error: E) -> WebhookError {
        fn fail<E: Into<BoxError>>(error: E) -> Result<(), WebhookError> {
            Err(error)?
        }
        fail(error).unwrap_err()
    }

    #[test]
    fn the_question_mark_means_retry_for_every_kind_of_error() {
        for error in [
            question_mark(fmt::Error),
            question_mark("text"),
            question_mark(String::from("text")),
            question_mark(BoxError::from("boxed")),
        ] {
            assert_eq!(error.disposition(), Disposition::Retry);
            assert_eq!(error.status(), 500);
            assert!(error.headers().is_empty());
        }
    }

    #[test]
    fn a_decision_survives_boxing_and_wrapping() {
        let permanent = WebhookError::permanent("no").into_boxed();
        let wrapped = Outer(Outer(permanent).into());
        assert_eq!(Disposition::find_in(&wrapped), Some(Disposition::Permanent));
        assert_eq!(question_mark(wrapped).disposition(), Disposition::Permanent);

        let again = WebhookError::retry("later").with_retry_after(Duration::from_millis(1_001));
        assert_eq!(
            question_mark(Outer(again.into_boxed())).headers()["retry-after"],
            "2"
        );
    }

    #[test]
    fn boxing_and_the_question_mark_are_inverse() {
        let error = question_mark(WebhookError::permanent("no").into_boxed());
        assert_eq!(error.disposition(), Disposition::Permanent);
        assert_eq!(error.to_string(), "no");
    }

    #[test]
    fn the_outermost_decision_counts() {
        let inner = WebhookError::permanent("no").into_boxed();
        let outer = WebhookError::retry(inner).into_boxed();
        assert_eq!(Disposition::find_in(&*outer), Some(Disposition::Retry));
    }

    #[test]
    fn its_text_is_the_whole_chain() {
        let source = WebhookError::permanent("no such plan").into_boxed();
        let error = WebhookError::retry(Outer(source));
        let text = error.to_string();
        assert_eq!(text, "outer: processing failed permanently: no such plan");
    }

    #[test]
    fn its_text_is_one_line_whatever_an_error_says() {
        let error = WebhookError::retry("a\nWARN forged\x1b[31m\u{2028}é");
        assert_eq!(error.to_string(), "a\\nWARN forged\\u{1b}[31m\\u{2028}é");
    }
}
