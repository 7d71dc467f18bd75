//! Parses and serializes raw JSON.

use serde::{Serialize, Serializer, de::DeserializeOwned, ser};

use super::{error::DecodeError, own_type};
use crate::event::value::{raw_json::RawJson, tree::Tree};

impl RawJson {
    /// Decodes it into your own type.
    ///
    /// `null` is first decoded as `null`: an `Option` becomes `None`. If `T` refuses that, it is decoded as
    /// `{}`: a struct whose fields all have defaults gets these defaults.
    ///
    /// ```
    /// use clerk_webhooks::event::RawJson;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Metadata {
    ///     #[serde(default)]
    ///     beta: bool,
    /// }
    ///
    /// assert!(!RawJson::NULL.parse::<Metadata>()?.beta);
    /// assert!(RawJson::NULL.parse::<Option<Metadata>>()?.is_none());
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If `T` refuses the value. The error's path starts at this value. Its kind is
    /// [`Data`](crate::event::DecodeErrorKind::Data), or
    /// [`NotJson`](crate::event::DecodeErrorKind::NotJson) for JSON that `serde_json` refuses for every
    /// type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        if self.is_null() {
            return own_type::decode_value("null").or_else(|_| own_type::decode_value("{}"));
        }
        own_type::decode_value(self.as_str())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tree = Tree::from_json(self.as_str());
        tree.map_err(ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::event::{
        DecodeErrorKind,
        json::{read::Read as _, reader::Reader},
    };

    fn raw(text: &str) -> RawJson {
        RawJson::read(&mut Reader::new(text)).unwrap()
    }

    #[test]
    fn any_json_is_kept_as_it_was_sent() {
        for text in [
            "1.50",
            "1e2",
            "1e999",
            "-0",
            r#""\u00e9\ud83d""#,
            "[1 , 2]",
            r#"{ "b":1, "a":{"a":1,"a":2} }"#,
            "true",
        ] {
            assert_eq!(raw(&format!(" {text}\n")).as_str(), text);
        }
        assert!(RawJson::read(&mut Reader::new("{")).is_err());
    }

    #[test]
    fn serde_json_reads_the_same_value_without_white_space() {
        for (text, printed) in [
            (" [1 , 2] ", "[1,2]"),
            ("1.50", "1.5"),
            ("-0", "-0.0"),
            (r#""\u00e9""#, "\"é\""),
            (
                r#"{ "b":1, "a":{"a":1,"a":2} }"#,
                r#"{"b":1,"a":{"a":1,"a":2}}"#,
            ),
        ] {
            let read: RawJson = serde_json::from_str(text).unwrap();
            assert_eq!(read.as_str(), printed);
            assert_eq!(serde_json::to_string(&raw(text)).unwrap(), printed);
        }
    }

    #[test]
    fn what_serde_json_cannot_read_is_kept_but_not_serialized() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for text in ["1e999", r#""\ud83d""#, &deep] {
            assert_eq!(raw(text).as_str(), text);
            assert!(serde_json::from_str::<RawJson>(text).is_err());
            assert!(serde_json::to_string(&raw(text)).is_err());
        }
    }

    #[test]
    fn null_and_an_empty_object_are_not_allocated() {
        for text in ["null", "{}"] {
            for read in [raw(text), serde_json::from_str(text).unwrap()] {
                let allocated = allocation_counter::measure(|| drop(read.clone()));
                assert_eq!(allocated.count_total, 0, "{text}");
            }
        }
    }

    #[test]
    fn null_and_empty_values_are_recognized() {
        let is_null_and_is_empty = |text| (raw(text).is_null(), raw(text).is_empty());
        assert_eq!(is_null_and_is_empty("null"), (true, true));
        assert_eq!(is_null_and_is_empty("{}"), (false, true));
        assert_eq!(is_null_and_is_empty("{ \n }"), (false, true));
        for text in ["[]", "\"\"", "0", "false", r#"{"a":null}"#] {
            assert_eq!(is_null_and_is_empty(text), (false, false), "{text}");
        }
        assert_eq!(RawJson::default(), RawJson::NULL);
    }

    #[test]
    fn null_parses_as_null_first_and_as_an_empty_object_second() {
        #[derive(Debug, Default, PartialEq, Deserialize)]
        #[serde(default)]
        struct Settings {
            beta: bool,
        }
        assert_eq!(RawJson::NULL.parse::<Option<Settings>>().unwrap(), None);
        assert_eq!(
            RawJson::NULL.parse::<Settings>().unwrap(),
            Settings::default()
        );
        assert_eq!(
            RawJson::NULL.parse::<serde_json::Value>().unwrap(),
            serde_json::Value::Null
        );
        assert!(RawJson::NULL.parse::<u8>().is_err());
    }

    #[test]
    fn an_error_names_the_path_but_no_value() {
        #[derive(Debug, Deserialize)]
        struct Seats {
            #[expect(dead_code, reason = "only its type matters")]
            seats: Vec<u8>,
        }
        let error = raw(r#"{"seats": [1, "secret"]}"#)
            .parse::<Seats>()
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.path()),
            (DecodeErrorKind::Data, "seats[1]")
        );
        assert!(!format!("{error} {error:?}").contains("secret"));

        let error = raw(r#"{"secret": 1}"#).parse::<Seats>().unwrap_err();
        assert_eq!(error.path(), "");
        assert!(
            error.to_string().contains("lacks a required field"),
            "{error}"
        );
    }

    #[test]
    fn deep_nesting_is_kept_and_refused_only_when_parsed() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let error = raw(&deep).parse::<serde_json::Value>().unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::NotJson);
    }

    #[test]
    fn debug_prints_only_the_length() {
        assert_eq!(
            format!("{:?}", raw(r#"{"name":"secret"}"#)),
            "RawJson(17 bytes)"
        );
    }
}
