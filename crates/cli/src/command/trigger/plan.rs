//! What is sent.

use std::time::Duration;

use bytes::Bytes;
use clerk_webhooks::{EventType, SigningSecret, testing::SignedRequest};
use fastrand::Rng;
use serde_json::{Map, Value};

use super::args::TriggerArgs;
use crate::{
    command::events::fixture, failure::Failure, input::read_file, send::random_message_id,
};

const AGE_OF_STALE: Duration = Duration::from_secs(3_600);

/// A message to send.
#[derive(Clone)]
pub(super) struct Planned {
    pub(super) event_type: String,
    pub(super) message_id: String,
    pub(super) body: Bytes,
}

/// Every message, in the order in which it is sent.
pub(super) fn plan(args: &TriggerArgs) -> Result<Vec<Planned>, Failure> {
    let mut rng = Rng::new();
    let events = events(args)?;
    let copies = if args.duplicate { 2 } else { 1 };
    let mut planned = Vec::with_capacity(events.len() * args.repeat * copies);
    for _ in 0..args.repeat {
        for (event_type, body) in &events {
            let message = Planned {
                event_type: event_type.clone(),
                message_id: random_message_id(&mut rng),
                body: body.clone(),
            };
            planned.extend(std::iter::repeat_n(message, copies));
        }
    }
    if args.shuffle {
        rng.shuffle(&mut planned);
    }
    Ok(planned)
}

/// Type and body of each event.
fn events(args: &TriggerArgs) -> Result<Vec<(String, Bytes)>, Failure> {
    if let Some(file) = &args.data {
        let body = changed(&read_file(file)?, &args.set)?;
        let parsed: Option<Value> = serde_json::from_slice(&body).ok();
        let event_type = parsed
            .as_ref()
            .and_then(|event| event.get("type")?.as_str());
        return Ok(vec![(event_type.unwrap_or("-").to_owned(), body)]);
    }
    let event = |name: &str| {
        let (event_type, json) = fixture(name)?;
        Ok((
            event_type.as_str().to_owned(),
            changed(&json.into(), &args.set)?,
        ))
    };
    match args.all {
        true => EventType::all()
            .iter()
            .map(|event_type| event(event_type.as_str()))
            .collect(),
        false => args.types.iter().map(|name| event(name)).collect(),
    }
}

/// The body with these fields set.
fn changed(body: &Bytes, changes: &[String]) -> Result<Bytes, Failure> {
    if changes.is_empty() {
        return Ok(body.clone());
    }
    let not_json = |_| Failure::Input("--set needs a body that is JSON".to_owned());
    let mut event: Value = serde_json::from_slice(body).map_err(not_json)?;
    for change in changes {
        let usage =
            || Failure::Usage("--set needs PATH=VALUE, such as data.first_name=Ada".to_owned());
        let (path, text) = change.split_once('=').ok_or_else(usage)?;
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        set(&mut event, path, value).map_err(Failure::Usage)?;
    }
    Ok(event.to_string().into())
}

/// Sets a field; objects on the way to it are made.
fn set(event: &mut Value, path: &str, value: Value) -> Result<(), String> {
    let mut at = event;
    for name in path.split('.') {
        let wrong = || {
            format!(
                "--set: nothing in this event is at `{}`",
                crate::output::escaped(path)
            )
        };
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        at = match at {
            Value::Object(fields) => fields.entry(name).or_insert(Value::Null),
            Value::Array(values) => name
                .parse()
                .ok()
                .and_then(|place: usize| values.get_mut(place))
                .ok_or_else(wrong)?,
            _ => return Err(wrong()),
        };
    }
    *at = value;
    Ok(())
}

/// Signs when a message is sent.
pub(super) struct Signer {
    secret: SigningSecret,
    is_stale: bool,
}

impl Signer {
    pub(super) fn new(secret: SigningSecret, is_stale: bool) -> Self {
        Self { secret, is_stale }
    }

    pub(super) fn headers(&self, planned: &Planned) -> [(String, String); 3] {
        let request = SignedRequest::new(&self.secret, planned.body.clone())
            .with_message_id(&planned.message_id);
        match self.is_stale {
            true => request.with_age(AGE_OF_STALE).header_pairs(),
            false => request.header_pairs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_set_by_their_path() {
        let body = Bytes::from(r#"{"data":{"a":[{"b":1}],"c":null}}"#);
        let set = |change: &str| changed(&body, &[change.to_owned()]);
        assert_eq!(
            set("data.a.0.b=true").unwrap(),
            r#"{"data":{"a":[{"b":true}],"c":null}}"#
        );
        assert_eq!(
            set("data.c.d=Ada").unwrap(),
            r#"{"data":{"a":[{"b":1}],"c":{"d":"Ada"}}}"#
        );
        for wrong in ["data.a.7.b=1", "data.a.0.b.c=1", "data.a"] {
            assert!(matches!(set(wrong), Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
