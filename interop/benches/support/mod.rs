//! What the benchmarks share: payloads, contenders, rounds and where the numbers go.

#![allow(dead_code, reason = "each benchmark takes what it needs")]

pub(crate) mod apps;
pub(crate) mod forgeries;
pub(crate) mod http_load;
pub(crate) mod payloads;
pub(crate) mod rounds;
pub(crate) mod verifiers;
