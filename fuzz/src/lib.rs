//! What the fuzz targets hold `clerk-webhooks` against: its contract, written a second time, as plainly
//! as can be and without a line of the first.

pub mod contract;
pub mod delivery;
pub mod mac;
