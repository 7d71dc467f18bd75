//! Enums that Clerk may extend at any time: known values are variants, every other value is kept.

use std::{fmt, marker::PhantomData};

use serde::{Deserializer, de};

/// Defines an enum of known values (`Variant = "text"`, older spellings after `|`).
///
/// Every other value is kept in `Unknown` and written back unchanged.
macro_rules! open_enum {
    (
        $(#[$meta:meta])*
        pub enum $Name:ident {
            $( $(#[$variant_meta:meta])* $Variant:ident = $text:literal $(| $older:literal)*, )+
        }
    ) => {
        $(#[$meta])*
        ///
        /// Clerk may add values. A value that this version does not know becomes `Unknown`, and is written
        /// back unchanged.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $Name {
            $( #[doc = concat!("`", $text, "`")] $(#[$variant_meta])* $Variant, )+
            /// A value that this version does not know, as Clerk sent it.
            Unknown($crate::event::value::open_enum::UnknownValue),
        }

        impl $Name {
            const ALL: &[Self] = &[$(Self::$Variant),+];

            /// Every known value, in declaration order.
            #[must_use]
            pub const fn all() -> &'static [Self] {
                Self::ALL
            }

            /// The text that Clerk sends today; for `Unknown`, the text that was received.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$Variant => $text, )+
                    Self::Unknown(value) => value.as_str(),
                }
            }
        }

        impl From<&str> for $Name {
            fn from(text: &str) -> Self {
                match text {
                    $( $text $(| $older)* => Self::$Variant, )+
                    other => Self::Unknown($crate::event::value::open_enum::UnknownValue::new(other)),
                }
            }
        }

        impl std::str::FromStr for $Name {
            type Err = std::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $Name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $Name {
            fn eq(&self, text: &str) -> bool {
                self.as_str() == text
            }
        }

        impl PartialEq<&str> for $Name {
            fn eq(&self, text: &&str) -> bool {
                self.as_str() == *text
            }
        }

        /// Orders by text.
        impl Ord for $Name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                self.as_str().cmp(other.as_str())
            }
        }

        impl PartialOrd for $Name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl $crate::event::json::read::Read for $Name {
            fn read(
                reader: &mut $crate::event::json::reader::Reader<'_>,
            ) -> Result<Self, $crate::event::json::fault::ReadError> {
                Ok(Self::from(&*reader.text()?))
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::event::value::open_enum::deserialize_text(deserializer)
            }
        }
    };
}
pub(in crate::event) use open_enum;

/// An unknown enum value, such as a status that Clerk added after this version.
///
/// Only parsing creates one, and never for a known value. Two values of such an enum are therefore equal
/// exactly when their texts are equal.
///
/// ```
/// use clerk_webhooks::EventType;
///
/// match EventType::from("user.renamed") {
///     EventType::Unknown(value) => assert_eq!(value.as_str(), "user.renamed"),
///     _ => unreachable!("no such type yet"),
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct UnknownValue(Box<str>);

impl UnknownValue {
    pub(in crate::event) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The value as Clerk sent it.
    ///
    /// ```
    /// use clerk_webhooks::event::SessionStatus;
    ///
    /// let SessionStatus::Unknown(value) = SessionStatus::from("paused") else { panic!("known") };
    /// assert_eq!(value.as_str(), "paused");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for UnknownValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Reads a value. Copies the text only if the value is unknown.
pub(in crate::event) fn deserialize_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> From<&'a str>,
{
    deserializer.deserialize_str(TextVisitor(PhantomData))
}

struct TextVisitor<T>(PhantomData<T>);

impl<T: for<'a> From<&'a str>> de::Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashSet};

    use crate::event::{SessionStatus, types::EventType};

    #[test]
    fn a_known_value_is_a_variant_and_an_older_spelling_becomes_the_current_one() {
        assert_eq!(SessionStatus::from("ended"), SessionStatus::Ended);
        let older = EventType::from("subscription.past_due");
        assert_eq!(older, EventType::SubscriptionPastDue);
        assert_eq!(
            serde_json::to_string(&older).unwrap(),
            r#""subscription.pastDue""#
        );
    }

    #[test]
    fn every_known_value_has_its_own_variant() {
        for status in SessionStatus::all() {
            assert_eq!(&SessionStatus::from(status.as_str()), status);
            assert!(!matches!(status, SessionStatus::Unknown(_)));
        }
    }

    #[test]
    fn an_unknown_value_survives_the_round_trip() {
        for value in ["", " ", "Ended", "paused", "\u{1f6a6}", "a\"b\\c\n"] {
            let text = serde_json::to_string(value).unwrap();
            let status: SessionStatus = serde_json::from_str(&text).unwrap();
            assert!(matches!(&status, SessionStatus::Unknown(kept) if kept.as_str() == value));
            assert_eq!(serde_json::to_string(&status).unwrap(), text);
            assert_eq!(value.parse::<SessionStatus>(), Ok(status));
        }
    }

    #[test]
    fn only_a_string_is_accepted() {
        for text in ["1", "null", "true", "{}", "[]"] {
            assert!(
                serde_json::from_str::<SessionStatus>(text).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn it_compares_hashes_and_sorts_by_text() {
        assert_eq!(SessionStatus::Ended.as_ref(), "ended");
        assert!(SessionStatus::Ended == "ended" && SessionStatus::Ended == *"ended");
        assert_eq!(SessionStatus::from("x").to_string(), "x");
        assert_eq!(format!("{:>7}|", SessionStatus::Ended), "  ended|");
        let sorted: BTreeSet<_> = ["ended", "anew", "active"].map(SessionStatus::from).into();
        let texts: Vec<_> = sorted.iter().map(SessionStatus::as_str).collect();
        assert_eq!(texts, ["active", "anew", "ended"]);
        assert_eq!(HashSet::from(["x", "x"].map(SessionStatus::from)).len(), 1);
    }
}
