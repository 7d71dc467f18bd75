//! [`Rejection`]: a refused delivery, as an error of actix-web.

use std::{fmt, ops::Deref};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use clerk_webhooks::Rejection as Core;

use crate::response::{response, status};

/// Why a delivery was refused. It derefs to the core's [`Rejection`](clerk_webhooks::Rejection), and is
/// answered with its status, headers and text.
///
/// Middleware finds it in the response:
///
/// ```
/// use actix_web::{HttpResponse, body::MessageBody, dev::ServiceResponse};
/// use clerk_webhooks_actix::Rejection;
///
/// /// The reason code of a refusal, for a metric.
/// fn reason<B>(response: &ServiceResponse<B>) -> Option<&'static str> {
///     let error = response.response().error()?;
///     Some(error.as_error::<Rejection>()?.kind().code())
/// }
/// ```
#[derive(Clone)]
pub struct Rejection(Core);

impl From<Core> for Rejection {
    fn from(rejection: Core) -> Self {
        Self(rejection)
    }
}

impl Deref for Rejection {
    type Target = Core;

    fn deref(&self) -> &Core {
        &self.0
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        status(self.0.status())
    }

    /// Logs the rejection, unless it is logged already.
    fn error_response(&self) -> HttpResponse {
        response(self.0.to_response())
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
