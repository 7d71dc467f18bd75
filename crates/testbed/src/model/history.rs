//! A random history.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::sender::Message;

/// An event of Clerk's, with its message id.
#[derive(Debug, Clone)]
pub struct Event {
    /// The header `svix-id`.
    pub message_id: String,
    /// The whole event.
    pub body: Value,
}

impl Event {
    /// As the sender delivers it.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::new(&self.message_id, self.body.to_string())
    }
}

/// What Clerk does over time: objects come, change and go.
///
/// `updated_at` may be missing or equal to the one before, and so may the event's timestamp. A deleted organization
/// may take its memberships along silently.
#[derive(Debug)]
pub struct History {
    rng: Rng,
    now: i64,
    made: u64,
    users: Vec<Value>,
    organizations: Vec<Value>,
    memberships: Vec<Value>,
    invitations: Vec<Value>,
    domains: Vec<Value>,
    roles: Vec<Value>,
    subscriptions: Vec<Value>,
    sessions: Vec<Value>,
}

impl History {
    /// The same seed makes the same history.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rng: Rng::with_seed(seed),
            now: 1_700_000_000_000,
            made: 0,
            users: Vec::new(),
            organizations: Vec::new(),
            memberships: Vec::new(),
            invitations: Vec::new(),
            domains: Vec::new(),
            roles: Vec::new(),
            subscriptions: Vec::new(),
            sessions: Vec::new(),
        }
    }

    /// The next `count` events, or a few more.
    pub fn next_events(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        while events.len() < count {
            self.now += self.rng.i64(0..3);
            match self.rng.u8(0..100) {
                0..14 => self.user_joins(&mut events),
                14..32 => self.user_changes(&mut events),
                32..35 => self.user_leaves(&mut events),
                35..40 => self.organization_is_made(&mut events),
                40..47 => self.organization_changes(&mut events),
                47..48 => self.organization_goes(&mut events),
                48..60 => self.membership_is_made(&mut events),
                60..70 => self.membership_changes(&mut events),
                70..75 => self.membership_goes(&mut events),
                75..80 => self.invites(&mut events),
                80..84 => self.has_domains(&mut events),
                84..87 => self.has_roles(&mut events),
                87..95 => self.subscribes(&mut events),
                _ => self.signs_in(&mut events),
            }
        }
        events
    }

    fn user_joins(&mut self, events: &mut Vec<Event>) {
        let id = self.id("user");
        let mut user = json!({
            "object": "user", "id": id, "created_at": self.now, "updated_at": self.now,
            "private_metadata": { "secret": self.made },
            "email_addresses": [], "phone_numbers": [], "external_accounts": [],
        });
        self.touch_user(&mut user);
        self.record("user.created", &user, events);
        self.users.push(user);
    }

    fn user_changes(&mut self, events: &mut Vec<Event>) {
        let Some(at) = pick(&mut self.rng, &self.users) else {
            return;
        };
        let mut user = self.users[at].clone();
        self.touch_user(&mut user);
        self.touch(&mut user);
        self.record("user.updated", &user, events);
        self.users[at] = user;
    }

    fn touch_user(&mut self, user: &mut Value) {
        user["first_name"] = format!("name {}", self.rng.u8(..)).into();
        user["external_id"] = match self.rng.bool() {
            true => format!("ext_{}", self.rng.u8(..)).into(),
            false => Value::Null,
        };
        user["public_metadata"] =
            json!({ "n": self.rng.u32(..), "nested": [{ "private_metadata": 1 }] });
        if self.rng.u8(..3) == 0 {
            let owner = user["id"].as_str().unwrap_or_default().to_owned();
            let parts = |kind: &str, field: &str, rng: &mut Rng| -> Vec<Value> {
                let count = rng.usize(..4);
                let part = |n| {
                    let value = format!("{field} {} of {owner}", rng.u8(..4));
                    let mut part = json!({ "id": format!("{kind}_{n}_{owner}"), "created_at": 1_600_000_000_000_i64 });
                    part[field] = value.into();
                    part["verification"] =
                        json!({ "status": if rng.bool() { "verified" } else { "expired" } });
                    part
                };
                (0..count).map(part).collect()
            };
            let emails = parts("idn", "email_address", &mut self.rng);
            user["primary_email_address_id"] = emails
                .first()
                .map_or(Value::Null, |email| email["id"].clone());
            user["email_addresses"] = emails.into();
            user["phone_numbers"] = parts("phn", "phone_number", &mut self.rng).into();
            user["external_accounts"] = parts("eac", "provider_user_id", &mut self.rng).into();
        }
    }

    fn user_leaves(&mut self, events: &mut Vec<Event>) {
        let Some(at) = pick(&mut self.rng, &self.users) else {
            return;
        };
        let user = self.users.swap_remove(at);
        self.record("user.deleted", &deleted("user", &user), events);
        let id = &user["id"];
        self.memberships
            .retain(|membership| membership["public_user_data"]["user_id"] != *id);
        self.sessions.retain(|session| session["user_id"] != *id);
    }

    fn organization_is_made(&mut self, events: &mut Vec<Event>) {
        let id = self.id("org");
        let organization = json!({
            "object": "organization", "id": id, "name": "Acme", "slug": format!("acme-{}", self.made),
            "members_count": 1, "public_metadata": {}, "private_metadata": { "secret": 1 },
            "created_at": self.now, "updated_at": self.now,
        });
        self.record("organization.created", &organization, events);
        self.organizations.push(organization);
    }

    fn organization_changes(&mut self, events: &mut Vec<Event>) {
        let Some(at) = pick(&mut self.rng, &self.organizations) else {
            return;
        };
        let mut organization = self.organizations[at].clone();
        organization["name"] = format!("Acme {}", self.rng.u8(..)).into();
        organization["members_count"] = self.rng.u8(..).into();
        self.touch(&mut organization);
        self.record("organization.updated", &organization, events);
        self.organizations[at] = organization;
    }

    fn organization_goes(&mut self, events: &mut Vec<Event>) {
        let Some(at) = pick(&mut self.rng, &self.organizations) else {
            return;
        };
        let organization = self.organizations.swap_remove(at);
        let id = organization["id"].clone();
        let is_member = |membership: &Value| membership["organization"]["id"] == id;
        let is_silent = self.rng.bool();
        for membership in self
            .memberships
            .clone()
            .iter()
            .filter(|membership| is_member(membership))
        {
            if !is_silent {
                self.record("organizationMembership.deleted", membership, events);
            }
        }
        self.memberships.retain(|membership| !is_member(membership));
        self.invitations
            .retain(|invitation| invitation["organization_id"] != id);
        self.domains
            .retain(|domain| domain["organization_id"] != id);
        self.record(
            "organization.deleted",
            &deleted("organization", &organization),
            events,
        );
    }

    fn membership_is_made(&mut self, events: &mut Vec<Event>) {
        let (Some(user), Some(organization)) = (
            pick(&mut self.rng, &self.users),
            pick(&mut self.rng, &self.organizations),
        ) else {
            return;
        };
        let id = self.id("orgmem");
        let membership = json!({
            "object": "organization_membership", "id": id, "role": "org:member", "permissions": ["org:read"],
            "public_metadata": {}, "private_metadata": { "secret": 2 },
            "organization": self.organizations[organization],
            "public_user_data": { "user_id": self.users[user]["id"], "identifier": "somebody" },
            "created_at": self.now, "updated_at": self.now,
        });
        self.record("organizationMembership.created", &membership, events);
        self.memberships.push(membership);
    }

    fn membership_changes(&mut self, events: &mut Vec<Event>) {
        let Some(at) = pick(&mut self.rng, &self.memberships) else {
            return;
        };
        let mut membership = self.memberships[at].clone();
        membership["role"] = if self.rng.bool() {
            "org:admin"
        } else {
            "org:member"
        }
        .into();
        if self.rng.u8(..4) == 0
            && let Some(other) = pick(&mut self.rng, &self.organizations)
        {
            membership["organization"] = self.organizations[other].clone();
        }
        self.touch(&mut membership);
        self.record("organizationMembership.updated", &membership, events);
        self.memberships[at] = membership;
    }

    /// The same user may join the same organization again, which makes another membership.
    fn membership_goes(&mut self, events: &mut Vec<Event>) {
        let Some(at) = pick(&mut self.rng, &self.memberships) else {
            return;
        };
        let mut membership = self.memberships.swap_remove(at);
        self.record("organizationMembership.deleted", &membership, events);
        if self.rng.bool() {
            membership["id"] = self.id("orgmem").into();
            membership["created_at"] = self.now.into();
            membership["updated_at"] = self.now.into();
            self.record("organizationMembership.created", &membership, events);
            self.memberships.push(membership);
        }
    }

    fn invites(&mut self, events: &mut Vec<Event>) {
        if self.rng.bool()
            && let Some(at) = pick(&mut self.rng, &self.invitations)
        {
            let mut invitation = self.invitations.swap_remove(at);
            let verb = if self.rng.bool() {
                "accepted"
            } else {
                "revoked"
            };
            invitation["status"] = verb.into();
            self.touch(&mut invitation);
            return self.record(
                &format!("organizationInvitation.{verb}"),
                &invitation,
                events,
            );
        }
        let Some(organization) = pick(&mut self.rng, &self.organizations) else {
            return;
        };
        let id = self.id("orginv");
        let invitation = json!({
            "object": "organization_invitation", "id": id, "email_address": format!("{}@example.com", self.made),
            "organization_id": self.organizations[organization]["id"], "role": "org:member", "status": "pending",
            "created_at": self.now, "updated_at": self.now,
        });
        self.record("organizationInvitation.created", &invitation, events);
        self.invitations.push(invitation);
    }

    fn has_domains(&mut self, events: &mut Vec<Event>) {
        if self.rng.u8(..4) == 0
            && let Some(at) = pick(&mut self.rng, &self.domains)
        {
            let domain = self.domains.swap_remove(at);
            let deleted = deleted("organization_domain", &domain);
            return self.record("organizationDomain.deleted", &deleted, events);
        }
        let Some(organization) = pick(&mut self.rng, &self.organizations) else {
            return;
        };
        let id = self.id("orgdmn");
        let domain = json!({
            "object": "organization_domain", "id": id, "name": format!("{}.example.com", self.made),
            "organization_id": self.organizations[organization]["id"], "total_pending_invitations": 3,
            "verification": { "status": "verified" }, "created_at": self.now, "updated_at": self.now,
        });
        self.record("organizationDomain.created", &domain, events);
        self.domains.push(domain);
    }

    fn has_roles(&mut self, events: &mut Vec<Event>) {
        match pick(&mut self.rng, &self.roles) {
            Some(at) if self.rng.bool() => {
                let mut role = self.roles[at].clone();
                role["name"] = format!("role {}", self.rng.u8(..)).into();
                self.touch(&mut role);
                self.record("role.updated", &role, events);
            }
            Some(at) if self.rng.bool() => {
                let role = self.roles.swap_remove(at);
                self.record("role.deleted", &deleted("role", &role), events);
            }
            _ => {
                let id = self.id("role");
                let role = json!({
                    "object": "role", "id": id, "name": "role", "key": format!("org:{}", self.made),
                    "is_creator_eligible": true, "permissions": [], "created_at": self.now, "updated_at": self.now,
                });
                self.record("role.created", &role, events);
                self.roles.push(role);
            }
        }
    }

    /// Events of a subscription have its items; some items have events of their own.
    fn subscribes(&mut self, events: &mut Vec<Event>) {
        let Some(user) = pick(&mut self.rng, &self.users) else {
            return;
        };
        let at = pick(&mut self.rng, &self.subscriptions).filter(|_| self.rng.u8(..3) > 0);
        let at = at.unwrap_or_else(|| {
            let id = self.id("csub");
            self.subscriptions.push(json!({
                "object": "subscription", "id": id, "status": "active",
                "payer": { "user_id": self.users[user]["id"], "organization_id": "" },
                "items": [{ "id": format!("item_1_{id}") }, { "id": format!("item_2_{id}") }],
                "created_at": self.now, "updated_at": self.now,
            }));
            self.subscriptions.len() - 1
        });
        let mut subscription = self.subscriptions[at].clone();
        self.touch(&mut subscription);
        for item in 0..2 {
            let mut changed = subscription["items"][item].clone();
            changed["status"] = format!("status {}", self.rng.u8(..8)).into();
            changed["plan"] = json!({ "id": "cplan_1", "slug": "pro" });
            self.touch(&mut changed);
            if self.rng.bool() {
                let mut alone = changed.clone();
                alone["subscription_id"] = subscription["id"].clone();
                alone["payer"] = subscription["payer"].clone();
                self.record("subscriptionItem.updated", &alone, events);
            }
            subscription["items"][item] = changed;
        }
        self.record("subscription.updated", &subscription, events);
        self.subscriptions[at] = subscription;
    }

    fn signs_in(&mut self, events: &mut Vec<Event>) {
        if self.rng.bool()
            && let Some(at) = pick(&mut self.rng, &self.sessions)
        {
            let mut session = self.sessions.swap_remove(at);
            session["status"] = "ended".into();
            self.touch(&mut session);
            return self.record("session.ended", &session, events);
        }
        let Some(user) = pick(&mut self.rng, &self.users) else {
            return;
        };
        let id = self.id("sess");
        let session = json!({
            "object": "session", "id": id, "user_id": self.users[user]["id"], "status": "active",
            "expire_at": self.now + 1_000, "created_at": self.now, "updated_at": self.now,
        });
        self.record("session.created", &session, events);
        self.sessions.push(session);
    }

    /// A new `updated_at`, mostly.
    fn touch(&mut self, object: &mut Value) {
        match self.rng.u8(..10) {
            0 => drop(
                object
                    .as_object_mut()
                    .and_then(|fields| fields.remove("updated_at")),
            ),
            1 => {}
            _ => object["updated_at"] = self.now.into(),
        }
    }

    fn record(&mut self, event_type: &str, object: &Value, events: &mut Vec<Event>) {
        let mut body = Map::from_iter([
            ("object".to_owned(), "event".into()),
            ("type".to_owned(), event_type.into()),
            ("data".to_owned(), object.clone()),
        ]);
        if self.rng.u8(..20) > 0 {
            let late = self.rng.i64(0..2);
            body.insert("timestamp".to_owned(), (self.now + late).into());
        }
        let text = |rng: &mut Rng| {
            std::iter::repeat_with(|| rng.alphanumeric())
                .take(27)
                .collect::<String>()
        };
        events.push(Event {
            message_id: format!("msg_{}", text(&mut self.rng)),
            body: body.into(),
        });
    }

    fn id(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}", self.made)
    }
}

fn deleted(object: &str, gone: &Value) -> Value {
    json!({ "object": object, "id": gone["id"], "deleted": true })
}

fn pick(rng: &mut Rng, from: &[Value]) -> Option<usize> {
    (!from.is_empty()).then(|| rng.usize(..from.len()))
}
