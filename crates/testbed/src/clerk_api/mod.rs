//! A stand-in for Clerk's Backend API: serves a state that tests change, in pages, and fails as servers and proxies do.
//!
//! It follows Clerk's `OpenAPI` of version 2026-05-12: paths, paging by `limit` and `offset` or `starting_after`, order by
//! `created_at`, plain arrays and `{data, total_count}`, the form of errors. Nobody compared it with Clerk's servers.
//! What Clerk answers to a `starting_after` that names a deleted user is not documented: here it is a 422.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), clerk_webhooks_testbed::Error> {
//! use clerk_webhooks_testbed::clerk_api::{FakeClerk, Faults};
//! use serde_json::json;
//!
//! let clerk = FakeClerk::start().await?;
//! clerk.change(|state| state.put("users", json!({"id": "user_1", "created_at": 1_700_000_000_000_i64})));
//! clerk.fail(Faults { rate_limited: 0.1, ..Faults::default() });
//! println!("{} accepts {}", clerk.url(), FakeClerk::SECRET_KEY);
//! # Ok(())
//! # }
//! ```

mod answer;
mod faults;
mod list;
mod log;
mod page;
mod server;
mod state;

pub use self::{
    faults::{Canned, Faults},
    log::Seen,
    server::FakeClerk,
    state::State,
};
