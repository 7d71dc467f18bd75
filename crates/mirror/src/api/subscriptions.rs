//! Subscriptions: Clerk has no list of them, each is asked for by its payer.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use super::{client::ClerkApi, error::ApiError};

/// How many are asked for at once. The pace of the client is the limit.
const IN_FLIGHT: usize = 8;

/// The subscriptions of the payers that these items name.
pub(crate) async fn of_items(api: &ClerkApi, items: &[Value]) -> Result<Vec<Value>, ApiError> {
    let payers = items.iter().filter_map(|item| item.get("payer"));
    // Each payer once.
    let payers: BTreeMap<_, _> = payers
        .filter_map(|payer| Some((path(payer)?, payer.clone())))
        .collect();
    let payers: Vec<Value> = payers.into_values().collect();
    let found = stream::iter(payers).map(async |payer| of_payer(api, &payer).await);
    let found: Vec<Option<Value>> = found.buffer_unordered(IN_FLIGHT).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// The subscription of a payer, which does not say itself whose it is.
pub(crate) async fn of_payer(api: &ClerkApi, payer: &Value) -> Result<Option<Value>, ApiError> {
    let Some(path) = path(payer) else {
        return Ok(None);
    };
    let mut subscription = api.find(&path).await?;
    if let Some(Value::Object(fields)) = &mut subscription {
        fields.insert("payer".to_owned(), payer.clone());
    }
    Ok(subscription)
}

fn path(payer: &Value) -> Option<[&str; 4]> {
    let id = |field| {
        payer
            .get(field)
            .and_then(Value::as_str)
            .filter(|id| !id.is_empty())
    };
    let user = id("user_id").map(|id| ["users", id, "billing", "subscription"]);
    user.or_else(|| {
        Some([
            "organizations",
            id("organization_id")?,
            "billing",
            "subscription",
        ])
    })
}
