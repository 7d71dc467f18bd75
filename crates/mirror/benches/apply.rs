//! What the mirror adds to a bare upsert of the same object, and to a transaction written by hand: 10,000 webhooks each,
//! round by round.
//!
//! ```sh
//! CLERK_WEBHOOKS_POSTGRES_URL=postgres://... cargo bench -p clerk-webhooks-mirror --all-features --bench apply
//! ```
//!
//! All decode the delivery first. The bare upsert writes the user's object and seven columns, in a table with the columns
//! and indices of the mirror's, whatever is stored. The transaction by hand also replaces the user's e-mail addresses. The
//! mirror does that, keeps the order of versions, and fills all columns.
//! The Postgres half makes and drops a database of its own; without the variable it is left out, and says so.

use std::{
    collections::VecDeque,
    env,
    error::Error,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use clerk_webhooks::{
    ClerkEvent, EventData, RawClerkEvent, VerifiedClerkEvent, VerifiedDelivery,
    event::{Timestamp, VerificationStatus},
    testing::{Delivery, fixtures},
};
use clerk_webhooks_mirror::{Engine, Mirror};
use clerk_webhooks_sqlx::{open_postgres, open_sqlite};
use http::Request;
use sqlx::{
    AssertSqlSafe, Connection as _, Database, Encode, Executor, IntoArguments, PgConnection, Pool,
    Type,
};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

type BoxError = Box<dyn Error + Send + Sync>;

const WEBHOOKS: usize = 10_000;
const ROUNDS: usize = 10;
const IN_FLIGHT: [usize; 2] = [1, 16];

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    println!(
        "| engine | in flight | bare upserts/s | by hand/s | mirror/s | mirror / bare | mirror / by hand |"
    );
    println!("|---|---|---|---|---|---|---|");
    sqlite().await?;
    postgres().await
}

async fn sqlite() -> Result<(), BoxError> {
    // The system's temporary files may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let pool = open_sqlite(folder.path().join("mirror.db")).await?;
    let mirror = Mirror::new(pool.clone()).await?;
    let query = "select replace(sql, 'clerk_', 'bare_') from sqlite_schema
        where tbl_name in ('clerk_users', 'clerk_email_addresses') and sql is not null";
    let statements: Vec<String> = sqlx::query_scalar(query).fetch_all(&pool).await?;
    for statement in statements {
        pool.execute(AssertSqlSafe(statement)).await?;
    }
    let begin = "begin immediate";
    let [bare, by_hand] = [None, Some(begin)].map(|begin| by_hand(&pool, "$8", begin));
    compare("SQLite", [bare, by_hand, mirrored(&mirror)]).await
}

async fn postgres() -> Result<(), BoxError> {
    let Ok(url) = env::var("CLERK_WEBHOOKS_POSTGRES_URL") else {
        println!("Postgres is left out: CLERK_WEBHOOKS_POSTGRES_URL is not set");
        return Ok(());
    };
    let name = format!("clerk_mirror_bench_{:016x}", fastrand::u64(..));
    let mut admin = PgConnection::connect(&url).await?;
    admin
        .execute(AssertSqlSafe(format!("create database {name}")))
        .await?;
    let (server, _) = url.rsplit_once('/').ok_or("the URL names no database")?;
    let measured = async {
        let pool = open_postgres(&format!("{server}/{name}")).await?;
        let mirror = Mirror::new(pool.clone()).await?;
        for table in ["users", "email_addresses"] {
            let copy = format!("create table bare_{table} (like clerk.{table} including all)");
            pool.execute(AssertSqlSafe(copy)).await?;
        }
        let [bare, by_hand] = [None, Some("begin")].map(|begin| by_hand(&pool, "$8::jsonb", begin));
        let measured = compare("Postgres", [bare, by_hand, mirrored(&mirror)]).await;
        pool.close().await;
        measured
    };
    let measured = measured.await;
    admin
        .execute(AssertSqlSafe(format!("drop database {name} with (force)")))
        .await?;
    measured
}

type Contender = Arc<dyn Fn(VerifiedDelivery) -> Running + Send + Sync>;
type Running = std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

const WRITE_USER: &str = "insert into bare_users (id, external_id, first_name, last_name, primary_email_address, version_at,
        version_sent_at, object, version_message_id) values ($1, $2, $3, $4, $5, $6, $7, OBJECT, '')
    on conflict (id) do update set external_id = excluded.external_id, first_name = excluded.first_name,
        last_name = excluded.last_name, primary_email_address = excluded.primary_email_address,
        version_at = excluded.version_at, version_sent_at = excluded.version_sent_at, object = excluded.object";
const DELETE_ADDRESSES: &str = "delete from bare_email_addresses where user_id = $1";
const WRITE_ADDRESS: &str = "insert into bare_email_addresses (user_id, id, email_address, verification_status) values ($1, $2, $3, $4)";

/// A bare upsert, or with a statement that begins a transaction, the same rows as the mirror's.
fn by_hand<DB>(pool: &Pool<DB>, object: &str, begin: Option<&'static str>) -> Contender
where
    DB: Database,
    DB::Arguments: IntoArguments<DB>,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    for<'q> &'q str: Encode<'q, DB> + Type<DB>,
    for<'q> Option<&'q str>: Encode<'q, DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
{
    let write_user: Arc<str> = WRITE_USER.replace("OBJECT", object).into();
    let pool = pool.clone();
    Arc::new(move |delivery| {
        let (pool, write_user) = (pool.clone(), Arc::clone(&write_user));
        Box::pin(async move {
            let event = VerifiedClerkEvent::<ClerkEvent>::decode(delivery.clone())?;
            let (EventData::UserCreated(user) | EventData::UserUpdated(user)) = &event.data else {
                return Err("another event".into());
            };
            let raw = RawClerkEvent::from_slice(delivery.raw_body())?;
            let id = user.id.as_str();
            let email = user
                .primary_email_address()
                .map(|email| email.email_address.as_str());
            let write_user = sqlx::query(AssertSqlSafe(write_user))
                .bind(id)
                .bind(user.external_id.as_deref())
                .bind(user.first_name.as_deref())
                .bind(user.last_name.as_deref())
                .bind(email)
                .bind(user.updated_at.map_or(0, Timestamp::as_millis))
                .bind(event.timestamp.map_or(0, Timestamp::as_millis))
                .bind(raw.data.as_str());
            let Some(begin) = begin else {
                write_user.execute(&mut *pool.acquire().await?).await?;
                return Ok(());
            };
            let mut transaction = pool.begin_with(begin).await?;
            write_user.execute(&mut *transaction).await?;
            let delete = sqlx::query(DELETE_ADDRESSES).bind(id);
            delete.execute(&mut *transaction).await?;
            for address in &user.email_addresses {
                let verification = address.verification.as_ref();
                let status = verification.and_then(|verification| verification.status.as_ref());
                sqlx::query(WRITE_ADDRESS)
                    .bind(id)
                    .bind(address.id.as_deref())
                    .bind(address.email_address.as_str())
                    .bind(status.map(VerificationStatus::as_str))
                    .execute(&mut *transaction)
                    .await?;
            }
            Ok(transaction.commit().await?)
        })
    })
}

fn mirrored<DB: Engine>(mirror: &Mirror<DB>) -> Contender {
    let service = mirror.service();
    Arc::new(move |delivery| {
        let service = service.clone();
        Box::pin(async move {
            let mut request = Request::new(());
            request.extensions_mut().insert(delivery);
            let status = service.oneshot(request).await?.status();
            if status != 204 {
                return Err(format!("answered {status}").into());
            }
            Ok(())
        })
    })
}

/// The last contender is compared with the others.
async fn compare(engine: &str, contenders: [Contender; 3]) -> Result<(), BoxError> {
    for in_flight in IN_FLIGHT {
        let mut times = [const { Vec::new() }; 3];
        for round in 0..ROUNDS {
            let deliveries = deliveries(in_flight, round);
            for turn in 0..3 {
                let which = (round + turn) % 3;
                let took = run(&contenders[which], in_flight, deliveries.clone()).await?;
                times[which].push(took.as_secs_f64());
            }
        }
        let rate = |times: &Vec<f64>| WEBHOOKS as f64 / times.iter().sum::<f64>();
        let [bare, by_hand, mirror] = times.each_ref().map(rate);
        println!(
            "| {engine} | {in_flight} | {bare:.0} | {by_hand:.0} | {mirror:.0} | {:.2} | {:.2} |",
            median_ratio(&times[0], &times[2]),
            median_ratio(&times[1], &times[2]),
        );
    }
    Ok(())
}

fn median_ratio(times: &[f64], of_mirror: &[f64]) -> f64 {
    let pairs = times.iter().zip(of_mirror);
    let mut ratios: Vec<_> = pairs.map(|(time, of_mirror)| time / of_mirror).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// Half of them make a user, half of them change one.
fn deliveries(in_flight: usize, round: usize) -> Vec<VerifiedDelivery> {
    let count = WEBHOOKS / ROUNDS;
    let event = |number: usize| {
        let id = format!("user_{in_flight}_{round}_{}", number / 2);
        let at = Timestamp::from_millis(1_767_225_600_000 + i64::try_from(number).unwrap_or(0));
        let json = match number % 2 {
            0 => fixtures::user_created().id(id).at(at).to_json(),
            _ => fixtures::user_updated().id(id).at(at).to_json(),
        };
        let event: serde_json::Value = serde_json::from_str(&json).unwrap_or_default();
        Delivery::of(event)
            .event::<RawClerkEvent>()
            .delivery()
            .clone()
    };
    (0..count).map(event).collect()
}

async fn run(
    contender: &Contender,
    in_flight: usize,
    deliveries: Vec<VerifiedDelivery>,
) -> Result<Duration, BoxError> {
    let queue = Arc::new(Mutex::new(VecDeque::from(deliveries)));
    let mut senders = JoinSet::new();
    let begun = Instant::now();
    for _ in 0..in_flight {
        let (queue, contender) = (Arc::clone(&queue), Arc::clone(contender));
        senders.spawn(async move {
            loop {
                let next = queue.lock().expect("no panic while locked").pop_front();
                let Some(delivery) = next else {
                    return Ok::<_, BoxError>(());
                };
                contender(delivery).await?;
            }
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent??;
    }
    Ok(begun.elapsed())
}
