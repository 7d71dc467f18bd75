//! What Clerk leaves out, sends as `null` or spells in two ways.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IntoDeserializer, MapAccess},
};

/// A field whose `null` means the same as its absence.
pub(in crate::event) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Lists of objects that may lack the `id` that they have as the object of an event.
///
/// Such an id is `""`.
pub(in crate::event) fn nested_list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list: Option<Vec<Nested<T>>> = Deserialize::deserialize(deserializer)?;
    Ok(list
        .unwrap_or_default()
        .into_iter()
        .map(|Nested(object)| object)
        .collect())
}

/// An object that may lack the `id` that it has as the object of an event; such an id is `""`.
pub(in crate::event) fn nested_object<'de, D, T>(
    deserializer: D,
) -> Result<Option<Box<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let object: Option<Nested<Box<T>>> = Deserialize::deserialize(deserializer)?;
    Ok(object.map(|Nested(object)| object))
}

/// Reads the struct as serde derives it, and then unites the spellings of a field by
/// `unite_spellings`.
///
/// serde's own `alias` refuses an object that holds both spellings, and a `null` under the one
/// would hide the other. The struct needs `#[serde(remote = "Self")]`.
macro_rules! deserialize_and_unite_spellings {
    ($Object:ident) => {
        impl<'de> serde::Deserialize<'de> for $Object {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut object = Self::deserialize(deserializer)?;
                object.unite_spellings();
                Ok(object)
            }
        }

        impl serde::Serialize for $Object {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }
    };
}
pub(in crate::event) use deserialize_and_unite_spellings;

struct Nested<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(WithId(deserializer)).map(Nested)
    }
}

/// Supplies an empty `id` to a struct whose object has none.
struct WithId<I>(I);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for WithId<D> {
    type Error = D::Error;

    fn deserialize_any<V: de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(WithId(visitor))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, V: de::Visitor<'de>> de::Visitor<'de> for WithId<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(MapWithId {
            map,
            id: Id::NotSeen,
        })
    }
}

struct MapWithId<A> {
    map: A,
    id: Id,
}

enum Id {
    NotSeen,
    /// Its value comes next.
    Next,
    Seen,
    /// The object has ended without one: its value comes next and is empty.
    Supplied,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for MapWithId<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        let key = match self.map.next_key::<Key<'de>>()? {
            Some(Key(key)) => key,
            None if matches!(self.id, Id::NotSeen) => {
                self.id = Id::Supplied;
                return seed.deserialize("id".into_deserializer()).map(Some);
            }
            None => return Ok(None),
        };
        if key == "id" {
            self.id = Id::Next;
        }
        seed.deserialize(key.into_deserializer()).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        match std::mem::replace(&mut self.id, Id::Seen) {
            Id::Supplied => seed.deserialize("".into_deserializer()),
            Id::Next => {
                let id: Option<String> = self.map.next_value()?;
                seed.deserialize(id.unwrap_or_default().into_deserializer())
            }
            before => {
                self.id = before;
                self.map.next_value_seed(seed)
            }
        }
    }
}

/// A field's name, without a copy where the deserializer has it at hand.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> de::Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(name)))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(name.to_owned())))
    }
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
    fn an_invitation_is_united_from_both_its_places() {
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
    fn a_nested_object_is_still_an_object_with_fields_of_the_right_type() {
        for permission in [
            "[]",
            "null",
            "1",
            r#"["perm_1"]"#,
            r#"{"id": 1}"#,
            r#"{"key": 1}"#,
        ] {
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
