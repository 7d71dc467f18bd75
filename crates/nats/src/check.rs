//! Which settings of a server or a stream would lose events.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use crate::{error::NatsError, streams::Streams};

pub(crate) fn server(streams: &Streams) -> Result<(), NatsError> {
    let (offered, needed) = (
        streams.context.client().max_payload(),
        streams.largest_message(),
    );
    // Zero as long as no server has been connected to.
    if offered == 0 || needed <= offered {
        return Ok(());
    }
    Err(NatsError::refused(format!(
        "the server's max_payload is {offered} bytes, but a stored event can have {needed}: set \
         `max_payload: {needed}` in the server's configuration and run `nats-server --signal reload`, or lower the \
         limit of the body here (`with_max_body_bytes`) and in `ClerkWebhookLayer`"
    )))
}

/// What is wrong with a stream, and how to fix it.
pub(crate) fn stream(streams: &Streams, required: &Config, found: &Config) -> Option<String> {
    let name = &required.name;
    if let Some(fault) = unchangeable(required, found) {
        return Some(format!(
            "{fault}, which cannot be changed: let its events run, run `nats stream rm {name}`, and call `migrate`"
        ));
    }
    let drops = drops(required, found);
    let (fault, flags) = drops.or_else(|| refuses(streams, required, found))?;
    Some(format!("{fault}: run `nats stream edit {name} {flags}`"))
}

fn unchangeable(required: &Config, found: &Config) -> Option<String> {
    if found.storage != StorageType::File {
        return Some("is kept in memory, so a restart of the server loses it".to_owned());
    }
    let (is, needed) = (retention(found.retention), retention(required.retention));
    (is != needed).then(|| format!("has the retention policy {is}, not {needed}"))
}

/// A setting that drops stored events, and the flags that change it.
fn drops(required: &Config, found: &Config) -> Option<(String, String)> {
    let is_bounded = found.max_messages > 0 || found.max_bytes > 0;
    if is_bounded && found.discard != DiscardPolicy::New {
        let fault = "drops its oldest messages when it is full (discard=old)";
        return Some((fault.to_owned(), "--discard new".to_owned()));
    }
    if let Some(age) = too_old(required, found) {
        let fault = format!("drops messages after {age:?} (max_age)");
        return Some((fault, format!("--max-age {}", needed_age(required))));
    }
    let (most, needed) = (
        found.max_messages_per_subject,
        required.max_messages_per_subject,
    );
    (most > 0 && most != needed).then(|| {
        let fault = format!("keeps {most} messages of a subject (max_msgs_per_subject)");
        (fault, format!("--max-msgs-per-subject={needed}"))
    })
}

/// A setting by which an event is not stored, or stored twice, or on too few servers; and the flags that change it.
fn refuses(streams: &Streams, required: &Config, found: &Config) -> Option<(String, String)> {
    if found.no_ack {
        return Some((
            "does not acknowledge messages (no_ack)".to_owned(),
            "--ack".to_owned(),
        ));
    }
    if !covers(&found.subjects, &required.subjects) {
        let subjects = required.subjects.join(",");
        let fault = format!("does not take the subject {subjects}");
        return Some((fault, format!("--subjects '{subjects}'")));
    }
    let largest = usize::try_from(found.max_message_size).unwrap_or_default();
    let needed = streams.largest_message();
    if 0 < largest && largest < needed {
        let fault = format!(
            "refuses messages of more than {largest} bytes (max_msg_size), but an event can have {needed}"
        );
        return Some((fault, format!("--max-msg-size {needed}")));
    }
    if let Some(needed) = too_short(streams, required, found) {
        let window = found.duplicate_window;
        let fault = format!(
            "forgets message ids after {window:?} (duplicate_window), but the sender retries for longer"
        );
        return Some((fault, format!("--dupe-window {}s", needed.as_secs())));
    }
    let (is, needed) = (found.num_replicas, required.num_replicas);
    (is < needed).then(|| {
        (
            format!("has {is} replicas, not {needed}"),
            format!("--replicas {needed}"),
        )
    })
}

fn retention(policy: RetentionPolicy) -> &'static str {
    match policy {
        RetentionPolicy::Limits => "limits",
        RetentionPolicy::Interest => "interest",
        RetentionPolicy::WorkQueue => "workqueue",
    }
}

fn covers(found: &[String], required: &[String]) -> bool {
    required.iter().all(|subject| {
        let prefix = subject.split('.').next().unwrap_or_default();
        let all = format!("{prefix}.>");
        found.iter().any(|found| found == subject || *found == all)
    })
}

/// The age after which messages are dropped, if that is too early.
fn too_old(required: &Config, found: &Config) -> Option<Duration> {
    let age = found.max_age;
    let is_short = !age.is_zero() && (required.max_age.is_zero() || age < required.max_age);
    is_short.then_some(age)
}

fn needed_age(required: &Config) -> String {
    match required.max_age.as_secs() {
        0 => "0".to_owned(),
        seconds => format!("{seconds}s"),
    }
}

/// The window that is needed, if the stream's is shorter.
fn too_short(streams: &Streams, required: &Config, found: &Config) -> Option<Duration> {
    let needed = streams.shortest_window();
    let matters = required.retention == RetentionPolicy::WorkQueue;
    (matters && found.duplicate_window < needed).then_some(needed)
}
