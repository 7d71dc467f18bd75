//! What has to hold on every engine.

pub(crate) mod backfill;
pub(crate) mod faults;
pub(crate) mod reconcile;
