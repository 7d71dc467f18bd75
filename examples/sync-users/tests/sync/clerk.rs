//! A Clerk in memory: what happens there, the messages that it sends, and the truth in the end.
//!
//! It knows nothing of how the tables are kept: everything happens once and in order here.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value, json};

/// An object's row: the table's own values, `updated_at`, `deleted_at`.
#[derive(Clone)]
struct Object {
    values: Vec<Option<String>>,
    updated_at: i64,
    deleted_at: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    User,
    Organization,
    Membership,
}

/// What is delivered.
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: String,
    /// Whether a table is about it.
    pub(crate) counts: bool,
}

pub(crate) struct Clerk {
    random: Rng,
    now: i64,
    objects: BTreeMap<(Kind, String), Object>,
    pub(crate) messages: Vec<Message>,
}

impl Clerk {
    pub(crate) fn new(random: Rng) -> Self {
        Self {
            random,
            now: 1_767_225_600_000,
            objects: BTreeMap::new(),
            messages: Vec::new(),
        }
    }

    /// One more thing happens; none at all if what it needs is not there.
    pub(crate) fn go_on(&mut self) {
        self.now += self.random.i64(1..60_000);
        match self.random.u8(0..100) {
            0..14 => self.create(Kind::User),
            14..19 => self.create(Kind::Organization),
            19..31 => self.create(Kind::Membership),
            31..56 => self.update(Kind::User),
            56..62 => self.update(Kind::Organization),
            62..76 => self.update(Kind::Membership),
            76..82 => self.delete(Kind::User),
            82..84 => self.delete(Kind::Organization),
            84..90 => self.delete(Kind::Membership),
            90..96 => self.repeat(),
            _ => self.sign_in(),
        }
    }

    /// All rows of users, organizations and memberships, as text and by id.
    pub(crate) fn truth(&self) -> [Vec<String>; 3] {
        [Kind::User, Kind::Organization, Kind::Membership].map(|kind| {
            let of_kind = self.objects.iter().filter(|((of, _), _)| *of == kind);
            of_kind.map(|((_, id), object)| row(id, object)).collect()
        })
    }

    fn create(&mut self, kind: Kind) {
        let Some(values) = self.new_values(kind) else {
            return;
        };
        let prefix = ["user", "org", "orgmem"][kind as usize];
        let id = format!("{prefix}_{:016x}", self.random.u64(..));
        let object = Object {
            values,
            updated_at: self.now,
            deleted_at: None,
        };
        self.objects.insert((kind, id.clone()), object);
        self.tell(kind, "created", &id);
    }

    fn update(&mut self, kind: Kind) {
        let (Some(id), Some(mut values)) = (self.any_living(kind), self.new_values(kind)) else {
            return;
        };
        let now = self.now;
        let object = self.objects.get_mut(&(kind, id.clone())).unwrap();
        if kind == Kind::Membership {
            // Nobody is moved to another organization.
            values[..2].clone_from_slice(&object.values[..2]);
        }
        object.values = values;
        object.updated_at = now;
        self.tell(kind, "updated", &id);
    }

    /// The same state once more.
    fn repeat(&mut self) {
        let kind = *self.random.choice(&[Kind::User, Kind::Membership]).unwrap();
        if let Some(id) = self.any_living(kind) {
            self.tell(kind, "updated", &id);
        }
    }

    /// A deleted membership is told whole, of other objects the id is left.
    fn delete(&mut self, kind: Kind) {
        let Some(id) = self.any_living(kind) else {
            return;
        };
        let now = self.now;
        let object = self.objects.get_mut(&(kind, id.clone())).unwrap();
        object.deleted_at = Some(now);
        if kind != Kind::Membership {
            object.values.fill(None);
            object.updated_at = now;
        }
        self.tell(kind, "deleted", &id);
    }

    fn sign_in(&mut self) {
        let data = json!({ "id": "sess_1", "user_id": "user_1" });
        self.send("session.created", &data, false);
    }

    fn any_living(&mut self, kind: Kind) -> Option<String> {
        let living = self
            .objects
            .iter()
            .filter(|((of, _), object)| *of == kind && object.deleted_at.is_none());
        let ids: Vec<_> = living.map(|((_, id), _)| id.clone()).collect();
        self.random.choice(ids)
    }

    fn new_values(&mut self, kind: Kind) -> Option<Vec<Option<String>>> {
        Some(match kind {
            Kind::User => {
                let email = format!("{:08x}@example.com", self.random.u32(..));
                let has_email = self.random.u8(0..10) > 0;
                vec![has_email.then_some(email), self.any_name(), self.any_name()]
            }
            Kind::Organization => vec![self.any_name(), self.any_name()],
            Kind::Membership => {
                let organization = self.any_living(Kind::Organization)?;
                let user = self.any_living(Kind::User)?;
                let role = *self.random.choice(&["org:admin", "org:member"]).unwrap();
                vec![Some(organization), Some(user), Some(role.to_owned())]
            }
        })
    }

    fn any_name(&mut self) -> Option<String> {
        let odd = [
            None,
            Some(""),
            Some("O'Neil \"Bob\" | --"),
            Some("李 Zoë 🦀"),
        ];
        match self.random.u8(0..10) {
            0..4 => self.random.choice(odd).unwrap().map(str::to_owned),
            _ => Some(format!("Name {}", self.random.u16(..))),
        }
    }

    fn tell(&mut self, kind: Kind, what: &str, id: &str) {
        let object = &self.objects[&(kind, id.to_owned())];
        let (family, data) = match kind {
            Kind::User => ("user", user(id, object)),
            Kind::Organization => ("organization", organization(id, object)),
            Kind::Membership => ("organizationMembership", membership(id, object)),
        };
        let is_whole = what != "deleted" || kind == Kind::Membership;
        let data = if is_whole {
            data
        } else {
            json!({ "id": id, "deleted": true })
        };
        self.send(&format!("{family}.{what}"), &data, true);
    }

    fn send(&mut self, event_type: &str, data: &Value, counts: bool) {
        let event =
            json!({ "data": data, "object": "event", "timestamp": self.now, "type": event_type });
        self.messages.push(Message {
            id: format!("msg_{:027}", self.messages.len()),
            body: event.to_string(),
            counts,
        });
    }
}

/// Among his addresses the primary one is neither the first nor the only.
fn user(id: &str, object: &Object) -> Value {
    let [email, first_name, last_name] = &object.values[..] else {
        panic!("a user has three values");
    };
    json!({
        "id": id,
        "first_name": first_name,
        "last_name": last_name,
        "primary_email_address_id": email.as_ref().map(|_| "idn_2"),
        "email_addresses": [
            { "id": "idn_1", "email_address": "secondary@example.com" },
            { "id": "idn_2", "email_address": email.as_deref().unwrap_or("unused@example.com") },
        ],
        "updated_at": object.updated_at,
    })
}

fn organization(id: &str, object: &Object) -> Value {
    let (name, slug) = (&object.values[0], &object.values[1]);
    json!({ "id": id, "name": name, "slug": slug, "updated_at": object.updated_at })
}

fn membership(id: &str, object: &Object) -> Value {
    json!({
        "id": id,
        "organization": { "id": object.values[0], "updated_at": object.updated_at + 1 },
        "public_user_data": { "user_id": object.values[1] },
        "role": object.values[2],
        "updated_at": object.updated_at,
    })
}

fn row(id: &str, object: &Object) -> String {
    let mut fields = vec![Some(id.to_owned())];
    fields.extend(object.values.clone());
    fields.push(Some(object.updated_at.to_string()));
    fields.push(object.deleted_at.map(|at| at.to_string()));
    let text = |field: &Option<String>| field.clone().unwrap_or("-".to_owned());
    fields.iter().map(text).collect::<Vec<_>>().join("|")
}
