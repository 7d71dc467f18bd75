//! The worker's side: a handler as a service, tower's middleware around it, and what its failures mean.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use clerk_webhooks::{
    ClerkEvent, EventData, Verifier, WebhookError,
    queue::{EventContext, EventHandler, QueuedEvent, RetryDecision, RetryPolicy},
    testing::{SignedRequest, fixtures},
};
use tower::{
    BoxError, Service, ServiceBuilder, ServiceExt as _, buffer::BufferLayer,
    limit::ConcurrencyLimitLayer, load_shed::LoadShedLayer, timeout::TimeoutLayer,
};

use crate::common::secret;

fn queued(body: impl Into<bytes::Bytes>) -> QueuedEvent {
    let request = SignedRequest::new(&secret(), body).with_message_id("msg_1");
    let verified = Verifier::new(secret()).verify(&request.headers(), request.body().clone());
    QueuedEvent::from(&verified.unwrap())
}

/// What a worker's service must be.
async fn run<S>(service: S, event: QueuedEvent) -> Result<(), BoxError>
where
    S: Service<QueuedEvent, Response = (), Error: Into<BoxError>> + Send + 'static,
{
    service.oneshot(event).await.map_err(Into::into)
}

#[track_caller]
fn means(error: &BoxError, expected: RetryDecision) {
    let policy = RetryPolicy::new().with_jitter(0.0);
    assert_eq!(policy.after(1, &**error), expected, "{error:?}");
}

const AGAIN: RetryDecision = RetryDecision::Retry(Duration::from_secs(1));

#[derive(Clone, Default)]
struct Greeted(Arc<Mutex<Vec<String>>>);

async fn greet(event: ClerkEvent, context: EventContext<Greeted>) -> Result<(), WebhookError> {
    if let EventData::UserCreated(user) = &event.data {
        let line = format!("{} {} {}", context.message_id(), context.attempt(), user.id);
        context.state().0.lock().unwrap().push(line);
    }
    Ok(())
}

#[tokio::test]
async fn a_handler_gets_the_event_and_its_context() {
    let greeted = Greeted::default();
    let handler = EventHandler::new(greeted.clone(), greet);
    let event = queued(fixtures::user_created().id("user_1")).with_attempt(2);
    run(handler, event).await.unwrap();
    assert_eq!(*greeted.0.lock().unwrap(), ["msg_1 2 user_1"]);
}

#[tokio::test]
async fn a_handler_takes_a_type_of_ones_own() {
    #[derive(serde::Deserialize)]
    struct OnlyType {
        r#type: String,
    }
    async fn on_event(event: OnlyType, context: EventContext<()>) -> Result<(), WebhookError> {
        assert_eq!(event.r#type, "user.created");
        assert!(context.queued().raw_body().len() > 100);
        Ok(())
    }
    let handler = EventHandler::new((), on_event);
    run(handler, queued(fixtures::user_created()))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_cannot_be_decoded_goes_to_the_dead_letter_with_its_path() {
    let handler = EventHandler::new(Greeted::default(), greet);
    let body = r#"{"type": "user.created", "data": {"id": "user_1", "locked": "ada"}}"#;
    let error = run(handler, queued(body)).await.unwrap_err();
    means(&error, RetryDecision::DeadLetter);
    let text = WebhookError::retry(error).to_string();
    assert!(
        text.contains("`data.locked`") && !text.contains("ada"),
        "{text}"
    );
}

#[tokio::test]
async fn the_handlers_decision_is_found_behind_middleware() {
    async fn give_up(_: ClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
        Err(WebhookError::permanent("no such plan"))
    }
    let stack = ServiceBuilder::new()
        .layer(BufferLayer::new(8))
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .layer(TimeoutLayer::new(Duration::from_secs(60)));
    let service = stack.service(EventHandler::new((), give_up));
    let error = run(service, queued(fixtures::user_created()))
        .await
        .unwrap_err();
    means(&error, RetryDecision::DeadLetter);
}

#[tokio::test]
async fn a_question_mark_means_again() {
    async fn fail(_: ClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
        Err(std::io::Error::other("connection refused"))?
    }
    let service = EventHandler::new((), fail);
    let error = run(service, queued(fixtures::user_created()))
        .await
        .unwrap_err();
    means(&error, AGAIN);
}

async fn stall(_: ClerkEvent, _: EventContext<()>) -> Result<(), WebhookError> {
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn a_timeout_means_again() {
    let stack = ServiceBuilder::new().layer(TimeoutLayer::new(Duration::from_secs(60)));
    let service = stack.service(EventHandler::new((), stall));
    let error = run(service, queued(fixtures::user_created()))
        .await
        .unwrap_err();
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error:?}");
    means(&error, AGAIN);
}

#[tokio::test]
async fn a_shed_load_means_again() {
    let service = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1))
        .service(EventHandler::new((), stall));
    let event = queued(fixtures::user_created());
    let mut first = tokio_test::task::spawn(run(service.clone(), event.clone()));
    assert!(first.poll().is_pending());
    let error = run(service, event).await.unwrap_err();
    assert!(
        error.is::<tower::load_shed::error::Overloaded>(),
        "{error:?}"
    );
    means(&error, AGAIN);
}

/// A `Buffer` whose worker ended gives a `Closed`, or the error that ended it.
#[tokio::test]
async fn a_closed_buffer_means_again() {
    let broken = tower::util::BoxService::new(BrokenForGood);
    let service = ServiceBuilder::new()
        .layer(BufferLayer::new(1))
        .service(broken);
    let error = run(service, queued(fixtures::user_created()))
        .await
        .unwrap_err();
    assert!(
        error.is::<tower::buffer::error::ServiceError>(),
        "{error:?}"
    );
    means(&error, AGAIN);
}

struct BrokenForGood;

impl Service<QueuedEvent> for BrokenForGood {
    type Response = ();
    type Error = std::io::Error;
    type Future = std::future::Ready<Result<(), std::io::Error>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), std::io::Error>> {
        std::task::Poll::Ready(Err(std::io::Error::other("broken for good")))
    }

    fn call(&mut self, _: QueuedEvent) -> Self::Future {
        std::future::ready(Ok(()))
    }
}
