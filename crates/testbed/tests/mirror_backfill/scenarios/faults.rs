//! Faults of the API, of what stands between, and of the database.

use std::time::{Duration, Instant};

use clerk_webhooks_mirror::{
    api::{ApiErrorKind, ClerkApi},
    backfill::BackfillError,
};
use clerk_webhooks_testbed::clerk_api::{Canned, FakeClerk, Faults};
use sqlx::Pool;

use crate::{
    database::{Database, mirror},
    world::{World, rows},
};

const JSON: &str = "application/json";
const ERROR: &str =
    r#"{"errors":[{"message":"quotes sk_live_thekeyofthefake","code":"clerk_key_invalid"}]}"#;

/// Status, content type, body, and what it is.
const WRONG_ANSWERS: [(u16, &str, &str, ApiErrorKind); 12] = [
    (
        200,
        "text/html",
        Canned::LOGIN_PAGE.body,
        ApiErrorKind::NotClerk,
    ),
    (
        302,
        "text/html",
        Canned::LOGIN_PAGE.body,
        ApiErrorKind::NotClerk,
    ),
    (
        401,
        "text/html",
        Canned::LOGIN_PAGE.body,
        ApiErrorKind::NotClerk,
    ),
    (
        404,
        "text/html",
        Canned::LOGIN_PAGE.body,
        ApiErrorKind::NotClerk,
    ),
    (200, JSON, "", ApiErrorKind::NotClerk),
    (401, JSON, ERROR, ApiErrorKind::Unauthorized),
    (403, JSON, ERROR, ApiErrorKind::Unauthorized),
    (422, JSON, ERROR, ApiErrorKind::Refused),
    (404, JSON, ERROR, ApiErrorKind::Refused),
    (
        200,
        JSON,
        r#"{"unexpected": true}"#,
        ApiErrorKind::UnexpectedJson,
    ),
    (429, JSON, ERROR, ApiErrorKind::RateLimited),
    (
        503,
        "text/html",
        Canned::LOGIN_PAGE.body,
        ApiErrorKind::Unavailable,
    ),
];

pub(crate) async fn a_wrong_answer_is_a_clear_error_and_writes_nothing<DB: Database>(
    pool: Pool<DB>,
) {
    let mut world = World::new().await;
    world.populate(50);
    let mirror = mirror(&pool).await;
    let api = world.api().with_max_retries(1);
    for (status, content_type, body, kind) in WRONG_ANSWERS {
        world.clerk.answer(Some(Canned {
            status,
            content_type,
            body,
        }));
        is_error(mirror.backfill(&api).await, kind);
        is_error(mirror.reconcile(&api).fix().await, kind);
    }
    world.clerk.answer(None);
    let other_key = ClerkApi::new("sk_live_another")
        .unwrap()
        .with_url(&world.clerk.url())
        .unwrap();
    let error = is_error(
        mirror.backfill(&other_key).await,
        ApiErrorKind::Unauthorized,
    );
    assert_eq!(
        error,
        "GET /v1/users/count: 401 Unauthorized (clerk_key_invalid): Clerk does not accept the secret key; set \
         CLERK_SECRET_KEY to a key of this instance that has not been revoked, from the API keys in Clerk's dashboard"
    );
    let nowhere = world
        .api()
        .with_url("http://127.0.0.1:1")
        .unwrap()
        .with_max_retries(0);
    is_error(mirror.backfill(&nowhere).await, ApiErrorKind::Unavailable);
    assert!(rows::<DB>(&pool, "users", "id", "id").await.is_empty());
    mirror.backfill(&api).await.unwrap();
    world.assert_equal(&pool).await;
}

/// The text of the error, which holds neither key nor body.
#[track_caller]
fn is_error<T: std::fmt::Debug>(ended: Result<T, BackfillError>, kind: ApiErrorKind) -> String {
    let error = match ended {
        Err(BackfillError::Api(error)) => error,
        other => panic!("{other:?}, not {kind:?}"),
    };
    let printed = format!("{error} {error:?}");
    assert_eq!(error.kind(), kind, "{printed}");
    for secret in [
        FakeClerk::SECRET_KEY,
        "sk_live_another",
        "Sign in",
        "quotes",
    ] {
        assert!(!printed.contains(secret), "{printed}");
    }
    error.to_string()
}

pub(crate) async fn a_server_that_recovers_is_waited_for<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.populate(50);
    world
        .clerk
        .answer(Some(Canned::LOGIN_PAGE.with_status(502)));
    let (mirror, api) = (mirror(&pool).await, world.api());
    let recovery = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        world.clerk.answer(None);
    };
    let (ended, ()) = tokio::join!(mirror.backfill(&api).into_future(), recovery);
    ended.unwrap();
    world.assert_equal(&pool).await;
    assert!(
        world
            .clerk
            .seen()
            .iter()
            .filter(|seen| seen.status == 502)
            .count()
            > 1
    );
}

pub(crate) async fn a_database_that_fails_is_a_clear_error<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.populate(300);
    let (mirror, api) = (mirror(&pool).await, world.api());
    // The new name comes without a schema.
    let rename = |from: &str, to: &str| {
        let prefix = DB::PREFIX;
        format!(
            "alter table {prefix}{from} rename to {}{to}",
            prefix.trim_start_matches("clerk.")
        )
    };
    DB::run(&pool, rename("email_addresses", "gone")).await;
    let error = match mirror.backfill(&api).await {
        Err(BackfillError::Database(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(
        error.contains("a table or a function is missing"),
        "{error}"
    );
    // The page that failed was rolled back as a whole.
    assert!(rows::<DB>(&pool, "users", "id", "id").await.is_empty());
    DB::run(&pool, rename("gone", "email_addresses")).await;
    mirror.backfill(&api).await.unwrap();
    world.assert_equal(&pool).await;
}

pub(crate) async fn it_keeps_its_pace_and_waits_as_long_as_told<DB: Database>(pool: Pool<DB>) {
    let mut world = World::new().await;
    world.populate(400);
    let mirror = mirror(&pool).await;
    let api = world.api().with_requests_per_second(100.0);
    let start = Instant::now();
    mirror.backfill(&api).await.unwrap();
    let requests = world.clerk.seen().len();
    let least = Duration::from_millis(10) * u32::try_from(requests - 1).unwrap();
    assert!(
        start.elapsed() >= least,
        "{requests} requests in {:?}",
        start.elapsed()
    );

    world.clerk.fail(Faults {
        rate_limited: 0.1,
        retry_after: 1,
        ..Faults::default()
    });
    mirror.backfill(&world.api()).await.unwrap();
    let seen = world.clerk.seen().split_off(requests);
    assert!(
        seen.iter().any(|seen| seen.status == 429),
        "no 429 among {}",
        seen.len()
    );
    let early = seen.iter().filter(|seen| seen.too_early).count();
    assert_eq!(early, 0, "requests during the pause that a 429 asked for");
}
