//! What messages take in memory, and that those beyond the capacity take nothing.

use std::{ops::Range, sync::Arc, time::Duration};

use allocation_counter::{AllocationInfo, measure};
use clerk_webhooks::idempotency::{
    Claim, ClaimToken, IdempotencyStore as _, MemoryStore, MessageKey, Outcome,
};

/// An eighth of a million fills an eighth of the table: each message takes what it takes of a million.
const MESSAGES: u32 = 125_000;
const BEYOND: u32 = 12_500;
const LEASE: Duration = Duration::from_secs(60);
const RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);
/// What `MemoryStore::with_capacity` says that a message takes.
const DOCUMENTED_BYTES: i64 = 300;

#[test]
fn messages_take_no_more_than_documented_and_those_beyond_nothing() {
    let store = MemoryStore::new().with_capacity(MESSAGES as usize);
    let first = handled(&store, 0..MESSAGES);
    let held = first.bytes_current / i64::from(MESSAGES);
    let at_most = first.bytes_max / u64::from(MESSAGES);
    println!("{held} bytes a message held, {at_most} at most while the table grew");
    assert!(held <= DOCUMENTED_BYTES, "{held} bytes a message");
    assert!(
        at_most <= 400,
        "{at_most} bytes a message while the table grew"
    );
    assert_eq!((store.len(), store.evicted()), (MESSAGES as usize, 0));

    let beyond = handled(&store, MESSAGES..MESSAGES + BEYOND);
    let added = beyond.bytes_max / u64::from(BEYOND);
    println!("{added} bytes a message beyond the capacity");
    assert!(added <= 3, "{added} bytes a message beyond the capacity");
    assert_eq!(
        (store.len(), store.evicted()),
        (MESSAGES as usize, u64::from(BEYOND))
    );
}

/// Claims and completes each, under an id as long as Svix' and a scope that all share, as in the layer.
fn handled(store: &MemoryStore, numbers: Range<u32>) -> AllocationInfo {
    let scope: Arc<str> = "users".into();
    measure(|| {
        tokio_test::block_on(async {
            for number in numbers {
                let key = MessageKey::new(Arc::clone(&scope), format!("msg_{number:027}"));
                let claim = store
                    .claim(&key, ClaimToken::random(), LEASE)
                    .await
                    .unwrap();
                assert_eq!(claim, Claim::Claimed);
                store
                    .complete(&key, Outcome::Succeeded, RETENTION)
                    .await
                    .unwrap();
            }
        });
    })
}
