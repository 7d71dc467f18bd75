//! [`Rejection`]: a refused delivery, as a responder.

use std::{ops::Deref, sync::OnceLock};

use rocket::{
    Request,
    response::{self, Responder},
};

use crate::response::response_of;

/// Why a delivery was refused: [`clerk_webhooks::Rejection`] as a responder.
///
/// A handler gets it if it takes `Result<VerifiedClerkEvent, Rejection>`:
///
/// ```
/// use clerk_webhooks_rocket::{Rejection, VerifiedClerkEvent};
/// use rocket::{http::Status, post};
///
/// #[post("/webhooks/clerk", data = "<event>")]
/// fn on_event(event: Result<VerifiedClerkEvent, Rejection>) -> Result<Status, Rejection> {
///     let event = event.inspect_err(|rejection| println!("refused: {}", rejection.kind()))?;
///     println!("accepted: {}", event.message_id());
///     Ok(Status::NoContent)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Rejection(pub clerk_webhooks::Rejection);

impl Rejection {
    /// Why the delivery in this request was refused, for a catcher or a fairing of your own. `None` if it was not
    /// refused.
    ///
    /// ```
    /// use clerk_webhooks_rocket::Rejection;
    /// use rocket::{Request, catch};
    ///
    /// #[catch(400)]
    /// fn bad_request(request: &Request<'_>) -> &'static str {
    ///     match Rejection::of(request) {
    ///         Some(rejection) => rejection.body_text(),
    ///         None => "bad request",
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn of(request: &Request<'_>) -> Option<Self> {
        remembered(request).get().cloned()
    }

    /// Keeps the rejection for [`of`](Self::of).
    pub(crate) fn remember(&self, request: &Request<'_>) {
        // Rocket runs one data guard per request.
        let _ = remembered(request).set(self.clone());
    }
}

impl Deref for Rejection {
    type Target = clerk_webhooks::Rejection;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'r> Responder<'r, 'static> for Rejection {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(response_of(&self.to_response()))
    }
}

/// A type of our own: the cache has one value of each type, and the application may use it too.
#[derive(Default)]
struct Remembered(OnceLock<Rejection>);

fn remembered<'r>(request: &'r Request<'_>) -> &'r OnceLock<Rejection> {
    &request.local_cache(Remembered::default).0
}
