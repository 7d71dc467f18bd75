//! A repair with at most one result.

use bytes::Bytes;

/// The body, if there is one.
pub(super) fn some(body: Option<impl Into<Bytes>>) -> Vec<Bytes> {
    body.map(Into::into).into_iter().collect()
}
