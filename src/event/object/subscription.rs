//! [`Subscription`] and [`SubscriptionItem`]: `subscription.*`, `subscriptionItem.*`.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::{
        billing::{
            BillingAmount, BillingInterval, BillingPayer, Plan, ProrationCredit,
            SubscriptionCredits,
        },
        event_object::EventObject,
        object_type::ObjectType,
    },
    value::{
        integer::optional_integer, lenient::null_as_default, open_enum::open_enum,
        timestamp::Timestamp,
    },
};

object! {
    /// A payer's subscription, with one item for each plan.
    ///
    /// ```
    /// use clerk_webhooks::event::{Subscription, SubscriptionStatus};
    ///
    /// let subscription: Subscription = serde_json::from_str(
    ///     r#"{"id": "csub_1", "status": "past_due", "items": [{"id": "csub_item_1"}]}"#,
    /// )?;
    /// assert_eq!(subscription.status, Some(SubscriptionStatus::PastDue));
    /// assert_eq!(subscription.items.len(), 1);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct Subscription {
        /// When it became active.
        pub active_at: Option<Timestamp>,
        /// When it was canceled.
        pub canceled_at: Option<Timestamp>,
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// When it ended.
        pub ended_at: Option<Timestamp>,
        /// Clerk's id, `csub_...`.
        pub id: String,
        /// The items, one for each plan.
        #[serde(default, deserialize_with = "null_as_default")]
        pub items: Vec<SubscriptionItem>,
        /// The id of the latest payment.
        pub latest_payment_id: Option<String>,
        /// The object type, `commerce_subscription`.
        pub object: Option<ObjectType>,
        /// When it became past due.
        pub past_due_at: Option<Timestamp>,
        /// The user or organization that pays.
        pub payer: Option<BillingPayer>,
        /// The payer's id, `cpayer_...`.
        pub payer_id: Option<String>,
        /// The payment source's id, `cps_...`.
        pub payment_source_id: Option<String>,
        /// Current status.
        pub status: Option<SubscriptionStatus>,
        /// When it last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
    }
}

open_enum! {
    /// The status of a subscription.
    pub enum SubscriptionStatus {
        Abandoned = "abandoned",
        Active = "active",
        Canceled = "canceled",
        Ended = "ended",
        Incomplete = "incomplete",
        PastDue = "past_due",
    }
}

object! {
    /// A payer's subscription to one plan.
    ///
    /// Clerk sends it in three formats: in subscriptions, in payment attempts, and in payment attempts of the
    /// 2025 format, which Clerk's examples still use. This type has the fields of all three.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct SubscriptionItem {
        /// The price of a period. Only in the 2025 format.
        pub amount: Option<BillingAmount>,
        /// When it was canceled. Only in the 2025 format.
        pub canceled_at: Option<Timestamp>,
        /// When it was created.
        pub created_at: Option<Timestamp>,
        /// Deprecated by Clerk in favour of `credits`.
        pub credit: Option<ProrationCredit>,
        /// The credits. Only in payment attempts.
        pub credits: Option<SubscriptionCredits>,
        /// Clerk's id, `csub_item_...`.
        ///
        /// Inside a [`Subscription`] or a [`PaymentAttempt`](crate::event::PaymentAttempt) it is `""` if
        /// Clerk did not send it.
        #[serde(default, deserialize_with = "null_as_default")]
        pub id: String,
        /// Length of a billing period.
        pub interval: Option<BillingInterval>,
        /// Whether it is in a free trial.
        pub is_free_trial: Option<bool>,
        /// The amount paid so far, in the currency's smallest unit. Only in the 2025 format.
        #[serde(default, deserialize_with = "optional_integer")]
        pub lifetime_paid: Option<i64>,
        /// The amount of the next payment, in the currency's smallest unit. Only in the 2025 format.
        #[serde(default, deserialize_with = "optional_integer")]
        pub next_payment_amount: Option<i64>,
        /// When the next payment is due. Only in the 2025 format.
        pub next_payment_date: Option<Timestamp>,
        /// The object type, `commerce_subscription_item`.
        pub object: Option<ObjectType>,
        /// When it became past due. Only in the 2025 format.
        pub past_due_at: Option<Timestamp>,
        /// The user or organization that pays.
        pub payer: Option<BillingPayer>,
        /// When the current period ends; absent if it has no end.
        pub period_end: Option<Timestamp>,
        /// When the current period started.
        pub period_start: Option<Timestamp>,
        /// The plan.
        pub plan: Option<Plan>,
        /// The plan's id, `cplan_...`.
        pub plan_id: Option<String>,
        /// Length of a billing period. Only in the 2025 format.
        pub plan_period: Option<BillingInterval>,
        /// The first day of the proration: `2024-05-01`. Only in the 2025 format.
        pub proration_date: Option<String>,
        /// The seats that the item includes.
        pub seats: Option<BillingSeats>,
        /// Current status.
        pub status: Option<SubscriptionItemStatus>,
        /// The subscription's id, `csub_...`.
        pub subscription_id: Option<String>,
        /// When it last changed. Use it to order events.
        pub updated_at: Option<Timestamp>,
    }
}

open_enum! {
    /// The status of a subscription item.
    pub enum SubscriptionItemStatus {
        /// Another item replaced it before it started.
        Abandoned = "abandoned",
        Active = "active",
        /// It ends with the current period.
        Canceled = "canceled",
        Ended = "ended",
        Expired = "expired",
        /// It waits for an action of the payer.
        Incomplete = "incomplete",
        PastDue = "past_due",
        /// It starts later.
        Upcoming = "upcoming",
    }
}

object! {
    /// The seats of a subscription item.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct BillingSeats {
        /// The number of seats; absent if there is no limit.
        #[serde(default, deserialize_with = "optional_integer")]
        pub quantity: Option<i64>,
    }
}

impl EventObject for Subscription {
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

impl EventObject for SubscriptionItem {
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
