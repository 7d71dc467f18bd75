//! [`EventObject`], what every object of an event can tell.

use std::any::Any;

use crate::event::value::timestamp::Timestamp;

/// An object that an event is about.
pub(in crate::event) trait EventObject: Any {
    fn id(&self) -> &str;

    /// The id of the user that it is, or belongs to.
    fn user_id(&self) -> Option<&str> {
        None
    }

    /// The id of the organization that it is, or belongs to.
    fn organization_id(&self) -> Option<&str> {
        None
    }

    /// When it last changed.
    fn updated_at(&self) -> Option<Timestamp> {
        None
    }
}
