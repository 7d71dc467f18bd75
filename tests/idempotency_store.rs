//! The store in memory, against the suite that every store must pass.

use std::sync::Arc;

use clerk_webhooks::{idempotency::MemoryStore, testing::idempotency_store};

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_store_holds_its_contract() {
    idempotency_store::check(MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_store_holds_it_too() {
    idempotency_store::check(Arc::new(MemoryStore::new())).await;
}
