//! What goes wrong, and what to do about it.

use std::{error::Error, fmt};

use tower::BoxError;

/// Why a queue could not do what it was asked to.
///
/// It says what was tried, on which engine; its [source](Error::source) is apalis' or sqlx's own error.
/// Whether the engine has done it all the same is unknown. Connections, mostly: try again. Workers do so by
/// themselves.
#[derive(Debug)]
pub struct QueueError {
    engine: &'static str,
    attempt: &'static str,
    source: BoxError,
}

impl QueueError {
    /// For `map_err`.
    pub(crate) fn of<E: Into<BoxError>>(
        engine: &'static str,
        attempt: &'static str,
    ) -> impl FnOnce(E) -> Self {
        move |source| Self {
            engine,
            attempt,
            source: source.into(),
        }
    }
}

impl fmt::Display for QueueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the queue on {} could not {}: whether it was done is unknown, so try again once the engine is \
             reachable; this error's source has the engine's own words",
            self.engine, self.attempt
        )
    }
}

impl Error for QueueError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// What is recorded of an error, in characters.
const LONGEST_CHAIN: usize = 2000;

/// An error and its sources, in one text.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    for error in std::iter::successors(Some(error), |&error| error.source()) {
        let text = error.to_string();
        // A transparent wrapper says the same as what it wraps.
        if texts.last() != Some(&text) {
            texts.push(text);
        }
    }
    // Postgres' JSON has no place for NUL.
    let text = texts.join(": ").replace('\0', "\u{fffd}");
    text.chars().take(LONGEST_CHAIN).collect()
}
