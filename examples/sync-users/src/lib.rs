//! Keeps tables of users, organizations and memberships equal to Clerk's.
//!
//! Clerk's webhooks arrive late, more than once and out of order. Each event is turned into a row. The row is written
//! only if it is not older than the stored one:
//!
//! - Of two states of an object, the one with the higher `updated_at` is kept. If both are equal, the later delivery
//!   wins. Every known body has an `updated_at`. Without it, the event's `timestamp` is used. A state with neither is
//!   stored only if the object is unknown, or its stored row has no time either.
//! - A deletion is final. It leaves a *tombstone*, a row with `deleted_at` and without personal data, even for an unknown
//!   id. So a `user.updated` that arrives after its `user.deleted` does not bring the user back.
//! - An organization's members are counted: plus one for each created membership, minus one for each deleted membership.
//!   Writing a row twice does no harm, but counting twice does. So the inbox records each message's id in the same
//!   transaction. Both are committed, or neither is, and a duplicate does not count.
//!
//! So the tables depend only on which events have arrived, not on their order or number. The exception: two states of an
//! object with the same millisecond. There are no foreign keys, since a membership may arrive before its user.
//!
//! # Why there is no `IdempotencyLayer`
//!
//! All effects of a delivery are in one database, so the inbox alone makes them happen exactly once. A handler that is
//! killed or aborted has changed nothing, and the next delivery need not wait for a lease. Add the layer when your handler
//! does something that a rollback cannot undo, such as sending an e-mail.

mod database;
mod row;
mod sync;
mod tables;

use axum::{Router, extract::State, routing::post};
use clerk_webhooks::{ClerkWebhookLayer, VerifiedClerkEvent, Verifier, WebhookError};

pub use self::{
    database::{Database, Values},
    sync::{Outcome, sync},
    tables::{MEMBERSHIPS, ORGANIZATIONS, TABLES, Table, USERS},
};

/// Where deliveries arrive.
pub const ROUTE: &str = "/webhooks/clerk";

/// The whole service.
pub fn router(database: Database, verifier: Verifier) -> Router {
    let clerk = ClerkWebhookLayer::new(verifier);
    Router::new()
        .route(ROUTE, post(on_event).route_layer(clerk))
        .with_state(database)
}

/// If the database fails, the answer is 500 and the sender retries. The answer's text is the outcome, which Clerk's
/// dashboard shows.
async fn on_event(
    State(database): State<Database>,
    event: VerifiedClerkEvent,
) -> Result<&'static str, WebhookError> {
    let outcome = sync(&database, &event).await?;
    println!(
        "{:<32} {:<32} {outcome}",
        event.message_id(),
        event.event_type()
    );
    Ok(outcome.as_str())
}
