//! An endpoint whose handler does as a test tells it, on a store that fails as a test tells it.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    http::{Request, Response, StatusCode},
    response::IntoResponse,
    routing::post,
};
use clerk_webhooks::{
    ClerkWebhookLayer, Rejection, RejectionKind, VerifiedDelivery, Verifier, WebhookError,
    idempotency::{
        Claim, ClaimToken, Counts, IdempotencyLayer, IdempotencyStore, MemoryStore, MessageKey,
        Outcome,
    },
    testing::SignedRequest,
};
use tokio::{sync::Notify, time::sleep};
use tower::{BoxError, ServiceExt as _};

use crate::common::secret;

pub(crate) const SCOPE: &str = "users";

/// What the handler does when it is called.
#[derive(Clone, Copy)]
pub(crate) enum Do {
    Succeed,
    Answer(StatusCode),
    Retry,
    GiveUp,
    Panic,
    PanicWith(&'static str),
    Take(Duration),
    TakeThen(Duration, StatusCode),
    /// Until [`Endpoint::let_go`] is called.
    WaitThen(StatusCode),
    WaitThenGiveUp,
}

#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) router: Router,
    pub(crate) layer: IdempotencyLayer<Scripted>,
    pub(crate) store: Scripted,
    handler: Arc<Handler>,
}

struct Handler {
    script: Mutex<Vec<Do>>,
    started: AtomicUsize,
    ended: AtomicUsize,
    go: Notify,
}

impl Endpoint {
    /// Does what `script` says, call after call; then succeeds.
    pub(crate) fn new(script: impl IntoIterator<Item = Do>) -> Self {
        Self::with(script, |layer| layer)
    }

    pub(crate) fn with(
        script: impl IntoIterator<Item = Do>,
        configure: impl FnOnce(IdempotencyLayer<Scripted>) -> IdempotencyLayer<Scripted>,
    ) -> Self {
        Self::on(Scripted::default(), script, configure)
    }

    pub(crate) fn on(
        store: Scripted,
        script: impl IntoIterator<Item = Do>,
        configure: impl FnOnce(IdempotencyLayer<Scripted>) -> IdempotencyLayer<Scripted>,
    ) -> Self {
        let mut script: Vec<_> = script.into_iter().collect();
        script.reverse();
        let handler = Arc::new(Handler {
            script: Mutex::new(script),
            started: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            go: Notify::new(),
        });
        let layer = configure(IdempotencyLayer::new(store.clone(), SCOPE));
        let clerk = ClerkWebhookLayer::new(Verifier::new(secret()));
        let route = post(on_delivery)
            .layer(Extension(Arc::clone(&handler)))
            .route_layer(layer.clone())
            .route_layer(clerk);
        Self {
            router: Router::new().route("/", route),
            layer,
            store,
            handler,
        }
    }

    pub(crate) async fn deliver(&self, message_id: &str) -> Answer {
        let response = self.router.clone().oneshot(delivery(message_id)).await;
        Answer::read(response.unwrap()).await
    }

    /// On its way while the test goes on.
    pub(crate) fn deliver_meanwhile(&self, message_id: &str) -> tokio::task::JoinHandle<Answer> {
        let (endpoint, message_id) = (self.clone(), message_id.to_owned());
        tokio::spawn(async move { endpoint.deliver(&message_id).await })
    }

    pub(crate) async fn until_started(&self, handlers: usize) {
        until(|| self.started() >= handlers).await;
    }

    pub(crate) async fn until_ended(&self, handlers: usize) {
        until(|| self.ended() >= handlers).await;
    }

    pub(crate) fn let_go(&self) {
        self.handler.go.notify_one();
    }

    pub(crate) fn started(&self) -> usize {
        self.handler.started.load(SeqCst)
    }

    /// How many handlers have run to their end.
    pub(crate) fn ended(&self) -> usize {
        self.handler.ended.load(SeqCst)
    }

    pub(crate) fn counts(&self) -> Counts {
        self.layer.counts()
    }
}

/// Fails rather than to wait for ever.
#[track_caller]
pub(crate) fn until(mut holds: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    async move {
        for _ in 0..20_000 {
            if holds() {
                return;
            }
            sleep(Duration::from_millis(1)).await;
        }
        panic!("waited in vain at {caller}");
    }
}

/// Of this type are all events.
pub(crate) const EVENT: &str = r#"{"type": "user.created"}"#;

pub(crate) fn delivery(message_id: &str) -> Request<Body> {
    SignedRequest::new(&secret(), EVENT)
        .with_message_id(message_id)
        .into_request("/".parse().unwrap())
}

async fn on_delivery(
    Extension(handler): Extension<Arc<Handler>>,
    Extension(verified): Extension<VerifiedDelivery>,
) -> axum::response::Response {
    handler.started.fetch_add(1, SeqCst);
    let next = handler.script.lock().unwrap().pop();
    tracing::info!("handling");
    let answer = match next.unwrap_or(Do::Succeed) {
        Do::Succeed => format!("handled {}", verified.message_id()).into_response(),
        Do::Answer(status) => status.into_response(),
        Do::Retry => WebhookError::retry("again").into_response(),
        Do::GiveUp => WebhookError::permanent("never").into_response(),
        Do::Panic => panic!("as the test wants"),
        Do::PanicWith(message) => std::panic::panic_any(message.to_owned()),
        Do::Take(duration) => {
            sleep(duration).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Do::TakeThen(duration, status) => {
            sleep(duration).await;
            status.into_response()
        }
        Do::WaitThen(status) => {
            handler.go.notified().await;
            status.into_response()
        }
        Do::WaitThenGiveUp => {
            handler.go.notified().await;
            WebhookError::permanent("never").into_response()
        }
    };
    handler.ended.fetch_add(1, SeqCst);
    answer
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<String>,
    pub(crate) stops_retries: bool,
    pub(crate) text: String,
    pub(crate) refused: Option<RejectionKind>,
}

impl Answer {
    pub(crate) async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let retry_after = parts.headers.get("retry-after");
        let text = to_bytes(body, 1024).await.unwrap();
        Self {
            status: parts.status,
            stops_retries: parts.headers.get("webhook-delivery")
                == Some(&"abort-message".parse().unwrap()),
            retry_after: retry_after.map(|value| value.to_str().unwrap().to_owned()),
            text: String::from_utf8(text.to_vec()).unwrap(),
            refused: parts.extensions.get::<Rejection>().map(Rejection::kind),
        }
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.refused, None, "{self:?}");
    }

    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16, kind: RejectionKind) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.refused, Some(kind), "{self:?}");
        assert!(
            !self.text.is_empty() && !self.text.contains('\n'),
            "one short line: {self:?}"
        );
    }
}

/// A store in memory that can be down, silent, or forgetful.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    pub(crate) memory: MemoryStore,
    pub(crate) faults: Arc<Faults>,
}

#[derive(Default)]
pub(crate) struct Faults {
    pub(crate) claims_fail: AtomicBool,
    pub(crate) claims_panic: AtomicBool,
    pub(crate) is_silent: AtomicBool,
    /// A claim that gets no answer is carried out after this time nevertheless.
    pub(crate) silent_claims_take: Mutex<Option<Duration>>,
    pub(crate) extensions_fail: AtomicBool,
    pub(crate) extensions_panic: AtomicBool,
    pub(crate) leases_are_lost: AtomicBool,
    /// So many completions fail.
    pub(crate) completions_to_fail: AtomicUsize,
    pub(crate) releases_fail: AtomicBool,
    /// From a claim in the store until its answer is here.
    pub(crate) claims_answer_takes: Mutex<Duration>,
    /// Until a completion is in the store.
    pub(crate) completions_take: Mutex<Duration>,
    /// From there until its answer is here.
    pub(crate) completions_answer_takes: Mutex<Duration>,
    pub(crate) operations: AtomicUsize,
    pub(crate) claims: AtomicUsize,
    pub(crate) extensions: AtomicUsize,
}

impl Scripted {
    async fn fail_if(&self, failing: bool) -> Result<(), BoxError> {
        self.faults.operations.fetch_add(1, SeqCst);
        if self.faults.is_silent.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        if failing {
            return Err(io::Error::other("connection refused").into());
        }
        Ok(())
    }
}

impl Scripted {
    fn carry_out_late(&self, key: &MessageKey, token: ClaimToken, lease: Duration) {
        let takes = *self.faults.silent_claims_take.lock().unwrap();
        if let (true, Some(takes)) = (self.faults.is_silent.load(SeqCst), takes) {
            let (memory, key) = (self.memory.clone(), key.clone());
            tokio::spawn(async move {
                sleep(takes).await;
                memory.claim(&key, token, lease).await
            });
        }
    }
}

async fn pass(time: &Mutex<Duration>) {
    let time = *time.lock().unwrap();
    if !time.is_zero() {
        sleep(time).await;
    }
}

impl IdempotencyStore for Scripted {
    type Error = BoxError;

    async fn claim(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<Claim, BoxError> {
        assert!(!self.faults.claims_panic.load(SeqCst), "as the test wants");
        self.faults.claims.fetch_add(1, SeqCst);
        self.carry_out_late(key, token, lease);
        self.fail_if(self.faults.claims_fail.load(SeqCst)).await?;
        let claim = self.memory.claim(key, token, lease).await?;
        pass(&self.faults.claims_answer_takes).await;
        Ok(claim)
    }

    async fn extend(
        &self,
        key: &MessageKey,
        token: ClaimToken,
        lease: Duration,
    ) -> Result<bool, BoxError> {
        self.faults.extensions.fetch_add(1, SeqCst);
        assert!(
            !self.faults.extensions_panic.load(SeqCst),
            "as the test wants"
        );
        self.fail_if(self.faults.extensions_fail.load(SeqCst))
            .await?;
        if self.faults.leases_are_lost.load(SeqCst) {
            return Ok(false);
        }
        Ok(self.memory.extend(key, token, lease).await?)
    }

    async fn complete(
        &self,
        key: &MessageKey,
        outcome: Outcome,
        retention: Duration,
    ) -> Result<(), BoxError> {
        let left = &self.faults.completions_to_fail;
        let fails = left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        self.fail_if(fails.is_ok()).await?;
        pass(&self.faults.completions_take).await;
        self.memory.complete(key, outcome, retention).await?;
        pass(&self.faults.completions_answer_takes).await;
        Ok(())
    }

    async fn release(&self, key: &MessageKey, token: ClaimToken) -> Result<bool, BoxError> {
        self.fail_if(self.faults.releases_fail.load(SeqCst)).await?;
        Ok(self.memory.release(key, token).await?)
    }

    async fn forget(&self, key: &MessageKey) -> Result<bool, BoxError> {
        Ok(self.memory.forget(key).await?)
    }
}
