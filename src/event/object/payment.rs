//! [`PaymentAttempt`]: `paymentAttempt.created`, `.updated`.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{
        billing::{BillingAmount, BillingPayer},
        event_object::EventObject,
        object_type::ObjectType,
        subscription::SubscriptionItem,
    },
    value::{
        integer::optional_integer, lenient::null_as_default, open_enum::open_enum,
        timestamp::Timestamp,
    },
};

object! {
    /// An attempt to collect a payment.
    ///
    /// ```
    /// use clerk_webhooks::event::{PaymentAttempt, PaymentAttemptStatus};
    ///
    /// let attempt: PaymentAttempt = serde_json::from_str(
    ///     r#"{"id": "pa_1", "status": "failed", "failed_reason": {"code": "card_declined"}}"#,
    /// )?;
    /// assert_eq!(attempt.status, Some(PaymentAttemptStatus::Failed));
    /// let code = attempt.failed_reason.and_then(|reason| reason.code);
    /// assert_eq!(code.as_deref(), Some("card_declined"));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct PaymentAttempt {
        /// When the payment was due.
        pub billing_date: Option<Timestamp>,
        /// Whether it is a checkout or a recurring payment.
        pub charge_type: Option<ChargeType>,
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// When it failed.
        pub failed_at: Option<Timestamp>,
        /// Why it failed.
        pub failed_reason: Option<PaymentFailedReason>,
        /// The attempt's id at the payment gateway.
        pub gateway_external_id: Option<String>,
        /// Clerk's id.
        pub id: String,
        /// The id of the Clerk instance, `ins_...`.
        pub instance_id: Option<String>,
        /// Deprecated by Clerk in favour of `statement_id`.
        pub invoice_id: Option<String>,
        /// The object type, `commerce_payment_attempt`.
        pub object: Option<ObjectType>,
        /// When it succeeded.
        pub paid_at: Option<Timestamp>,
        /// The account that receives the payment.
        pub payee: Option<BillingPayee>,
        /// The user or organization that pays.
        pub payer: Option<BillingPayer>,
        /// The payment's id.
        pub payment_id: Option<String>,
        /// The source of the payment, such as a card.
        pub payment_source: Option<PaymentSource>,
        /// The id of the statement that lists the payment.
        pub statement_id: Option<String>,
        /// Current status.
        pub status: Option<PaymentAttemptStatus>,
        /// The subscription items that the payment is for.
        #[serde(default, deserialize_with = "null_as_default")]
        pub subscription_items: Vec<SubscriptionItem>,
        /// The amounts of the payment.
        pub totals: Option<BillingTotals>,
        /// When it last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
    }
}

open_enum! {
    /// The status of an attempt to collect a payment.
    pub enum PaymentAttemptStatus {
        Failed = "failed",
        Paid = "paid",
        Pending = "pending",
    }
}

open_enum! {
    /// The kind of charge of a payment.
    pub enum ChargeType {
        /// The first payment, which the payer makes at checkout.
        Checkout = "checkout",
        /// A recurring payment.
        Recurring = "recurring",
    }
}

object! {
    /// Why a payment failed.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct PaymentFailedReason {
        /// Error code, such as `card_declined`.
        pub code: Option<String>,
        /// Why the card was declined, such as `insufficient_funds`.
        pub decline_code: Option<String>,
    }
}

object! {
    /// The payee: your account at the payment gateway.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct BillingPayee {
        /// The payee's id at the payment gateway.
        pub gateway_external_id: Option<String>,
        /// Status at the gateway, such as `active`.
        pub gateway_status: Option<String>,
        /// The gateway, such as `stripe`.
        pub gateway_type: Option<String>,
        /// Clerk's id.
        pub id: Option<String>,
    }
}

object! {
    /// The totals of a payment.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct BillingTotals {
        /// The amount with tax.
        pub grand_total: Option<BillingAmount>,
        /// The total of each kind of unit.
        #[serde(default, deserialize_with = "null_as_default")]
        pub per_unit_totals: Vec<BillingUnitTotal>,
        /// The amount before tax.
        pub subtotal: Option<BillingAmount>,
        /// The tax.
        pub tax_total: Option<BillingAmount>,
    }
}

object! {
    /// The total of the units of one kind, such as seats.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct BillingUnitTotal {
        /// The price of one unit, in the currency's smallest unit.
        #[serde(default, deserialize_with = "optional_integer")]
        pub amount: Option<i64>,
        /// The ISO 4217 code, such as `USD`.
        pub currency: Option<String>,
        /// The unit, such as `seats`.
        pub name: Option<String>,
        /// The number of units.
        #[serde(default, deserialize_with = "optional_integer")]
        pub quantity: Option<i64>,
        /// The price of all units, in the currency's smallest unit.
        #[serde(default, deserialize_with = "optional_integer")]
        pub total: Option<i64>,
    }
}

object! {
    /// The source of a payment, such as a card.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct PaymentSource {
        /// Brand of the card, such as `visa`.
        pub card_type: Option<String>,
        /// The gateway, such as `stripe`.
        pub gateway: Option<String>,
        /// The id of the source's account at the payment gateway.
        pub gateway_external_account_id: Option<String>,
        /// The source's id at the payment gateway.
        pub gateway_external_id: Option<String>,
        /// Clerk's id, `cps_...`.
        pub id: Option<String>,
        /// Last four digits of the card.
        pub last4: Option<String>,
        /// The payment method.
        pub payment_method: Option<PaymentMethod>,
        /// Current status.
        pub status: Option<PaymentSourceStatus>,
    }
}

open_enum! {
    /// The kind of a payment source.
    pub enum PaymentMethod {
        Card = "card",
        Link = "link",
    }
}

open_enum! {
    /// The status of a payment source.
    pub enum PaymentSourceStatus {
        Active = "active",
        Disconnected = "disconnected",
    }
}

impl EventObject for PaymentAttempt {
    fn id(&self) -> &str {
        &self.id
    }

    fn user_id(&self) -> Option<&str> {
        self.payer.as_ref()?.user_id()
    }

    fn organization_id(&self) -> Option<&str> {
        self.payer.as_ref()?.organization_id()
    }

    fn updated_at(&self) -> Option<Timestamp> {
        self.updated_at
    }
}
