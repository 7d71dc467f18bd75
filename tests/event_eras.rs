//! Events as Clerk sent them over the years. The bodies are made up after what is known of each
//! era.

use clerk_webhooks::{
    ClerkEvent, EventData, EventType,
    event::{ObjectType, SessionStatus, SubscriptionItemStatus, Timestamp, VerificationStrategy},
};

/// Nothing but `data`, `object` and `type`; `birthday` and `gender`; no passkeys, no lockout, no
/// MFA times.
const USER_2023: &str = r#"{
    "data": {
        "birthday": "", "created_at": 1654012591514,
        "email_addresses": [{
            "email_address": "jane@example.org", "id": "idn_1", "linked_to": [], "object": "email_address",
            "verification": {"status": "verified", "strategy": "ticket"}
        }],
        "external_accounts": [], "external_id": "567772", "first_name": "Jane", "gender": "", "id": "user_1",
        "image_url": "https://img.example.org/x", "last_name": "Doe", "last_sign_in_at": 1654012591514,
        "object": "user", "password_enabled": true, "phone_numbers": [],
        "primary_email_address_id": "idn_1", "primary_phone_number_id": null, "primary_web3_wallet_id": null,
        "private_metadata": {}, "profile_image_url": "", "public_metadata": {}, "two_factor_enabled": false,
        "unsafe_metadata": {}, "updated_at": 1654012591835, "username": null, "web3_wallets": []
    },
    "object": "event", "type": "user.created"
}"#;

/// With `event_attributes`, whose address is empty; a Google account in the older shape; reserved
/// addresses.
const USER_2024_05: &str = r#"{
    "data": {
        "id": "user_1", "object": "user", "first_name": "", "last_name": null, "banned": false, "locked": false,
        "lockout_expires_in_seconds": null, "verification_attempts_remaining": 100, "passkeys": [],
        "primary_email_address_id": "idn_2",
        "email_addresses": [
            {"id": "idn_1", "email_address": "old@example.org", "reserved": true, "verification": null,
                "linked_to": [], "object": "email_address"},
            {"id": "idn_2", "email_address": "jane@example.org",
                "linked_to": [{"id": "idn_3", "type": "oauth_google"}], "object": "email_address",
                "verification": {"attempts": null, "expire_at": null, "status": "verified",
                    "strategy": "from_oauth_google"}}
        ],
        "external_accounts": [{
            "approved_scopes": "email openid profile", "avatar_url": "", "email_address": "jane@example.org",
            "external_account_id": "eac_1", "family_name": "Doe", "first_name": "Jane", "given_name": "Jane",
            "google_id": "115", "id": "idn_3", "label": null, "last_name": "Doe", "object": "google_account",
            "picture": "", "public_metadata": {}, "username": null,
            "verification": {"attempts": null, "expire_at": 1716883800000, "status": "verified",
                "strategy": "oauth_google"}
        }],
        "saml_accounts": [], "created_at": 1716883200000, "updated_at": 1716883200000
    },
    "event_attributes": {"http_request": {"client_ip": "", "user_agent": ""}},
    "object": "event", "type": "user.updated"
}"#;

/// With `instance_id` and `timestamp`; the session without `user`, with fields absent rather than
/// null.
const SESSION_2024_12: &str = r#"{
    "data": {
        "abandon_at": 1736000000000, "actor": null, "client_id": "client_1", "created_at": 1733408000000,
        "expire_at": 1734012800000, "id": "sess_1", "last_active_at": 1733408000000, "object": "session",
        "status": "active", "updated_at": 1733408000000, "user_id": "user_1"
    },
    "event_attributes": {"http_request": {"client_ip": "203.0.113.7", "user_agent": "Mozilla/5.0"}},
    "instance_id": "ins_1", "object": "event", "timestamp": 1733408000123, "type": "session.created"
}"#;

/// A membership without permissions or metadata, in an organization with `logo_url` and without a
/// slug.
const MEMBERSHIP_2025_03: &str = r#"{
    "data": {
        "created_at": 1741000000000, "id": "orgmem_1", "object": "organization_membership",
        "organization": {"created_at": 1741000000000, "id": "org_1", "image_url": "", "logo_url": null,
            "name": "Acme", "object": "organization", "slug": null, "updated_at": 1741000000000},
        "public_user_data": {"first_name": null, "has_image": false, "identifier": "jane@example.org",
            "image_url": "", "last_name": null, "profile_image_url": "", "user_id": "user_1"},
        "role": "org:admin", "updated_at": 1741000000000
    },
    "instance_id": "ins_1", "object": "event", "timestamp": 1741000000001,
    "type": "organizationMembership.deleted"
}"#;

/// Billing by its first spelling, with the payer's organization empty.
const ITEM_2025: &str = r#"{
    "data": {
        "id": "csub_item_1", "object": "commerce_subscription_item", "status": "past_due",
        "interval": "month", "period_end": null, "plan_id": "cplan_1",
        "payer": {"id": "cpayer_1", "user_id": "user_1", "organization_id": "", "organization_name": ""},
        "created_at": 1757000000000, "updated_at": 1757000000500
    },
    "instance_id": "ins_1", "object": "event", "timestamp": 1757000000600, "type": "subscriptionItem.past_due"
}"#;

/// A pending session with its tasks; an enterprise user with everything that came last.
const SESSION_2026: &str = r#"{
    "data": {
        "id": "sess_1", "object": "session", "status": "pending", "user_id": "user_1",
        "tasks": [{"key": "choose-organization"}], "actor": {"sub": "user_9"},
        "last_active_organization_id": "org_1", "updated_at": 1767000000000
    },
    "instance_id": "ins_1", "object": "event", "timestamp": 1767000000100, "type": "session.pending"
}"#;
const USER_2026: &str = r#"{
    "data": {
        "id": "user_1", "object": "user", "locale": "en-US", "bypass_client_trust": false,
        "deprovisioned": false, "legal_accepted_at": 1767000000000, "mfa_enabled_at": null,
        "mfa_disabled_at": null, "password_last_updated_at": 1767000000000, "requires_password_reset": false,
        "scim": {"directory_id": "dir_1", "directory_enabled": true, "external_id": null},
        "enterprise_accounts": [{"id": "eac_1", "protocol": "oauth", "active": true,
            "enterprise_connection": {"id": "ec_1", "domains": ["acme.com"]},
            "verification": {"status": "transferable", "strategy": "oauth_custom_acme", "error": {
                "code": "external_account_exists", "message": "m", "long_message": "l", "meta": {"param": "x"}}}}],
        "phone_numbers": [{"id": "idn_1", "phone_number": "+15555550100", "backup_codes": null,
            "default_second_factor": true, "verification": null}],
        "primary_phone_number_id": "idn_1", "updated_at": 1767000000000
    },
    "instance_id": "ins_1", "object": "event", "timestamp": 1767000000100, "type": "user.updated"
}"#;

#[test]
fn a_user_of_2023() {
    let event = decode(USER_2023);
    assert_eq!(
        (&event.instance_id, event.timestamp, &event.event_attributes),
        (&None, None, &None)
    );
    assert_eq!(
        event.occurred_at(),
        Some(Timestamp::from_millis(1_654_012_591_835))
    );
    let EventData::UserCreated(user) = &event.data else {
        panic!("{event:?}")
    };
    assert_eq!(
        (user.birthday.as_deref(), user.gender.as_deref()),
        (Some(""), Some(""))
    );
    assert_eq!(user.profile_image_url.as_deref(), Some(""));
    assert_eq!(user.locked, None);
    assert_eq!(user.full_name().as_deref(), Some("Jane Doe"));
    assert_eq!(user.email_addresses[0].created_at, None);
}

#[test]
fn a_user_of_may_2024() {
    let event = decode(USER_2024_05);
    let request = event
        .event_attributes
        .as_ref()
        .and_then(|cause| cause.http_request.as_ref());
    assert_eq!(
        request.and_then(|request| request.client_ip.as_deref()),
        Some("")
    );
    let EventData::UserUpdated(user) = &event.data else {
        panic!("{event:?}")
    };
    let primary = user.primary_email_address().unwrap();
    assert_eq!(
        (primary.email_address.as_str(), primary.is_verified()),
        ("jane@example.org", true)
    );
    assert_eq!(user.verified_email_addresses().count(), 1);
    assert_eq!(user.full_name(), None);
    let google = &user.external_accounts[0];
    assert_eq!(google.object, Some(ObjectType::GoogleAccount));
    assert_eq!(google.external_account_id.as_deref(), Some("eac_1"));
    assert_eq!(
        (google.google_id.as_deref(), google.picture.as_deref()),
        (Some("115"), Some(""))
    );
    assert_eq!(
        (&google.provider, &google.identification_id),
        (&None, &None)
    );
}

#[test]
fn a_session_of_december_2024() {
    let event = decode(SESSION_2024_12);
    assert_eq!(
        event.timestamp,
        Some(Timestamp::from_millis(1_733_408_000_123))
    );
    assert_eq!(
        (event.user_id(), event.organization_id()),
        (Some("user_1"), None)
    );
    let EventData::SessionCreated(session) = &event.data else {
        panic!("{event:?}")
    };
    assert!(session.user.is_none() && session.actor.is_null() && session.tasks.is_empty());
    assert_eq!(session.latest_activity, None);
}

#[test]
fn a_membership_of_march_2025() {
    let event = decode(MEMBERSHIP_2025_03);
    assert_eq!(
        (event.user_id(), event.organization_id()),
        (Some("user_1"), Some("org_1"))
    );
    let EventData::OrganizationMembershipDeleted(membership) = &event.data else {
        panic!("{event:?}")
    };
    assert!(membership.permissions.is_empty() && membership.public_metadata.is_null());
    assert_eq!(membership.organization.slug, None);
}

#[test]
fn billing_of_2025() {
    let event = decode(ITEM_2025);
    assert_eq!(event.event_type(), &EventType::SubscriptionItemPastDue);
    assert_eq!(
        (event.user_id(), event.organization_id()),
        (Some("user_1"), None)
    );
    let EventData::SubscriptionItemPastDue(item) = &event.data else {
        panic!("{event:?}")
    };
    assert_eq!(item.status, Some(SubscriptionItemStatus::PastDue));
    assert_eq!((item.period_end, item.is_free_trial), (None, None));
    let written = serde_json::to_value(&event).unwrap();
    assert_eq!(written["type"], "subscriptionItem.pastDue");
    assert_eq!(written["data"]["payer"]["organization_id"], "");
}

#[test]
fn a_pending_session_of_2026() {
    let event = decode(SESSION_2026);
    assert_eq!(event.organization_id(), Some("org_1"));
    let EventData::SessionPending(session) = &event.data else {
        panic!("{event:?}")
    };
    assert_eq!(session.status, Some(SessionStatus::Pending));
    assert_eq!(
        session.tasks[0].as_str(),
        r#"{"key": "choose-organization"}"#
    );
    assert_eq!(session.actor.as_str(), r#"{"sub": "user_9"}"#);
}

#[test]
fn a_user_of_2026() {
    let event = decode(USER_2026);
    let EventData::UserUpdated(user) = &event.data else {
        panic!("{event:?}")
    };
    assert_eq!(
        user.scim.as_ref().and_then(|scim| scim.directory_enabled),
        Some(true)
    );
    let verification = user.enterprise_accounts[0].verification.as_ref().unwrap();
    assert_eq!(
        verification.strategy,
        Some(VerificationStrategy::from("oauth_custom_acme"))
    );
    assert_eq!(
        verification.error.as_ref().unwrap().meta.as_str(),
        r#"{"param": "x"}"#
    );
    let number = user.primary_phone_number().unwrap();
    assert!(number.backup_codes.is_empty() && !number.is_verified());
}

#[test]
fn an_event_of_the_future() {
    let event = decode(
        r#"{"type": "passkeyVault.sealed", "new": {"a": []}, "timestamp": 1900000000000, "data":
            {"id": "vault_1", "user_id": "user_1", "organization_id": 7, "user": null}}"#,
    );
    assert_eq!(
        (event.object_id(), event.user_id()),
        (Some("vault_1"), Some("user_1"))
    );
    assert_eq!(event.organization_id(), None);
    assert_eq!(event.occurred_at(), event.timestamp);
    assert_eq!(event.event_type(), "passkeyVault.sealed");
    let EventData::Unknown(unknown) = &event.data else {
        panic!("{event:?}")
    };
    assert!(
        unknown
            .data()
            .as_str()
            .starts_with("{\"id\": \"vault_1\", ")
    );
    assert!(!format!("{event:?}").contains("vault_1"));
}

#[test]
fn what_was_deleted_is_named_by_the_type_of_the_event() {
    let ids = |kind: &str, object: &str| {
        let body = format!(r#"{{"type": "{kind}", "data": {{"id": "x", "object": {object}}}}}"#);
        let event = decode(&body);
        let owned = |id: Option<&str>| id.map(str::to_owned);
        (
            owned(event.object_id()),
            owned(event.user_id()),
            owned(event.organization_id()),
        )
    };
    let x = || Some("x".to_owned());
    for object in ["null", r#""organization""#, r#""user""#] {
        assert_eq!(ids("user.deleted", object), (x(), x(), None));
        assert_eq!(ids("organization.deleted", object), (x(), None, x()));
        assert_eq!(ids("role.deleted", object), (x(), None, None));
    }
}

/// Decodes, and checks that nothing is lost on the way back and forth.
fn decode(body: &str) -> ClerkEvent {
    let event = ClerkEvent::from_slice(body.as_bytes()).unwrap();
    let written = serde_json::to_string(&event).unwrap();
    assert_eq!(ClerkEvent::from_slice(written.as_bytes()).unwrap(), event);
    event
}
