//! The tests of the command line, in one binary.

mod common;
mod program;
mod receiver;

mod completions;
mod dead;
mod doctor;
mod explain;
mod interrupts;
mod mirror;
mod reasons;
mod recorded;
mod replay;
mod secrets;
mod snapshots;
mod trigger;
