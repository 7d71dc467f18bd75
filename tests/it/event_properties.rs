//! If Clerk omits, adds, renames or reorders fields, an event still decodes to the same object. Any other
//! bytes end in an error, never in a panic.

use clerk_webhooks::{
    ClerkEvent, EventData, EventType, RawClerkEvent,
    event::{DecodeError, DecodeErrorKind},
    testing::fixtures,
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::Config,
};
use serde_json::{Map, Value};

use crate::{
    by_serde, eras,
    json::{self, Step},
};

/// Prints a failure in its smallest form, with its seed. Writes no file.
fn config(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config(768))]

    #[test]
    fn an_event_decodes_after_changes_that_clerk_may_make(
        original in body(),
        mutations in vec(mutation(), 1..12),
        order in any::<u64>(),
    ) {
        let mut sent = original.clone();
        let mut meant = original.clone();
        for mutation in &mutations {
            mutation.apply(&mut sent, &mut meant);
        }
        let text = in_order(&sent, order);
        let event = decode(&text);
        let event = event.map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;

        let before = decode(&original.to_string()).unwrap();
        prop_assert_eq!(variant(&event), variant(&before));
        let written = serde_json::to_value(&event).unwrap();
        let lost = json::lost(&eras::canonical(&meant), &written);
        prop_assert!(lost.is_empty(), "lost {:?} of {}", lost, text);

        let buffered: ClerkEvent = serde_json::from_value(sent).unwrap();
        prop_assert_eq!(serde_json::to_value(&buffered).unwrap(), written);
    }

    #[test]
    fn a_duplicate_field_is_refused_as_by_serde_and_ignored_if_it_is_unknown(
        original in body(),
        place in any::<Index>(),
        value in any_json(),
        order in any::<u64>(),
    ) {
        let mut paths = json::paths(&original);
        paths.retain(|path| json::ends_in_field(path));
        let (last, object) = place.get(&paths).split_last().unwrap();
        for name in [last.field().unwrap(), "unknown"] {
            let mut event = original.clone();
            json::at_mut(&mut event, object)["unknown"] = value.clone();
            json::at_mut(&mut event, object)["duplicate"] = value.clone();
            let text = in_order(&event, order).replace(r#""duplicate":"#, &format!(r#""{name}":"#));
            let event = decode(&text);
            prop_assert!(event.is_ok() || name != "unknown", "{}", text);
            let is_data = object.is_empty() && name == "data";
            prop_assert!(event.is_err() || !is_data, "{}", text);
        }
    }

    #[test]
    fn any_json_anywhere_gets_one_verdict_from_every_entry_point(
        original in body(),
        place in any::<Index>(),
        value in any_json(),
        order in any::<u64>(),
    ) {
        let mut event = original;
        let paths = json::paths(&event);
        *json::at_mut(&mut event, &paths[place.index(paths.len())]) = value;
        let _ = decode(&in_order(&event, order));
    }

    #[test]
    fn any_data_gets_one_verdict_from_every_entry_point(
        event_type in select(EventType::all()),
        data in any_json(),
        order in any::<u64>(),
    ) {
        let event = serde_json::json!({ "type": event_type.as_str(), "data": data });
        let _ = decode(&in_order(&event, order));
    }

    #[test]
    fn truncated_or_spliced_text_gets_one_verdict_from_every_entry_point(
        (original, other) in (body(), body()),
        (from, to) in any::<(Index, Index)>(),
        noise in "\\PC{0,6}|[\\[\\]{}\":,0-9eE.\\\\nu-]{0,12}",
    ) {
        let (original, other) = (original.to_string(), other.to_string());
        let start = prefix(&original, from);
        prop_assert!(decode(start).is_err(), "{} is whole", start);
        let _ = decode(&format!("{start}{noise}{}", suffix(&original, to)));
        let _ = decode(&format!("{start}{noise}{}", suffix(&other, to)));
    }

    #[test]
    fn changed_bytes_never_panic(
        original in body(),
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut body = original.to_string().into_bytes();
        for (place, byte) in changes {
            *place.get_mut(&mut body) = byte;
        }
        match std::str::from_utf8(&body) {
            Ok(text) => drop(decode(text)),
            Err(_) => {
                let error = by_serde::decode(&body).unwrap_err();
                prop_assert_eq!(error.kind(), DecodeErrorKind::NotUtf8);
                let _ = serde_json::from_slice::<ClerkEvent>(&body);
            }
        }
    }

    #[test]
    fn random_bytes_are_refused(body in vec(any::<u8>(), 0..256)) {
        prop_assert!(by_serde::decode(&body).is_err());
        prop_assert!(RawClerkEvent::from_slice(&body).is_err());
        prop_assert!(serde_json::from_slice::<ClerkEvent>(&body).is_err());
    }
}

proptest! {
    #![proptest_config(config(32))]

    #[test]
    fn deep_nesting_anywhere_does_not_overflow_the_stack(
        original in body(),
        place in any::<Index>(),
        depth in 1..50_000_usize,
        (open, close) in select(&[("[", "]"), (r#"{"id":"#, "}"), (r#"[{"data":"#, "}]")][..]),
        closed in any::<bool>(),
    ) {
        let mut event = original;
        let paths = json::paths(&event);
        *json::at_mut(&mut event, &paths[place.index(paths.len())]) = Value::from("the deep place");
        let deep = format!(
            "{}0{}", open.repeat(depth), close.repeat(if closed { depth } else { 0 })
        );
        let text = event.to_string().replace(r#""the deep place""#, &deep);
        let decoded = decode(&text);
        prop_assert!(closed || decoded.is_err());
    }
}

/// Tests every single field, absent and `null`, because random choice might miss some.
#[test]
fn exactly_the_optional_fields_may_be_absent_or_null() {
    for body in bodies() {
        let before = decode(&body.to_string()).unwrap();
        let fields = json::paths(&body);
        for path in fields.iter().filter(|path| json::ends_in_field(path)) {
            for absent in [true, false] {
                let mut less = body.clone();
                remove_or_null(&mut less, path, absent);
                let event = by_serde::decode(less.to_string().as_bytes());
                let kept = event.is_ok_and(|event| variant(&event) == variant(&before));
                assert_eq!(kept, is_optional(&body, path), "{path:?} of {body}");
            }
        }
    }
}

/// All fixtures, and the bodies of all eras.
fn bodies() -> Vec<Value> {
    let fixtures = fixtures::all().into_iter().map(|(_, body)| body);
    let eras = eras::ALL.iter().map(|(_, body)| (*body).to_owned());
    fixtures
        .chain(eras)
        .map(|body| serde_json::from_str(&body).unwrap())
        .collect()
}

fn body() -> impl Strategy<Value = Value> {
    select(bodies())
}

/// Decodes with every entry point. All must have the same result.
#[track_caller]
fn decode(text: &str) -> Result<ClerkEvent, DecodeError> {
    let event = by_serde::decode(text.as_bytes());
    let from_raw = RawClerkEvent::from_slice(text.as_bytes()).and_then(ClerkEvent::try_from);
    assert_eq!(event.as_ref().ok(), from_raw.as_ref().ok(), "{text}");
    // In fields that nobody reads, serde_json refuses deep nesting and half a surrogate pair.
    let is_readable = serde_json::from_str::<Value>(text).is_ok();
    let expected = event.as_ref().ok().filter(|_| is_readable).map(as_value);
    let through_serde: [Option<ClerkEvent>; 2] = [
        serde_json::from_slice(text.as_bytes()).ok(),
        serde_json::from_str(text).ok(),
    ];
    for event in through_serde {
        assert_eq!(event.as_ref().map(as_value), expected, "{text}");
    }
    event
}

/// `serde_json` writes metadata again: the value stays the same, the text may not.
fn as_value(event: &ClerkEvent) -> Value {
    serde_json::to_value(event).unwrap()
}

fn variant(event: &ClerkEvent) -> std::mem::Discriminant<EventData> {
    std::mem::discriminant(&event.data)
}

/// What Clerk may change without notice.
#[derive(Clone, Debug)]
enum Mutation {
    /// Omits an optional field, or sends it as `null`.
    Less { place: Index, absent: bool },
    /// Adds an unknown field.
    More {
        place: Index,
        name: String,
        value: Value,
    },
    /// Replaces a text, for example by an unknown enum value or an empty name.
    OtherText { place: Index, text: String },
    /// Sends a field that has two spellings in the other spelling too, with its own value or `null`.
    OtherSpelling { place: Index, millis: Option<i64> },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<Index>;
    prop_oneof![
        (place(), any::<bool>()).prop_map(|(place, absent)| Mutation::Less { place, absent }),
        (place(), "new_[a-z]{1,8}", any_json()).prop_map(|(place, name, value)| Mutation::More {
            place,
            name,
            value
        }),
        (place(), "\\PC{0,12}").prop_map(|(place, text)| Mutation::OtherText { place, text }),
        (place(), any::<Option<i64>>())
            .prop_map(|(place, millis)| Mutation::OtherSpelling { place, millis }),
    ]
}

impl Mutation {
    /// `meant` is the part of `sent` that this version knows.
    fn apply(&self, sent: &mut Value, meant: &mut Value) {
        let found = self.place_in(meant);
        let Some(path) = found else { return };
        match self {
            Self::Less { absent, .. } => {
                remove_or_null(sent, &path, *absent);
                remove_or_null(meant, &path, *absent);
            }
            Self::More { name, value, .. } => {
                json::at_mut(sent, &path)[name] = value.clone();
            }
            Self::OtherText { text, .. } => {
                *json::at_mut(sent, &path) = text.as_str().into();
                *json::at_mut(meant, &path) = text.as_str().into();
            }
            Self::OtherSpelling { millis, .. } => {
                spell_otherwise(sent, &path, *millis);
                spell_otherwise(meant, &path, *millis);
            }
        }
    }

    /// One of the paths to which this mutation applies, if there is one.
    fn place_in(&self, event: &Value) -> Option<Vec<Step>> {
        let mut paths = json::paths(event);
        let (place, fits): (_, fn(&Value, &[Step]) -> bool) = match self {
            Self::Less { place, .. } => (place, is_optional),
            Self::More { place, .. } => (place, is_typed_object),
            Self::OtherText { place, .. } => (place, is_text),
            Self::OtherSpelling { place, .. } => (place, has_another_spelling),
        };
        paths.retain(|path| fits(event, path));
        (!paths.is_empty()).then(|| place.get(&paths).clone())
    }
}

/// Whether an event without this field still decodes.
fn is_optional(event: &Value, path: &[Step]) -> bool {
    if !json::ends_in_field(path) {
        return false;
    }
    let fields: Vec<&str> = path.iter().filter_map(Step::field).collect();
    let needed: &[&str] = match family(event) {
        "organizationMembership" => &[
            "data.organization",
            "data.organization.id",
            "data.public_user_data.user_id",
        ],
        "session" => &["data.user_id"],
        "user" => &["data.email_addresses.email_address"],
        _ => &[],
    };
    let field = fields.join(".");
    ![needed, &["type", "data", "data.id"]]
        .concat()
        .contains(&field.as_str())
}

/// The part before the dot: `user` for `user.created`.
fn family(event: &Value) -> &str {
    event["type"].as_str().unwrap().split('.').next().unwrap()
}

fn is_typed_object(event: &Value, path: &[Step]) -> bool {
    let value = json::at(event, path);
    value.is_object() && !json::is_free_form(path, value)
}

/// Whether the value is a text or an enum value. The event's type and its object's id do not count, because
/// they must not be empty.
fn is_text(event: &Value, path: &[Step]) -> bool {
    let fields: Vec<_> = path.iter().map(Step::field).collect();
    let is_needed = matches!(fields[..], [Some("type")] | [Some("data"), Some("id")]);
    json::at(event, path).is_string() && !is_needed
}

fn has_another_spelling(event: &Value, path: &[Step]) -> bool {
    other_spelling(event, path).is_some()
}

/// Both names of the field that has two spellings in this object.
fn other_spelling(event: &Value, path: &[Step]) -> Option<[&'static str; 2]> {
    json::at(event, path).as_object()?;
    match (family(event), path.last()?.field()?, path.len()) {
        ("organizationInvitation", "data", 1) => Some(["expires_at", "expire_at"]),
        ("organizationDomain", name, 2) if name.ends_with("verification") => {
            Some(["expire_at", "expires_at"])
        }
        ("sms", "data", 1) => Some(["created_at_ms", "created_at"]),
        _ => None,
    }
}

fn spell_otherwise(event: &mut Value, path: &[Step], millis: Option<i64>) {
    let names = other_spelling(event, path).expect("chosen for it");
    let object = json::at_mut(event, path).as_object_mut().unwrap();
    let missing = names.into_iter().find(|name| !object.contains_key(*name));
    object.insert(missing.unwrap_or(names[0]).to_owned(), millis.into());
}

fn remove_or_null(event: &mut Value, path: &[Step], absent: bool) {
    let Some((Step::Field(name), parents)) = path.split_last() else {
        panic!("ends in an index")
    };
    let object = json::at_mut(event, parents).as_object_mut().unwrap();
    if absent {
        object.remove(name);
    } else {
        object.insert(name.clone(), Value::Null);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        select(&["id", "user_id", "object", "data", "verification", "status"][..])
            .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((name.clone(), inner), 0..5)
                .prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The same JSON with the keys of every object in an order that `seed` decides.
fn in_order(value: &Value, seed: u64) -> String {
    let join = |parts: Vec<String>| parts.join(",");
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| mixed(name, seed));
            let parts = fields.into_iter().map(|(name, value)| {
                format!("{}:{}", Value::from(name.as_str()), in_order(value, seed))
            });
            format!("{{{}}}", join(parts.collect()))
        }
        Value::Array(items) => {
            let parts = items.iter().map(|item| in_order(item, seed));
            format!("[{}]", join(parts.collect()))
        }
        leaf => leaf.to_string(),
    }
}

/// FNV-1a.
fn mixed(name: &str, seed: u64) -> u64 {
    name.bytes()
        .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// The text before a random place, which is never the end.
fn prefix(text: &str, place: Index) -> &str {
    let mut end = place.index(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn suffix(text: &str, place: Index) -> &str {
    &text[prefix(text, place).len()..]
}
