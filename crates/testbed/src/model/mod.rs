//! Clerk as the mirror's tests see it: random histories of objects, and what is left of them.
//!
//! [`History`] makes events as Clerk does. [`Model`] says which rows any set of these events leaves. It shares no code
//! with the mirror.

mod history;
#[expect(
    clippy::module_inception,
    reason = "the model is what this folder is about"
)]
mod model;
mod tables;

pub use self::{
    history::{Event, History},
    model::Model,
    tables::{Field, TABLES, Table},
};

/// The groups of tables that a history fills.
#[must_use]
pub fn groups() -> [clerk_webhooks_mirror::Group; 5] {
    use clerk_webhooks_mirror::Group;
    [
        Group::Users,
        Group::Organizations,
        Group::Roles,
        Group::Billing,
        Group::Sessions,
    ]
}
