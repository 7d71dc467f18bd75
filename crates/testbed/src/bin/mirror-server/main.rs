//! The mirror's server that is killed.
//!
//! | variable | what |
//! |---|---|
//! | `PORT` | where to listen on 127.0.0.1 |
//! | `CLERK_WEBHOOK_SIGNING_SECRET` | one secret or several |
//! | `STORE_URL` | `sqlite:///path` or `postgres://...` |

use std::net::{Ipv4Addr, SocketAddr};

use axum::{Router, routing::post_service};
use clerk_webhooks::ClerkWebhookLayer;
use clerk_webhooks_mirror::{Engine, Mirror};
use clerk_webhooks_sqlx::{open_postgres, open_sqlite};
use clerk_webhooks_testbed::{Error, model::groups, number_from_env, text_from_env};
use sqlx::Pool;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let url = text_from_env("STORE_URL")?;
    match url.split_once("://").ok_or("STORE_URL is no URL")? {
        ("sqlite", path) => serve(open_sqlite(path).await?).await,
        ("postgres", _) => serve(open_postgres(&url).await?).await,
        (scheme, _) => Err(format!("there is no mirror in {scheme}://").into()),
    }
}

async fn serve<DB: Engine>(pool: Pool<DB>) -> Result<(), Error> {
    let mirror = Mirror::new(pool).await?.with_groups(groups());
    let clerk = ClerkWebhookLayer::from_env()?;
    let route = post_service(mirror.service()).route_layer(clerk);
    let router = Router::new().route("/webhooks/clerk", route);
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, number_from_env("PORT", 3000)?));
    axum::serve(TcpListener::bind(address).await?, router).await?;
    Ok(())
}
