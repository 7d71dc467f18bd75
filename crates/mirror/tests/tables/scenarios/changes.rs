//! What an event changes.

use clerk_webhooks::event::User;
use clerk_webhooks_mirror::{Change, Group};
use serde_json::json;
use sqlx::Pool;

use crate::support::{TestEngine, apply, at, count, deliver, event, mirror, object, select, user};

const NAMES: &str = "select id, first_name from clerk.users order by id";

pub(crate) async fn an_event_says_what_it_changed<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let created = event("user.created", at(1), user("user_1", "Ada", 1));
    let updated = event("user.updated", at(2), user("user_1", "Eve", 2));
    let deleted = event(
        "user.deleted",
        at(3),
        json!({ "id": "user_1", "deleted": true }),
    );
    let session = event(
        "session.created",
        at(3),
        json!({ "id": "sess_1", "user_id": "user_1" }),
    );

    assert_eq!(
        apply(&mirror, &pool, "msg_1", &created).await,
        Change::Inserted
    );
    assert_eq!(
        apply(&mirror, &pool, "msg_1", &created).await,
        Change::Stale
    );
    let Change::Updated { before, after } = apply(&mirror, &pool, "msg_2", &updated).await else {
        panic!("not updated");
    };
    let names = [before, after].map(|user| user.parse::<User>().unwrap().first_name.unwrap());
    assert_eq!(names, ["Ada", "Eve"]);
    assert_eq!(
        apply(&mirror, &pool, "msg_1", &created).await,
        Change::Stale
    );
    assert_eq!(select(&pool, NAMES).await, ["user_1|Eve"]);
    assert_eq!(
        apply(&mirror, &pool, "msg_3", &deleted).await,
        Change::Deleted
    );
    assert_eq!(
        apply(&mirror, &pool, "msg_3", &deleted).await,
        Change::Stale
    );
    assert_eq!(
        apply(&mirror, &pool, "msg_2", &updated).await,
        Change::Stale
    );
    assert_eq!(
        apply(&mirror, &pool, "msg_4", &session).await,
        Change::Ignored
    );
    assert_eq!(count(&pool, "users").await, 0);
}

pub(crate) async fn equal_versions_are_decided_by_timestamp_and_message_id<DB: TestEngine>(
    pool: Pool<DB>,
) {
    let mirror = mirror(&pool).await;
    let of = |name: &str, timestamp| event("user.updated", at(timestamp), user("user_1", name, 1));
    let deliveries = [
        ("msg_b", of("first", 5), "user_1|first"),
        ("msg_z", of("earlier timestamp", 4), "user_1|first"),
        ("msg_a", of("lower id", 5), "user_1|first"),
        ("msg_c", of("higher id", 5), "user_1|higher id"),
        ("msg_0", of("later timestamp", 6), "user_1|later timestamp"),
    ];
    for (message_id, event, expected) in deliveries {
        apply(&mirror, &pool, message_id, &event).await;
        assert_eq!(select(&pool, NAMES).await, [expected]);
    }
}

pub(crate) async fn without_updated_at_the_events_timestamp_counts<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let bare = |name| json!({ "id": "user_1", "first_name": name, "updated_at": null });
    // In seconds, as in Clerk's examples.
    let in_seconds =
        json!({ "type": "user.updated", "timestamp": 1_700_000_001, "data": bare("seconds") });
    let without = json!({ "type": "user.updated", "data": bare("nothing") });
    let deliveries = [
        (without.clone(), "user_1|nothing"),
        (
            event("user.updated", at(900), bare("millis")),
            "user_1|millis",
        ),
        (in_seconds, "user_1|seconds"),
        (
            event("user.updated", at(5_000), user("user_1", "older", 999)),
            "user_1|seconds",
        ),
        (
            event("user.updated", at(1_000), user("user_1", "newer", 1_001)),
            "user_1|newer",
        ),
        (without, "user_1|newer"),
    ];
    for (event, expected) in deliveries {
        apply(&mirror, &pool, "msg_1", &event).await;
        assert_eq!(select(&pool, NAMES).await, [expected]);
    }
}

pub(crate) async fn a_deletion_is_final_also_when_it_comes_first<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let deleted = event("user.deleted", at(1), json!({ "id": "user_1" }));
    let created = event("user.created", at(9), user("user_1", "Ada", 9));
    assert_eq!(
        apply(&mirror, &pool, "msg_1", &deleted).await,
        Change::Stale
    );
    assert_eq!(
        apply(&mirror, &pool, "msg_2", &created).await,
        Change::Stale
    );
    assert_eq!(count(&pool, "users").await, 0);
}

pub(crate) async fn a_rollback_leaves_nothing<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let body = event("user.created", at(1), user("user_1", "Ada", 1)).to_string();
    let created = clerk_webhooks::RawClerkEvent::from_slice(body.as_bytes()).unwrap();
    for _ in 0..2 {
        let mut transaction = pool.begin_with(DB::BEGIN).await.unwrap();
        let change = mirror
            .apply_raw(&mut transaction, "msg_1", &created)
            .await
            .unwrap();
        assert_eq!(change, Change::Inserted);
        transaction.rollback().await.unwrap();
        assert_eq!(count(&pool, "users").await, 0);
    }
    assert_eq!(deliver(&mirror, &body).await, 204);
    assert_eq!(count(&pool, "users").await, 1);
}

pub(crate) async fn lists_of_a_user_follow_the_user<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let with = |emails: &[&str], moment| {
        let element = |email: &&str| {
            json!({ "id": format!("idn_{email}"), "email_address": format!("{email}@example.com"),
                "verification": { "status": "verified" }, "created_at": at(0) })
        };
        let mut user = user("user_1", "Ada", moment);
        user["email_addresses"] = emails.iter().map(element).collect();
        user["primary_email_address_id"] = json!(emails.last().map(|email| format!("idn_{email}")));
        event("user.updated", at(moment), user)
    };
    let emails = "select user_id, id, email_address, verification_status from clerk.email_addresses order by id";
    let primary = "select primary_email_address from clerk.users";

    apply(&mirror, &pool, "msg_1", &with(&["a", "b"], 1)).await;
    apply(&mirror, &pool, "msg_3", &with(&["b", "c"], 3)).await;
    apply(&mirror, &pool, "msg_2", &with(&["d"], 2)).await;
    let expected = [
        "user_1|idn_b|b@example.com|verified",
        "user_1|idn_c|c@example.com|verified",
    ];
    assert_eq!(select(&pool, emails).await, expected);
    assert_eq!(select(&pool, primary).await, ["c@example.com"]);
    // An element twice, and one without an id.
    let mut twice = with(&["e", "e"], 4);
    twice["data"]["email_addresses"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "email_address": "f@example.com" }));
    apply(&mirror, &pool, "msg_4", &twice).await;
    assert_eq!(
        select(&pool, emails).await,
        ["user_1|idn_e|e@example.com|verified"]
    );
    apply(
        &mirror,
        &pool,
        "msg_5",
        &event("user.deleted", at(5), json!({ "id": "user_1" })),
    )
    .await;
    assert_eq!(count(&pool, "email_addresses").await, 0);
}

pub(crate) async fn objects_inside_others_have_versions_of_their_own<DB: TestEngine>(
    pool: Pool<DB>,
) {
    let mirror = mirror(&pool)
        .await
        .with_groups([Group::Billing, Group::Invitations]);
    let item = |status: &str, moment| json!({ "id": "item_1", "status": status, "updated_at": at(moment) });
    let subscription = |item, moment| {
        event(
            "subscription.updated",
            at(moment),
            json!({
                "id": "csub_1", "status": "active", "updated_at": at(moment), "items": [item],
                "payer": { "id": "cpayer_1", "user_id": "user_1", "organization_id": "" },
            }),
        )
    };
    let items = "select id, subscription_id, status, payer_id, user_id, organization_id from clerk.subscription_items";
    apply(
        &mirror,
        &pool,
        "msg_1",
        &subscription(item("upcoming", 1), 9),
    )
    .await;
    assert_eq!(
        select(&pool, items).await,
        ["item_1|csub_1|upcoming|cpayer_1|user_1|null"]
    );
    let mut alone = item("active", 5);
    alone["subscription_id"] = "csub_1".into();
    apply(
        &mirror,
        &pool,
        "msg_2",
        &event("subscriptionItem.active", at(5), alone),
    )
    .await;
    apply(&mirror, &pool, "msg_3", &subscription(item("older", 4), 10)).await;
    assert_eq!(
        select(&pool, items).await,
        ["item_1|csub_1|active|null|null|null"]
    );
    // Without an `updated_at`, an item is as new as its subscription.
    let bare = json!({ "id": "item_1", "status": "ended" });
    apply(&mirror, &pool, "msg_4", &subscription(bare, 11)).await;
    assert_eq!(
        select(&pool, items).await,
        ["item_1|csub_1|ended|cpayer_1|user_1|null"]
    );

    let entry = json!({
        "id": "wle_1", "email_address": "a@example.com", "updated_at": at(1),
        "invitation": { "id": "inv_1", "status": "pending", "updated_at": at(1) },
    });
    apply(
        &mirror,
        &pool,
        "msg_5",
        &event("waitlistEntry.updated", at(1), entry.clone()),
    )
    .await;
    let joined = "select w.email_address, i.status from clerk.waitlist_entries w
        join clerk.invitations i on i.id = w.invitation_id";
    assert_eq!(select(&pool, joined).await, ["a@example.com|pending"]);
    assert_eq!(object(&pool, "waitlist_entries", "wle_1").await, entry);
}
