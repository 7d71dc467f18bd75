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
            "the queue on {} cannot {}; see the source of this error",
            self.engine, self.attempt
        )
    }
}

impl Error for QueueError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
