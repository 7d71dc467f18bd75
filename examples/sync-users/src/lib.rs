//! Keeps tables of users, organizations and memberships equal to Clerk's.
//!
//! Clerk's webhooks arrive late, twice and out of order. Each of them becomes the row that it says,
//! and a row is written only where it is no older than the one that is there:
//!
//! - Of two states of an object the one with the higher `updated_at` stays; an equal one replaces it.
//!   Every known body has an `updated_at`. Without it the event's `timestamp` counts; without either, a
//!   state fills in what is unknown, and replaces nothing that is dated.
//! - A deletion is final. It leaves a *tombstone*, a row with `deleted_at` and without personal data,
//!   for an unknown id too: a `user.updated` that was overtaken by its `user.deleted` finds it, and
//!   resurrects nobody.
//! - The number of an organization's members is counted: plus one for each membership that is created, minus
//!   one for each that is deleted. A row could be written twice without harm, this cannot. So the inbox
//!   records each message's id in the same transaction: both are there, or neither, and a duplicate counts
//!   nothing.
//!
//! So the tables depend on which events have arrived, and not on their order or number, unless two states
//! of an object share one millisecond. There are no foreign keys: a membership may arrive before its user.
//!
//! # Why there is no `IdempotencyLayer`
//!
//! All that a delivery does is in one database, so that the inbox alone makes it happen once. A handler
//! that is killed or aborted has changed nothing: the next delivery need not wait for a lease. Add the
//! layer once your handler does something that a rollback cannot undo, such as sending an e-mail.

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

/// A database that fails is answered 500, and the delivery comes again. What was done is the answer's
/// text, which Clerk's dashboard shows.
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
