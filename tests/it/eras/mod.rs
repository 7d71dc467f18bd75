//! Events as Clerk sent them from 2023 to 2026, with invented values: each file is one body.

use serde_json::Value;

macro_rules! bodies {
    ($($name:literal),+ $(,)?) => { &[$( ($name, include_str!(concat!($name, ".json"))) ),+] };
}

/// Name and body of every one.
pub(crate) const ALL: &[(&str, &str)] = bodies![
    "2023-organizationMembership.deleted",
    "2023-session.created",
    "2023-user.created",
    "2023-user.updated",
    "2024-05-organization.updated",
    "2024-05-organizationInvitation.accepted",
    "2024-05-user.deleted",
    "2024-12-email.created",
    "2024-12-organizationDomain.updated",
    "2024-12-session.removed",
    "2024-12-sms.created",
    "2024-12-user.created",
    "2025-03-session.pending",
    "2025-03-waitlistEntry.updated",
    "2025-paymentAttempt.updated",
    "2025-subscription.past_due",
    "2025-subscriptionItem.past_due",
    "2026-organizationInvitation.created",
    "2026-role.deleted",
    "2026-role.updated",
    "2026-subscription.updated",
    "2026-user.updated",
    "dashboard-user.created",
];

pub(crate) fn body(name: &str) -> &'static str {
    let found = ALL.iter().find(|(candidate, _)| *candidate == name);
    found
        .unwrap_or_else(|| panic!("no body is called {name}"))
        .1
}

/// The event with all that has two spellings or places under today's.
///
/// The first of them that holds a value counts.
pub(crate) fn canonical(event: &Value) -> Value {
    let mut event = event.clone();
    let event_type = event["type"]
        .as_str()
        .unwrap()
        .replace("past_due", "pastDue");
    let data = &mut event["data"];
    match event_type.split_once('.').unwrap().0 {
        "organizationInvitation" => {
            unite(data, "expires_at", "expire_at");
            lift(data, &["user_id", "public_organization_data"]);
        }
        "organizationDomain" => {
            for name in [
                "affiliation_verification",
                "ownership_verification",
                "verification",
            ] {
                unite(&mut data[name], "expire_at", "expires_at");
            }
        }
        "sms" => unite(data, "created_at_ms", "created_at"),
        _ => {}
    }
    event["type"] = event_type.into();
    // Written whatever was sent: it is the same for every event.
    event["object"] = "event".into();
    event
}

fn unite(object: &mut Value, today: &str, other: &str) {
    if let Some(value) = object
        .as_object_mut()
        .and_then(|fields| fields.remove(other))
    {
        put_if_absent(object, today, value);
    }
}

/// Out of the `data` inside of an invitation.
fn lift(invitation: &mut Value, names: &[&str]) {
    let mut deeper = invitation
        .as_object_mut()
        .unwrap()
        .remove("data")
        .unwrap_or_default();
    for name in names {
        if let Some(value) = deeper.get_mut(name) {
            put_if_absent(invitation, name, value.take());
        }
    }
}

fn put_if_absent(object: &mut Value, name: &str, value: Value) {
    if object[name].is_null() {
        object[name] = value;
    }
}
