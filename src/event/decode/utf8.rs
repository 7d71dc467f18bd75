//! Converts bytes to text.

use super::error::DecodeError;

/// The body as text, if it is UTF-8.
pub(super) fn text(body: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(body).map_err(|error| {
        let valid = body.get(..error.valid_up_to()).unwrap_or_default();
        DecodeError::not_utf8(valid)
    })
}
