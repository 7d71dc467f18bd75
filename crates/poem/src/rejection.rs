//! [`Rejection`]: a refused delivery, as an error of Poem.

use std::{error::Error, fmt, ops::Deref};

use poem::{Response, error::ResponseError, http::StatusCode};

use crate::response::response_of;

/// Why a delivery was refused: [`clerk_webhooks::Rejection`] as an error of Poem.
///
/// To restyle refusals, or to count them, catch it:
///
/// ```
/// use clerk_webhooks_poem::{Rejection, VerifiedClerkEvent};
/// use poem::{EndpointExt as _, IntoResponse as _, handler, http::StatusCode, post};
///
/// #[handler]
/// fn on_event(event: VerifiedClerkEvent) {
///     println!("accepted: {}", event.message_id());
/// }
///
/// let route = post(on_event).catch_error(async |rejection: Rejection| {
///     println!("refused: {}", rejection.kind());
///     "no, thank you".with_status(rejection.status())
/// });
/// ```
#[derive(Debug, Clone)]
pub struct Rejection(pub clerk_webhooks::Rejection);

impl Deref for Rejection {
    type Target = clerk_webhooks::Rejection;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// The reason, for operators.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl ResponseError for Rejection {
    fn status(&self) -> StatusCode {
        self.0.status()
    }

    fn as_response(&self) -> Response {
        response_of(self.to_response())
    }
}
