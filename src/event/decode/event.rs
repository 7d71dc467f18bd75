//! Decodes events from JSON.

use serde::{Deserialize, Deserializer, de};

use super::{
    data,
    envelope::Envelope,
    error::{DecodeError, DecodeErrorKind},
    utf8,
};
use crate::event::{
    event::ClerkEvent,
    json::{fault::Step, reader::Reader},
    raw::RawClerkEvent,
    value::raw_json::RawJson,
};

impl ClerkEvent {
    /// Decodes the body of a webhook.
    ///
    /// Fields may come in any order. Unknown fields are ignored. An unknown event type becomes
    /// [`EventData::Unknown`](crate::EventData::Unknown).
    ///
    /// This does not verify the signature: the layer, the extractor and the verifier do that.
    ///
    /// # Errors
    ///
    /// - The body is not JSON in UTF-8.
    /// - It has no string `type` or no object `data`.
    /// - A known envelope field is a duplicate or has the wrong JSON type.
    /// - The type is known, and its data lacks a required field (such as `id`), has a duplicate field or
    ///   has a value of the wrong JSON type.
    ///
    /// [`RawClerkEvent`] accepts any JSON object as data.
    ///
    /// ```
    /// use clerk_webhooks::ClerkEvent;
    ///
    /// let error = ClerkEvent::from_slice(br#"{"type": "user.deleted", "data": {}}"#).unwrap_err();
    /// assert_eq!(error.path(), "data.id");
    /// ```
    pub fn from_slice(body: &[u8]) -> Result<Self, DecodeError> {
        Self::from_text(utf8::text(body)?)
    }

    fn from_text(text: &str) -> Result<Self, DecodeError> {
        let mut envelope = Envelope::typed(text)?;
        Ok(Self {
            data: envelope.take_data()?,
            instance_id: envelope.instance_id,
            timestamp: envelope.timestamp,
            event_attributes: envelope.event_attributes,
        })
    }
}

impl RawClerkEvent {
    /// Decodes the body of a webhook, except its data.
    ///
    /// # Errors
    ///
    /// - The body is not JSON in UTF-8.
    /// - It has no string `type` or no object `data`.
    /// - A known envelope field is a duplicate or has the wrong JSON type.
    ///
    /// ```
    /// use clerk_webhooks::RawClerkEvent;
    ///
    /// let raw = RawClerkEvent::from_slice(br#"{"type": "user.deleted", "data": { }}"#)?;
    /// assert_eq!(raw.data.as_str(), "{ }");
    /// # Ok::<(), clerk_webhooks::event::DecodeError>(())
    /// ```
    pub fn from_slice(body: &[u8]) -> Result<Self, DecodeError> {
        Self::from_text(utf8::text(body)?)
    }

    fn from_text(text: &str) -> Result<Self, DecodeError> {
        let envelope = Envelope::raw(text)?;
        Ok(Self {
            data: RawJson::from_text(envelope.data_text().into()),
            event_type: envelope.event_type,
            instance_id: envelope.instance_id,
            timestamp: envelope.timestamp,
            event_attributes: envelope.event_attributes,
        })
    }
}

/// Decodes the data of a raw event. The line and column of an error are 0.
impl TryFrom<RawClerkEvent> for ClerkEvent {
    type Error = DecodeError;

    fn try_from(raw: RawClerkEvent) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(raw.data.as_str());
        let data = data::read(&raw.event_type, &mut reader).map_err(|error| {
            let error = error.within(Step::Field("data"));
            let event_type = Some(raw.event_type.clone());
            DecodeError::from_read(&error, DecodeErrorKind::Data, &reader, event_type)
                .without_position()
        })?;
        Ok(Self {
            data,
            instance_id: raw.instance_id,
            timestamp: raw.timestamp,
            event_attributes: raw.event_attributes,
        })
    }
}

/// [`from_slice`](ClerkEvent::from_slice) is faster, and keeps the text of metadata as Clerk sent it.
impl<'de> Deserialize<'de> for ClerkEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = RawJson::deserialize(deserializer)?;
        Self::from_text(json.as_str()).map_err(|error| de::Error::custom(error.without_position()))
    }
}

/// [`from_slice`](RawClerkEvent::from_slice) is faster, and keeps the text of the data as Clerk sent it.
impl<'de> Deserialize<'de> for RawClerkEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = RawJson::deserialize(deserializer)?;
        Self::from_text(json.as_str()).map_err(|error| de::Error::custom(error.without_position()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: impl AsRef<[u8]>) -> (DecodeErrorKind, String, usize, usize) {
        let error = ClerkEvent::from_slice(body.as_ref()).unwrap_err();
        (
            error.kind(),
            error.path().to_owned(),
            error.line(),
            error.column(),
        )
    }

    fn decodes(body: &str) -> Result<ClerkEvent, DecodeError> {
        ClerkEvent::from_slice(body.as_bytes())
    }

    fn path_of(body: &str) -> (DecodeErrorKind, String) {
        let (kind, path, ..) = refused(body);
        (kind, path)
    }

    #[test]
    fn every_kind_of_body_that_is_not_an_event() {
        use DecodeErrorKind::{Data, Envelope, NotJson, NotUtf8};
        let is = |body: &str, kind, path: &str| {
            assert_eq!(path_of(body), (kind, path.to_owned()), "{body}");
        };
        is("", NotJson, "");
        is("hello", NotJson, "");
        is("{", NotJson, "");
        is(r#"{"type": "x", "#, NotJson, "");
        is(r#"{"type": "x", "data": {"#, NotJson, "data");
        is("{}", Envelope, "type");
        is("[]", Envelope, "");
        is("7", Envelope, "");
        is(r#"{"type": "user.created"}"#, Envelope, "data");
        is(r#"{"data": {"id": "x"}}"#, Envelope, "type");
        is(r#"{"type": 7, "data": {}}"#, Envelope, "type");
        is(r#"{"type": "user.created", "data": []}"#, Envelope, "data");
        is(r#"{"type": "user.created", "data": "x"}"#, Envelope, "data");
        is(
            r#"{"type": "user.created", "data": null}"#,
            Envelope,
            "data",
        );
        is(
            r#"{"type": "x", "data": {}, "timestamp": "1"}"#,
            Envelope,
            "timestamp",
        );
        is(
            r#"{"type": "x", "data": {}, "event_attributes": {"http_request": {"client_ip": 1}}}"#,
            Envelope,
            "event_attributes.http_request.client_ip",
        );
        is(
            r#"{"type": "x", "data": {}, "type": "x"}"#,
            Envelope,
            "type",
        );
        is(r#"{"type": "x", "data": {}} {}"#, NotJson, "");
        is(r#"{"type": "user.created", "data": {}}"#, Data, "data.id");
        is(
            r#"{"type": "user.created", "data": {"id": 1}}"#,
            Data,
            "data.id",
        );
        is(
            r#"{"type": "session.ended", "data": {"id": "x"}}"#,
            Data,
            "data.user_id",
        );
        assert_eq!(refused(b"{\n\xff").0, NotUtf8);
    }

    #[test]
    fn positions_are_those_of_the_whole_body() {
        let body =
            "{\n \"type\": \"user.created\",\n \"data\": {\"id\": \"x\",\n  \"locked\": 1}\n}";
        assert_eq!(
            refused(body),
            (DecodeErrorKind::Data, "data.locked".to_owned(), 4, 13)
        );
        assert_eq!(
            refused(b"{\n  \"\xff\"}"),
            (DecodeErrorKind::NotUtf8, String::new(), 2, 4)
        );
    }

    #[test]
    fn every_truncation_is_an_error() {
        let body = r#"{"data":{"id":"user_1","email_addresses":[{"id":"i","email_address":"e"}],"public_metadata":{"a":[1]}},"type":"user.created"}"#;
        assert!(ClerkEvent::from_slice(body.as_bytes()).is_ok());
        for end in 0..body.len() {
            let kind = ClerkEvent::from_slice(&body.as_bytes()[..end])
                .unwrap_err()
                .kind();
            assert_eq!(kind, DecodeErrorKind::NotJson, "{end}");
        }
    }

    #[test]
    fn deep_nesting_overflows_nothing() {
        let deep = "[".repeat(200_000);
        let closed = format!("{deep}{}", "]".repeat(200_000));
        for data in [
            format!(r#"{{"id": "x", "public_metadata": {deep}"#),
            format!(r#"{{"id": "x", "email_addresses": {deep}"#),
            format!(r#"{{"id": "x", "email_addresses": {closed}}}"#),
            format!(r#"{{"id": {closed}}}"#),
        ] {
            assert!(decodes(&format!(r#"{{"type": "user.created", "data": {data}}}"#)).is_err());
        }
        for data in [
            format!(r#"{{"id": "x", "public_metadata": {closed}}}"#),
            format!(r#"{{"id": "x", "new": {closed}}}"#),
        ] {
            assert!(decodes(&format!(r#"{{"type": "user.created", "data": {data}}}"#)).is_ok());
            assert!(decodes(&format!(r#"{{"type": "user.renamed", "data": {data}}}"#)).is_ok());
        }
    }
}
