//! Makes the streams.

use async_nats::jetstream::{
    ErrorCode,
    context::GetStreamErrorKind,
    stream::{Config, Info, Stream},
};

use crate::{check, error::NatsError, streams::Streams};

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
    match streams.context.get_stream(name).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(cause)
                if cause.error_code() == ErrorCode::STREAM_NOT_FOUND =>
            {
                Ok(None)
            }
            _ => Err(NatsError::of("read a stream's settings")(error)),
        },
    }
}
