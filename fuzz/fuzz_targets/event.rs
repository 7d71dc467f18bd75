//! Bodies of any bytes as events: every way in comes to the same result, and what was read is written
//! so that it reads the same.
#![no_main]

use clerk_webhooks::{ClerkEvent, RawClerkEvent};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let event = ClerkEvent::from_slice(body);
    let raw = RawClerkEvent::from_slice(body);
    agrees_with_serde(body, &event, &raw);
    match (event, raw) {
        (Ok(event), Ok(raw)) => {
            read_all(&event);
            assert_eq!(
                ClerkEvent::try_from(raw.clone()).ok().as_ref(),
                Some(&event)
            );
            assert_eq!(raw.event_type, *event.event_type());
            let written = serde_json::to_vec(&event).unwrap();
            assert_eq!(ClerkEvent::from_slice(&written).ok().as_ref(), Some(&event));
            let written = serde_json::to_vec(&raw).unwrap();
            assert_eq!(
                RawClerkEvent::from_slice(&written).ok().as_ref(),
                Some(&raw)
            );
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

/// Plain serde passes over text that is not UTF-8 in fields that nobody reads: we never do.
fn agrees_with_serde<E>(
    body: &[u8],
    event: &Result<ClerkEvent, E>,
    raw: &Result<RawClerkEvent, E>,
) {
    if std::str::from_utf8(body).is_err() {
        assert!(event.is_err() && raw.is_err());
        return;
    }
    let by_serde = serde_json::from_slice::<ClerkEvent>(body).ok();
    assert_eq!(event.as_ref().ok(), by_serde.as_ref());
    let by_serde = serde_json::from_slice::<RawClerkEvent>(body).ok();
    assert_eq!(raw.as_ref().ok(), by_serde.as_ref());
}

fn read_all(event: &ClerkEvent) {
    let ids = (event.object_id(), event.user_id(), event.organization_id());
    let times = event
        .occurred_at()
        .map(|at| (at.as_millis(), at.to_system_time()));
    let _printed = format!("{ids:?} {times:?} {event:?}");
}
