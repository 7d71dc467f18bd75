//! Payments: `paymentAttempt.created`, `.updated`.

use serde::{Deserialize, Serialize};

use crate::event::{
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
    /// Clerk's id for the attempt.
    pub id: String,
    /// `commerce_payment_attempt`.
    pub object: Option<ObjectType>,
    /// The Clerk instance, `ins_...`.
    pub instance_id: Option<String>,
    /// The payment that it is an attempt at.
    pub payment_id: Option<String>,
    /// Deprecated by Clerk in favour of `statement_id`.
    pub invoice_id: Option<String>,
    /// The statement that the payment is on.
    pub statement_id: Option<String>,
    /// The payment gateway's id for it.
    pub gateway_external_id: Option<String>,
    /// How it stands.
    pub status: Option<PaymentAttemptStatus>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed: what to order events by.
    pub updated_at: Option<Timestamp>,
    /// When it succeeded.
    pub paid_at: Option<Timestamp>,
    /// When it failed.
    pub failed_at: Option<Timestamp>,
    /// Why it failed.
    pub failed_reason: Option<PaymentFailedReason>,
    /// When the payment was due.
    pub billing_date: Option<Timestamp>,
    /// Whether it is a first payment or one of a series.
    pub charge_type: Option<ChargeType>,
    /// Who is paid.
    pub payee: Option<BillingPayee>,
    /// Who pays.
    pub payer: Option<BillingPayer>,
    /// How much.
    pub totals: Option<BillingTotals>,
    /// By what.
    pub payment_source: Option<PaymentSource>,
    /// For what.
    #[serde(default, deserialize_with = "null_as_default")]
    pub subscription_items: Vec<SubscriptionItem>,
}

open_enum! {
    /// How an attempt to collect a payment stands.
    pub enum PaymentAttemptStatus {
        Failed = "failed",
        Paid = "paid",
        Pending = "pending",
    }
}

open_enum! {
    /// What kind of charge a payment is.
    pub enum ChargeType {
        /// The first: the payer was there.
        Checkout = "checkout",
        /// One of a series.
        Recurring = "recurring",
    }
}

/// Why a payment failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentFailedReason {
    /// Such as `card_declined`.
    pub code: Option<String>,
    /// Why the card was declined, such as `insufficient_funds`.
    pub decline_code: Option<String>,
}

/// Who is paid: your account with the payment gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPayee {
    /// Clerk's id for it.
    pub id: Option<String>,
    /// The gateway, such as `stripe`.
    pub gateway_type: Option<String>,
    /// The gateway's id for it.
    pub gateway_external_id: Option<String>,
    /// How it stands with the gateway, such as `active`.
    pub gateway_status: Option<String>,
}

/// What a payment amounts to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingTotals {
    /// Before tax.
    pub subtotal: Option<BillingAmount>,
    /// The tax.
    pub tax_total: Option<BillingAmount>,
    /// With tax.
    pub grand_total: Option<BillingAmount>,
    /// For each kind of unit.
    #[serde(default, deserialize_with = "null_as_default")]
    pub per_unit_totals: Vec<BillingUnitTotal>,
}

/// What the units of one kind, such as seats, amount to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingUnitTotal {
    /// The unit, such as `seats`.
    pub name: Option<String>,
    /// The price of one, in the currency's smallest unit.
    #[serde(default, deserialize_with = "optional_integer")]
    pub amount: Option<i64>,
    /// How many.
    #[serde(default, deserialize_with = "optional_integer")]
    pub quantity: Option<i64>,
    /// The price of all, in the currency's smallest unit.
    #[serde(default, deserialize_with = "optional_integer")]
    pub total: Option<i64>,
    /// The ISO 4217 code, such as `USD`.
    pub currency: Option<String>,
}

/// By what is paid: a card, for example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentSource {
    /// Clerk's id for it, `cps_...`.
    pub id: Option<String>,
    /// The gateway, such as `stripe`.
    pub gateway: Option<String>,
    /// The gateway's id for it.
    pub gateway_external_id: Option<String>,
    /// The gateway's id for the account that it belongs to.
    pub gateway_external_account_id: Option<String>,
    /// What it is.
    pub payment_method: Option<PaymentMethod>,
    /// Whether it can be used.
    pub status: Option<PaymentSourceStatus>,
    /// A card's make, such as `visa`.
    pub card_type: Option<String>,
    /// A card's last four digits.
    pub last4: Option<String>,
}

open_enum! {
    /// What kind of means a payment source is.
    pub enum PaymentMethod {
        Card = "card",
        Link = "link",
    }
}

open_enum! {
    /// Whether a payment source can be used.
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
