//! When the inner service is asked whether it is ready, and what an unready one does to whom.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use clerk_webhooks::{
    ClerkWebhookLayer, VerifiedBody, Verifier, layer::ClerkWebhook, testing::SignedRequest,
};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::Full;
use tokio::sync::oneshot;
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{Layer as _, Service, limit::ConcurrencyLimit, service_fn};
use tower_test::mock::{self, Mock, Spawn};

use crate::common::{other_secret, secret};

type Handle = mock::Handle<Request<VerifiedBody>, Response<String>>;

/// Passes everything on to a mock, and counts how often any clone of it was asked.
#[derive(Clone)]
struct Counted {
    inner: Mock<Request<VerifiedBody>, Response<String>>,
    asked: Arc<AtomicUsize>,
}

impl Service<Request<VerifiedBody>> for Counted {
    type Response = Response<String>;
    type Error = tower::BoxError;
    type Future =
        <Mock<Request<VerifiedBody>, Response<String>> as Service<Request<VerifiedBody>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.asked.fetch_add(1, Relaxed);
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<VerifiedBody>) -> Self::Future {
        self.inner.call(request)
    }
}

/// The layer around a mock that takes nobody until it is told to.
struct Unready {
    service: Spawn<ClerkWebhook<Counted>>,
    handle: Handle,
    asked: Arc<AtomicUsize>,
}

impl Unready {
    fn new() -> Self {
        let asked = Arc::<AtomicUsize>::default();
        let counter = Arc::clone(&asked);
        let (service, mut handle) = mock::spawn_with(|inner| {
            let asked = Arc::clone(&counter);
            layer().layer(Counted { inner, asked })
        });
        handle.allow(0);
        Self {
            service,
            handle,
            asked,
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Relaxed)
    }
}

fn layer() -> ClerkWebhookLayer {
    ClerkWebhookLayer::new(Verifier::new(secret())).with_max_body_bytes(1024)
}

fn request(signed: SignedRequest) -> Request<Full<Bytes>> {
    signed.into_request("/".parse().unwrap())
}

fn genuine() -> Request<Full<Bytes>> {
    request(SignedRequest::new(&secret(), "{}"))
}

#[test]
fn unverified_traffic_is_answered_and_the_inner_service_not_even_asked() {
    let forged = SignedRequest::new(&other_secret(), "{}");
    let bad_id = SignedRequest::new(&secret(), "{}").with_message_id("a.b");
    let too_long = SignedRequest::new(&secret(), vec![b' '; 1025]);
    let mut unready = Unready::new();
    for (signed, status) in [(forged, 400), (bad_id, 400), (too_long, 413)] {
        assert_ready_ok!(unready.service.poll_ready::<Request<Full<Bytes>>>());
        let mut answer = task::spawn(unready.service.call(request(signed)));
        let response = assert_ready_ok!(answer.poll());
        assert_eq!(response.status(), status);
    }
    assert_eq!(unready.asked(), 0);
    assert_pending!(unready.handle.poll_request());
}

#[test]
fn a_verified_request_waits_until_the_inner_service_is_ready() {
    let mut unready = Unready::new();
    assert_ready_ok!(unready.service.poll_ready::<Request<Full<Bytes>>>());
    let mut answer = task::spawn(unready.service.call(genuine()));
    assert_pending!(answer.poll());
    assert_pending!(unready.handle.poll_request());
    assert_eq!(unready.asked(), 1);

    unready.handle.allow(1);
    assert!(answer.is_woken(), "readiness wakes who waits for it");
    assert_pending!(answer.poll());
    let (inner_request, reply) = assert_ready!(unready.handle.poll_request()).unwrap();
    assert_eq!(inner_request.body().delivery().raw_body(), "{}");

    reply.send_response(Response::new("handled".to_owned()));
    assert!(answer.is_woken());
    assert_eq!(assert_ready_ok!(answer.poll()).status(), StatusCode::OK);
}

#[test]
fn strangers_are_answered_while_a_verified_request_waits() {
    let mut unready = Unready::new();
    let mut waiting = task::spawn(unready.service.call(genuine()));
    assert_pending!(waiting.poll());

    assert_ready_ok!(unready.service.poll_ready::<Request<Full<Bytes>>>());
    let forged = request(SignedRequest::new(&other_secret(), "{}"));
    let mut answer = task::spawn(unready.service.call(forged));
    assert_eq!(assert_ready_ok!(answer.poll()).status(), 400);
    assert_eq!(unready.asked(), 1);
}

#[test]
fn who_gives_up_while_waiting_is_never_handed_over() {
    let mut unready = Unready::new();
    let mut waiting = task::spawn(unready.service.call(genuine()));
    assert_pending!(waiting.poll());
    drop(waiting);

    unready.handle.allow(1);
    assert_pending!(unready.handle.poll_request());
}

#[test]
fn the_inner_services_errors_are_passed_on() {
    let mut unready = Unready::new();
    let mut answer = task::spawn(unready.service.call(genuine()));
    assert_pending!(answer.poll());
    unready.handle.send_error("the database is gone");
    assert!(answer.is_woken());
    let error = assert_ready_err!(answer.poll());
    assert_eq!(error.to_string(), "the database is gone");

    unready.handle.allow(1);
    let mut answer = task::spawn(unready.service.call(genuine()));
    assert_pending!(answer.poll());
    let (_, reply) = assert_ready!(unready.handle.poll_request()).unwrap();
    reply.send_error("the handler failed");
    let error = assert_ready_err!(answer.poll());
    assert_eq!(error.to_string(), "the handler failed");
}

/// Insists on tower's contract: each clone is called only after it said itself that it is ready, once.
struct Strict {
    polls_left: usize,
    is_ready: bool,
}

impl Strict {
    fn new() -> Self {
        Self {
            polls_left: 2,
            is_ready: false,
        }
    }
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl Service<Request<VerifiedBody>> for Strict {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.polls_left > 0 {
            self.polls_left -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<VerifiedBody>) -> Self::Future {
        assert!(self.is_ready, "called before it was ready");
        *self = Self::new();
        std::future::ready(Ok(Response::default()))
    }
}

#[tokio::test]
async fn no_clone_is_called_that_did_not_say_it_is_ready() {
    let mut service = layer().layer(Strict::new());
    let first = service.call(genuine());
    let second = service.clone().call(genuine());
    let third = service.call(genuine());
    let (first, second, third) = tokio::join!(first, second, third);
    for response in [first, second, third] {
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
}

/// A body that comes when the test sends it.
struct Late(Option<oneshot::Receiver<Bytes>>);

impl Body for Late {
    type Data = Bytes;
    type Error = oneshot::error::RecvError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(coming) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(coming).poll(cx)).map(Frame::data);
        self.0 = None;
        Poll::Ready(Some(frame))
    }
}

fn late() -> (oneshot::Sender<Bytes>, Request<Late>) {
    let (sender, coming) = oneshot::channel();
    let request = genuine().map(|_| Late(Some(coming)));
    (sender, request)
}

#[tokio::test]
async fn a_slow_body_holds_no_permit_of_a_limit_inside() {
    let handler = service_fn(|_: Request<VerifiedBody>| async {
        Ok::<_, Infallible>(Response::new(String::new()))
    });
    let mut service = layer().layer(ConcurrencyLimit::new(handler, 1));
    let (slow_body, slow_request) = late();
    let mut slow = task::spawn(service.call(slow_request));
    assert_pending!(slow.poll());

    let mut quick = task::spawn(service.call(genuine()));
    assert_eq!(assert_ready_ok!(quick.poll()).status(), StatusCode::OK);
    drop(quick);

    slow_body.send(Bytes::from_static(b"{}")).unwrap();
    assert!(slow.is_woken());
    assert_eq!(assert_ready_ok!(slow.poll()).status(), StatusCode::OK);
}

#[tokio::test]
async fn a_verified_request_does_take_a_permit() {
    let (finish, finished) = tokio::sync::watch::channel(false);
    let handler = service_fn(move |_: Request<VerifiedBody>| {
        let mut finished = finished.clone();
        async move {
            finished.wait_for(|finished| *finished).await.unwrap();
            Ok::<_, Infallible>(Response::new(String::new()))
        }
    });
    let mut service = layer().layer(ConcurrencyLimit::new(handler, 1));
    let mut first = task::spawn(service.call(genuine()));
    assert_pending!(first.poll());
    let mut second = task::spawn(service.call(genuine()));
    finish.send(true).unwrap();
    assert_pending!(second.poll(), "the only permit is taken");

    assert_ready_ok!(first.poll());
    drop(first);
    assert!(second.is_woken(), "the permit is passed on");
    assert_ready_ok!(second.poll());
}
