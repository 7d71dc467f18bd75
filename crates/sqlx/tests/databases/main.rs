//! Stores and inbox on real databases. SQLite needs nothing; Postgres a server.

#[cfg(all(feature = "postgres", feature = "sqlite"))]
mod clients;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod scenarios;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod support;
