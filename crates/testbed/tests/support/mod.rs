//! What several of the tests need.

#![allow(
    dead_code,
    reason = "each test file is a crate of its own and uses a part of this"
)]

pub(crate) mod receiver;
pub(crate) mod site;

use std::{
    fmt::Display,
    io::{self, Write as _},
};

/// Not `eprintln!`: what a passing test prints with it is swallowed.
pub(crate) fn report(line: impl Display) {
    let mut stderr = io::stderr();
    writeln!(stderr, "{line}").unwrap();
}
