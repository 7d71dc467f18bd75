//! What the servers of a NATS cluster say of the queue's streams.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use async_nats::{
    Error,
    jetstream::{
        Context,
        consumer::Info as ConsumerInfo,
        stream::{ClusterInfo, LastRawMessageErrorKind, Stream},
    },
};
use clerk_webhooks_nats::open_nats;
use clerk_webhooks_testbed::engines::Nats;
use tokio::time::sleep;

use crate::{site::NAME, support::report};

const STREAMS: [&str; 3] = ["clerk_queue", "clerk_queue_failures", "clerk_queue_dead"];

/// Far longer than a server takes to catch up, if it does.
const PATIENCE: Duration = Duration::from_secs(20);
/// Now and then a server that was killed never follows the others again, until it is started once more.
const STARTS: usize = 4;

/// Starts a server that was killed, and waits until each has all that the leaders of the streams and of the consumer have. One
/// that is killed before that would be a second one without this data.
pub(crate) async fn bring_up(nats: &mut Nats, node: usize) {
    let url = nats.url();
    for _ in 0..STARTS {
        nats.restart(node).await.unwrap();
        if has_caught_up(&url).await {
            return;
        }
        report(format_args!(
            "server {node} has not caught up: it is started again"
        ));
        nats.kill(node).unwrap();
    }
    panic!("a server has not caught up\n{}", state(&url, &[]).await);
}

async fn has_caught_up(url: &str) -> bool {
    let context = open_nats(url).await.unwrap();
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if is_current(&context).await.unwrap_or(false) {
            return true;
        }
        sleep(Duration::from_millis(100)).await;
    }
    false
}

/// An error is a leader that is being elected.
async fn is_current(context: &Context) -> Result<bool, Error> {
    for name in STREAMS {
        let stream = context.get_stream(name).await?;
        if !has_all(stream.cached_info().cluster.as_ref()) {
            return Ok(false);
        }
    }
    Ok(has_all(consumer(context).await?.cluster.as_ref()))
}

async fn consumer(context: &Context) -> Result<ConsumerInfo, Error> {
    let events = context.get_stream(STREAMS[0]).await?;
    Ok(events.consumer_info(NAME).await?)
}

fn has_all(cluster: Option<&ClusterInfo>) -> bool {
    cluster.is_some_and(|cluster| {
        let mut replicas = cluster.replicas.iter();
        cluster.leader.is_some()
            && replicas.all(|replica| replica.current && replica.lag.unwrap_or(0) == 0)
    })
}

/// Everything that tells where these events are.
pub(crate) async fn state(url: &str, lost: &[&str]) -> String {
    let mut text = String::new();
    let context = open_nats(url).await.unwrap();
    for name in STREAMS {
        let described = describe(&context, name, lost, &mut text).await;
        described.unwrap_or_else(|error| writeln!(text, "{name}: {error}").unwrap());
    }
    let consumer = consumer(&context).await;
    writeln!(text, "{consumer:#?}").unwrap();
    text
}

async fn describe(
    context: &Context,
    name: &str,
    lost: &[&str],
    text: &mut String,
) -> Result<(), Error> {
    let stream = context.get_stream(name).await?;
    let info = stream.cached_info();
    writeln!(text, "{name}: {:?}\n{:#?}", info.state, info.cluster)?;
    for (sequence, id) in messages(&stream, &format!("{name}.>")).await? {
        let is_lost = lost.iter().any(|lost| id.contains(lost));
        writeln!(
            text,
            "{sequence}: {id}{}",
            if is_lost { ", lost" } else { "" }
        )?;
    }
    Ok(())
}

/// Their sequences, and their ids or subjects.
async fn messages(stream: &Stream, subjects: &str) -> Result<Vec<(u64, String)>, Error> {
    let (mut messages, mut next) = (Vec::new(), 1);
    loop {
        let message = stream.raw_message_builder().sequence(next);
        let message = match message.next_by_subject(subjects).send().await {
            Ok(message) => message,
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                return Ok(messages);
            }
            Err(error) => return Err(error.into()),
        };
        let id = message.headers.get("Nats-Msg-Id");
        next = message.sequence + 1;
        let id = id.map_or(message.subject.as_str(), |id| id.as_str());
        messages.push((message.sequence, id.to_owned()));
    }
}
