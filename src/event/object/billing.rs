//! What subscriptions and payments share: amounts, plans and payers.

use serde::{Deserialize, Serialize};

use crate::event::{
    object::object_type::ObjectType,
    value::{
        integer::optional_integer, json_number::JsonNumber, lenient::null_as_default,
        open_enum::open_enum, timestamp::Timestamp,
    },
};

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingAmount {
    /// In the currency's smallest unit: 2000 is `$20.00`.
    #[serde(default, deserialize_with = "optional_integer")]
    pub amount: Option<i64>,
    /// For people to read, such as `$20.00`.
    pub amount_formatted: Option<String>,
    /// The ISO 4217 code, such as `USD`.
    pub currency: Option<String>,
    /// Such as `$`.
    pub currency_symbol: Option<String>,
}

/// Who pays: a user, or an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BillingPayer {
    /// `commerce_payer`.
    pub object: Option<ObjectType>,
    /// Clerk's id for the payer, `cpayer_...`.
    pub id: Option<String>,
    /// The Clerk instance, `ins_...`.
    pub instance_id: Option<String>,
    /// The user who pays, `user_...`; `""` if it is an organization.
    pub user_id: Option<String>,
    /// May be `""`.
    pub first_name: Option<String>,
    /// May be `""`.
    pub last_name: Option<String>,
    /// May be `""`.
    pub email: Option<String>,
    /// The organization that pays, `org_...`; `""` or absent if it is a user.
    pub organization_id: Option<String>,
    /// `""` or absent if it is a user.
    pub organization_name: Option<String>,
    /// The payer's picture.
    pub image_url: Option<String>,
    /// When the payer first came to be.
    pub created_at: Option<Timestamp>,
    /// When the payer last changed.
    pub updated_at: Option<Timestamp>,
}

impl BillingPayer {
    /// The user, if it is one who pays: Clerk fills the other ids with `""`.
    pub(in crate::event) fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref().filter(|id| !id.is_empty())
    }

    /// The organization, if it is one that pays.
    pub(in crate::event) fn organization_id(&self) -> Option<&str> {
        self.organization_id.as_deref().filter(|id| !id.is_empty())
    }
}

/// What can be subscribed to.
///
/// The published examples of payment attempts still have the shape of 2025, with more fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// Clerk's id for the plan, `cplan_...`.
    pub id: Option<String>,
    /// Its name in code.
    pub slug: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// Whether it is paid for again and again.
    pub is_recurring: Option<bool>,
    /// The price of one period, in the currency's smallest unit.
    #[serde(default, deserialize_with = "optional_integer")]
    pub amount: Option<i64>,
    /// The ISO 4217 code, such as `USD`.
    pub currency: Option<String>,
    /// What its units, such as seats, cost.
    #[serde(default, deserialize_with = "null_as_default")]
    pub unit_prices: Vec<UnitPrice>,
    /// The Clerk instance, `ins_...`. Only in the shape of 2025.
    pub instance_id: Option<String>,
    /// The product that it belongs to, `cprd_...`. Only in the shape of 2025.
    pub product_id: Option<String>,
    /// What it is for. Only in the shape of 2025.
    pub description: Option<String>,
    /// Whether everyone without a subscription has it. Only in the shape of 2025.
    pub is_default: Option<bool>,
    /// Whether a change within a period is charged in proportion. Only in the shape of 2025.
    pub is_prorated: Option<bool>,
    /// How long a period lasts. Only in the shape of 2025.
    pub period: Option<BillingInterval>,
    /// After how many periods it is paid for again. Only in the shape of 2025.
    #[serde(default, deserialize_with = "optional_integer")]
    pub interval: Option<i64>,
    /// Whether there is a price besides that of units. Only in the shape of 2025.
    pub has_base_fee: Option<bool>,
    /// The price of a month if a year is paid for. Only in the shape of 2025.
    #[serde(default, deserialize_with = "optional_integer")]
    pub annual_monthly_amount: Option<i64>,
    /// Whether it is offered to everyone. Only in the shape of 2025.
    pub publicly_visible: Option<bool>,
}

/// What a unit of a plan, such as a seat, costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitPrice {
    /// The unit, such as `seats`.
    pub name: Option<String>,
    /// How many units make a block.
    #[serde(default, deserialize_with = "optional_integer")]
    pub block_size: Option<i64>,
    /// The price of a block, which may depend on how many there are.
    #[serde(default, deserialize_with = "null_as_default")]
    pub tiers: Vec<UnitPriceTier>,
}

/// What a block of units costs from one number of blocks to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnitPriceTier {
    /// The first block that it applies to.
    #[serde(default, deserialize_with = "optional_integer")]
    pub starts_at_block: Option<i64>,
    /// The last block that it applies to; absent for no end.
    #[serde(default, deserialize_with = "optional_integer")]
    pub ends_after_block: Option<i64>,
    /// In the currency's smallest unit.
    #[serde(default, deserialize_with = "optional_integer")]
    pub amount_per_block: Option<i64>,
    /// The ISO 4217 code, such as `USD`.
    pub currency: Option<String>,
}

open_enum! {
    /// How long a period that is paid for lasts.
    pub enum BillingInterval {
        Annual = "annual",
        Month = "month",
    }
}

/// What is credited to a subscription item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubscriptionCredits {
    /// For what is left of a period.
    pub proration: Option<ProrationCredit>,
    /// From the payer's balance.
    pub payer: Option<PayerCredit>,
    /// All of it.
    pub total: Option<BillingAmount>,
}

/// A credit for what is left of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProrationCredit {
    /// How much.
    pub amount: Option<BillingAmount>,
    /// How many days are left.
    #[serde(default, deserialize_with = "optional_integer")]
    pub cycle_days_remaining: Option<i64>,
    /// How many days the period has.
    #[serde(default, deserialize_with = "optional_integer")]
    pub cycle_days_total: Option<i64>,
    /// How much of the period is left. Clerk's example has 0.5 for 15 of 30 days: a fraction of 1.
    pub cycle_remaining_percent: Option<JsonNumber>,
}

/// A credit from the payer's balance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PayerCredit {
    /// How much.
    pub applied_amount: Option<BillingAmount>,
    /// What is left of the balance.
    pub remaining_balance: Option<BillingAmount>,
}
