//! Messages to users: [`Email`] (`email.created`) and [`SmsMessage`] (`sms.created`).

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{event_object::EventObject, object_type::ObjectType},
    value::{raw_json::RawJson, redacted::debug_without_secrets, timestamp::Timestamp},
};

object! {
    /// An e-mail to a user. Clerk sends it, or leaves it for you to send.
    ///
    /// It contains one-time codes and links that sign a user in: do not store or log it. `Debug` redacts them.
    ///
    /// ```
    /// use clerk_webhooks::event::Email;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct CodeData {
    ///     otp_code: String,
    /// }
    ///
    /// let email: Email = serde_json::from_str(
    ///     r#"{"id": "ema_1", "slug": "verification_code", "data": {"otp_code": "123456"}}"#,
    /// )?;
    /// assert_eq!(email.data.parse::<CodeData>()?.otp_code, "123456");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct Email {
        /// The HTML body.
        pub body: Option<String>,
        /// The plain-text body.
        pub body_plain: Option<String>,
        /// The values for the template. Their structure depends on [`slug`](Self::slug).
        #[serde(default)]
        pub data: RawJson,
        /// Whether Clerk sends the e-mail. If not, you have to send it.
        pub delivered_by_clerk: Option<bool>,
        /// The id of the recipient's address, `idn_...`; absent if no user has this address.
        pub email_address_id: Option<String>,
        /// The local part of the sender's address: the text before the `@`.
        pub from_email_name: Option<String>,
        /// Clerk's id, `ema_...`.
        pub id: String,
        /// The object type, `email`.
        pub object: Option<ObjectType>,
        /// The local part of the reply-to address.
        pub reply_to_email_name: Option<String>,
        /// The name of the template, such as `verification_code`.
        pub slug: Option<String>,
        /// Delivery status, such as `queued`.
        pub status: Option<String>,
        /// The subject line.
        pub subject: Option<String>,
        /// Why Clerk suppressed the e-mail, if it did.
        pub suppression_reason: Option<String>,
        /// The recipient's address.
        pub to_email_address: Option<String>,
        /// The id of the user who has this address, `user_...`.
        pub user_id: Option<String>,
    }
}

debug_without_secrets!(Email {
    id, object, slug, from_email_name, reply_to_email_name, to_email_address, email_address_id,
    user_id, status, suppression_reason, delivered_by_clerk,
} redacted {
    subject, body, body_plain, data,
});

object! {
    /// An SMS to a user. Clerk sends it, or leaves it for you to send.
    ///
    /// It contains a one-time code that signs a user in: do not store or log it. `Debug` redacts the code.
    ///
    /// ```
    /// use clerk_webhooks::event::{SmsMessage, Timestamp};
    ///
    /// // Clerk's schema says `created_at_ms`, Clerk's example `created_at`.
    /// let sms: SmsMessage = serde_json::from_str(r#"{"id": "sms_1", "created_at": 1716883200000}"#)?;
    /// assert_eq!(sms.created_at_ms, Some(Timestamp::from_millis(1_716_883_200_000)));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(remote = "Self")]
    #[non_exhaustive]
    pub struct SmsMessage {
        /// The other spelling of `created_at_ms`; always `None` after decoding.
        #[serde(rename = "created_at", skip_serializing)]
        created_at: Option<Timestamp>,
        /// When the SMS was created. Also read from `created_at`; `created_at_ms` wins.
        pub created_at_ms: Option<Timestamp>,
        /// The values for the template. Their structure depends on [`slug`](Self::slug).
        #[serde(default)]
        pub data: RawJson,
        /// Whether Clerk sends the SMS. If not, you have to send it.
        pub delivered_by_clerk: Option<bool>,
        /// The sender's phone number.
        pub from_phone_number: Option<String>,
        /// Clerk's id, `sms_...`.
        pub id: String,
        /// The text of the SMS.
        pub message: Option<String>,
        /// The object type, `sms_message`.
        pub object: Option<ObjectType>,
        /// The id of the recipient's number, `idn_...`; absent if no user has this number.
        pub phone_number_id: Option<String>,
        /// The name of the template, such as `verification_code`.
        pub slug: Option<String>,
        /// Delivery status, such as `queued`.
        pub status: Option<String>,
        /// The recipient's phone number.
        pub to_phone_number: Option<String>,
        /// The id of the user who has this number, `user_...`.
        pub user_id: Option<String>,
    }
    then merge_spellings
}

debug_without_secrets!(SmsMessage {
    id, object, slug, from_phone_number, to_phone_number, phone_number_id, user_id, status,
    delivered_by_clerk, created_at_ms, created_at,
} redacted {
    message, data,
});

impl SmsMessage {
    fn merge_spellings(&mut self) {
        self.created_at_ms = self.created_at_ms.or(self.created_at.take());
    }
}

impl EventObject for Email {
    fn id(&self) -> &str {
        &self.id
    }

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }
}

impl EventObject for SmsMessage {
    fn id(&self) -> &str {
        &self.id
    }

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.created_at_ms
    }
}
