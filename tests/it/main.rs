//! The integration tests, in one binary: linking one for each file takes longer than to run them all.

mod by_serde;
mod common;
mod connection;
mod eras;
mod json;

mod allocations;
mod auto_traits;
mod composition;
mod endpoint;
mod event_catalog;
mod event_embedding;
mod event_eras;
mod event_examples;
mod event_hostile_keys;
mod event_properties;
mod extractor;
mod fixtures;
mod idempotency;
mod idempotency_memory;
mod idempotency_store;
mod layer;
mod placement;
mod queue;
mod quickstart;
mod readiness;
mod recorded;
mod rotation;
mod socket;
mod vectors;
mod verifier;
