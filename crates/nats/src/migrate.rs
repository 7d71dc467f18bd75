//! Makes the streams.

use std::time::Duration;

use async_nats::jetstream::{
    ErrorCode,
    context::GetStreamErrorKind,
    stream::{Config, Info, Stream},
};

use tokio::time::sleep;

use crate::{check, error::NatsError, streams::Streams};

/// A cluster that is electing a leader does not answer.
const TRIES: u32 = 3;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// Makes the streams that are missing, and checks those that are there. It never changes a stream.
///
/// Call it when the program starts. Any number of processes may call it at the same time. Without the right to make
/// streams, make them yourself and leave it out: [`Queue::new`](crate::queue::Queue::new) checks them too.
///
/// # Errors
///
/// When a stream can neither be read nor made, or its settings would lose events. The error names the setting and the
/// command that fixes it.
pub async fn migrate(streams: &Streams) -> Result<(), NatsError> {
    check::server(streams)?;
    for config in streams.configs() {
        if find(streams, &config.name).await?.is_none() {
            let made = streams.context.get_or_create_stream(config).await;
            made.map_err(NatsError::of("make a stream"))?;
        }
    }
    open(streams).await.map(drop)
}

/// The three streams, checked: events, failures, dead letters.
pub(crate) async fn open(streams: &Streams) -> Result<[Stream<Info>; 3], NatsError> {
    check::server(streams)?;
    let [events, failures, dead] = streams.configs();
    Ok([
        checked(streams, &events).await?,
        checked(streams, &failures).await?,
        checked(streams, &dead).await?,
    ])
}

async fn checked(streams: &Streams, required: &Config) -> Result<Stream<Info>, NatsError> {
    let found = find(streams, &required.name).await?;
    let name = &required.name;
    let found = found.ok_or_else(|| {
        NatsError::refused(format!(
            "the stream {name} is missing; call `migrate` when the program starts"
        ))
    })?;
    let config = &found.cached_info().config;
    match check::stream(streams, required, config) {
        None => Ok(found),
        Some(fault) => Err(NatsError::refused(format!("the stream {name} {fault}"))),
    }
}

async fn find(streams: &Streams, name: &str) -> Result<Option<Stream<Info>>, NatsError> {
    let mut tries = TRIES;
    loop {
        let error = match streams.context.get_stream(name).await {
            Ok(stream) => return Ok(Some(stream)),
            Err(error) => error,
        };
        tries -= 1;
        match error.kind() {
            GetStreamErrorKind::JetStream(cause)
                if cause.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                return Ok(None);
            }
            GetStreamErrorKind::Request if tries > 0 => sleep(BETWEEN_TRIES).await,
            _ => return Err(NatsError::of("read a stream's settings")(error)),
        }
    }
}
