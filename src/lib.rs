//! Receive Clerk's webhooks.

pub mod event;
