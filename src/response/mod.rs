//! What the sender gets when there is no answer of a handler: refusals and failures as HTTP responses, each
//! with its line in the log.

#[cfg(feature = "axum")]
mod axum;
pub(crate) mod body;
pub(crate) mod failure;
pub(crate) mod refusal;
