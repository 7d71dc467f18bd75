//! Keeps tables of users, organizations and memberships equal to Clerk's.
//!
//! ```sh
//! cargo run -p example-sync-users             # serves; Ctrl-C ends it
//! cargo run -p example-sync-users -- --once   # writes some users of its own, prints them and ends
//! ```
//!
//! `DATABASE_URL` is the database, `sqlite://` or `postgres://`; the default is `sync-users.db` in the working directory.
//! `PORT` is the port to listen on (default 3000). `CLERK_WEBHOOK_SIGNING_SECRET` is the endpoint's signing secret.

mod demonstration;
#[path = "../../support/mod.rs"]
mod support;

use std::{
    env::{self, VarError},
    error::Error,
    io,
    process::ExitCode,
};

use clerk_webhooks::{SigningSecret, Verifier, verify::SecretErrorKind};
use example_sync_users::{Database, ROUTE, router};
use tokio::sync::oneshot;
use tracing_subscriber::filter::LevelFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let log = tracing_subscriber::fmt().with_writer(io::stderr);
    log.with_max_level(LevelFilter::WARN).init();
    match run(support::once()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sync-users: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(once: bool) -> Result<(), Box<dyn Error>> {
    let own_secret = support::throw_away_secret()?;
    let verifier = verifier(own_secret.clone(), once)?;
    let database = connect().await?;
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    println!("{:<12}http://{address}{ROUTE}\n", "listening");

    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(listener, router(database.clone(), verifier));
    let server = server.with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(server.into_future());
    if once {
        demonstration::run(address, &own_secret, &database).await?;
    } else {
        tokio::signal::ctrl_c().await?;
        println!("\nshutting down");
    }
    let _ = stop.send(());
    server.await??;
    database.close().await;
    Ok(())
}

async fn connect() -> Result<Database, Box<dyn Error>> {
    let url = match env::var("DATABASE_URL") {
        Ok(url) => url,
        Err(VarError::NotPresent) => "sqlite://sync-users.db".to_owned(),
        Err(VarError::NotUnicode(_)) => return Err("DATABASE_URL is not Unicode".into()),
    };
    let connected = Database::connect(&url).await;
    connected.map_err(|error| format!("cannot use the database of DATABASE_URL: {error}").into())
}

/// The secrets from the environment. The demonstration adds its own.
fn verifier(own_secret: SigningSecret, once: bool) -> Result<Verifier, Box<dyn Error>> {
    match Verifier::from_env() {
        Ok(verifier) => {
            println!("{:<12}from the environment", "secret");
            Ok(if once {
                verifier.with_secret(own_secret.with_label("demonstration"))
            } else {
                verifier
            })
        }
        Err(error) if error.kind() == SecretErrorKind::NotSet => {
            println!("{:<12}a development secret, made for this run", "secret");
            Ok(Verifier::new(own_secret.with_label("development")))
        }
        Err(error) => Err(error.into()),
    }
}
