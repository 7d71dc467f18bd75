//! The tests of the command line, in one binary.

mod common;

mod explain;
mod recorded;
