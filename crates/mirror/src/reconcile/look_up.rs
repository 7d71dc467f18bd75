//! Whether Clerk still has an object that was not in its list.

use serde_json::Value;

use crate::{
    api::{ApiError, ClerkApi, subscriptions},
    object::id_of,
    schema::{
        table::Table,
        tables::{
            ORGANIZATION_DOMAINS, ORGANIZATION_MEMBERSHIPS, ORGANIZATIONS, SUBSCRIPTIONS, USERS,
        },
    },
};

/// What Clerk says about one object.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// It exists: it moved between two pages, or is new.
    Exists(Value),
    Gone,
    /// There is no way to ask.
    Unknown,
}

/// Asks for the object that a row was made of.
pub(super) async fn look_up(
    api: &ClerkApi,
    table: &Table,
    id: &str,
    stored: &Value,
) -> Result<Answer, ApiError> {
    match table.name {
        name if name == USERS.name => Ok(found(api.find(&["users", id]).await?)),
        name if name == ORGANIZATIONS.name => Ok(found(api.find(&["organizations", id]).await?)),
        name if name == ORGANIZATION_MEMBERSHIPS.name => membership(api, id, stored).await,
        name if name == ORGANIZATION_DOMAINS.name => domain(api, id, stored).await,
        name if name == SUBSCRIPTIONS.name => subscription(api, id, stored).await,
        _ => Ok(Answer::Unknown),
    }
}

fn found(object: Option<Value>) -> Answer {
    object.map_or(Answer::Gone, Answer::Exists)
}

async fn membership(api: &ClerkApi, id: &str, stored: &Value) -> Result<Answer, ApiError> {
    let ids = text(stored, "/organization/id").zip(text(stored, "/public_user_data/user_id"));
    match ids {
        Some((organization, user)) => {
            let path = ["organizations", organization, "memberships"];
            in_list(api, &path, &[("user_id", user)], id).await
        }
        None => Ok(Answer::Unknown),
    }
}

async fn domain(api: &ClerkApi, id: &str, stored: &Value) -> Result<Answer, ApiError> {
    match text(stored, "/organization_id") {
        Some(organization) => {
            let query = [("organization_id", organization)];
            in_list(api, &["organization_domains"], &query, id).await
        }
        None => Ok(Answer::Unknown),
    }
}

/// A payer has one subscription at a time.
async fn subscription(api: &ClerkApi, id: &str, stored: &Value) -> Result<Answer, ApiError> {
    let Some(payer) = stored.get("payer").filter(|payer| payer.is_object()) else {
        return Ok(Answer::Unknown);
    };
    let current = subscriptions::of_payer(api, payer).await?;
    Ok(found(current.filter(|current| id_of(current) == Some(id))))
}

/// In a list so short that it is one page. Without the list, there is no such organization.
async fn in_list(
    api: &ClerkApi,
    path: &[&str],
    query: &[(&str, &str)],
    id: &str,
) -> Result<Answer, ApiError> {
    let Some(page) = api.find_page(path, query).await? else {
        return Ok(Answer::Gone);
    };
    let is_whole = page.objects.len() < usize::from(api.page_size());
    let object = page
        .objects
        .into_iter()
        .find(|object| id_of(object) == Some(id));
    Ok(match object {
        None if !is_whole => Answer::Unknown,
        object => found(object),
    })
}

fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = object.pointer(pointer)?.as_str()?;
    (!text.is_empty()).then_some(text)
}
