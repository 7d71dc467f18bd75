//! Verified events for handlers without HTTP.

use serde::Serialize;

use super::SignedRequest;
use crate::{
    extract::VerifiedClerkEvent,
    verify::{secret::SigningSecret, verifier::Verifier},
};

/// Signs nothing but what [`deliver`] verifies in the same breath.
const THROW_AWAY_SECRET: &str = "whsec_dGhyb3duIGF3YXkgYWZ0ZXIgZXZlcnkgdGVzdA==";

/// Turns an event into the [`VerifiedClerkEvent`] that a handler would get for it.
///
/// The event is anything that serializes to a whole event: a [fixture](super::fixtures), a
/// `serde_json::json!` value. It is signed with a throw-away secret, verified and decoded like any
/// delivery.
///
/// # Panics
///
/// When the event does not serialize, or is not one that an endpoint would accept; the message says
/// which field.
///
/// ```
/// use clerk_webhooks::{VerifiedClerkEvent, WebhookError, testing};
///
/// async fn on_event(event: VerifiedClerkEvent) -> Result<String, WebhookError> {
///     Ok(format!("{}: {}", event.event_type(), event.object_id().unwrap_or("?")))
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let event = testing::fixtures::user_created().id("user_1");
/// let answer = on_event(testing::deliver(event)).await.unwrap();
/// assert_eq!(answer, "user.created: user_1");
///
/// let event = serde_json::json!({ "type": "user.deleted", "data": { "id": "user_1" } });
/// let answer = on_event(testing::deliver(event)).await.unwrap();
/// assert_eq!(answer, "user.deleted: user_1");
/// # }
/// ```
#[must_use]
#[track_caller]
#[expect(
    clippy::panic,
    reason = "a test's mistake, reported at the test's line"
)]
pub fn deliver(event: impl Serialize) -> VerifiedClerkEvent {
    match try_deliver(&event) {
        Ok(event) => event,
        Err(error) => panic!("cannot deliver this event: {error}"),
    }
}

fn try_deliver(event: &impl Serialize) -> Result<VerifiedClerkEvent, Box<dyn std::error::Error>> {
    let secret = SigningSecret::parse(THROW_AWAY_SECRET)?;
    let request = SignedRequest::new(&secret, serde_json::to_vec(event)?);
    let verified = Verifier::new(secret).verify(&request.headers(), request.body().clone())?;
    VerifiedClerkEvent::decode(verified).map_err(|rejection| match rejection.decode_error() {
        Some(error) => error.clone().into(),
        None => rejection.into(),
    })
}
