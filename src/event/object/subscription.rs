//! Subscriptions and their items: `subscription.*`, `subscriptionItem.*`.

use serde::{Deserialize, Serialize};

use crate::event::{
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
    /// Clerk's id for the subscription, `csub_...`.
    pub id: String,
    /// `commerce_subscription`.
    pub object: Option<ObjectType>,
    /// How it stands.
    pub status: Option<SubscriptionStatus>,
    /// When it became active.
    pub active_at: Option<Timestamp>,
    /// When it was cancelled.
    pub canceled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it fell past due.
    pub past_due_at: Option<Timestamp>,
    /// When it last changed: what to order events by.
    pub updated_at: Option<Timestamp>,
    /// The last payment for it.
    pub latest_payment_id: Option<String>,
    /// Clerk's id for who pays, `cpayer_...`.
    pub payer_id: Option<String>,
    /// Who pays.
    pub payer: Option<BillingPayer>,
    /// By what it is paid, `cps_...`.
    pub payment_source_id: Option<String>,
    /// What is subscribed to.
    #[serde(default, deserialize_with = "null_as_default")]
    pub items: Vec<SubscriptionItem>,
}

open_enum! {
    /// How a subscription stands.
    pub enum SubscriptionStatus {
        Abandoned = "abandoned",
        Active = "active",
        Canceled = "canceled",
        Ended = "ended",
        Incomplete = "incomplete",
        PastDue = "past_due",
    }
}

/// A payer's subscription to one plan.
///
/// Clerk has a schema for it in subscriptions and one in payment attempts, whose published examples
/// still have the shape of 2025; this is the union of all three.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubscriptionItem {
    /// Clerk's id for the item, `csub_item_...`.
    ///
    /// Inside a [`Subscription`] or a [`PaymentAttempt`](crate::event::PaymentAttempt) it is `""` if
    /// Clerk left it out.
    #[serde(default, deserialize_with = "null_as_default")]
    pub id: String,
    /// `commerce_subscription_item` or `subscription_item`.
    pub object: Option<ObjectType>,
    /// How it stands.
    pub status: Option<SubscriptionItemStatus>,
    /// Whether it is in a free trial.
    pub is_free_trial: Option<bool>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it last changed: what to order events by.
    pub updated_at: Option<Timestamp>,
    /// When the present period began.
    pub period_start: Option<Timestamp>,
    /// When the present period ends; absent if it does not.
    pub period_end: Option<Timestamp>,
    /// How long a period lasts.
    pub interval: Option<BillingInterval>,
    /// Clerk's id for the plan, `cplan_...`.
    pub plan_id: Option<String>,
    /// The plan.
    pub plan: Option<Plan>,
    /// Who pays.
    pub payer: Option<BillingPayer>,
    /// The subscription that it belongs to, `csub_...`.
    pub subscription_id: Option<String>,
    /// How many seats it has.
    pub seats: Option<BillingSeats>,
    /// Deprecated by Clerk in favour of `credits`.
    pub credit: Option<ProrationCredit>,
    /// What is credited to it. Only in payment attempts.
    pub credits: Option<SubscriptionCredits>,
    /// From which day it is charged in proportion: `2024-05-01`. Only in the shape of 2025.
    pub proration_date: Option<String>,
    /// How long a period lasts. Only in the shape of 2025.
    pub plan_period: Option<BillingInterval>,
    /// When it was cancelled. Only in the shape of 2025.
    pub canceled_at: Option<Timestamp>,
    /// When it fell past due. Only in the shape of 2025.
    pub past_due_at: Option<Timestamp>,
    /// What was paid for it so far, in the currency's smallest unit. Only in the shape of 2025.
    #[serde(default, deserialize_with = "optional_integer")]
    pub lifetime_paid: Option<i64>,
    /// What comes next, in the currency's smallest unit. Only in the shape of 2025.
    #[serde(default, deserialize_with = "optional_integer")]
    pub next_payment_amount: Option<i64>,
    /// When the next payment comes. Only in the shape of 2025.
    pub next_payment_date: Option<Timestamp>,
    /// The price of a period. Only in the shape of 2025.
    pub amount: Option<BillingAmount>,
}

open_enum! {
    /// How a subscription item stands.
    pub enum SubscriptionItemStatus {
        /// It was superseded before it started.
        Abandoned = "abandoned",
        Active = "active",
        /// It ends with the period.
        Canceled = "canceled",
        Ended = "ended",
        Expired = "expired",
        /// It awaits an action of the payer's.
        Incomplete = "incomplete",
        PastDue = "past_due",
        /// It starts later.
        Upcoming = "upcoming",
    }
}

/// The seats of a subscription item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingSeats {
    /// How many; absent for no limit.
    #[serde(default, deserialize_with = "optional_integer")]
    pub quantity: Option<i64>,
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
