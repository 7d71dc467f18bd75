//! Numbers that a run may be given.

use std::{env, str::FromStr};

use crate::Error;

/// The seed that the environment variable `name` holds, to replay a run; else a new one. Print it.
///
/// # Errors
///
/// When the variable holds something else than a number.
pub fn seed_from_env(name: &str) -> Result<u64, Error> {
    number_from_env(name, fastrand::u64(..))
}

/// The number that the environment variable `name` holds, else `default`.
///
/// # Errors
///
/// When the variable holds something else than a number.
pub fn number_from_env<N: FromStr>(name: &str, default: N) -> Result<N, Error> {
    let Ok(text) = env::var(name) else {
        return Ok(default);
    };
    text.parse()
        .map_err(|_| format!("{name} has to be a number, not {text:?}").into())
}
