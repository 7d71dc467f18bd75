//! The tables' database: SQLite or Postgres.
//!
//! The two modules differ in how they connect and begin a transaction. Keep the one that you need.

mod postgres;
mod sqlite;

use std::error::Error;

use sqlx::{PgPool, SqlitePool};

use crate::{Outcome, Table, row::Row};

/// The inbox's scope of this service, since another service may share the database.
const SCOPE: &str = "sync-users";

/// A row as text: its id, the values of the table's own columns, `updated_at`, `deleted_at`.
pub type Values = Vec<Option<String>>;

/// A connected database with its tables.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file on this host.
    Sqlite(SqlitePool),
    /// A server that many hosts can share.
    Postgres(PgPool),
}

impl Database {
    /// Connects, and makes the tables that are missing.
    ///
    /// # Errors
    ///
    /// - The URL begins with neither `sqlite://` nor `postgres://`.
    /// - An `sqlite://` URL asks for anything except a file to write to.
    /// - The database cannot be opened.
    pub async fn connect(url: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        match url.split_once("://") {
            Some(("sqlite", _)) => Ok(Self::Sqlite(sqlite::connect(url).await?)),
            Some(("postgres" | "postgresql", _)) => {
                Ok(Self::Postgres(postgres::connect(url).await?))
            }
            // Only the scheme is printed, since the rest of the URL may have a password.
            Some((scheme, _)) => {
                Err(format!("not {scheme}:// but sqlite:// or postgres://").into())
            }
            None => Err("a URL begins with sqlite:// or postgres://".into()),
        }
    }

    /// Updates one row, once for each message.
    pub(crate) async fn apply(&self, message_id: &str, row: &Row<'_>) -> sqlx::Result<Outcome> {
        match self {
            Self::Sqlite(pool) => sqlite::apply(pool, message_id, row).await,
            Self::Postgres(pool) => postgres::apply(pool, message_id, row).await,
        }
    }

    /// All rows of a table, by id.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn rows(&self, table: &Table) -> sqlx::Result<Vec<Values>> {
        match self {
            Self::Sqlite(pool) => sqlite::rows(pool, table).await,
            Self::Postgres(pool) => postgres::rows(pool, table).await,
        }
    }

    /// How many members an organization has.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn members(&self, organization_id: &str) -> sqlx::Result<i64> {
        match self {
            Self::Sqlite(pool) => sqlite::members(pool, organization_id).await,
            Self::Postgres(pool) => postgres::members(pool, organization_id).await,
        }
    }

    /// Waits until all connections are closed.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
