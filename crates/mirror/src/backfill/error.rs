//! [`BackfillError`].

use std::{error::Error, fmt};

use crate::{MirrorError, api::ApiError};

/// Why a backfill or a reconcile stopped. What it did before is committed: run it again, and a backfill goes on where
/// it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum BackfillError {
    /// Clerk's API did not answer.
    Api(ApiError),
    /// The database failed.
    Database(MirrorError),
}

impl fmt::Display for BackfillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => error.fmt(f),
            Self::Database(error) => error.fmt(f),
        }
    }
}

impl Error for BackfillError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Api(error) => error.source(),
            Self::Database(error) => error.source(),
        }
    }
}

impl From<ApiError> for BackfillError {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<MirrorError> for BackfillError {
    fn from(error: MirrorError) -> Self {
        Self::Database(error)
    }
}
