//! [`EventObject`], the methods that every object of an event has.

use std::any::Any;

use crate::event::value::timestamp::Timestamp;

/// An object that an event is about.
pub(in crate::event) trait EventObject: Any {
    fn id(&self) -> &str;

    /// The id of the user, if the object is a user or belongs to one.
    fn user_id(&self) -> Option<&str> {
        None
    }

    /// The id of the organization, if the object is an organization or belongs to one.
    fn organization_id(&self) -> Option<&str> {
        None
    }

    /// When the object last changed.
    fn updated_at(&self) -> Option<Timestamp> {
        None
    }
}
