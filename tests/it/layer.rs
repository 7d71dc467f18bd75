//! The layer in process, around a plain tower service, with bodies that behave in every way.

use std::{
    collections::VecDeque,
    convert::Infallible,
    error::Error,
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use clerk_webhooks::{
    ClerkWebhookLayer, Rejection, RejectionKind, VerifiedBody, VerifiedDelivery, Verifier,
    layer::ResponseBody, testing::SignedRequest, verify::VerifyErrorKind,
};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Full, LengthLimitError};
use tower::{BoxError, Layer as _, ServiceExt as _, service_fn};

use crate::common::{Logs, other_secret, secret};

const LIMIT: usize = 1024;

/// A body made of prepared frames, which counts how often it is polled.
struct Frames {
    frames: VecDeque<Result<Bytes, BoxError>>,
    declared: u64,
    polls: Arc<AtomicUsize>,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    End,
    Stall,
    EmptyFramesForEver,
}

impl Frames {
    fn new(frames: impl IntoIterator<Item = &'static [u8]>) -> Self {
        Self {
            frames: frames
                .into_iter()
                .map(|frame| Ok(Bytes::from_static(frame)))
                .collect(),
            declared: 0,
            polls: Arc::default(),
            then: Then::End,
        }
    }

    fn declaring(self, declared: u64) -> Self {
        Self { declared, ..self }
    }

    fn then(self, then: Then) -> Self {
        Self { then, ..self }
    }

    fn then_fail(mut self, error: impl Into<BoxError>) -> Self {
        self.frames.push_back(Err(error.into()));
        self
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.polls.fetch_add(1, Relaxed);
        match (self.frames.pop_front(), self.then) {
            (Some(frame), _) => Poll::Ready(Some(frame.map(Frame::data))),
            (None, Then::End) => Poll::Ready(None),
            (None, Then::Stall) => Poll::Pending,
            (None, Then::EmptyFramesForEver) => Poll::Ready(Some(Ok(Frame::data(Bytes::new())))),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.declared);
        hint
    }
}

/// What a delivery was answered, and what the service behind the layer saw of it.
struct Outcome {
    response: Response<ResponseBody<Full<Bytes>>>,
    seen: Option<VerifiedDelivery>,
}

impl Outcome {
    fn kind(&self) -> RejectionKind {
        assert!(self.seen.is_none(), "the inner service ran");
        self.response
            .extensions()
            .get::<Rejection>()
            .unwrap()
            .kind()
    }

    fn accepted(self) -> VerifiedDelivery {
        assert_eq!(self.response.status(), StatusCode::OK);
        self.seen.unwrap()
    }
}

fn layer() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(secret())).with_max_body_bytes(LIMIT)
}

async fn send<B>(layer: ClerkWebhookLayer, signed: &SignedRequest, body: B) -> Outcome
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let (parts, ()) = Request::new(()).into_parts();
    let mut request = Request::from_parts(parts, body);
    *request.headers_mut() = signed.headers();
    let (saw, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let inner = service_fn(move |request: Request<VerifiedBody>| {
        let extension = request
            .extensions()
            .get::<VerifiedDelivery>()
            .cloned()
            .unwrap();
        assert_eq!(
            extension.message_id(),
            request.body().delivery().message_id()
        );
        saw.send(request.into_body().into_delivery()).unwrap();
        async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"handled")))) }
    });
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    let seen = seen.try_recv().ok();
    Outcome { response, seen }
}

fn signed(body: &[u8]) -> SignedRequest {
    SignedRequest::new(&secret(), body.to_vec())
}

#[tokio::test]
async fn a_body_of_one_frame_is_not_copied() {
    let body = Bytes::from_static(b"{\"one\":\"frame\"}");
    let sent = Full::new(body.clone());
    let verified = send(layer(), &signed(&body), sent).await.accepted();
    assert_eq!(verified.raw_body().as_ptr(), body.as_ptr());
}

#[tokio::test]
async fn frames_of_any_size_make_one_body() {
    let bytes: &'static [u8] = b"{\"type\":\"user.created\"}";
    for size in 1..=bytes.len() {
        let body = Frames::new(bytes.chunks(size));
        let verified = send(layer(), &signed(bytes), body).await.accepted();
        assert_eq!(verified.raw_body(), bytes, "frames of {size}");
    }
    let with_empty_ones = Frames::new([&b""[..], b"{", b"", b"}", b""]);
    let verified = send(layer(), &signed(b"{}"), with_empty_ones)
        .await
        .accepted();
    assert_eq!(verified.raw_body(), "{}");
}

#[tokio::test]
async fn trailers_are_passed_over() {
    let trailers = async { Some(Ok(http::HeaderMap::new())) };
    let body = Full::new(Bytes::from_static(b"{}")).with_trailers(trailers);
    let verified = send(layer(), &signed(b"{}"), body).await.accepted();
    assert_eq!(verified.raw_body(), "{}");
}

#[tokio::test]
async fn the_limit_is_inclusive_declared_or_not() {
    static EDGE: [u8; LIMIT] = [b'x'; LIMIT];
    static OVER: [u8; LIMIT + 1] = [b'x'; LIMIT + 1];
    for size in [1, 100, LIMIT, LIMIT + 1] {
        send(layer(), &signed(&EDGE), Frames::new(EDGE.chunks(size)))
            .await
            .accepted();
        let over = send(layer(), &signed(&OVER), Frames::new(OVER.chunks(size))).await;
        assert_eq!(over.response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(over.kind(), RejectionKind::BodyTooLarge);
    }
}

#[tokio::test]
async fn the_limit_is_2_mib_unless_set() {
    let default = || ClerkWebhookLayer::new(Verifier::new(secret()));
    let edge = Bytes::from(vec![b'x'; 2 << 20]);
    let at_the_edge = signed(&edge);
    send(default(), &at_the_edge, Full::new(edge.clone()))
        .await
        .accepted();
    let over = Bytes::from(vec![b'x'; (2 << 20) + 1]);
    let beyond = signed(&over);
    let refused = send(default(), &beyond, Full::new(over.clone())).await;
    assert_eq!(refused.kind(), RejectionKind::BodyTooLarge);
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_unread() {
    for declared in [
        LIMIT as u64 + 1,
        100_000_000_000_000,
        i64::MAX as u64,
        u64::MAX,
    ] {
        let body = Frames::new([&b"{}"[..]]).declaring(declared);
        let polls = Arc::clone(&body.polls);
        let outcome = send(layer(), &signed(b"{}"), body).await;
        assert_eq!(outcome.kind(), RejectionKind::BodyTooLarge);
        assert_eq!(polls.load(Relaxed), 0);
    }
    let at_the_limit = Frames::new([&b"{}"[..]]).declaring(LIMIT as u64);
    send(layer(), &signed(b"{}"), at_the_limit).await.accepted();
}

#[tokio::test]
async fn nothing_is_allocated_for_a_declared_length() {
    let unlimited = layer().with_max_body_bytes(usize::MAX);
    let body = Frames::new([&b"{"[..], b"}"]).declaring(i64::MAX as u64);
    let verified = send(unlimited, &signed(b"{}"), body).await.accepted();
    assert_eq!(verified.raw_body(), "{}");
}

#[tokio::test]
async fn bad_headers_are_refused_before_the_body_is_polled() {
    let stale = signed(b"{}").with_age(Duration::from_secs(301));
    let unsigned = signed(b"{}").unsigned().with_wrong_signature("v1,short");
    let bad_id = signed(b"{}").with_message_id("a.b");
    for (request, kind) in [
        (stale, VerifyErrorKind::TimestampTooOld),
        (unsigned, VerifyErrorKind::MalformedSignature),
        (bad_id, VerifyErrorKind::MalformedId),
    ] {
        let body = Frames::new([]).then(Then::Stall).declaring(u64::MAX);
        let polls = Arc::clone(&body.polls);
        let outcome = send(layer(), &request, body).await;
        assert_eq!(outcome.kind(), kind.into());
        assert_eq!(polls.load(Relaxed), 0);
    }
}

#[tokio::test]
async fn a_forged_body_never_reaches_the_inner_service() {
    let outcome = send(layer(), &signed(b"{}"), Frames::new([&b"{ }"[..]])).await;
    assert_eq!(outcome.response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(outcome.kind(), VerifyErrorKind::NoMatchingSignature.into());
}

#[derive(Debug)]
struct Wrapped(BoxError);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a layer's own error")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

#[tokio::test]
async fn an_outer_limit_is_413_and_any_other_read_error_400() {
    let limit_error = || {
        let limited = http_body_util::Limited::new(Full::new(Bytes::from_static(b"xx")), 1);
        let error = futures_now(limited.collect()).unwrap_err();
        assert!(error.is::<LengthLimitError>());
        error
    };
    let wrapped = Wrapped(Wrapped(limit_error()).into());
    for error in [limit_error(), wrapped.into()] {
        let outcome = send(
            layer(),
            &signed(b"{}"),
            Frames::new([&b"{"[..]]).then_fail(error),
        )
        .await;
        assert_eq!(outcome.kind(), RejectionKind::BodyTooLarge);
    }
    let broken = Frames::new([&b"{"[..]]).then_fail("connection reset");
    let outcome = send(layer(), &signed(b"{}"), broken).await;
    assert_eq!(outcome.response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(outcome.kind(), RejectionKind::BodyReadFailed);
}

fn futures_now<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(std::task::Waker::noop()))
    {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready at once"),
    }
}

#[tokio::test]
async fn a_body_that_is_always_ready_does_not_keep_the_thread() {
    let body = Frames::new([]).then(Then::EmptyFramesForEver);
    let request = signed(b"{}");
    let sending = send(layer(), &request, body);
    tokio::time::timeout(Duration::from_millis(20), sending)
        .await
        .map(|_| ())
        .unwrap_err();
}

#[tokio::test]
async fn an_answer_is_one_short_line_of_text() {
    let outcome = send(layer(), &signed(b"{}"), Frames::new([&b"[]"[..]])).await;
    assert_eq!(
        outcome.response.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    let body = outcome.response.into_body();
    assert_eq!(body.size_hint().exact(), Some(17));
    assert_eq!(
        body.collect().await.unwrap().to_bytes(),
        "invalid signature"
    );
}

#[tokio::test]
async fn what_the_inner_service_answers_is_passed_on() {
    let outcome = send(layer(), &signed(b"{}"), Frames::new([&b"{}"[..]])).await;
    let body = outcome.response.into_body();
    assert_eq!(body.size_hint().exact(), Some(7));
    assert_eq!(body.collect().await.unwrap().to_bytes(), "handled");
}

#[tokio::test]
async fn an_answer_knows_when_it_has_ended() {
    let handled = send(layer(), &signed(b"{}"), Frames::new([&b"{}"[..]])).await;
    let refused = send(layer(), &signed(b"{}"), Frames::new([&b"[]"[..]])).await;
    for (outcome, name) in [(handled, "Inner"), (refused, "Text")] {
        let mut body = outcome.response.into_body();
        assert_eq!(format!("{body:?}"), format!("ResponseBody(\"{name}\")"));
        assert!(!body.is_end_stream());
        body.frame().await.unwrap().unwrap();
        assert!(body.is_end_stream());
        assert!(body.frame().await.is_none());
    }
}

#[tokio::test]
async fn debug_output_shows_states_and_no_payload() {
    let inner = service_fn(|request: Request<VerifiedBody>| {
        let printed = format!("{:?}", request.body());
        assert!(
            printed.starts_with("VerifiedBody {") && printed.contains("body_bytes: 2"),
            "{printed}"
        );
        async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::new()))) }
    });
    let request = || signed(b"{}").into_request::<Full<Bytes>>("/".parse().unwrap());
    let reading = layer().layer(inner).oneshot(request());
    reading.await.unwrap();
    let mut service = layer().layer(inner);
    let reading = tower::Service::call(&mut service, request());
    assert_eq!(format!("{reading:?}"), "ResponseFuture(\"Reading\")");
    let refused = tower::Service::call(&mut service, Request::new(Full::<Bytes>::default()));
    assert_eq!(format!("{refused:?}"), "ResponseFuture(\"Refused\")");
}

#[tokio::test]
async fn a_verified_body_is_read_once_and_known_for_ever() {
    let verified = Arc::new(std::sync::Mutex::new(None));
    let slot = Arc::clone(&verified);
    let inner = service_fn(move |request: Request<VerifiedBody>| {
        *slot.lock().unwrap() = Some(request.into_body());
        async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::new()))) }
    });
    let request: Request<Full<Bytes>> = signed(b"{}").into_request("/".parse().unwrap());
    layer().layer(inner).oneshot(request).await.unwrap();
    let mut body = verified.lock().unwrap().take().unwrap();
    assert_eq!(
        (body.size_hint().exact(), body.is_end_stream()),
        (Some(2), false)
    );
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "{}"
    );
    assert_eq!(
        (body.size_hint().exact(), body.is_end_stream()),
        (Some(0), true)
    );
    assert!(body.frame().await.is_none());
    assert_eq!(body.delivery().raw_body(), "{}");
}

#[tokio::test]
async fn logs_tell_operators_what_happened_and_strangers_nothing() {
    let logs = Logs::capture();
    let sent = || Frames::new([&b"{}"[..]]);

    let forged = SignedRequest::new(&other_secret(), "{}").with_message_id("msg_forged");
    send(layer(), &forged, sent()).await;
    let line = logs.take();
    for part in [
        "WARN",
        "clerk_webhooks",
        "no_matching_signature",
        "msg_forged",
        "status=400",
        "docs=\"https://",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    let signature = &forged.header_pairs()[2].1[3..];
    assert!(!line.contains(signature), "{line}");

    let stale = signed(b"{}").with_age(Duration::from_secs(3600));
    send(layer(), &stale, sent()).await;
    let line = logs.take();
    for part in ["WARN", "timestamp_too_old", "skew_seconds=360"] {
        assert!(line.contains(part), "{part} in {line}");
    }

    let (parts, ()) = Request::new(()).into_parts();
    let inner = service_fn(|_: Request<VerifiedBody>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    let layer_of_bare = layer();
    for level in ["WARN", "DEBUG"] {
        let bare = Request::from_parts(parts.clone(), sent());
        layer_of_bare.layer(inner).oneshot(bare).await.unwrap();
        let line = logs.take();
        for part in [level, "missing_header", "svix-id", "request_path=\"/\""] {
            assert!(line.contains(part), "{part} in {line}");
        }
        assert_eq!(line.contains("docs="), level == "WARN", "{line}");
    }

    let broken = Frames::new([]).then_fail("reset\nERROR clerk_webhooks: all is lost");
    send(layer(), &signed(b"{}"), broken).await;
    let lines = logs.take();
    assert_eq!(lines.lines().count(), 1, "{lines}");

    send(layer(), &signed(b"{}"), sent()).await.accepted();
    let line = logs.take();
    assert!(
        line.contains("DEBUG") && line.contains("secret=\"secret\""),
        "{line}"
    );
}

#[tokio::test]
async fn a_declared_length_over_the_limit_is_refused_unread_where_the_size_is_hidden() {
    let body = Frames::new([]).then(Then::Stall);
    let polls = Arc::clone(&body.polls);
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.headers = signed(b"{}").headers();
    parts.headers.insert("content-length", (LIMIT + 1).into());
    let inner = service_fn(|_: Request<VerifiedBody>| async {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
    });
    let hidden = tower_http::timeout::RequestBodyTimeoutLayer::new(Duration::from_secs(60));
    let service = hidden.layer(layer().layer(inner));
    let response = service.oneshot(Request::from_parts(parts, body)).await;
    assert_eq!(response.unwrap().status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(polls.load(Relaxed), 0);
}

/// The end of many an HTTP/2 body.
#[tokio::test]
async fn a_frame_followed_by_an_empty_one_is_not_copied() {
    let frame: &'static [u8] = b"{}";
    let body = Frames::new([frame, b""]);
    let delivery = send(layer(), &signed(frame), body).await.accepted();
    assert_eq!(delivery.raw_body().as_ptr(), frame.as_ptr());
}

#[tokio::test]
async fn one_hook_restyles_what_the_layer_and_what_the_extractor_refuse() {
    let restyled = layer().with_rejection_response(|rejection| {
        let text = format!("no: {}", rejection.kind().code());
        rejection.to_response::<Bytes>().map(|_| text.into())
    });
    let handler = |_: clerk_webhooks::VerifiedClerkEvent| async {};
    let app = axum::routing::post(handler).route_layer(restyled);
    let app: axum::Router = axum::Router::new().route("/", app);
    let forged = SignedRequest::new(&other_secret(), "{}");
    for (request, status, text) in [
        (forged, 400, "no: no_matching_signature"),
        (signed(b"hello"), 422, "no: invalid_json"),
    ] {
        let logs = Logs::capture();
        let request = request.into_request::<axum::body::Body>("/".parse().unwrap());
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert!(response.extensions().get::<Rejection>().is_some());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, text);
        let refusals = logs.take().matches("refused a delivery").count();
        assert_eq!(refusals, 1, "each refusal is logged once");
    }
}

#[tokio::test]
async fn the_inner_service_is_within_reach() {
    let mut service = layer().layer(7);
    *service.get_mut() += 1;
    assert_eq!((*service.get_ref(), service.into_inner()), (8, 8));
}

/// `Response::new` is a 200, which the sender would take for success.
#[tokio::test]
async fn a_restyled_refusal_is_never_a_success() {
    let careless = layer().with_rejection_response(|_| http::Response::new("no".into()));
    let forged = SignedRequest::new(&other_secret(), "{}");
    let outcome = send(careless, &forged, Frames::new([&b"{}"[..]])).await;
    assert_eq!(outcome.response.status(), StatusCode::BAD_REQUEST);
}
