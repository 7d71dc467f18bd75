//! What is kept.

use clerk_webhooks_mirror::{Change, Group};
use serde_json::json;
use sqlx::Pool;

use crate::support::{TestEngine, apply, at, count, event, membership, mirror, object, user};

pub(crate) async fn nothing_private_is_stored_unless_asked_for<DB: TestEngine>(pool: Pool<DB>) {
    let without = mirror(&pool).await;
    let mut data = membership("orgmem_1", "org_1", "user_1", 1);
    data["private_metadata"] = json!({ "secret": 1 });
    data["organization"]["private_metadata"] = json!({ "secret": 2 });
    // The user's own field, which happens to have the same name.
    data["public_metadata"] = json!({ "private_metadata": "shown" });
    let created = event("organizationMembership.created", at(1), data.clone());
    apply(&without, &pool, "msg_1", &created).await;
    let stored = object(&pool, "organization_memberships", "orgmem_1").await;
    assert!(!stored.to_string().contains("secret"), "{stored}");
    assert_eq!(stored["public_metadata"], data["public_metadata"]);

    let with = mirror(&pool).await.with_private_metadata();
    apply(&with, &pool, "msg_2", &created).await;
    assert_eq!(
        object(&pool, "organization_memberships", "orgmem_1").await,
        data
    );
}

pub(crate) async fn only_the_groups_that_were_asked_for_are_kept<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await.with_groups([Group::Roles]);
    let ada = event("user.created", at(1), user("user_1", "Ada", 1));
    let role = event(
        "role.created",
        at(1),
        json!({ "id": "role_1", "key": "org:admin" }),
    );
    assert_eq!(apply(&mirror, &pool, "msg_1", &ada).await, Change::Ignored);
    assert_eq!(
        apply(&mirror, &pool, "msg_2", &role).await,
        Change::Inserted
    );
    assert_eq!(
        (count(&pool, "users").await, count(&pool, "roles").await),
        (0, 1)
    );
    let gone = event("user.deleted", at(2), json!({ "id": "user_1" }));
    assert_eq!(apply(&mirror, &pool, "msg_3", &gone).await, Change::Ignored);
}

pub(crate) async fn deletions_count_when_only_dependents_are_kept<DB: TestEngine>(pool: Pool<DB>) {
    let mirror = mirror(&pool).await.with_groups([Group::Organizations]);
    let gone = event("user.deleted", at(2), json!({ "id": "user_1" }));
    apply(&mirror, &pool, "msg_1", &gone).await;
    let joins = membership("orgmem_1", "org_1", "user_1", 1);
    let joins = event("organizationMembership.created", at(1), joins);
    assert_eq!(apply(&mirror, &pool, "msg_2", &joins).await, Change::Stale);
}
