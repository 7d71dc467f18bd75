//! `IdempotencyLayer` inside `ClerkWebhookLayer`: how each case ends.

mod composition;
mod endpoint;
mod handlers;
mod repeats;
mod shutdown;
mod stores;
mod waiting;
mod without_tower;
