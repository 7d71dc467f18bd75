//! Events that end in the handler's own transaction.

use std::{sync::Arc, time::Duration};

use clerk_webhooks::{
    RawClerkEvent, WebhookError,
    queue::{EventContext, EventHandler, Handler, QueuedEvent},
};
use clerk_webhooks_sqlx::{
    Engine,
    queue::{Complete as _, Queue},
};
use sqlx::{Pool, SqlStr, Transaction};
use tokio::time::sleep;
use tower::{Service as _, service_fn};

use super::storing::noting;
use crate::support::{Running, Seen, SqlBench, event, hasty_policy};

/// What a handler does.
struct App<DB: Engine> {
    pool: Pool<DB>,
    begin: &'static str,
    seen: Seen,
}

impl<DB: Engine> App<DB> {
    fn new(bench: &SqlBench<DB>, seen: &Seen) -> Arc<Self> {
        Arc::new(Self {
            pool: bench.pool.clone(),
            begin: bench.begin,
            seen: seen.clone(),
        })
    }

    async fn begin(&self) -> Transaction<'static, DB> {
        let begin = SqlStr::from_static(self.begin);
        self.pool.begin_with(begin).await.unwrap()
    }
}

/// What becomes of the transaction, and what the handler returns.
#[derive(Clone, Copy)]
enum Ending {
    CommitAndFail,
    RollBackAndSucceed,
    CompleteLate(Duration),
}

fn completing<DB: Engine>(
    bench: &SqlBench<DB>,
    seen: &Seen,
    ending: Ending,
) -> impl Handler + use<DB> {
    let app = App::new(bench, seen);
    service_fn(move |event: QueuedEvent| {
        let app = app.clone();
        let mut handler =
            EventHandler::new((), move |_: RawClerkEvent, context: EventContext<()>| {
                let app = app.clone();
                async move {
                    let calls = app.seen.note(context.queued().clone());
                    let mut tx = app.begin().await;
                    if let Ending::CompleteLate(pause) = ending {
                        sleep(pause).await;
                    }
                    context.complete(&mut tx).await?;
                    match ending {
                        Ending::CommitAndFail => {
                            tx.commit().await?;
                            Err(WebhookError::retry("after the commit"))
                        }
                        // The second time it is committed.
                        Ending::RollBackAndSucceed if calls == 1 => Ok(tx.rollback().await?),
                        Ending::RollBackAndSucceed | Ending::CompleteLate(_) => {
                            Ok(tx.commit().await?)
                        }
                    }
                }
            });
        handler.call(event)
    })
}

pub(crate) async fn what_was_committed_is_done_though_the_handler_fails<DB: Engine>(
    bench: SqlBench<DB>,
) {
    bench.store("msg_1").await;
    let seen = Seen::default();
    let worker = bench
        .queue
        .worker(completing(&bench, &seen, Ending::CommitAndFail))
        .with_retry_policy(hasty_policy());
    let worker = Running::start(worker);
    bench.is_counted(0, 0, 0).await;
    sleep(Duration::from_secs(1)).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), [1]);
    let done = "DELETE FROM {queue} WHERE state = 'done' AND body IS NULL AND attempts = 1";
    assert_eq!(bench.execute(done).await, 1);
}

pub(crate) async fn what_was_rolled_back_runs_again_though_the_handler_succeeds<DB: Engine>(
    bench: SqlBench<DB>,
) {
    bench.store("msg_1").await;
    let seen = Seen::default();
    let worker = bench
        .queue
        .worker(completing(&bench, &seen, Ending::RollBackAndSucceed))
        .with_retry_policy(hasty_policy());
    let worker = Running::start(worker);
    seen.reaches(2).await;
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    assert_eq!(seen.attempts(), [1, 2]);
}

pub(crate) async fn who_lost_the_lease_cannot_complete<DB: Engine>(bench: SqlBench<DB>) {
    bench.store("msg_1").await;
    let bench = Arc::new(bench);
    let (app, lost) = (App::new(&bench, &Seen::default()), Arc::clone(&bench));
    let handler = EventHandler::new((), move |_: RawClerkEvent, context: EventContext<()>| {
        let (app, lost) = (app.clone(), Arc::clone(&lost));
        async move {
            if app.seen.note(context.queued().clone()) == 1 {
                lost.engine.take_over().await;
            }
            let mut tx = app.begin().await;
            context.complete(&mut tx).await?;
            Ok(tx.commit().await?)
        }
    });
    let (errors, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let service = service_fn(move |event: QueuedEvent| {
        let (mut handler, errors) = (handler.clone(), errors.clone());
        async move {
            let outcome = handler.call(event).await;
            if let Err(error) = &outcome {
                errors.send(error_text(&**error)).unwrap();
            }
            outcome
        }
    });
    let worker = Running::start(bench.queue.worker(service).with_concurrency(1));
    bench.is_counted(0, 0, 0).await;
    worker.stop().await;
    let error = heard.recv().await.unwrap();
    assert!(error.contains("the lease was lost"), "{error}");
    assert!(heard.try_recv().is_err(), "the second attempt completed");
}

fn error_text(error: &(dyn std::error::Error + 'static)) -> String {
    let sources = std::iter::successors(Some(error), |&error| error.source());
    sources
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

pub(crate) async fn an_event_of_another_queue_cannot_be_completed<DB: Engine>(bench: SqlBench<DB>) {
    let app = App::new(&bench, &Seen::default());
    let (errors, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let handler = EventHandler::new((), move |_: RawClerkEvent, context: EventContext<()>| {
        let (app, errors) = (app.clone(), errors.clone());
        async move {
            let mut tx = app.begin().await;
            let refused = context.complete(&mut tx).await.unwrap_err();
            errors.send(refused.to_string()).unwrap();
            Ok(())
        }
    });
    // As from a queue that is not ours.
    handler.clone().call(event("msg_1")).await.unwrap();
    let error = heard.recv().await.unwrap();
    assert!(error.contains("leased this event"), "{error}");
}

/// The handler holds the pool's only connection for longer than a lease, and another process waits for that.
pub(crate) async fn a_pool_of_one_connection_is_enough<DB: Engine>(bench: SqlBench<DB>) {
    let queue = Queue::new(&bench.pool, "clerk").await.unwrap();
    let (seen, seen_elsewhere) = (Seen::default(), Seen::default());
    bench.store("msg_1").await;
    let lease = Duration::from_secs(2);
    let late = Ending::CompleteLate(lease * 2);
    let worker = queue
        .worker(completing(&bench, &seen, late))
        .with_lease(lease);
    let worker = Running::start(worker);
    seen.reaches(1).await;
    let other = (bench.reopen)().await;
    let other = Running::start(other.worker(noting(&seen_elsewhere)).with_lease(lease));
    bench.is_counted(0, 0, 0).await;
    sleep(lease * 2).await;
    worker.stop().await;
    other.stop().await;
    assert_eq!(seen.attempts(), [1]);
    assert!(seen_elsewhere.events().is_empty());
}
