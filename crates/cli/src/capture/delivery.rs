//! [`CapturedDelivery`].

use std::fmt;

use bytes::Bytes;

/// A request as a receiver got it, genuine or not.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapturedDelivery {
    /// Every header line, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The message id as the recording tool knew it.
    pub message_id: Option<String>,
    /// The event type as the recording tool knew it.
    pub event_type: Option<String>,
    /// When the request arrived, in milliseconds since 1970.
    pub received_at_ms: Option<u64>,
}

impl CapturedDelivery {
    /// A request with these headers and this body.
    ///
    /// ```
    /// use clerk_webhooks_cli::capture::CapturedDelivery;
    ///
    /// let headers = [("svix-id".to_owned(), "msg_1".to_owned())];
    /// let delivery = CapturedDelivery::new(headers.to_vec(), "{}");
    /// assert_eq!(delivery.header("Svix-Id"), Some("msg_1"));
    /// ```
    pub fn new(headers: Vec<(String, String)>, body: impl Into<Bytes>) -> Self {
        Self {
            headers,
            body: body.into(),
            ..Self::default()
        }
    }

    /// The first value of a header, whose name may be in upper or lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    /// The message id: the header's, otherwise the recording tool's. It is not verified.
    #[must_use]
    pub fn claimed_id(&self) -> Option<&str> {
        self.header("svix-id")
            .or_else(|| self.header("webhook-id"))
            .or(self.message_id.as_deref())
    }

    /// The event type: the body's, otherwise the recording tool's. It is not verified.
    #[must_use]
    pub fn claimed_type(&self) -> Option<String> {
        self.text_field("type").or_else(|| self.event_type.clone())
    }

    /// The instance that the body names. It is not verified.
    #[must_use]
    pub fn claimed_instance(&self) -> Option<String> {
        self.text_field("instance_id")
    }

    fn text_field(&self, name: &str) -> Option<String> {
        let body: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        Some(body.get(name)?.as_str()?.to_owned())
    }
}

/// Prints the body's length instead of the body, and the names of the headers only.
impl fmt::Debug for CapturedDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.iter().map(|(name, _)| name).collect();
        f.debug_struct("CapturedDelivery")
            .field("headers", &names)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
