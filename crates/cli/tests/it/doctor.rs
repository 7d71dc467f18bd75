//! `doctor`, against endpoints that are wired in right and wrong ways.

use std::{
    collections::{BTreeSet, HashSet},
    net::TcpListener,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn},
    response::{Html, IntoResponse as _, Redirect, Response},
    routing::{any, get, post},
};
use clerk_webhooks::{
    ClerkWebhookLayer, Rejection, VerifiedClerkEvent, Verifier, WebhookError,
    idempotency::{IdempotencyLayer, MemoryStore},
    testing::FixedClock,
};
use clerk_webhooks_cli::doctor::Fault;
use serde_json::Value;

use crate::{
    common::{OTHER_SECRET, SECRET, secret},
    program::{program, run, stderr, stdout},
    receiver::serve,
};

/// A wiring, the path of its endpoint, and the faults that are named.
type Wiring = (
    &'static str,
    fn() -> Router,
    &'static str,
    &'static [&'static str],
);

const RIGHT: &[Wiring] = &[
    ("the layer on the method route", one_route, "/hook", &[]),
    (
        "once for each message, nested",
        once_and_nested,
        "/api/hook",
        &[],
    ),
    ("by hand, headers first", by_hand, "/hook", &[]),
];

/// They work, and are safe.
const ADVISED: &[Wiring] = &[
    (
        "the body is read first",
        body_first,
        "/hook",
        &["body_read_first"],
    ),
    (
        "the layer around the methods",
        around_methods,
        "/hook",
        &["layer_around_methods"],
    ),
    (
        "the layer around the router",
        around_router,
        "/hook",
        &["layer_around_router"],
    ),
];

const WRONG: &[Wiring] = &[
    (
        "no verification",
        no_verification,
        "/hook",
        &["accepts_forged"],
    ),
    (
        "verified only if signed",
        verified_if_signed,
        "/hook",
        &["accepts_unsigned"],
    ),
    (
        "a tolerance of a day",
        tolerant,
        "/hook",
        &["accepts_stale"],
    ),
    (
        "another endpoint's secret",
        other_secret,
        "/hook",
        &["other_secret"],
    ),
    (
        "the body is parsed and printed in front",
        printed_in_front,
        "/hook",
        &["body_reserialised", "body_read_first"],
    ),
    (
        "the body is read in front",
        read_in_front,
        "/hook",
        &["body_lost", "body_read_first"],
    ),
    (
        "the headers are lost in front",
        headers_lost,
        "/hook",
        &["headers_lost"],
    ),
    ("a slash at the end", redirecting, "/hook", &["redirect"]),
    (
        "a session in front",
        session_in_front,
        "/hook",
        &["auth_in_front"],
    ),
    (
        "a page for every path",
        page_for_all,
        "/hook",
        &["answers_everything"],
    ),
    ("a firewall's page", firewall, "/hook", &["html_in_front"]),
    ("a handler that takes long", slow, "/hook", &["too_slow"]),
    ("no answer at all", stuck, "/hook", &["too_slow"]),
    ("no layer", no_layer, "/hook", &["missing_setup"]),
    ("another path", one_route, "/hooks", &["wrong_path"]),
    ("a route for GET", get_only, "/hook", &["wrong_method"]),
    (
        "nothing behind the proxy",
        nothing_behind,
        "/hook",
        &["bad_gateway"],
    ),
    (
        "it fails before it verifies",
        failing_first,
        "/hook",
        &["server_error"],
    ),
    (
        "no limit of the body",
        no_limit,
        "/hook",
        &["no_body_limit"],
    ),
    (
        "refusals are server errors",
        refusing_with_500,
        "/hook",
        &["refuses_with_5xx"],
    ),
    (
        "duplicates are refused",
        refusing_duplicates,
        "/hook",
        &["refuses_duplicate"],
    ),
    (
        "a clock that is wrong",
        wrong_clock,
        "/hook",
        &["clock_wrong"],
    ),
    ("a handler that fails", failing, "/hook", &["handler_fails"]),
    (
        "a handler that refuses",
        refusing,
        "/hook",
        &["refuses_genuine"],
    ),
];

async fn on_event(_: VerifiedClerkEvent) -> StatusCode {
    StatusCode::NO_CONTENT
}

fn layer() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(secret())
}

fn verified(layer: ClerkWebhookLayer) -> Router {
    Router::new().route("/hook", post(on_event).route_layer(layer))
}

fn one_route() -> Router {
    verified(layer())
}

fn once_and_nested() -> Router {
    let once = IdempotencyLayer::new(MemoryStore::new(), "hook");
    let endpoint = post(on_event).route_layer(once).route_layer(layer());
    Router::new()
        .route("/", get(|| async { Html("<h1>home</h1>") }))
        .nest("/api", Router::new().route("/hook", endpoint))
}

fn refused(error: clerk_webhooks::verify::VerifyError) -> Response {
    Rejection::from(error).to_response::<Body>()
}

async fn verify_by_hand(request: Request) -> Response {
    let verifier = Verifier::new(secret());
    let (head, body) = request.into_parts();
    let pending = match verifier.check_headers(&head.headers) {
        Ok(pending) => pending,
        Err(error) => return refused(error),
    };
    match to_bytes(body, 2 * 1024 * 1024).await {
        Ok(body) => pending
            .finish(body)
            .map_or_else(refused, |_| StatusCode::OK.into_response()),
        Err(_) => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
    }
}

fn by_hand() -> Router {
    Router::new().route("/hook", post(verify_by_hand))
}

fn body_first() -> Router {
    let on_request = |headers: HeaderMap, body: Bytes| async move {
        let verified = Verifier::new(secret()).verify(&headers, body);
        verified.map_or_else(refused, |_| StatusCode::OK.into_response())
    };
    Router::new().route("/hook", post(on_request))
}

fn around_methods() -> Router {
    Router::new().route("/hook", post(on_event).layer(layer()))
}

fn around_router() -> Router {
    Router::new().route("/hook", post(on_event)).layer(layer())
}

fn no_verification() -> Router {
    Router::new().route("/hook", post(|_: Bytes| async { "thanks" }))
}

/// Fails open.
fn verified_if_signed() -> Router {
    let on_request = |request: Request| async move {
        match request.headers().contains_key("svix-signature") {
            true => verify_by_hand(request).await,
            false => StatusCode::OK.into_response(),
        }
    };
    Router::new().route("/hook", post(on_request))
}

fn tolerant() -> Router {
    let day = Duration::from_secs(24 * 3_600);
    verified(ClerkWebhookLayer::new(
        Verifier::new(secret()).with_tolerance(day),
    ))
}

fn other_secret() -> Router {
    verified(ClerkWebhookLayer::new(
        OTHER_SECRET
            .parse::<clerk_webhooks::SigningSecret>()
            .unwrap(),
    ))
}

async fn print_body(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let printed = serde_json::from_slice(&body).map(|value: Value| value.to_string());
    let body = printed.map_or(Body::from(body), Body::from);
    next.run(Request::from_parts(head, body)).await
}

fn printed_in_front() -> Router {
    one_route().layer(from_fn(print_body))
}

fn read_in_front() -> Router {
    let read = |request: Request, next: Next| async move {
        let (head, body) = request.into_parts();
        to_bytes(body, usize::MAX).await.unwrap();
        next.run(Request::from_parts(head, Body::empty())).await
    };
    one_route().layer(from_fn(read))
}

fn headers_lost() -> Router {
    let lose = |mut request: Request, next: Next| async move {
        request.headers_mut().remove("svix-signature");
        next.run(request).await
    };
    one_route().layer(from_fn(lose))
}

fn redirecting() -> Router {
    Router::new()
        .route("/hook/", post(on_event).route_layer(layer()))
        .route("/hook", any(|| async { Redirect::permanent("/hook/") }))
}

async fn require_session(_: Request, _: Next) -> Response {
    (
        StatusCode::UNAUTHORIZED,
        [(header::WWW_AUTHENTICATE, "Bearer")],
    )
        .into_response()
}

fn session_in_front() -> Router {
    one_route().layer(from_fn(require_session))
}

fn page_for_all() -> Router {
    Router::new().fallback(|| async { Html("<!doctype html><title>app</title>") })
}

fn firewall() -> Router {
    let page = || async { (StatusCode::FORBIDDEN, Html("<h1>Request blocked</h1>")) };
    Router::new()
        .route("/", get(|| async { "home" }))
        .route("/hook", post(page))
}

fn slow() -> Router {
    let on_event =
        |_: VerifiedClerkEvent| async { tokio::time::sleep(Duration::from_secs(60)).await };
    Router::new().route("/hook", post(on_event).route_layer(layer()))
}

fn stuck() -> Router {
    Router::new().fallback(|| async { tokio::time::sleep(Duration::from_secs(60)).await })
}

fn no_layer() -> Router {
    Router::new().route("/hook", post(on_event))
}

fn get_only() -> Router {
    Router::new().route("/hook", get(|| async { "a page" }))
}

fn nothing_behind() -> Router {
    Router::new().fallback(|| async { (StatusCode::BAD_GATEWAY, Html("<h1>502</h1>")) })
}

fn failing_first() -> Router {
    Router::new().route(
        "/hook",
        post(|| async { StatusCode::INTERNAL_SERVER_ERROR }),
    )
}

fn no_limit() -> Router {
    verified(layer().with_max_body_bytes(64 * 1024 * 1024))
}

fn refusing_with_500() -> Router {
    verified(layer().with_rejection_response(|_| {
        let mut response = axum::http::Response::new(Bytes::from("error"));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    }))
}

fn refusing_duplicates() -> Router {
    let seen = Arc::new(Mutex::new(HashSet::new()));
    let on_event = move |event: VerifiedClerkEvent| async move {
        match seen.lock().unwrap().insert(event.message_id().to_owned()) {
            true => StatusCode::OK,
            false => StatusCode::CONFLICT,
        }
    };
    Router::new().route("/hook", post(on_event).route_layer(layer()))
}

fn wrong_clock() -> Router {
    let clock = FixedClock::at(SystemTime::now() - Duration::from_secs(7_200));
    verified(ClerkWebhookLayer::new(
        Verifier::new(secret()).with_clock(clock),
    ))
}

fn failing() -> Router {
    let on_event =
        |_: VerifiedClerkEvent| async { Err::<(), _>(WebhookError::retry("no database")) };
    Router::new().route("/hook", post(on_event).route_layer(layer()))
}

fn refusing() -> Router {
    let on_event =
        |_: VerifiedClerkEvent| async { Err::<(), _>(WebhookError::permanent("what is this?")) };
    Router::new().route("/hook", post(on_event).route_layer(layer()))
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// The codes that are named, and the exit code.
#[track_caller]
fn examine((name, app, path, expected): &Wiring, code: i32) {
    let url = format!("http://{}{path}", serve(app()));
    let output = run(&["--json", "doctor", "--time-limit", "1", "--url", &url]);
    let lines = json_lines(&stdout(&output));
    let findings = lines.iter().filter(|line| line["type"] == "finding");
    let codes: Vec<_> = findings
        .map(|line| line["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, *expected, "{name}: {}", stdout(&output));
    assert_eq!(
        output.status.code(),
        Some(code),
        "{name}: {}",
        stderr(&output)
    );
}

#[test]
fn right_wirings_have_no_fault() {
    for wiring in RIGHT {
        examine(wiring, 0);
    }
}

#[test]
fn what_could_be_better_is_advice() {
    for wiring in ADVISED {
        examine(wiring, 0);
    }
}

#[test]
fn each_wrong_wiring_has_its_fault_and_no_other() {
    for wiring in WRONG {
        examine(wiring, 1);
    }
}

#[test]
fn every_fault_has_a_wiring() {
    let wirings = ADVISED.iter().chain(WRONG);
    let tested: BTreeSet<_> = wirings
        .flat_map(|(_, _, _, codes)| *codes)
        .copied()
        .collect();
    let faults: BTreeSet<_> = Fault::ALL.iter().map(|fault| fault.code()).collect();
    assert_eq!(tested, faults);
}

/// Without the secret, only what it wrongly accepts can be found.
#[test]
fn without_the_secret_what_is_wrongly_accepted_is_found() {
    for (app, expected) in [
        (one_route as fn() -> Router, None),
        (other_secret, None),
        (no_verification, Some("accepts_forged")),
    ] {
        let url = format!("http://{}/hook", serve(app()));
        let output = program()
            .args(["--json", "doctor", "--without-secret", "--url", &url])
            .output()
            .unwrap();
        let lines = json_lines(&stdout(&output));
        let probes = lines.iter().filter(|line| line["type"] == "probe");
        assert_eq!(
            probes
                .filter(|line| line["must_be_accepted"] == true)
                .count(),
            0
        );
        let code = lines.last().unwrap()["code"].as_str();
        assert_eq!(code, expected, "{}", stdout(&output));
    }
}

/// A handler that knows only Clerk's own types.
#[test]
fn the_genuine_delivery_can_be_one_that_the_handler_knows() {
    let on_event = |event: VerifiedClerkEvent| async move {
        match event.event_type().as_str() {
            "user.deleted" => StatusCode::OK,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    };
    let app = Router::new().route("/hook", post(on_event).route_layer(layer()));
    let url = format!("http://{}/hook", serve(app));
    let output = run(&["doctor", "--url", &url]);
    assert!(
        stdout(&output).contains("refuses_genuine"),
        "{}",
        stdout(&output)
    );
    let output = run(&["doctor", "--event", "user.deleted", "--url", &url]);
    assert!(
        stdout(&output).ends_with("\nnothing is wrong\n"),
        "{}",
        stdout(&output)
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn an_answer_shows_no_secret_and_no_control_characters() {
    let page = || async { (StatusCode::BAD_REQUEST, "\x1b[31mno\n") };
    let url = format!(
        "http://{}/hook",
        serve(Router::new().route("/hook", post(page)))
    );
    let output = run(&["doctor", "--url", &url]);
    let text = stdout(&output);
    assert!(text.contains("evidence: 400 \\u{1b}[31mno"), "{text}");
    assert!(!text.contains(&SECRET["whsec_".len()..]), "{text}");
}

#[test]
fn what_keeps_from_connecting_is_told_apart() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let plain = serve(one_route());
    for (url, message) in [
        (
            format!("http://{closed}/hook"),
            "error: connection refused: nothing listens there. ",
        ),
        (format!("https://{plain}/hook"), "error: TLS fails: "),
        (
            "http://no-such-host.invalid/hook".to_owned(),
            "error: no answer: ",
        ),
    ] {
        let output = run(&["doctor", "--url", &url]);
        assert_eq!(output.status.code(), Some(4), "{url}");
        assert!(
            stderr(&output).starts_with(message),
            "{url}: {}",
            stderr(&output)
        );
    }
}
