//! A message.

use bytes::Bytes;
use clerk_webhooks_cli::send::random_message_id;
use fastrand::Rng;

/// A message: its id is the same on every attempt and for every endpoint.
#[derive(Debug, Clone)]
pub struct Message {
    id: String,
    body: Bytes,
}

impl Message {
    /// The message `id` (header `svix-id`) with this body.
    pub fn new(id: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            id: id.into(),
            body: body.into(),
        }
    }

    /// Makes several messages with ids like those of Svix. The same seed makes the same ids.
    ///
    /// ```
    /// use clerk_webhooks_testbed::sender::Message;
    ///
    /// let messages = Message::several(7, 2, |n| format!(r#"{{"n":{n}}}"#));
    /// assert!(messages[1].id().starts_with("msg_"));
    /// assert_eq!(messages[1].id().len(), "msg_".len() + 27);
    /// assert_eq!(messages[1].body(), &r#"{"n":1}"#);
    /// ```
    pub fn several<B: Into<Bytes>>(
        seed: u64,
        count: usize,
        body: impl Fn(usize) -> B,
    ) -> Vec<Self> {
        let mut rng = Rng::with_seed(seed);
        let message = |n| Self::new(random_message_id(&mut rng), body(n));
        (0..count).map(message).collect()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its body, sent byte for byte.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }
}
