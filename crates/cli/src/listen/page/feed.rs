//! Server-sent events.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{
    Either,
    channel::{Channel, SendError, Sender},
};
use serde_json::Value;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};

use super::answer::{Answer, of_body};
use crate::listen::history::History;

/// So often a quiet feed says that it is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How many events wait for a browser that is slow. Further ones wait in the history.
const BUFFER: usize = 8;

/// Everything, then what is new. A reader that is too slow gets everything again.
pub(super) fn answer(history: Arc<History>, settings: &Value) -> Answer {
    let (mut sender, body) = Channel::new(BUFFER);
    let settings = settings.to_string();
    tokio::spawn(async move {
        loop {
            let (rows, news) = history.follow();
            let start = format!(r#"{{"settings":{settings},"rows":{rows}}}"#);
            let sent = sender.send_data(event("start", &start)).await;
            if sent.is_err() || pass_on(news, &mut sender).await.is_err() {
                return;
            }
        }
    });
    of_body("text/event-stream", Either::Right(body))
}

/// Until this reader is too slow, or gone: an error.
async fn pass_on(mut news: Receiver<Bytes>, sender: &mut Sender<Bytes>) -> Result<(), SendError> {
    loop {
        let next = match timeout(KEEP_ALIVE, news.recv()).await {
            Ok(Ok(row)) => event("delivery", &String::from_utf8_lossy(&row)),
            Ok(Err(RecvError::Lagged(_) | RecvError::Closed)) => return Ok(()),
            Err(_) => Bytes::from_static(b": alive\n\n"),
        };
        sender.send_data(next).await?;
    }
}

/// JSON has no line breaks, which would end the data.
fn event(name: &str, json: &str) -> Bytes {
    format!("event: {name}\ndata: {json}\n\n").into()
}
