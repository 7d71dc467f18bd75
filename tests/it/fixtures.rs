//! The test kit's fixtures: one for every type of event, all as Clerk sends them.

use clerk_webhooks::{
    EventData, EventType,
    event::Timestamp,
    testing::{self, fixtures},
};
use serde_json::{Value, json};

use crate::{
    by_serde,
    json::{self, Step},
};

#[test]
fn every_type_of_event_has_a_fixture() {
    let fixtures: Vec<EventType> = fixtures::all().into_iter().map(|(kind, _)| kind).collect();
    let missing: Vec<&str> = EventType::all()
        .iter()
        .filter(|event_type| !fixtures.contains(event_type))
        .map(EventType::as_str)
        .collect();
    assert!(
        missing.is_empty(),
        "add to the table in src/testing/fixtures/mod.rs a fixture for each of {missing:?}"
    );
    assert_eq!(
        fixtures,
        EventType::all(),
        "in the order of `EventType::all`"
    );
}

#[test]
fn every_fixture_decodes_as_its_own_type_and_the_round_trip_keeps_it() {
    for (event_type, text) in fixtures::all() {
        let event = by_serde::decode(text.as_bytes())
            .unwrap_or_else(|error| panic!("{event_type}: {error}"));
        assert_eq!(event.event_type(), &event_type);
        assert!(!matches!(event.data, EventData::Unknown(_)), "{event_type}");
        let sent: Value = serde_json::from_str(&text).unwrap();
        let written = serde_json::to_value(&event).unwrap();
        assert_eq!(
            json::lost(&sent, &written),
            Vec::<String>::new(),
            "{event_type}"
        );
    }
}

/// A value that this version does not know would be a typing error of ours.
#[test]
fn no_fixture_holds_an_unknown_enum_value() {
    for (event_type, text) in fixtures::all() {
        let event = by_serde::decode(text.as_bytes()).unwrap();
        let unknown: Vec<_> = format!("{event:?}")
            .match_indices("Unknown(")
            .map(|(at, _)| at)
            .collect();
        let strategies = text.matches("affiliation_email_code").count();
        assert_eq!(unknown.len(), strategies, "{event_type}: {event:?}");
    }
}

#[test]
fn envelopes_are_whole_and_in_milliseconds() {
    for (event_type, text) in fixtures::all() {
        let event: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["object"], "event");
        assert_eq!(event["type"], event_type.as_str());
        let timestamp = event["timestamp"].as_i64().unwrap();
        let updated_at = event["data"]["updated_at"].as_i64().unwrap_or(timestamp);
        assert!(
            timestamp > 1_700_000_000_000 && updated_at <= timestamp,
            "{event_type}"
        );
        assert!(is_id(event["instance_id"].as_str().unwrap()));
        assert!(event["event_attributes"]["http_request"]["client_ip"].is_string());
    }
}

#[test]
fn ids_have_clerks_form() {
    for (event_type, text) in fixtures::all() {
        let event: Value = serde_json::from_str(&text).unwrap();
        for path in json::paths(&event) {
            let Some(Step::Field(name)) = path.last() else {
                continue;
            };
            let is_clerks = name == "id" || name.ends_with("_id");
            if let Some(id) = json::at(&event, &path).as_str()
                && is_clerks
                && !name.starts_with("gateway_")
                && !id.is_empty()
            {
                assert!(is_id(id), "{event_type}: {path:?}: {id}");
            }
        }
    }
}

#[test]
fn the_fixtures_tell_one_story() {
    let mira = fixtures::user_created().data().id.clone();
    let lab = fixtures::organization_created().data().id.clone();
    assert_eq!(fixtures::user_deleted().data().id, mira);
    assert_eq!(fixtures::organization_deleted().data().id, lab);
    assert_eq!(
        fixtures::organization_domain_deleted().data().id,
        fixtures::organization_domain_created().data().id
    );
    assert_eq!(
        fixtures::role_deleted().data().id,
        fixtures::role_created().data().id
    );
    assert_eq!(
        fixtures::permission_deleted().data().id,
        fixtures::permission_created().data().id
    );
    for (event_type, text) in fixtures::all() {
        let event = by_serde::decode(text.as_bytes()).unwrap();
        assert!(event.user_id().is_none_or(|id| id == mira), "{event_type}");
        assert!(
            event.organization_id().is_none_or(|id| id == lab),
            "{event_type}"
        );
    }
}

#[test]
fn a_handler_and_a_router_get_the_same_fixture() {
    let fixture = fixtures::user_created().id("user_1").email("a@b.c");
    let delivered = testing::deliver(fixture.clone());
    let body: bytes::Bytes = fixture.into();
    assert_eq!(delivered.raw_body(), &body);
    assert_eq!(delivered.user_id(), Some("user_1"));
    let EventData::UserCreated(user) = &delivered.data else {
        panic!("another type")
    };
    assert_eq!(user.primary_email_address().unwrap().email_address, "a@b.c");
}

#[test]
fn the_time_of_a_fixture_is_what_handlers_order_by() {
    let at = Timestamp::from_millis(1_716_883_200_000);
    let events = [
        testing::deliver(fixtures::session_ended().at(at)),
        testing::deliver(fixtures::sms_created().at(at)),
        // Neither has an `updated_at`: it is the event's timestamp.
        testing::deliver(fixtures::email_created().at(at)),
        testing::deliver(fixtures::user_deleted().at(at)),
    ];
    for event in events {
        assert_eq!(event.occurred_at(), Some(at), "{}", event.event_type());
    }
}

#[test]
fn absent_fields_are_absent_and_null_fields_are_null() {
    let body = |json: String| serde_json::from_str::<Value>(&json).unwrap()["data"].take();
    let session = body(fixtures::session_created().to_json());
    assert_eq!(session["actor"], Value::Null);
    for absent in [
        "user",
        "latest_activity",
        "last_active_organization_id",
        "tasks",
    ] {
        assert!(session.get(absent).is_none(), "{absent}");
    }
    let deleted = body(fixtures::user_deleted().to_json());
    let id = fixtures::user_created().data().id.clone();
    assert_eq!(
        deleted,
        json!({"deleted": true, "id": id, "object": "user"})
    );
    let pending = body(fixtures::session_pending().to_json());
    assert_eq!(pending["tasks"], json!([{"key": "choose-organization"}]));
}

#[test]
#[should_panic(expected = "no primary e-mail address left")]
fn a_user_without_a_primary_address_says_so() {
    let _ = fixtures::user_created()
        .with(|user| user.email_addresses.clear())
        .email("a@b.c");
}

/// `user_` and the like, and 27 letters and digits.
fn is_id(id: &str) -> bool {
    id.rsplit_once('_').is_some_and(|(prefix, rest)| {
        !prefix.is_empty()
            && rest.len() == 27
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}
