//! A second, simple implementation of `clerk-webhooks`' contract, which shares no code with the crate. The
//! fuzz targets compare the crate with it.

/// Decodes events by what serde derives. The integration tests use it too.
#[path = "../../tests/it/by_serde.rs"]
pub mod by_serde;
pub mod contract;
pub mod delivery;
pub mod mac;
