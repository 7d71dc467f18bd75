//! What load balancers and service managers see of the program.

mod probes;
mod program;
mod shutdown;
#[path = "../../../support/mod.rs"]
mod support;
