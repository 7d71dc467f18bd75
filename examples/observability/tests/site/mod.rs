//! The example's service, with its queue on a file of its own.

use std::{collections::BTreeMap, time::Duration};

use axum::{Router, body::Body};
use clerk_webhooks::{
    ClerkWebhookLayer, SigningSecret, Verifier, queue::EventHandler, testing::SignedRequest,
};
use clerk_webhooks_sqlx::{migrate, open_sqlite, queue::Queue};
use http::Request;
use http_body_util::BodyExt as _;
use sqlx::Sqlite;
use tower::ServiceExt as _;

use super::app;

pub(crate) const DIRECT: &str = "/webhooks/clerk";
pub(crate) const QUEUED: &str = "/webhooks/queued";
pub(crate) const MAX_BODY_BYTES: usize = 64 * 1024;

pub(crate) struct Site {
    router: Router,
    pub(crate) queue: Queue<Sqlite>,
    pub(crate) new: SigningSecret,
    #[allow(dead_code, reason = "one of the two tests rotates")]
    pub(crate) old: SigningSecret,
    pub(crate) forger: SigningSecret,
    pub(crate) sent: usize,
    pub(crate) verified_bytes: usize,
    _folder: tempfile::TempDir,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let recorder = app::install_recorder().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let pool = open_sqlite(folder.path().join("queue.db")).await.unwrap();
        migrate(&pool).await.unwrap();
        let queue = Queue::new(&pool, "clerk").await.unwrap();
        let secret = |digit: &str| SigningSecret::parse(&format!("whsec_{}", digit.repeat(32)));
        let [new, old, forger] = ["1", "2", "3"].map(|digit| secret(digit).unwrap());
        let verifier =
            Verifier::new(new.clone().with_label("new")).with_secret(old.clone().with_label("old"));
        let clerk = ClerkWebhookLayer::new(verifier).with_max_body_bytes(MAX_BODY_BYTES);
        Self {
            router: app::router(clerk, queue.clone(), recorder),
            queue,
            new,
            old,
            forger,
            sent: 0,
            verified_bytes: 0,
            _folder: folder,
        }
    }

    #[track_caller]
    pub(crate) fn send(
        &mut self,
        path: &str,
        delivery: SignedRequest,
        status: u16,
    ) -> impl Future<Output = ()> {
        self.sent += 1;
        if ![400, 413].contains(&status) {
            self.verified_bytes += delivery.body().len();
        }
        let request = delivery.into_request::<Body>(path.parse().unwrap());
        let answering = self.router.clone().oneshot(request);
        async move { assert_eq!(answering.await.unwrap().status(), status) }
    }

    /// The exporter's text, by series.
    pub(crate) async fn scrape(&self) -> BTreeMap<String, f64> {
        let request = Request::get("/metrics").body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(text.to_vec()).unwrap();
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        let series = lines.map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        });
        series.collect()
    }

    #[allow(dead_code, reason = "one of the two tests has a worker")]
    pub(crate) async fn work_off_the_queue(&self) {
        let worker = self.queue.worker(EventHandler::new((), app::on_queued));
        let is_empty = async {
            loop {
                let counts = self.queue.counts().await.unwrap();
                if counts.waiting + counts.running == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let worked = worker.run_until(is_empty);
        tokio::time::timeout(Duration::from_secs(60), worked)
            .await
            .unwrap();
    }
}

/// An event whose data has too little for a known type.
pub(crate) fn body_of_type(event_type: &str) -> String {
    format!(r#"{{"data":{{}},"object":"event","type":"{event_type}"}}"#)
}
