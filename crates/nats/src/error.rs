//! The error of a queue on NATS, with advice.

use std::{error::Error, fmt};

use async_nats::{
    ConnectErrorKind, RequestErrorKind,
    jetstream::{
        self, ErrorCode,
        context::{PublishError, PublishErrorKind},
    },
};
use clerk_webhooks::BoxError;

/// Why an operation of a queue or of `migrate` failed.
///
/// Its text says what was tried, and what to do. Its [source](Error::source) is async-nats's own error, if there is one.
/// The result of the operation is unknown: the server may have carried it out.
#[derive(Debug)]
pub struct NatsError {
    attempt: &'static str,
    advice: String,
    source: Option<BoxError>,
}

impl NatsError {
    /// For `map_err`.
    pub(crate) fn of<E: Into<BoxError>>(attempt: &'static str) -> impl FnOnce(E) -> Self {
        move |source| {
            let source = source.into();
            Self {
                attempt,
                advice: advice(&*source).to_owned(),
                source: Some(source),
            }
        }
    }

    /// Settings that would lose events.
    pub(crate) fn refused(advice: String) -> Self {
        Self {
            attempt: "be used for a queue",
            advice,
            source: None,
        }
    }
}

impl fmt::Display for NatsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NATS cannot {}: {}", self.attempt, self.advice)
    }
}

impl Error for NatsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.source.as_deref()?;
        Some(source)
    }
}

/// The server acknowledged a message as a duplicate, without a sequence. Some versions do so in a cluster: a stream's leader
/// reserves an id before the servers agree on the message, and keeps it reserved when they do not.
#[derive(Debug)]
pub(crate) struct NotStored;

impl fmt::Display for NotStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server calls the message a duplicate, but has not stored it")
    }
}

impl Error for NotStored {}

const UNREACHABLE: &str =
    "the server did not answer in time, or cannot be reached; check its address, and that it is up";
const NO_JETSTREAM: &str = "no server answers for JetStream or for this stream; is JetStream enabled, does the stream \
     have a leader (a majority of its replicas), and did the program call `migrate`?";
const NOT_STORED: &str = "the cluster has not stored an earlier copy of this message; are most of the stream's servers up? \
     The sender's next attempt tries again";
const SEE_SOURCE: &str = "see the source of this error";

/// The first cause that says more.
fn advice(error: &(dyn Error + 'static)) -> &'static str {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.filter_map(advice_for).next().unwrap_or(SEE_SOURCE)
}

fn advice_for(error: &(dyn Error + 'static)) -> Option<&'static str> {
    if let Some(error) = error.downcast_ref::<PublishError>() {
        return match error.kind() {
            PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe => Some(UNREACHABLE),
            PublishErrorKind::StreamNotFound => Some(NO_JETSTREAM),
            PublishErrorKind::MaxPayloadExceeded => Some(
                "the event is larger than the server's max_payload; raise it, or lower the layer's limit of the body",
            ),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<async_nats::RequestError>() {
        return match error.kind() {
            RequestErrorKind::TimedOut => Some(UNREACHABLE),
            RequestErrorKind::NoResponders => Some(NO_JETSTREAM),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<async_nats::ConnectError>() {
        return Some(match error.kind() {
            ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                "the server refuses the user or the password"
            }
            _ => UNREACHABLE,
        });
    }
    if error.is::<tokio::time::error::Elapsed>() {
        return Some(UNREACHABLE);
    }
    if error.is::<NotStored>() {
        return Some(NOT_STORED);
    }
    let error = error.downcast_ref::<jetstream::Error>()?;
    match error.error_code() {
        ErrorCode::STREAM_NOT_FOUND => {
            Some("a stream is missing; call `migrate` when the program starts")
        }
        ErrorCode::STREAM_STORE_FAILED | ErrorCode::STORAGE_RESOURCES_EXCEEDED => {
            Some("the stream or its disk is full; raise its limits, or start workers that empty it")
        }
        ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => {
            Some("JetStream is not enabled: add `jetstream {}` to the server's configuration")
        }
        ErrorCode::STREAM_DUPLICATE_MESSAGE_CONFLICT => Some(NOT_STORED),
        ErrorCode::CLUSTER_NO_PEERS | ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED => {
            Some("the cluster has fewer servers than the streams have replicas")
        }
        ErrorCode::CLUSTER_NOT_AVAILABLE | ErrorCode::CLUSTER_NOT_LEADER => {
            Some("the cluster has no leader at the moment; are most of its servers up?")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_that_is_not_stored_is_explained() {
        let answer = r#"{"code": 409, "err_code": 10158, "description": "in process"}"#;
        let answer: jetstream::Error = serde_json::from_str(answer).unwrap();
        for source in [BoxError::from(NotStored), answer.into()] {
            let error = PublishError::with_source(PublishErrorKind::Other, source);
            let text = NatsError::of("store an event")(error).to_string();
            assert!(text.contains("an earlier copy"), "{text}");
        }
    }
}
