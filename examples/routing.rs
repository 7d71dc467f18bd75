//! Run with `cargo run --example routing`: nine ways to wire the layer in axum, each shown at work over HTTP.
//!
//! It sends itself deliveries, then serves until Ctrl-C; with `-- --once` it ends after the deliveries.
//! `PORT` (default 3000) is the port to listen on. `CLERK_WEBHOOK_SIGNING_SECRET` holds the main endpoint's secret;
//! without it the program makes one for this run. The other secrets are always made for this run.

mod support;

use std::{error::Error, net::SocketAddr, process::ExitCode, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use clerk_webhooks::{
    ClerkWebhookLayer, Rejection, SigningSecret, VerifiedClerkEvent, Verifier, WebhookError,
    testing::SignedRequest,
};
use support::{Answer, demonstration};
use tokio::sync::oneshot;
use tower::{ServiceBuilder, limit::GlobalConcurrencyLimitLayer};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    timeout::{RequestBodyDeadlineLayer, TimeoutLayer},
    trace::TraceLayer,
};

/// The signing secrets of this program's endpoints. A real one reads each from the environment, with
/// `ClerkWebhookLayer::from_env()` or, for several, `from_env_var("ACME_CLERK_SECRET")`.
struct Secrets {
    main: SigningSecret,
    old: SigningSecret,
    acme: SigningSecret,
    globex: SigningSecret,
}

impl Secrets {
    fn new() -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            main: support::throw_away_secret()?.with_label("main"),
            old: support::throw_away_secret()?.with_label("old"),
            acme: support::throw_away_secret()?.with_label("acme"),
            globex: support::throw_away_secret()?.with_label("globex"),
        })
    }
}

fn layer(secret: &SigningSecret) -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(secret.clone())
}

/// 1. One route. `route_layer` on the method route: a GET is still answered 405, an unknown path 404.
fn one_route(clerk: ClerkWebhookLayer) -> Router {
    Router::new().route("/webhooks/clerk", post(on_event).route_layer(clerk))
}

/// 2. Under a prefix: wire the route as in 1, then nest its router.
fn nested(secrets: &Secrets) -> Router {
    Router::new().nest("/api", one_route(layer(&secrets.main)))
}

/// 3. Two Clerk instances: two routes, each with the secret of its own endpoint.
fn two_instances(secrets: &Secrets) -> Router {
    let (acme, globex) = (layer(&secrets.acme), layer(&secrets.globex));
    Router::new()
        .route("/webhooks/acme", post(on_event).route_layer(acme))
        .route("/webhooks/globex", post(on_event).route_layer(globex))
}

/// 4. Beside routes that need a session. Clerk's sender has none, so the webhook's route is public. The
///    session layer goes on a router with the protected routes only, and both routers are merged.
fn beside_protected_routes(secrets: &Secrets) -> Router {
    let protected = Router::new()
        .route("/account", get(|| async { "your account" }))
        .route_layer(from_fn(require_session));
    let clerk = layer(&secrets.main);
    let public = Router::new().route("/public/clerk", post(on_event).route_layer(clerk));
    protected.merge(public)
}

async fn require_session(request: Request, next: Next) -> Response {
    let authorization = request.headers().get(header::AUTHORIZATION);
    match authorization.is_some_and(|value| value == "Bearer session") {
        true => next.run(request).await,
        false => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// 5. The production stack, from the outside in: in a `ServiceBuilder` the first layer is the outermost.
///    `docs/production.md` says what each is for.
fn production_stack(secrets: &Secrets) -> Router {
    let stack = ServiceBuilder::new()
        .layer(TraceLayer::new_for_http()) // sees refusals too
        .layer(CompressionLayer::new()) // compresses every answer, refusals too
        .layer(GlobalConcurrencyLimitLayer::new(64)) // times the body limit: the memory for bodies
        .layer(RequestBodyDeadlineLayer::new(Duration::from_secs(3))) // slow senders get a 400
        .layer(layer(&secrets.main).with_max_body_bytes(256 * 1024))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            Duration::from_secs(10), // slow handlers: the sender waits 15 s
        ))
        .layer(CatchPanicLayer::new()); // a panic is answered 500
    Router::new().route("/production/clerk", post(on_event).route_layer(stack))
}

/// 6. Refusals with a body of your own.
fn restyled(secrets: &Secrets) -> Router {
    let clerk = layer(&secrets.main).with_rejection_response(as_problem_json);
    Router::new().route("/restyled/clerk", post(on_event).route_layer(clerk))
}

fn as_problem_json(rejection: &Rejection) -> Response<Bytes> {
    let mut response = rejection
        .to_response::<Bytes>()
        .map(|_| Bytes::from_static(br#"{"title":"not a webhook"}"#));
    let json = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// 7. Two secrets during a rotation. Either may match; the label says which one did.
fn rotation(secrets: &Secrets) -> Router {
    let verifier = Verifier::new(secrets.main.clone()).with_secret(secrets.old.clone());
    let clerk = ClerkWebhookLayer::new(verifier);
    let on_event = |event: VerifiedClerkEvent| async move {
        format!("signed with {}", event.delivery().secret_label())
    };
    Router::new().route("/rotation/clerk", post(on_event).route_layer(clerk))
}

/// 8. Handlers that fail: the sender retries, or it stops.
fn failing(secrets: &Secrets) -> Router {
    let clerk = layer(&secrets.main);
    Router::new().route("/failing/clerk", post(fail).route_layer(clerk))
}

async fn fail(event: VerifiedClerkEvent) -> Result<StatusCode, WebhookError> {
    match event.object_id() {
        Some("user_busy") => Err(WebhookError::retry("the mail server is busy")),
        Some("user_bad") => Err(WebhookError::permanent("no such plan")),
        Some(id) => {
            let _number: u32 = id.trim_start_matches("user_").parse()?; // any error: the sender retries
            Ok(StatusCode::NO_CONTENT)
        }
        None => Ok(StatusCode::NO_CONTENT),
    }
}

/// 9. Without the layer the extractor answers 500, and the log says where to put it.
fn forgotten() -> Router {
    Router::new().route("/forgotten/clerk", post(on_event))
}

async fn on_event(event: VerifiedClerkEvent) -> String {
    format!("handled {}", event.event_type())
}

#[tokio::main]
async fn main() -> ExitCode {
    support::report("routing", run(support::once()).await)
}

async fn run(once: bool) -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(std::io::stderr)
        .init();
    let secrets = Secrets::new()?;
    let verifier = demonstration::verifier(secrets.main.clone())?;
    let app = one_route(ClerkWebhookLayer::new(verifier))
        .merge(nested(&secrets))
        .merge(two_instances(&secrets))
        .merge(beside_protected_routes(&secrets))
        .merge(production_stack(&secrets))
        .merge(restyled(&secrets))
        .merge(rotation(&secrets))
        .merge(failing(&secrets))
        .merge(forgotten());
    let listener = support::listen(once).await?;
    let address = listener.local_addr()?;
    println!("listening on http://{address}");

    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(listener, app).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(server.into_future());
    demonstrate(&Demonstration { address, secrets }).await?;
    if !once {
        println!("\nCtrl-C ends.");
        tokio::signal::ctrl_c().await?;
    }
    let _ = stop.send(());
    Ok(server.await??)
}

struct Demonstration {
    address: SocketAddr,
    secrets: Secrets,
}

impl Demonstration {
    async fn deliver(&self, what: &str, path: &str, secret: &SigningSecret) -> Shown {
        self.deliver_user(what, path, secret, "user_1").await
    }

    async fn deliver_user(
        &self,
        what: &str,
        path: &str,
        secret: &SigningSecret,
        user: &str,
    ) -> Shown {
        let body = format!(r#"{{"type":"user.created","data":{{"id":"{user}"}}}}"#);
        let delivery = SignedRequest::new(secret, body).with_message_id("msg_1");
        let answer = support::deliver(self.address, path, &delivery).await?;
        print(what, path, &answer);
        Ok(())
    }

    async fn request(&self, what: &str, method: &str, path: &str, headers: &str) -> Shown {
        let answer = support::request(self.address, method, path, headers, "").await?;
        print(what, path, &answer);
        Ok(())
    }
}

type Shown = Result<(), Box<dyn Error>>;

fn print(what: &str, path: &str, answer: &Answer) {
    let Answer { status, body, .. } = answer;
    let abort = answer.header("webhook-delivery").unwrap_or_default();
    println!("  {what:<26} {path:<22} {status} {body} {abort}");
}

async fn demonstrate(show: &Demonstration) -> Shown {
    let Secrets {
        main,
        old,
        acme,
        globex,
    } = &show.secrets;
    println!("\n1. one route");
    show.deliver("a delivery", "/webhooks/clerk", main).await?;
    show.deliver("with another secret", "/webhooks/clerk", acme)
        .await?;
    show.request("a GET", "GET", "/webhooks/clerk", "").await?;
    show.request("another path", "POST", "/webhooks/other", "")
        .await?;

    println!("\n2. nested");
    show.deliver("a delivery", "/api/webhooks/clerk", main)
        .await?;

    println!("\n3. two instances");
    show.deliver("acme's", "/webhooks/acme", acme).await?;
    show.deliver("globex's", "/webhooks/globex", globex).await?;
    show.deliver("acme's to globex", "/webhooks/globex", acme)
        .await?;

    println!("\n4. beside protected routes");
    show.request("without a session", "GET", "/account", "")
        .await?;
    let session = "authorization: Bearer session\r\n";
    show.request("with a session", "GET", "/account", session)
        .await?;
    show.deliver("a delivery, no session", "/public/clerk", main)
        .await?;

    println!("\n5. the production stack");
    show.deliver("a delivery", "/production/clerk", main)
        .await?;
    show.deliver("forged", "/production/clerk", acme).await?;

    println!("\n6. restyled refusals");
    show.deliver("forged", "/restyled/clerk", acme).await?;

    println!("\n7. a rotation");
    show.deliver("from the new endpoint", "/rotation/clerk", main)
        .await?;
    show.deliver("from the old endpoint", "/rotation/clerk", old)
        .await?;

    println!("\n8. failing handlers");
    show.deliver_user("WebhookError::retry", "/failing/clerk", main, "user_busy")
        .await?;
    show.deliver_user(
        "WebhookError::permanent",
        "/failing/clerk",
        main,
        "user_bad",
    )
    .await?;
    show.deliver_user("`?` on an error", "/failing/clerk", main, "user_nan")
        .await?;
    show.deliver_user("no failure", "/failing/clerk", main, "user_7")
        .await?;

    println!("\n9. without the layer");
    show.deliver("a delivery", "/forgotten/clerk", main).await
}
