//! [`DeletedObject`], the data of most `*.deleted` events.

use serde::{Deserialize, Deserializer, Serialize};

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
    /// assert!(user.deleted);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct DeletedObject {
        /// Whether the object was deleted; `true` if Clerk did not send the field.
        #[serde(default = "yes", deserialize_with = "null_as_yes")]
        pub deleted: bool,
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

fn yes() -> bool {
    true
}

fn null_as_yes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(yes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deleted_unless_it_says_otherwise() {
        let deleted = |text| serde_json::from_str::<DeletedObject>(text).unwrap().deleted;
        assert!(deleted(r#"{"id": "x"}"#));
        assert!(deleted(r#"{"id": "x", "deleted": null}"#));
        assert!(deleted(r#"{"id": "x", "deleted": true}"#));
        assert!(!deleted(r#"{"id": "x", "deleted": false}"#));
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
