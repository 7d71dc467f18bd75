//! Fields that Clerk omits, sends as `null` or spells in two ways.

use serde::{Deserialize, Deserializer};

/// Reads a field in which `null` means the same as absent.
pub(in crate::event) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::event::{DomainVerification, OrganizationInvitation, Role, SmsMessage, Timestamp};

    fn at(seconds: i64) -> Option<Timestamp> {
        Some(Timestamp::from_millis(seconds * 1_000))
    }

    fn domain(text: &str) -> Option<Timestamp> {
        serde_json::from_str::<DomainVerification>(text)
            .unwrap()
            .expire_at
    }

    #[test]
    fn either_spelling_is_read_and_the_documented_one_wins() {
        assert_eq!(domain(r#"{"expire_at": 1}"#), at(1));
        assert_eq!(domain(r#"{"expires_at": 2}"#), at(2));
        assert_eq!(domain(r#"{"expire_at": 1, "expires_at": 2}"#), at(1));
        assert_eq!(domain(r#"{"expires_at": 2, "expire_at": 1}"#), at(1));
        assert_eq!(domain(r#"{"expire_at": null, "expires_at": 2}"#), at(2));
        assert_eq!(domain(r#"{"expires_at": null, "expire_at": 1}"#), at(1));
        assert_eq!(domain(r#"{"expires_at": null, "expire_at": null}"#), None);
        assert_eq!(domain("{}"), None);
    }

    #[test]
    fn only_the_documented_spelling_is_written() {
        let domain: DomainVerification = serde_json::from_str(r#"{"expires_at": 2}"#).unwrap();
        let written = serde_json::to_value(&domain).unwrap();
        assert_eq!(
            (&written["expire_at"], written.get("expires_at")),
            (&2.into(), None)
        );

        let sms: SmsMessage = serde_json::from_str(r#"{"id": "x", "created_at": 2}"#).unwrap();
        let written = serde_json::to_value(&sms).unwrap();
        assert_eq!(
            (&written["created_at_ms"], written.get("created_at")),
            (&2.into(), None)
        );
    }

    #[test]
    fn an_invitation_is_read_from_both_its_places() {
        let read = |text| serde_json::from_str::<OrganizationInvitation>(text).unwrap();
        let both = read(
            r#"{"id": "x", "user_id": "user_1", "public_organization_data": {"id": "org_1"},
                "data": {"user_id": "user_2", "public_organization_data": {"id": "org_2"}}}"#,
        );
        assert_eq!(both.user_id.as_deref(), Some("user_1"));
        assert_eq!(
            both.public_organization_data.unwrap().id.as_deref(),
            Some("org_1")
        );

        let deeper = read(
            r#"{"id": "x", "user_id": null, "public_organization_data": null,
                "data": {"user_id": "user_2", "public_organization_data": {"id": "org_2"}}}"#,
        );
        assert_eq!(deeper.user_id.as_deref(), Some("user_2"));
        assert_eq!(
            deeper.public_organization_data.unwrap().id.as_deref(),
            Some("org_2")
        );
        for text in [
            r#"{"id": "x", "data": null}"#,
            r#"{"id": "x", "data": {}}"#,
            r#"{"id": "x"}"#,
        ] {
            assert_eq!(read(text).public_organization_data, None, "{text}");
        }
    }

    #[test]
    fn a_list_that_is_null_or_absent_is_empty() {
        for text in [
            r#"{"id": "x"}"#,
            r#"{"id": "x", "permissions": null}"#,
            r#"{"id": "x", "permissions": []}"#,
        ] {
            let role: Role = serde_json::from_str(text).unwrap();
            assert!(role.permissions.is_empty());
            assert_eq!(
                serde_json::to_value(&role).unwrap()["permissions"],
                serde_json::json!([])
            );
        }
    }

    #[test]
    fn a_nested_object_must_have_fields_of_the_right_type() {
        for permission in ["[]", "null", "1", r#"{"id": 1}"#, r#"{"key": 1}"#] {
            let role = format!(r#"{{"id": "x", "permissions": [{permission}]}}"#);
            assert!(serde_json::from_str::<Role>(&role).is_err(), "{permission}");
        }
        let escaped = r#"{"id": "x", "permissions": [{"\u0069d": "perm_1"}]}"#;
        assert_eq!(
            serde_json::from_str::<Role>(escaped).unwrap().permissions[0].id,
            "perm_1"
        );
    }
}
