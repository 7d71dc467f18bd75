//! The same message never does its work twice.

mod memory;
mod store;

pub use self::{
    memory::{MemoryStore, StoreFull},
    store::{Claim, ClaimToken, IdempotencyStore, MessageKey},
};
