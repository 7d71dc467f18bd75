//! Accepts connections and reads requests.

use std::{convert::Infallible, error::Error, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Limited};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{sleep, timeout},
};

/// Further connections wait. With the limit of a body, this bounds the memory that strangers can use.
const MAX_CONNECTIONS: usize = 64;

/// How long the head of a request may take, and how long a connection may be idle.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(15);

/// How long the whole body of a request may take.
const BODY_TIME_LIMIT: Duration = Duration::from_secs(15);

/// How long to wait when no connection can be accepted, as without free file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// Answers requests until it is dropped.
pub(crate) async fn serve<H, F, B>(listener: TcpListener, handle: H)
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let place = places.clone().acquire_owned().await;
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let handle = handle.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = handle(request);
                async { Ok::<_, Infallible>(answer.await) }
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIME_LIMIT);
            // A connection that breaks is the other side's affair.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
            drop(place);
        });
    }
}

/// The body, or what of it came, and why it ended early.
pub(super) async fn read_body(body: Incoming, most_bytes: usize) -> (Bytes, Option<BoxError>) {
    let mut read = Vec::new();
    let reading = async {
        let mut body = Limited::new(body, most_bytes);
        while let Some(frame) = body.frame().await {
            if let Ok(data) = frame?.into_data() {
                read.extend_from_slice(&data);
            }
        }
        Ok::<_, BoxError>(())
    };
    let ended = timeout(BODY_TIME_LIMIT, reading).await;
    let ended = ended.unwrap_or_else(|_| Err("the body took too long".into()));
    (read.into(), ended.err())
}
