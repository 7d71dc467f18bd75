//! A second, simple implementation of `clerk-webhooks`' contract, which shares no code with the crate. The
//! fuzz targets compare the crate with it.

pub mod contract;
pub mod delivery;
pub mod mac;
