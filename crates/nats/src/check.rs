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
    let edit = |setting: String, flags: String| {
        format!("{setting}: run `nats stream edit {name} {flags}`")
    };
    let anew = |setting: &str| {
        format!(
            "{setting}, which cannot be changed: let its events run, run `nats stream rm {name}`, and call `migrate`"
        )
    };
    let is_bounded = found.max_messages > 0 || found.max_bytes > 0;
    let largest = usize::try_from(found.max_message_size).unwrap_or_default();
    let subject = required.subjects.join(",");
    let faults = [
        (found.retention != required.retention).then(|| {
            let (is, needed) = (retention(found.retention), retention(required.retention));
            anew(&format!("has the retention policy {is}, not {needed}"))
        }),
        (found.storage != StorageType::File)
            .then(|| anew("is kept in memory, and a restart of the server loses it")),
        found
            .no_ack
            .then(|| edit("does not acknowledge messages (no_ack)".into(), "--ack".into())),
        (!covers(&found.subjects, &required.subjects)).then(|| {
            edit(format!("does not take the subject {subject}"), format!("--subjects '{subject}'"))
        }),
        (is_bounded && found.discard != DiscardPolicy::New).then(|| {
            edit("drops its oldest messages when it is full (discard=old)".into(), "--discard new".into())
        }),
        too_old(required, found).map(|age| {
            edit(format!("drops messages after {age:?} (max_age)"), format!("--max-age {}", needed_age(required)))
        }),
        (found.max_messages_per_subject > 0
            && found.max_messages_per_subject != required.max_messages_per_subject)
            .then(|| {
                let most = found.max_messages_per_subject;
                edit(
                    format!("keeps {most} messages of a subject (max_msgs_per_subject)"),
                    format!("--max-msgs-per-subject={}", required.max_messages_per_subject),
                )
            }),
        (found.max_message_size > 0 && largest < streams.largest_message()).then(|| {
            let needed = streams.largest_message();
            edit(
                format!("refuses messages of more than {largest} bytes (max_msg_size), but an event can have {needed}"),
                format!("--max-msg-size {needed}"),
            )
        }),
        too_short(streams, required, found).map(|needed| {
            let window = found.duplicate_window;
            edit(
                format!("forgets message ids after {window:?} (duplicate_window), but the sender retries for longer"),
                format!("--dupe-window {}s", needed.as_secs()),
            )
        }),
        (found.num_replicas < required.num_replicas).then(|| {
            let (is, needed) = (found.num_replicas, required.num_replicas);
            edit(format!("has {is} replicas, not {needed}"), format!("--replicas {needed}"))
        }),
    ];
    faults.into_iter().flatten().next()
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
