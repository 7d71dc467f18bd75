//! What is wrong with the wiring of an endpoint, found from outside.
//!
//! - `probe`: what is sent.
//! - `outcome`: what came back.
//! - `examination`: sends the probes, and holds what came back.
//! - `judge`: from that to findings.
//! - [`fault`](Fault): the table of faults, with what to do.

mod examination;
mod fault;
mod judge;
mod outcome;
mod probe;

pub use self::fault::Fault;
pub(crate) use self::{
    examination::Examiner,
    judge::{Finding, judge},
    outcome::Outcome,
    probe::Probe,
};
