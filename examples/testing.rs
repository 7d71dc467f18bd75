//! Run with `cargo run --example testing`: a handler, and three ways to test it.
//!
//! Nothing here needs a network or a secret of yours. In your own service the three functions below
//! `main` are `#[tokio::test]`s, and `testing` is a feature of the dev-dependency alone.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{Request, StatusCode},
    routing::post,
};
use clerk_webhooks::{
    ClerkWebhookLayer, EventData, Rejection, SigningSecret, VerifiedClerkEvent, Verifier,
    WebhookError,
    event::Timestamp,
    testing::{self, SignedRequest, fixtures},
};
use tower::ServiceExt as _;

type BoxError = Box<dyn Error + Send + Sync>;

/// The service's state: users by their id.
#[derive(Clone, Default)]
struct Users(Arc<Mutex<BTreeMap<String, User>>>);

enum User {
    Live {
        changed_at: Option<Timestamp>,
        email: String,
    },
    /// Kept, so that a late event does not bring the user back.
    Deleted,
}

impl Users {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, User>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn email_of(&self, id: &str) -> Option<String> {
        match self.lock().get(id)? {
            User::Live { email, .. } => Some(email.clone()),
            User::Deleted => None,
        }
    }

    /// Deliveries arrive in any order: an older one changes nothing.
    fn store(&self, id: &str, changed_at: Option<Timestamp>, email: String) {
        let mut users = self.lock();
        let is_newer = match users.get(id) {
            None => true,
            Some(User::Live {
                changed_at: known, ..
            }) => *known <= changed_at,
            Some(User::Deleted) => false,
        };
        if is_newer {
            users.insert(id.to_owned(), User::Live { changed_at, email });
        }
    }

    fn delete(&self, id: &str) {
        self.lock().insert(id.to_owned(), User::Deleted);
    }
}

/// What is tested.
async fn on_event(
    State(users): State<Users>,
    event: VerifiedClerkEvent,
) -> Result<StatusCode, WebhookError> {
    match &event.data {
        EventData::UserCreated(user) | EventData::UserUpdated(user) => {
            let Some(email) = user.primary_email_address() else {
                return Err(WebhookError::permanent("a user without an e-mail address"));
            };
            users.store(&user.id, event.occurred_at(), email.email_address.clone());
        }
        EventData::UserDeleted(user) => users.delete(&user.id),
        _ => {}
    }
    Ok(StatusCode::NO_CONTENT)
}

fn app(verifier: Verifier, users: Users) -> Router {
    let clerk = ClerkWebhookLayer::new(verifier);
    Router::new()
        .route("/webhooks/clerk", post(on_event).route_layer(clerk))
        .with_state(users)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    the_handler_alone().await?;
    through_the_router().await?;
    what_must_be_refused().await
}

/// The shortest: no HTTP, no secret. `deliver` signs, verifies and decodes.
async fn the_handler_alone() -> Result<(), BoxError> {
    let users = Users::default();
    let created = fixtures::user_created()
        .id("user_1")
        .email("ada@example.com");
    let status = on_event(State(users.clone()), testing::deliver(created))
        .await
        .map_err(WebhookError::into_boxed)?;
    let email = users.email_of("user_1");
    report("handler", "a new user is stored", status);
    check(email.as_deref() == Some("ada@example.com"))?;

    let deleted = fixtures::user_deleted().id("user_1");
    let status = on_event(State(users.clone()), testing::deliver(deleted))
        .await
        .map_err(WebhookError::into_boxed)?;
    report("handler", "a deleted user is gone", status);
    check(users.email_of("user_1").is_none())?;

    let no_address = fixtures::user_updated().with(|user| user.primary_email_address_id = None);
    let answer = on_event(State(users), testing::deliver(no_address)).await;
    let error = answer.err().ok_or("it was stored")?;
    report(
        "handler",
        "a user without an address is refused",
        error.status(),
    );
    Ok(())
}

/// The whole service, with its own secret: routing, verification, decoding, handler.
async fn through_the_router() -> Result<(), BoxError> {
    let secret = SigningSecret::parse("whsec_dGhlIHNlY3JldCBvZiB0aGVzZSB0ZXN0cw==")?;
    let users = Users::default();
    let app = app(Verifier::new(secret.clone()), users.clone());

    let created = fixtures::user_created()
        .id("user_1")
        .email("ada@example.com");
    let request: Request<Body> =
        SignedRequest::new(&secret, created).into_request("/webhooks/clerk".parse()?);
    let response = app.oneshot(request).await?;
    let email = users.email_of("user_1");
    report("router", "a signed delivery arrives", response.status());
    check(email.as_deref() == Some("ada@example.com"))
}

/// Forged, altered and replayed deliveries never reach the handler.
async fn what_must_be_refused() -> Result<(), BoxError> {
    let secret = SigningSecret::parse("whsec_dGhlIHNlY3JldCBvZiB0aGVzZSB0ZXN0cw==")?;
    let another = SigningSecret::parse("whsec_dGhlIHNlY3JldCBvZiBzb21lYm9keSBlbHNl")?;
    let genuine = SignedRequest::new(&secret, fixtures::user_created());
    let forged = SignedRequest::new(&another, fixtures::user_created());
    let altered = genuine
        .clone()
        .with_altered_body(fixtures::user_created().email("eve@example.com"));
    let stale = genuine.with_age(Duration::from_secs(3600));

    for (what, request) in [
        ("forged", forged),
        ("altered", altered),
        ("an hour old", stale),
    ] {
        let users = Users::default();
        let app = app(Verifier::new(secret.clone()), users.clone());
        let request: Request<Body> = request.into_request("/webhooks/clerk".parse()?);
        let response = app.oneshot(request).await?;
        let rejection = response.extensions().get::<Rejection>();
        let code = rejection.ok_or("it was not refused")?.kind().code();
        report("refused", what, format!("{} {code}", response.status()));
        check(users.lock().is_empty())?;
    }
    Ok(())
}

fn report(how: &str, what: &str, answer: impl Display) {
    println!("{how:<8} {what:<40} {answer}");
}

/// `assert!`, for a program that is no test.
fn check(holds: bool) -> Result<(), BoxError> {
    let failed = || "the users are not what they should be".into();
    holds.then_some(()).ok_or_else(failed)
}
