//! What every object of an event can tell.

use crate::event::value::timestamp::Timestamp;

/// An object that an event is about.
pub(in crate::event) trait EventObject {
    fn id(&self) -> &str;

    /// The user that it is, or belongs to.
    fn user_id(&self) -> Option<&str> {
        None
    }

    /// The organization that it is, or belongs to.
    fn organization_id(&self) -> Option<&str> {
        None
    }

    /// When it last changed.
    fn updated_at(&self) -> Option<Timestamp> {
        None
    }
}
