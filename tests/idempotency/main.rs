//! `IdempotencyLayer` inside `ClerkWebhookLayer`: how each case ends.

#[path = "../common/mod.rs"]
mod common;
mod composition;
mod endpoint;
mod handlers;
mod repeats;
mod shutdown;
mod stores;
