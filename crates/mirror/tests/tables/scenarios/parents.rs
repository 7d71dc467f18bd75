//! Objects whose organization or user is deleted.

use clerk_webhooks_mirror::{Change, Group};
use serde_json::{Value, json};
use sqlx::Pool;
use tokio::task::JoinSet;

use crate::support::{TestEngine, apply, at, count, deliver, event, membership, mirror, select};

fn joins(id: &str, organization: &str, moment: i64) -> Value {
    let data = membership(id, organization, "user_1", moment);
    event("organizationMembership.updated", at(moment), data)
}

fn gone(kind: &str, id: &str) -> Value {
    event(
        &format!("{kind}.deleted"),
        at(9),
        json!({ "id": id, "deleted": true }),
    )
}

const MEMBERSHIPS: &str =
    "select id, organization_id from clerk.organization_memberships order by id";

pub(crate) async fn a_deleted_organization_takes_everything_along<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await;
    let inside = |kind: &str, id: &str, organization: &str| {
        let data = json!({ "id": id, "organization_id": organization, "updated_at": at(1) });
        event(&format!("{kind}.created"), at(1), data)
    };
    for organization in ["org_1", "org_2"] {
        let id = |kind: &str| format!("{kind}_{organization}");
        let events = [
            joins(&id("orgmem"), organization, 1),
            inside("organizationInvitation", &id("orginv"), organization),
            inside("organizationDomain", &id("orgdmn"), organization),
        ];
        for event in &events {
            assert_eq!(
                apply(&mirror, &pool, "msg_1", event).await,
                Change::Inserted
            );
        }
    }
    apply(&mirror, &pool, "msg_2", &gone("organization", "org_1")).await;
    for table in [
        "organization_memberships",
        "organization_invitations",
        "organization_domains",
    ] {
        let left = format!("select organization_id from clerk.{table}");
        assert_eq!(select(&pool, &left).await, ["org_2"], "{table}");
    }
    // What arrives late stays away.
    let late = joins("orgmem_late", "org_1", 2);
    assert_eq!(apply(&mirror, &pool, "msg_3", &late).await, Change::Stale);
    let late = joins("orgmem_org_1", "org_1", 3);
    assert_eq!(apply(&mirror, &pool, "msg_4", &late).await, Change::Stale);
    assert_eq!(select(&pool, MEMBERSHIPS).await, ["orgmem_org_2|org_2"]);
}

pub(crate) async fn a_deleted_user_takes_memberships_along<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool)
        .await
        .with_groups([Group::Organizations, Group::Sessions]);
    let session = json!({ "id": "sess_1", "user_id": "user_1", "updated_at": at(1) });
    apply(&mirror, &pool, "msg_1", &joins("orgmem_1", "org_1", 1)).await;
    apply(
        &mirror,
        &pool,
        "msg_2",
        &event("session.created", at(1), session),
    )
    .await;
    apply(&mirror, &pool, "msg_3", &gone("user", "user_1")).await;
    assert_eq!(count(&pool, "organization_memberships").await, 0);
    assert_eq!(count(&pool, "sessions").await, 0);
}

/// The same three events in each order.
pub(crate) async fn a_membership_that_moved_survives_its_old_organization<DB: TestEngine>(
    pool: Pool<DB>,
) {
    let mirror = mirror(&pool).await;
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for (run, order) in orders.into_iter().enumerate() {
        let (id, old, new) = (
            format!("orgmem_{run}"),
            format!("org_{run}_old"),
            format!("org_{run}_new"),
        );
        let events = [
            joins(&id, &old, 1),
            joins(&id, &new, 2),
            gone("organization", &old),
        ];
        for which in order {
            apply(&mirror, &pool, &format!("msg_{which}"), &events[which]).await;
        }
        let query =
            format!("select organization_id from clerk.organization_memberships where id = '{id}'");
        assert_eq!(select(&pool, &query).await, [new], "{order:?}");
    }
    // It moved into an organization that is deleted.
    apply(&mirror, &pool, "msg_3", &gone("organization", "org_x")).await;
    let moved = joins("orgmem_0", "org_x", 3);
    assert_eq!(
        apply(&mirror, &pool, "msg_4", &moved).await,
        Change::Deleted
    );
    // And out of it again, while what is older stays away.
    assert_eq!(
        apply(&mirror, &pool, "msg_1", &joins("orgmem_0", "org_0_new", 2)).await,
        Change::Stale
    );
    let out = joins("orgmem_0", "org_0_new", 4);
    assert_eq!(apply(&mirror, &pool, "msg_5", &out).await, Change::Inserted);
}

pub(crate) async fn memberships_are_written_while_their_organization_is_deleted<DB: TestEngine>(
    pool: Pool<DB>,
) {
    let mirror = mirror(&pool).await;
    let mut deliveries = JoinSet::new();
    for organization in 0..10 {
        for member in 0..8 {
            let organization = format!("org_{organization}");
            let body = match member {
                4 => gone("organization", &organization),
                _ => joins(&format!("orgmem_{organization}_{member}"), &organization, 1),
            };
            let mirror = mirror.clone();
            deliveries.spawn(async move {
                assert_eq!(deliver(&mirror, &body.to_string()).await, 204);
            });
        }
    }
    deliveries.join_all().await;
    assert_eq!(count(&pool, "organization_memberships").await, 0);
}
