//! Types that subscriptions and payments share: [`BillingAmount`], [`Plan`], [`BillingPayer`], credits.

use serde::{Deserialize, Serialize};

use crate::event::{
    json::object::object,
    object::object_type::ObjectType,
    value::{
        integer::optional_integer, json_number::JsonNumber, lenient::null_as_default,
        open_enum::open_enum, timestamp::Timestamp,
    },
};

object! {
    /// An amount of money.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct BillingAmount {
        /// The amount in the currency's smallest unit: 2000 is `$20.00`.
        #[serde(default, deserialize_with = "optional_integer")]
        pub amount: Option<i64>,
        /// The amount as text, such as `$20.00`.
        pub amount_formatted: Option<String>,
        /// The ISO 4217 code, such as `USD`.
        pub currency: Option<String>,
        /// The symbol of the currency, such as `$`.
        pub currency_symbol: Option<String>,
    }
}

object! {
    /// The payer: a user or an organization.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct BillingPayer {
        /// When the payer was created.
        pub created_at: Option<Timestamp>,
        /// E-mail address; may be `""`.
        pub email: Option<String>,
        /// First name; may be `""`.
        pub first_name: Option<String>,
        /// Clerk's id, `cpayer_...`.
        pub id: Option<String>,
        /// URL of the payer's picture.
        pub image_url: Option<String>,
        /// The id of the Clerk instance, `ins_...`.
        pub instance_id: Option<String>,
        /// Last name; may be `""`.
        pub last_name: Option<String>,
        /// The object type, `commerce_payer`.
        pub object: Option<ObjectType>,
        /// The organization's id, `org_...`; `""` or absent if the payer is a user.
        pub organization_id: Option<String>,
        /// Name of the organization; `""` or absent if the payer is a user.
        pub organization_name: Option<String>,
        /// When the payer last changed.
        pub updated_at: Option<Timestamp>,
        /// The user's id, `user_...`; `""` if the payer is an organization.
        pub user_id: Option<String>,
    }
}

impl BillingPayer {
    /// The id of the user, if the payer is a user. Otherwise Clerk sends `""`.
    pub(in crate::event) fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref().filter(|id| !id.is_empty())
    }

    /// The id of the organization, if the payer is an organization.
    pub(in crate::event) fn organization_id(&self) -> Option<&str> {
        self.organization_id.as_deref().filter(|id| !id.is_empty())
    }
}

object! {
    /// A plan that a user or an organization can subscribe to.
    ///
    /// The payment attempts in Clerk's examples still use the 2025 format, which has more fields.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct Plan {
        /// The price of one period, in the currency's smallest unit.
        #[serde(default, deserialize_with = "optional_integer")]
        pub amount: Option<i64>,
        /// The monthly price with annual payment. Only in the 2025 format.
        #[serde(default, deserialize_with = "optional_integer")]
        pub annual_monthly_amount: Option<i64>,
        /// The ISO 4217 code, such as `USD`.
        pub currency: Option<String>,
        /// Description. Only in the 2025 format.
        pub description: Option<String>,
        /// Whether there is a base fee in addition to the price of units. Only in the 2025 format.
        pub has_base_fee: Option<bool>,
        /// Clerk's id, `cplan_...`.
        pub id: Option<String>,
        /// The id of the Clerk instance, `ins_...`. Only in the 2025 format.
        pub instance_id: Option<String>,
        /// Number of periods between payments. Only in the 2025 format.
        #[serde(default, deserialize_with = "optional_integer")]
        pub interval: Option<i64>,
        /// Whether this is the default plan for everyone without a subscription. Only in the 2025 format.
        pub is_default: Option<bool>,
        /// Whether changes within a period are prorated. Only in the 2025 format.
        pub is_prorated: Option<bool>,
        /// Whether payments recur.
        pub is_recurring: Option<bool>,
        /// Display name.
        pub name: Option<String>,
        /// Length of a billing period. Only in the 2025 format.
        pub period: Option<BillingInterval>,
        /// The product's id, `cprd_...`. Only in the 2025 format.
        pub product_id: Option<String>,
        /// Whether the plan is publicly visible. Only in the 2025 format.
        pub publicly_visible: Option<bool>,
        /// The name of the plan in code.
        pub slug: Option<String>,
        /// The prices of the plan's units, such as seats.
        #[serde(default, deserialize_with = "null_as_default")]
        pub unit_prices: Vec<UnitPrice>,
    }
}

object! {
    /// The price of a unit of a plan, such as a seat.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct UnitPrice {
        /// Units in a block.
        #[serde(default, deserialize_with = "optional_integer")]
        pub block_size: Option<i64>,
        /// The unit, such as `seats`.
        pub name: Option<String>,
        /// The price of a block, which depends on the number of blocks.
        #[serde(default, deserialize_with = "null_as_default")]
        pub tiers: Vec<UnitPriceTier>,
    }
}

object! {
    /// The price of a block of units in a range of blocks.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct UnitPriceTier {
        /// The price of one block, in the currency's smallest unit.
        #[serde(default, deserialize_with = "optional_integer")]
        pub amount_per_block: Option<i64>,
        /// The ISO 4217 code, such as `USD`.
        pub currency: Option<String>,
        /// The last block of the range; absent if the range has no end.
        #[serde(default, deserialize_with = "optional_integer")]
        pub ends_after_block: Option<i64>,
        /// The first block of the range.
        #[serde(default, deserialize_with = "optional_integer")]
        pub starts_at_block: Option<i64>,
    }
}

open_enum! {
    /// The length of a billing period.
    pub enum BillingInterval {
        Annual = "annual",
        Month = "month",
    }
}

object! {
    /// The credits of a subscription item.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct SubscriptionCredits {
        /// The credit from the payer's balance.
        pub payer: Option<PayerCredit>,
        /// The credit for the unused rest of a period.
        pub proration: Option<ProrationCredit>,
        /// The sum of both credits.
        pub total: Option<BillingAmount>,
    }
}

object! {
    /// A credit for the unused rest of a period.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct ProrationCredit {
        /// The amount.
        pub amount: Option<BillingAmount>,
        /// Days left in the period.
        #[serde(default, deserialize_with = "optional_integer")]
        pub cycle_days_remaining: Option<i64>,
        /// Days in the period.
        #[serde(default, deserialize_with = "optional_integer")]
        pub cycle_days_total: Option<i64>,
        /// The unused part of the period, as a fraction of 1: Clerk's example has 0.5 for 15 of 30 days.
        pub cycle_remaining_percent: Option<JsonNumber>,
    }
}

object! {
    /// A credit from the payer's balance.
    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[non_exhaustive]
    pub struct PayerCredit {
        /// The amount that was applied.
        pub applied_amount: Option<BillingAmount>,
        /// The remaining balance.
        pub remaining_balance: Option<BillingAmount>,
    }
}
