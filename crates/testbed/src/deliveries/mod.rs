//! Generated deliveries: genuine, slightly off, hostile; and whether the specification accepts each.
//!
//! `interop/` compares verifiers by them, and uses this folder by its path: it does not depend on the testbed.

mod delivery;
mod generate;

pub use self::{
    delivery::{Delivery, reference_accepts, right_signature},
    generate::{Random, delivery},
};
