//! Decodes arbitrary bytes as events. All decoders must give the same result. A decoded event must survive
//! serializing and decoding again.
#![no_main]

use clerk_webhooks::{ClerkEvent, RawClerkEvent};
use clerk_webhooks_fuzz::by_serde;
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

fuzz_target!(|body: &[u8]| {
    let event = by_serde::decode(body);
    let raw = RawClerkEvent::from_slice(body);
    agrees_with_serde(body, event.as_ref().ok());
    agrees_with_serde(body, raw.as_ref().ok());
    match (event, raw) {
        (Ok(event), Ok(raw)) => {
            read_all(&event);
            assert_eq!(raw.event_type, *event.event_type());
            assert_eq!(ClerkEvent::try_from(raw).ok().as_ref(), Some(&event));
        }
        (Ok(_), Err(refused)) => panic!("refused raw: {refused}"),
        (Err(refused), raw) => {
            let lines = body.iter().filter(|byte| **byte == b'\n').count() + 1;
            assert!(refused.line() <= lines, "{refused}");
            let _printed = format!("{refused:?}");
            let again = match raw {
                Ok(raw) => ClerkEvent::try_from(raw).unwrap_err(),
                Err(again) => again,
            };
            assert_eq!(again.kind(), refused.kind(), "{again}, {refused}");
        }
    }
});

/// Compares values, not texts, because serde_json formats raw JSON again. Skips JSON that serde_json refuses
/// and this crate accepts in fields that nobody reads, such as deep nesting or half a surrogate pair.
fn agrees_with_serde<T>(body: &[u8], event: Option<&T>)
where
    T: Serialize + DeserializeOwned,
{
    let Ok(text) = std::str::from_utf8(body) else {
        assert!(event.is_none());
        return;
    };
    if serde_json::from_str::<Value>(text).is_err() {
        return;
    }
    let value = |event: &T| serde_json::to_value(event).unwrap();
    let by_serde: Option<T> = serde_json::from_str(text).ok();
    assert_eq!(event.map(value), by_serde.as_ref().map(value));
    if let Some(event) = event {
        let written = serde_json::to_vec(event).unwrap();
        let again: T = serde_json::from_slice(&written).unwrap();
        assert_eq!(value(&again), value(event));
    }
}

fn read_all(event: &ClerkEvent) {
    let ids = (event.object_id(), event.user_id(), event.organization_id());
    let times = event
        .occurred_at()
        .map(|at| (at.as_millis(), at.to_system_time()));
    let _printed = format!("{ids:?} {times:?} {event:?}");
}
