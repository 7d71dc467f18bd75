//! [`DeletedObject`], the data of most `*.deleted` events.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{event_object::EventObject, object_type::ObjectType},
};

object! {
    /// The data of the `*.deleted` events.
    ///
    /// The exception is `organizationMembership.deleted`, which carries the complete membership.
    ///
    /// ```
    /// use clerk_webhooks::event::DeletedObject;
    ///
    /// let user: DeletedObject = serde_json::from_str(r#"{"id": "user_1"}"#)?;
    /// assert_eq!(user.id, "user_1");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct DeletedObject {
        /// Whether the object was deleted.
        pub deleted: Option<bool>,
        /// Your own id for the user, if the object is a user.
        pub external_id: Option<String>,
        /// The id of the deleted object.
        pub id: String,
        /// The type of the deleted object.
        pub object: Option<ObjectType>,
        /// The slug, if the object is an organization.
        pub slug: Option<String>,
    }
}

impl EventObject for DeletedObject {
    fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whether_it_was_deleted_is_what_clerk_sent() {
        let deleted = |text| serde_json::from_str::<DeletedObject>(text).unwrap().deleted;
        assert_eq!(deleted(r#"{"id": "x"}"#), None);
        assert_eq!(deleted(r#"{"id": "x", "deleted": null}"#), None);
        assert_eq!(deleted(r#"{"id": "x", "deleted": true}"#), Some(true));
        assert_eq!(deleted(r#"{"id": "x", "deleted": false}"#), Some(false));
    }

    #[test]
    fn it_needs_an_id_and_nothing_else() {
        assert!(serde_json::from_str::<DeletedObject>(r#"{"deleted": true}"#).is_err());
        let text = r#"{"id": "x", "object": null, "slug": null, "external_id": null}"#;
        assert_eq!(
            serde_json::from_str::<DeletedObject>(text).unwrap().slug,
            None
        );
    }
}
