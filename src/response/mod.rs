//! Converts refusals and handlers' failures into HTTP responses, and logs each once.

#[cfg(feature = "axum")]
mod axum;
pub(crate) mod body;
pub(crate) mod failure;
pub(crate) mod refusal;
