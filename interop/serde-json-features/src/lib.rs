//! The suite of `clerk-webhooks`' event model with serde_json's other features; see `tests/`.
