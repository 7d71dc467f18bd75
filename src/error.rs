//! How a handler says "send it again" or "never again".

use std::{
    error::Error,
    fmt::{self, Write as _},
};

use crate::BoxError;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// Tells the sender to stop retrying this message (Svix' documentation; its open-source server
/// ignores it).
static WEBHOOK_DELIVERY: HeaderName = HeaderName::from_static("webhook-delivery");
static ABORT_MESSAGE: HeaderValue = HeaderValue::from_static("abort-message");

/// A handler's failure, and whether the sender should try again.
///
/// `?` turns any type that implements [`Error`] into [`retry`](Self::retry): the sender gets a 500 and sends the message
/// again, by its schedule up to eight attempts over about 28 hours. What can never succeed is
/// [`permanent`](Self::permanent): a 422 with `webhook-delivery: abort-message`.
///
/// ```
/// use clerk_webhooks::{EventData, VerifiedClerkEvent, WebhookError};
/// # async fn insert(id: &str) -> Result<(), std::io::Error> { Ok(()) }
///
/// async fn on_event(event: VerifiedClerkEvent) -> Result<(), WebhookError> {
///     if let EventData::UserCreated(user) = &event.data {
///         insert(&user.id).await?; // the database is down: again, later
///         if user.email_addresses.is_empty() {
///             return Err(WebhookError::permanent("users need an e-mail address here"));
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// In axum it is a response, which logs the error with its sources as they are (put no payload into
/// them); the sender gets one short line.
/// It does not implement [`Error`] itself, so that `?` can take whatever does; what does not, such as a
/// [`BoxError`] or an `anyhow::Error`, takes `.map_err(WebhookError::retry)?`. As a tower error it
/// becomes a [`BoxError`], in which [`is_permanent_in`](Self::is_permanent_in) finds the decision
/// again.
#[derive(Debug)]
pub struct WebhookError {
    decision: Decision,
    source: BoxError,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    Retry,
    Permanent,
}

impl WebhookError {
    /// Failed this time: the sender shall try again. Answered 500.
    ///
    /// ```
    /// let busy = clerk_webhooks::WebhookError::retry("the mail server is busy");
    /// assert_eq!(busy.status(), 500);
    /// ```
    #[must_use]
    pub fn retry(source: impl Into<BoxError>) -> Self {
        Self {
            decision: Decision::Retry,
            source: source.into(),
        }
    }

    /// Will fail every time: the sender shall stop. Answered 422 with
    /// `webhook-delivery: abort-message`, which hosted Svix understands; deduplication takes it as
    /// final too.
    ///
    /// ```
    /// let hopeless = clerk_webhooks::WebhookError::permanent("no such plan");
    /// assert_eq!(hopeless.status(), 422);
    /// assert_eq!(hopeless.headers()["webhook-delivery"], "abort-message");
    /// ```
    #[must_use]
    pub fn permanent(source: impl Into<BoxError>) -> Self {
        Self {
            decision: Decision::Permanent,
            source: source.into(),
        }
    }

    /// Whether the sender shall stop.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.decision == Decision::Permanent
    }

    /// The decision of a `WebhookError` anywhere in an error's source chain, if there is one.
    ///
    /// ```
    /// use clerk_webhooks::WebhookError;
    /// use tower::BoxError;
    ///
    /// let boxed: BoxError = WebhookError::permanent("no such plan").into();
    /// assert_eq!(WebhookError::is_permanent_in(&*boxed), Some(true));
    /// assert_eq!(WebhookError::is_permanent_in(&std::fmt::Error), None);
    /// ```
    #[must_use]
    pub fn is_permanent_in(error: &(dyn Error + 'static)) -> Option<bool> {
        let decision = decision_in(error)?;
        Some(decision == Decision::Permanent)
    }

    /// The answer's status: 500 to be sent again, 422 for never again.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.decision {
            Decision::Retry => StatusCode::INTERNAL_SERVER_ERROR,
            Decision::Permanent => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// The headers that the answer carries: `webhook-delivery: abort-message` for never again.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if self.is_permanent() {
            headers.insert(&WEBHOOK_DELIVERY, ABORT_MESSAGE.clone());
        }
        headers
    }

    /// The one short line that the sender gets; the error's own text is for the logs.
    #[must_use]
    pub fn body_text(&self) -> &'static str {
        match self.decision {
            Decision::Retry => "processing failed, please retry",
            Decision::Permanent => "processing failed for good",
        }
    }
}

/// The error's text with its sources, for people: `inserting user: connection refused`.
impl fmt::Display for WebhookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Chain(&*self.source).fmt(f)
    }
}

/// Any error means *again*, unless a `WebhookError` in its source chain has decided otherwise.
impl<E: Error + Send + Sync + 'static> From<E> for WebhookError {
    fn from(error: E) -> Self {
        Self {
            decision: decision_in(&error).unwrap_or(Decision::Retry),
            source: error.into(),
        }
    }
}

/// For tower, whose errors are [`BoxError`]s; the decision stays in it.
impl From<WebhookError> for BoxError {
    fn from(error: WebhookError) -> Self {
        Box::new(Boxed {
            decision: error.decision,
            source: error.source,
        })
    }
}

/// What a `WebhookError` is once it has to be an [`Error`].
#[derive(Debug)]
struct Boxed {
    decision: Decision,
    source: BoxError,
}

impl fmt::Display for Boxed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.decision {
            Decision::Retry => "processing failed",
            Decision::Permanent => "processing failed for good",
        })
    }
}

impl Error for Boxed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

fn decision_in(error: &(dyn Error + 'static)) -> Option<Decision> {
    sources(error)
        .find_map(|error| error.downcast_ref::<Boxed>())
        .map(|boxed| boxed.decision)
}

/// Whether a response tells the sender to stop.
#[cfg(feature = "idempotency")]
pub(crate) fn stops_retries(headers: &HeaderMap) -> bool {
    headers.get(&WEBHOOK_DELIVERY) == Some(&ABORT_MESSAGE)
}

/// An error, its source, and so on.
pub(crate) fn sources<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// Prints an error and its sources, separated by colons, on one line whatever they hold: text from
/// outside cannot forge a line of the log.
pub(crate) struct Chain<'a>(pub(crate) &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(OneLine(f), "{}", self.0)?;
        sources(self.0)
            .skip(1)
            .try_for_each(|source| write!(OneLine(f), ": {source}"))
    }
}

struct OneLine<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c {
            // Unicode's line and paragraph separators are no control characters, but break lines.
            '\u{2028}' | '\u{2029}' => write!(self.0, "{}", c.escape_unicode()),
            c if c.is_control() => write!(self.0, "{}", c.escape_default()),
            c => self.0.write_char(c),
        })
    }
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

    fn question_mark(error: impl Error + Send + Sync + 'static) -> WebhookError {
        fn fail<E: Error + Send + Sync + 'static>(error: E) -> Result<(), WebhookError> {
            Err(error)?
        }
        fail(error).unwrap_err()
    }

    #[test]
    fn the_question_mark_means_again() {
        let error = question_mark(fmt::Error);
        assert!(!error.is_permanent());
        assert_eq!(error.status(), 500);
        assert!(error.headers().is_empty());
    }

    #[test]
    fn a_decision_survives_boxing_and_wrapping() {
        let permanent: BoxError = WebhookError::permanent("no").into();
        let wrapped = Outer(Outer(permanent).into());
        assert_eq!(WebhookError::is_permanent_in(&wrapped), Some(true));
        assert!(question_mark(wrapped).is_permanent());

        let again: BoxError = WebhookError::retry("later").into();
        assert_eq!(WebhookError::is_permanent_in(&*again), Some(false));
        assert!(!question_mark(Outer(again)).is_permanent());
    }

    #[test]
    fn the_outermost_decision_counts() {
        let inner: BoxError = WebhookError::permanent("no").into();
        let outer: BoxError = WebhookError::retry(inner).into();
        assert_eq!(WebhookError::is_permanent_in(&*outer), Some(false));
    }

    #[test]
    fn its_text_is_the_whole_chain() {
        let source: BoxError = WebhookError::permanent("no such plan").into();
        let error = WebhookError::retry(Outer(source));
        let text = error.to_string();
        assert_eq!(text, "outer: processing failed for good: no such plan");
    }

    #[test]
    fn its_text_is_one_line_whatever_an_error_says() {
        let error = WebhookError::retry("a\nWARN forged\x1b[31m\u{2028}é");
        assert_eq!(error.to_string(), "a\\nWARN forged\\u{1b}[31m\\u{2028}é");
    }
}
