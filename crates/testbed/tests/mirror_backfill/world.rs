//! [`World`]: Clerk's objects as this test believes they are, the events of their changes, and the API that serves them.

use std::collections::BTreeMap;

use clerk_webhooks::RawClerkEvent;
use clerk_webhooks_mirror::{Mirror, api::ClerkApi};
use clerk_webhooks_testbed::{clerk_api::FakeClerk, seed_from_env};
use fastrand::Rng;
use serde_json::{Value, json};
use sqlx::Pool;

use crate::{database::Database, support::report};

/// A kind of objects: its list in the API, its table, and what its events begin with.
struct Kind {
    list: &'static str,
    table: &'static str,
    event: &'static str,
    is_deleted_alone: bool,
}

const fn kind(
    list: &'static str,
    table: &'static str,
    event: &'static str,
    is_deleted_alone: bool,
) -> Kind {
    Kind {
        list,
        table,
        event,
        is_deleted_alone,
    }
}

static KINDS: [Kind; 7] = [
    kind("users", "users", "user", true),
    kind("organizations", "organizations", "organization", true),
    kind(
        "organization_memberships",
        "organization_memberships",
        "organizationMembership",
        true,
    ),
    kind(
        "organization_invitations",
        "organization_invitations",
        "organizationInvitation",
        false,
    ),
    kind(
        "organization_domains",
        "organization_domains",
        "organizationDomain",
        true,
    ),
    kind("organization_roles", "roles", "role", true),
    kind(
        "waitlist_entries",
        "waitlist_entries",
        "waitlistEntry",
        false,
    ),
];

/// An event that Clerk has not delivered yet.
pub(crate) struct Event {
    pub(crate) message_id: String,
    pub(crate) body: String,
}

pub(crate) struct World {
    pub(crate) clerk: FakeClerk,
    pub(crate) rng: Rng,
    pub(crate) pending: Vec<Event>,
    delivered: Vec<Event>,
    /// What the tables have to hold: by table and id.
    objects: BTreeMap<(&'static str, String), Value>,
    now: i64,
    made: u64,
    /// Whether an object may change twice in the same millisecond. A page then cannot tell the newer state.
    pub(crate) has_ties: bool,
}

impl World {
    pub(crate) async fn new() -> Self {
        let seed = seed_from_env("BACKFILL_SEED").unwrap();
        report(format!("BACKFILL_SEED={seed}"));
        let clerk = FakeClerk::start().await.unwrap();
        clerk.seed(seed);
        Self {
            clerk,
            rng: Rng::with_seed(seed),
            pending: Vec::new(),
            delivered: Vec::new(),
            objects: BTreeMap::new(),
            now: 1_750_000_000_000,
            made: 0,
            has_ties: false,
        }
    }

    /// A client in a hurry: small pages, and no pauses of its own.
    pub(crate) fn api(&self) -> ClerkApi {
        let api = ClerkApi::new(FakeClerk::SECRET_KEY).unwrap();
        let api = api.with_url(&self.clerk.url()).unwrap();
        api.with_requests_per_second(f64::INFINITY)
            .with_page_size(20)
    }

    /// Objects that existed before the first webhook.
    pub(crate) fn populate(&mut self, steps: usize) {
        for _ in 0..steps {
            self.step();
        }
        self.pending.clear();
    }

    /// Something happens at Clerk.
    pub(crate) fn step(&mut self) {
        self.now += if self.has_ties {
            self.rng.i64(0..2)
        } else {
            self.rng.i64(1..5)
        };
        match self.rng.u8(0..20) {
            0..4 => self.create("users"),
            4 => self.create("organizations"),
            5..8 => self.create("organization_memberships"),
            8 => self.create("organization_invitations"),
            9 => self.create("organization_domains"),
            10 => self.create("organization_roles"),
            11 => self.create("waitlist_entries"),
            12..18 => self.update(),
            _ => self.delete(),
        }
    }

    fn create(&mut self, list: &'static str) {
        self.made += 1;
        let (number, now) = (self.made, self.now);
        let mut object = json!({
            "id": format!("{list}_{number}"),
            "created_at": now,
            "updated_at": now,
            "public_metadata": {"version": 0},
        });
        let fields = match list {
            "users" => user(number),
            "organization_memberships" => {
                let (Some(user), Some(organization)) =
                    (self.any("users"), self.any("organizations"))
                else {
                    return;
                };
                let organization = &self.objects[&("organizations", organization)];
                json!({"role": "org:member", "organization": organization, "public_user_data": {"user_id": user}})
            }
            "organization_invitations" | "organization_domains" => {
                let Some(organization) = self.any("organizations") else {
                    return;
                };
                json!({"organization_id": organization, "name": "example.com", "status": "pending"})
            }
            _ => json!({"name": format!("name {number}"), "status": "pending"}),
        };
        object
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        self.put(list, object, "created");
    }

    fn update(&mut self) {
        let list = KINDS[self.rng.usize(..KINDS.len())].list;
        let Some(id) = self.any(list) else {
            return;
        };
        let mut object = self.objects[&(table(list), id)].clone();
        object["updated_at"] = self.now.into();
        object["public_metadata"] = json!({"version": self.rng.u32(..)});
        if list == "users" {
            let address = format!("{}@example.com", self.rng.u32(..));
            object["email_addresses"][0]["email_address"] = address.into();
        }
        self.put(list, object, "updated");
    }

    /// Clerk also deletes what belongs to a user or an organization.
    fn delete(&mut self) {
        let kind = &KINDS[self.rng.usize(..KINDS.len())];
        let Some(id) = self.any(kind.list).filter(|_| kind.is_deleted_alone) else {
            return;
        };
        let is_part = |object: &Value| {
            let is = |pointer| object.pointer(pointer).is_some_and(|owner| *owner == id);
            is("/organization/id") || is("/organization_id") || is("/public_user_data/user_id")
        };
        let parts = self.objects.iter().filter(|(_, object)| is_part(object));
        let parts: Vec<_> = parts.map(|((table, id), _)| (*table, id.clone())).collect();
        for (table, part) in parts {
            let of_part = KINDS.iter().find(|kind| kind.table == table).unwrap();
            let object = self.take(of_part, &part);
            if of_part.list == "organization_memberships" {
                self.emit(of_part, "deleted", &object);
            }
        }
        self.take(kind, &id);
        self.emit(kind, "deleted", &json!({"id": id, "deleted": true}));
    }

    fn put(&mut self, list: &'static str, object: Value, verb: &str) {
        let kind = KINDS.iter().find(|kind| kind.list == list).unwrap();
        let id = object["id"].as_str().unwrap().to_owned();
        self.emit(kind, verb, &object);
        self.clerk.change(|state| state.put(list, object.clone()));
        self.objects.insert((kind.table, id), object);
    }

    fn take(&mut self, kind: &Kind, id: &str) -> Value {
        self.clerk
            .change(|state| state.remove(kind.list, id))
            .unwrap();
        self.objects.remove(&(kind.table, id.to_owned())).unwrap()
    }

    fn emit(&mut self, kind: &Kind, verb: &str, object: &Value) {
        let verb = match (kind.event, verb) {
            ("organizationInvitation", "updated") => "accepted",
            (_, verb) => verb,
        };
        // The envelope's timestamp and the id follow the order of the changes.
        self.made += 1;
        let body = json!({
            "object": "event",
            "type": format!("{}.{verb}", kind.event),
            "timestamp": self.now,
            "data": object,
        });
        self.pending.push(Event {
            message_id: format!("msg_{:012}", self.made),
            body: body.to_string(),
        });
    }

    fn any(&mut self, list: &'static str) -> Option<String> {
        let table = table(list);
        let ids: Vec<_> = self.objects.keys().filter(|(of, _)| *of == table).collect();
        self.rng.choice(ids).map(|(_, id)| id.clone())
    }

    /// Delivers some of what waits, in any order, and now and then something again.
    pub(crate) async fn deliver<DB: Database>(
        &mut self,
        mirror: &Mirror<DB>,
        pool: &Pool<DB>,
        most: usize,
    ) {
        for _ in 0..most {
            if self.pending.is_empty() {
                return;
            }
            let place = self.rng.usize(..self.pending.len());
            let event = self.pending.swap_remove(place);
            deliver(mirror, pool, &event).await;
            self.delivered.push(event);
            if self.rng.u8(..10) == 0 {
                let again = self.rng.usize(..self.delivered.len());
                deliver(mirror, pool, &self.delivered[again]).await;
            }
        }
    }

    /// Loses some of what waits. The deletion of a role has no look-up that would confirm it.
    pub(crate) fn lose(&mut self, share: f64) -> usize {
        let before = self.pending.len();
        let Self { pending, rng, .. } = self;
        pending.retain(|event| event.body.contains("role.deleted") || rng.f64() >= share);
        before - self.pending.len()
    }

    /// The tables hold exactly Clerk's objects.
    pub(crate) async fn assert_equal<DB: Database>(&self, pool: &Pool<DB>) {
        let mut expected = self.objects.clone();
        for object in expected.values_mut() {
            object.as_object_mut().unwrap().remove("private_metadata");
        }
        let mut found = BTreeMap::new();
        for Kind { table, .. } in &KINDS {
            for (id, object) in rows::<DB>(pool, table, "id", "object").await {
                found.insert(
                    (*table, id),
                    serde_json::from_str::<Value>(&object).unwrap(),
                );
            }
        }
        for (key, object) in &expected {
            assert_eq!(found.get(key), Some(object), "{key:?}");
        }
        for key in found.keys() {
            assert!(expected.contains_key(key), "{key:?} is extra");
        }
        let users = self
            .objects
            .iter()
            .filter(|((table, _), _)| *table == "users");
        let address = |user: &Value| {
            user["email_addresses"][0]["email_address"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        let mut addresses: Vec<_> = users
            .map(|((_, id), user)| (id.clone(), address(user)))
            .collect();
        addresses.sort();
        for (table, owner, column) in [
            ("users", "id", "primary_email_address"),
            ("email_addresses", "user_id", "email_address"),
        ] {
            let mut found = rows::<DB>(pool, table, owner, column).await;
            found.sort();
            assert_eq!(found, addresses, "{table}");
        }
    }

    pub(crate) fn count(&self, table: &str) -> usize {
        self.objects.keys().filter(|(of, _)| *of == table).count()
    }
}

async fn deliver<DB: Database>(mirror: &Mirror<DB>, pool: &Pool<DB>, event: &Event) {
    let raw = RawClerkEvent::from_slice(event.body.as_bytes()).unwrap();
    DB::deliver(mirror, pool, &event.message_id, &raw)
        .await
        .unwrap();
}

/// Two columns of a table, as text.
pub(crate) async fn rows<DB: Database>(
    pool: &Pool<DB>,
    table: &str,
    key: &str,
    value: &str,
) -> Vec<(String, String)> {
    let prefix = DB::PREFIX;
    DB::pairs(
        pool,
        format!("select {key}, cast({value} as text) from {prefix}{table}"),
    )
    .await
}

fn table(list: &str) -> &'static str {
    KINDS.iter().find(|kind| kind.list == list).unwrap().table
}

fn user(number: u64) -> Value {
    json!({
        "object": "user",
        "first_name": format!("Ada {number}"),
        "primary_email_address_id": format!("idn_{number}"),
        "email_addresses": [{"id": format!("idn_{number}"), "email_address": format!("{number}@example.com")}],
        "private_metadata": {"secret": number},
    })
}
