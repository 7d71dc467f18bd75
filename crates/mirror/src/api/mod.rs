//! A client of Clerk's Backend API: the lists that a backfill pages through, and the look-ups of single objects.
//!
//! [`ClerkApi`] keeps to a share of Clerk's rate limit, waits as long as a 429 says, and repeats requests that fail
//! because of the server or the connection. An answer that is not Clerk's, such as the login page of a proxy, is an
//! [`ApiError`] and never an empty list or a missing object.

mod answer;
mod client;
mod error;
mod https;
pub(crate) mod list;
mod pace;
mod page;
mod secret_key;
pub(crate) mod subscriptions;
pub(crate) mod walk;

pub use self::{
    client::ClerkApi,
    error::{ApiError, ApiErrorKind},
};
