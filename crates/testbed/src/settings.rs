//! Settings of a run, or of a program that it starts, from the environment.

use std::{env, str::FromStr, time::Duration};

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

/// The time that the environment variable `name` holds in milliseconds, else as many as `default`.
///
/// # Errors
///
/// When the variable holds something else than a number.
pub fn milliseconds_from_env(name: &str, default: u64) -> Result<Duration, Error> {
    Ok(Duration::from_millis(number_from_env(name, default)?))
}

/// The text that the environment variable `name` holds.
///
/// # Errors
///
/// When there is none.
pub fn text_from_env(name: &str) -> Result<String, Error> {
    env::var(name).map_err(|_| format!("{name} is not set").into())
}
