//! Tests of `clerk-webhooks` against other implementations; see `tests/`.
