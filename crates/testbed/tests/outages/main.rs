//! How each case ends on a real store: it is down, two servers share it, the sender goes away.

#[path = "../support/mod.rs"]
mod support;

mod senders;
mod servers;
mod stores;

/// Each scenario on each store. Those that need a program of their own are run where it is installed.
macro_rules! on_every_store {
    ($($scenario:ident)*) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $scenario() {
                super::$scenario(crate::support::site::Kind::Sqlite).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            #[ignore = "starts its own Postgres: run it where PostgreSQL is installed"]
            async fn $scenario() {
                super::$scenario(crate::support::site::Kind::Postgres).await;
            })*
        }

        mod redis {
            $(#[tokio::test]
            #[ignore = "starts its own Redis: run it where Redis is installed"]
            async fn $scenario() {
                super::$scenario(crate::support::site::Kind::Redis).await;
            })*
        }
    };
}

use on_every_store;
