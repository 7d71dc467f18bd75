//! Events of every era, with every irregularity seen in real events. Each decodes to its type, and no
//! known field is lost.

use clerk_webhooks::event::{
    BillingInterval, ChargeType, EnrollmentMode, InvitationStatus, ObjectType,
    PaymentAttemptStatus, PaymentSourceStatus, RawJson, SessionStatus, SubscriptionItemStatus,
    SubscriptionStatus, Timestamp, VerificationStatus, VerificationStrategy, WaitlistEntryStatus,
};
use clerk_webhooks::{ClerkEvent, EventData, EventType};
use serde_json::{Value, json};

use crate::{by_serde, eras, json};

/// The object in the body with this name. It must be of this variant.
macro_rules! data {
    ($name:literal, $Variant:ident) => {{
        let event = decode($name);
        match event.data {
            EventData::$Variant(data) => *data,
            other => panic!("{} is a {}", $name, other.event_type()),
        }
    }};
}

#[test]
fn every_body_decodes_to_its_type_and_survives_the_round_trip() {
    for (name, text) in eras::ALL {
        let event = decode(name);
        let sent: Value = serde_json::from_str(text).unwrap();
        let canonical = eras::canonical(&sent);
        assert!(!matches!(event.data, EventData::Unknown(_)), "{name}");
        assert_eq!(
            event.event_type(),
            canonical["type"].as_str().unwrap(),
            "{name}"
        );

        let written = serde_json::to_value(&event).unwrap();
        assert_eq!(
            json::lost(&canonical, &written),
            Vec::<String>::new(),
            "{name}"
        );
        let again = by_serde::decode(written.to_string().as_bytes()).unwrap();
        assert_eq!(serde_json::to_value(&again).unwrap(), written, "{name}");
    }
}

#[test]
fn older_envelopes_have_fewer_fields() {
    let bare = decode("2023-user.created");
    assert_eq!((&bare.instance_id, bare.timestamp), (&None, None));
    assert_eq!(bare.event_attributes, None);
    assert_eq!(bare.occurred_at(), Some(at(1_676_543_211_042)));

    let with_request = decode("2024-05-user.deleted");
    let request = with_request
        .event_attributes
        .clone()
        .unwrap()
        .http_request
        .unwrap();
    assert_eq!(request.client_ip.as_deref(), Some(""));
    assert_eq!(with_request.occurred_at(), None);

    let whole = decode("2024-12-user.created");
    assert!(whole.instance_id.is_some_and(|id| id.starts_with("ins_")));
    assert_eq!(whole.timestamp, Some(at(1_734_000_000_155)));

    // No request caused it.
    assert_eq!(decode("2025-subscription.past_due").event_attributes, None);
}

#[test]
fn the_timestamp_of_the_dashboards_test_event_is_in_seconds() {
    let event = decode("dashboard-user.created");
    assert_eq!(event.timestamp, Some(at(1_654_012_591_000)));
    assert_eq!(event.occurred_at(), Some(at(1_654_012_591_835)));
    let user = data!("dashboard-user.created", UserCreated);
    assert_eq!(user.private_metadata, RawJson::NULL);
    assert!(user.email_addresses.is_empty() && user.primary_email_address().is_none());
}

#[test]
fn a_google_account_of_2023() {
    let user = data!("2023-user.created", UserCreated);
    assert_eq!(
        (user.birthday.as_deref(), user.gender.as_deref()),
        (Some(""), Some(""))
    );
    assert_eq!(user.last_name.as_deref(), Some(""));
    assert_eq!(user.full_name().as_deref(), Some("Noor"));
    assert_eq!((user.locked, user.passkeys.len()), (None, 0));

    let account = &user.external_accounts[0];
    assert_eq!(account.object, Some(ObjectType::GoogleAccount));
    assert!(account.id.as_deref().unwrap().starts_with("idn_"));
    assert!(
        account
            .external_account_id
            .as_deref()
            .unwrap()
            .starts_with("eac_")
    );
    assert_eq!(account.google_id.as_deref(), Some("103512345678901234567"));
    assert_eq!(account.given_name.as_deref(), Some("Noor"));
    assert_eq!(account.family_name.as_deref(), Some("Haddad"));
    assert_eq!(account.picture.as_deref(), Some(""));
    assert_eq!(
        (&account.provider, &account.identification_id),
        (&None, &None)
    );

    let address = user.primary_email_address().unwrap();
    let verification = address.verification.as_ref().unwrap();
    assert!(address.is_verified());
    assert_eq!(
        verification.strategy.as_ref().unwrap().as_str(),
        "from_oauth_google"
    );
    assert_eq!(
        (verification.attempts, verification.expire_at),
        (None, None)
    );
    assert_eq!((address.reserved, address.created_at), (None, None));
    assert_eq!(address.linked_to[0].id, account.id);
}

#[test]
fn a_reserved_address_has_no_verification() {
    let user = data!("2023-user.updated", UserUpdated);
    assert_eq!(user.email_addresses[0].reserved, Some(true));
    assert_eq!(user.email_addresses[0].verification, None);
    assert!(user.primary_email_address().is_none());
    let number = user.primary_phone_number().unwrap();
    assert_eq!(number.phone_number.as_deref(), Some("+15555550123"));
    assert!(number.is_verified() && number.backup_codes.is_empty());
    assert_eq!(
        user.unsafe_metadata.parse::<Value>().unwrap(),
        json!({"theme": null})
    );
}

#[test]
fn a_user_of_2024_has_every_sign_in_method() {
    let user = data!("2024-12-user.created", UserCreated);
    assert_eq!(
        (user.locked, user.lockout_expires_in_seconds),
        (Some(true), Some(1800))
    );
    let address = user
        .primary_email_address()
        .unwrap()
        .verification
        .clone()
        .unwrap();
    assert_eq!(address.strategy, Some(VerificationStrategy::Saml));

    let account = &user.external_accounts[0];
    assert_eq!(account.provider.as_deref(), Some("oauth_github"));
    assert_eq!(account.avatar_url.as_deref(), Some(""));
    let verification = account.verification.as_ref().unwrap();
    assert_eq!(verification.status, Some(VerificationStatus::Unverified));
    let error = verification.error.as_ref().unwrap();
    assert_eq!(
        error.meta.parse::<Value>().unwrap(),
        json!({"provider": "github"})
    );

    assert_eq!(user.passkeys[0].name.as_deref(), Some("Blue key"));
    assert_eq!(user.web3_wallets[0].id, user.primary_web3_wallet_id);
    let saml = &user.saml_accounts[0];
    assert!(saml.public_metadata.is_null());
    assert_eq!(
        saml.saml_connection.as_ref().unwrap().domain.as_deref(),
        Some("example.org")
    );
}

#[test]
fn a_user_of_2026_comes_from_a_directory() {
    let user = data!("2026-user.updated", UserUpdated);
    assert_eq!(
        (user.deprovisioned, user.bypass_client_trust),
        (Some(true), Some(true))
    );
    assert_eq!(user.locale.as_deref(), Some("nl-NL"));
    assert_eq!(user.requires_password_reset, Some(true));
    assert_eq!(user.password_last_updated_at, Some(at(1_767_200_000_000)));
    assert_eq!(user.scim.unwrap().external_id.as_deref(), Some("acme-17"));
    let account = &user.enterprise_accounts[0];
    assert_eq!(account.verification, None);
    let connection = account.enterprise_connection.as_ref().unwrap();
    assert_eq!(connection.domains, ["acme.example", "acme.test"]);
    assert_eq!(user.phone_numbers[0].backup_codes, ["c1", "c2"]);
    // More digits than an `f64` or an `i64` holds, with the fields in the order that was sent.
    assert!(
        user.private_metadata
            .as_str()
            .contains("12345678901234567890")
    );
    let metadata = user.public_metadata.as_str();
    assert!(
        metadata.find("\"b\"") < metadata.find("\"a\""),
        "{metadata}"
    );
}

#[test]
fn fields_that_a_session_omits_are_absent() {
    let session = data!("2023-session.created", SessionCreated);
    assert!(session.user.is_none() && session.latest_activity.is_none());
    assert_eq!(
        (session.last_active_organization_id, session.actor),
        (None, RawJson::NULL)
    );
    assert!(session.tasks.is_empty());

    let removed = decode("2024-12-session.removed");
    assert!(
        removed
            .organization_id()
            .is_some_and(|id| id.starts_with("org_"))
    );
    let removed = data!("2024-12-session.removed", SessionRemoved);
    assert_eq!(removed.status, Some(SessionStatus::Replaced));
    let actor: Value = removed.actor.parse().unwrap();
    assert_eq!(actor["iss"], "https://dashboard.example.com");
}

#[test]
fn a_pending_session_has_tasks() {
    let session = data!("2025-03-session.pending", SessionPending);
    assert_eq!(session.status, Some(SessionStatus::Pending));
    let tasks: Vec<Value> = session
        .tasks
        .iter()
        .map(|task| task.parse().unwrap())
        .collect();
    let expected = [
        json!({"key": "choose-organization"}),
        json!({"key": "reset-password", "due": null}),
    ];
    assert_eq!(tasks, expected);
}

#[test]
fn an_organization_may_lack_a_slug_and_have_a_logo_url_outside_the_schema() {
    let organization = data!("2024-05-organization.updated", OrganizationUpdated);
    assert_eq!(organization.slug, None);
    assert!(organization.logo_url.is_some());
    assert_eq!(organization.members_count, None);
}

#[test]
fn a_deleted_membership_is_complete_except_for_permissions_and_metadata() {
    let event = decode("2023-organizationMembership.deleted");
    assert!(event.user_id().is_some_and(|id| id.starts_with("user_")));
    assert!(
        event
            .organization_id()
            .is_some_and(|id| id.starts_with("org_"))
    );
    let membership = data!(
        "2023-organizationMembership.deleted",
        OrganizationMembershipDeleted
    );
    assert_eq!(membership.role.as_deref(), Some("basic_member"));
    assert!(membership.permissions.is_empty() && membership.public_metadata.is_null());
    let member = membership.public_user_data.unwrap();
    assert_eq!(member.last_name.as_deref(), Some(""));
}

#[test]
fn other_deleted_objects_have_little_more_than_an_id() {
    let user = data!("2024-05-user.deleted", UserDeleted);
    assert_eq!(user.deleted, Some(true));
    assert!(user.id.starts_with("user_"));
    let role = data!("2026-role.deleted", RoleDeleted);
    assert_eq!((role.object, role.slug), (Some(ObjectType::Role), None));
}

#[test]
fn an_invitation_may_have_its_organization_one_level_deeper() {
    let event = decode("2024-05-organizationInvitation.accepted");
    let invitation = data!(
        "2024-05-organizationInvitation.accepted",
        OrganizationInvitationAccepted
    );
    assert_eq!(invitation.status, Some(InvitationStatus::Accepted));
    assert_eq!(event.user_id(), invitation.user_id.as_deref());
    assert!(invitation.user_id.is_some());
    let organization = invitation.public_organization_data.unwrap();
    assert_eq!(organization.name.as_deref(), Some("Kelp & Sons"));
    assert_eq!(organization.slug.as_deref(), Some(""));
    assert_eq!(
        (invitation.role_name, invitation.url, invitation.expires_at),
        (None, None, None)
    );
}

#[test]
fn an_invitation_from_a_server_has_no_inviter_and_may_use_expire_at() {
    let invitation = data!(
        "2026-organizationInvitation.created",
        OrganizationInvitationCreated
    );
    assert_eq!(invitation.expires_at, Some(at(1_770_592_000_000)));
    assert!(invitation.inviter_id.is_none() && invitation.public_inviter_data.is_none());
}

#[test]
fn a_domain_verification_may_use_expires_at_and_others_may_be_absent() {
    let domain = data!(
        "2024-12-organizationDomain.updated",
        OrganizationDomainUpdated
    );
    assert_eq!(
        domain.enrollment_mode,
        Some(EnrollmentMode::AutomaticSuggestion)
    );
    assert_eq!(
        domain.verification.unwrap().expire_at,
        Some(at(1_734_010_600_000))
    );
    assert!(domain.affiliation_verification.is_none() && domain.ownership_verification.is_none());
}

#[test]
fn a_message_may_go_to_a_person_who_is_not_a_user() {
    let sms = data!("2024-12-sms.created", SmsCreated);
    assert_eq!(sms.created_at_ms, Some(at(1_734_011_000_000)));
    assert_eq!((&sms.user_id, sms.delivered_by_clerk), (&None, Some(false)));
    assert_eq!(
        decode("2024-12-sms.created").occurred_at(),
        Some(at(1_734_011_000_000))
    );

    let email = data!("2024-12-email.created", EmailCreated);
    assert_eq!((email.body.as_deref(), email.body_plain), (Some(""), None));
    assert_eq!(email.data.parse::<Value>().unwrap()["ratio"], json!(0.75));
    assert_eq!(
        decode("2024-12-email.created").occurred_at(),
        Some(at(1_734_011_500_000))
    );
}

#[test]
fn roles_with_permissions_from_clerk() {
    let role = data!("2026-role.updated", RoleUpdated);
    assert_eq!(role.description, None);
    assert_eq!(
        role.permissions[0].permission_type.as_deref(),
        Some("system")
    );
}

#[test]
fn the_object_of_a_waitlist_entry_may_be_in_camel_case() {
    let entry = data!("2025-03-waitlistEntry.updated", WaitlistEntryUpdated);
    assert_eq!(entry.object, Some(ObjectType::WaitlistEntry));
    assert_eq!(entry.status, Some(WaitlistEntryStatus::Invited));
    let invitation = entry.invitation.unwrap();
    assert_eq!(
        (invitation.status, invitation.revoked),
        (Some(InvitationStatus::Pending), Some(false))
    );
}

#[test]
fn a_payment_attempt_in_the_shape_of_2025() {
    let attempt = data!("2025-paymentAttempt.updated", PaymentAttemptUpdated);
    assert_eq!(attempt.status, Some(PaymentAttemptStatus::Failed));
    assert_eq!(attempt.charge_type, Some(ChargeType::Recurring));
    assert_eq!(
        attempt.failed_reason.unwrap().decline_code.as_deref(),
        Some("expired_card")
    );
    assert_eq!(
        attempt.payment_source.unwrap().status,
        Some(PaymentSourceStatus::Disconnected)
    );
    assert_eq!(
        attempt.totals.unwrap().grand_total.unwrap().amount,
        Some(1200)
    );
    assert_eq!(attempt.payer.unwrap().organization_id, None);

    let item = &attempt.subscription_items[0];
    assert_eq!(
        (&item.object, item.created_at, &item.interval),
        (&None, None, &None)
    );
    assert_eq!(item.plan_period, Some(BillingInterval::Annual));
    assert_eq!(item.proration_date.as_deref(), Some("2025-07-08"));
    assert_eq!(
        (item.lifetime_paid, item.next_payment_amount),
        (Some(3600), Some(1200))
    );
    let credit = item.credit.as_ref().unwrap();
    let remaining = credit.cycle_remaining_percent.as_ref().unwrap();
    assert!((remaining.as_f64() - 1.0 / 3.0).abs() < 1e-12);
    let plan = item.plan.as_ref().unwrap();
    assert_eq!(
        (plan.interval, plan.annual_monthly_amount),
        (Some(1), Some(1000))
    );
}

#[test]
fn the_older_spelling_past_due_is_read() {
    assert_eq!(
        decode("2025-subscription.past_due").event_type(),
        &EventType::SubscriptionPastDue
    );
    let subscription = data!("2025-subscription.past_due", SubscriptionPastDue);
    assert_eq!(subscription.status, Some(SubscriptionStatus::PastDue));
    assert_eq!(subscription.items[0].is_free_trial, None);
    assert_eq!(subscription.items[0].plan, None);

    let event = decode("2025-subscriptionItem.past_due");
    assert_eq!(event.organization_id(), None);
    assert!(event.user_id().is_some_and(|id| id.starts_with("user_")));
    let item = data!("2025-subscriptionItem.past_due", SubscriptionItemPastDue);
    assert_eq!(item.object, Some(ObjectType::SubscriptionItem));
    assert_eq!(item.status, Some(SubscriptionItemStatus::PastDue));
}

#[test]
fn an_organization_pays_and_its_seats_have_no_limit() {
    let event = decode("2026-subscription.updated");
    assert_eq!(event.user_id(), None);
    assert!(
        event
            .organization_id()
            .is_some_and(|id| id.starts_with("org_"))
    );
    let subscription = data!("2026-subscription.updated", SubscriptionUpdated);
    let item = &subscription.items[0];
    assert_eq!(item.object, Some(ObjectType::SubscriptionItem));
    assert_eq!(item.seats.as_ref().unwrap().quantity, None);
    let unit = &item.plan.as_ref().unwrap().unit_prices[0];
    assert_eq!(
        (unit.block_size, unit.tiers[0].ends_after_block),
        (Some(5), None)
    );
}

#[test]
fn an_unknown_event_keeps_its_type_data_and_ids() {
    let event = decode_body(
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
fn the_event_type_says_what_was_deleted() {
    let ids = |kind: &str, object: &str| {
        let body = format!(r#"{{"type": "{kind}", "data": {{"id": "x", "object": {object}}}}}"#);
        let event = decode_body(&body);
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

#[test]
fn a_membership_may_lack_its_member() {
    let body = r#"{"type": "organizationMembership.deleted",
        "data": {"id": "orgmem_1", "organization": {"id": "org_1"}}}"#;
    let event = decode_body(body);
    assert_eq!(
        (event.user_id(), event.organization_id()),
        (None, Some("org_1"))
    );
    assert_eq!(event.data.as_membership().unwrap().public_user_data, None);
}

#[test]
fn an_email_address_may_lack_its_id() {
    let body = r#"{"type": "user.created", "data": {"id": "user_1",
        "primary_email_address_id": "idn_1", "email_addresses": [{"email_address": "a@b.c"}]}}"#;
    let event = decode_body(body);
    let user = event.data.as_user().unwrap();
    assert_eq!(user.email_addresses[0].id, None);
    assert_eq!(user.primary_email_address(), None);
}

#[test]
fn fields_that_clerk_added_in_2026() {
    let event = decode_body(
        r#"{"type": "user.updated", "data": {"id": "user_1", "timezone": "Europe/Oslo"}}"#,
    );
    let timezone = event.data.as_user().unwrap().timezone.as_deref();
    assert_eq!(timezone, Some("Europe/Oslo"));

    let event = decode_body(
        r#"{"type": "email.created", "data": {"id": "ema_1", "suppression_reason": "bounced"}}"#,
    );
    let reason = event.data.as_email().unwrap().suppression_reason.as_deref();
    assert_eq!(reason, Some("bounced"));

    let event = decode_body(
        r#"{"type": "paymentAttempt.created", "data": {"id": "pa_1",
            "object": "commerce_payment_attempt", "payer": {"instance_id": "ins_1"}}}"#,
    );
    let attempt = event.data.as_payment_attempt().unwrap();
    assert_eq!(attempt.object, Some(ObjectType::PaymentAttempt));
    let payer = attempt.payer.as_ref().unwrap();
    assert_eq!(payer.instance_id.as_deref(), Some("ins_1"));
}

#[test]
fn an_integer_may_have_a_zero_fraction() {
    let event = decode_body(
        r#"{"type": "organization.updated", "timestamp": 1716883200123.0, "data":
            {"id": "org_1", "updated_at": 1716883200000.0, "members_count": 7.0}}"#,
    );
    assert_eq!(event.timestamp, Some(at(1_716_883_200_123)));
    assert_eq!(event.occurred_at(), Some(at(1_716_883_200_000)));
    let organization = event.data.as_organization().unwrap();
    assert_eq!(organization.members_count, Some(7));

    let body = r#"{"type": "organization.updated", "data": {"id": "org_1", "members_count": 7.5}}"#;
    let error = by_serde::decode(body.as_bytes()).unwrap_err();
    assert_eq!(error.path(), "data.members_count");
}

#[test]
fn the_ids_of_an_unknown_event_may_be_escaped() {
    let event = decode_body(
        r#"{"type": "user.renamed", "data": {"id": "a\u00e9\"b", "user_\u0069d": "user\u005f1",
            "organization_id": "\ud83d", "deep": [1e999]}}"#,
    );
    assert_eq!(event.object_id(), Some("a\u{e9}\"b"));
    assert_eq!(event.user_id(), Some("user_1"));
    assert_eq!(event.organization_id(), None);
}

#[test]
fn debug_prints_nothing_that_grants_access() {
    for body in [
        r#"{"type": "email.created", "data": {"id": "x", "subject": "SECRET is your code",
            "body": "<p>SECRET</p>", "body_plain": "SECRET", "data": {"otp_code": "SECRET"}}}"#,
        r#"{"type": "sms.created", "data": {"id": "x", "message": "SECRET is your code",
            "data": {"otp_code": "SECRET"}}}"#,
        r#"{"type": "user.created", "data": {"id": "x", "phone_numbers": [{
            "backup_codes": ["SECRET"], "verification": {"nonce": "SECRET", "message": "SECRET",
            "external_verification_redirect_url": "https://a.b/?state=SECRET"}}]}}"#,
        r#"{"type": "organizationInvitation.created", "data": {"id": "x",
            "url": "https://a.b/?ticket=SECRET"}}"#,
        r#"{"type": "waitlistEntry.updated", "data": {"id": "x",
            "invitation": {"url": "https://a.b/?ticket=SECRET"}}}"#,
        r#"{"type": "user.renamed", "data": {"id": "SECRET"}}"#,
    ] {
        let event = decode_body(body);
        for debug in [format!("{event:?}"), format!("{event:#?}")] {
            assert!(!debug.contains("SECRET"), "{debug}");
        }
        let written = serde_json::to_string(&event).unwrap();
        assert_eq!(
            written.matches("SECRET").count(),
            body.matches("SECRET").count()
        );
    }
    let absent = decode_body(r#"{"type": "email.created", "data": {"id": "x", "body": "y"}}"#);
    let debug = format!("{absent:?}");
    assert!(debug.contains("subject: None, body: [redacted]"), "{debug}");
}

#[test]
fn both_names_of_an_object_are_one_object_type() {
    let entry = ObjectType::WaitlistEntry;
    assert_eq!(ObjectType::from("waitlistEntry"), entry);
    assert_eq!(ObjectType::from("waitlist_entry"), entry);
    let item = ObjectType::from("subscription_item");
    assert_eq!(item, ObjectType::from("commerce_subscription_item"));
    assert_eq!(item.as_str(), "commerce_subscription_item");
}

fn decode_body(body: &str) -> ClerkEvent {
    by_serde::decode(body.as_bytes()).unwrap()
}

#[track_caller]
fn decode(name: &str) -> ClerkEvent {
    by_serde::decode(eras::body(name).as_bytes()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}
