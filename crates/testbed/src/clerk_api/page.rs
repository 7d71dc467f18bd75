//! [`page`]: one page of a list.

use serde_json::Value;

use super::{
    list::List,
    state::{Generated, State},
};

/// The lists, and whether each answers `{data, total_count}` or a plain array.
const LISTS: [(&str, bool); 10] = [
    ("users", false),
    ("organizations", true),
    ("organization_memberships", true),
    ("organization_invitations", true),
    ("organization_domains", true),
    ("organization_roles", true),
    ("organization_permissions", true),
    ("invitations", false),
    ("waitlist_entries", true),
    ("billing/subscription_items", true),
];

/// The parameters of a request, by name.
pub(super) type Query = [(String, String)];

/// Why there is no page: the parameter that is wrong.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) &'static str);

/// The JSON of a page; `None` if there is no such list.
pub(super) fn page(state: &State, list: &str, query: &Query) -> Option<Result<String, Refusal>> {
    let (_, wrapped) = LISTS.iter().find(|(name, _)| *name == list)?;
    let page = match &state.generated {
        Some(users) if list == "users" => generated(users, query),
        _ => {
            let empty = List::default();
            stored(list, state.list(list).unwrap_or(&empty), query)
        }
    };
    Some(page.map(|page| page.json(*wrapped)))
}

/// The memberships of an organization, optionally of one user.
pub(super) fn memberships(
    state: &State,
    organization: &str,
    query: &Query,
) -> Result<String, Refusal> {
    let mut some = List::default();
    let user = value(query, "user_id");
    for object in state.objects("organization_memberships") {
        let is_of_user = user.is_none_or(|user| object["public_user_data"]["user_id"] == user);
        if object["organization"]["id"] == organization && is_of_user {
            some.put(object.clone());
        }
    }
    stored("organization_memberships", &some, query).map(|page| page.json(true))
}

struct Page {
    objects: Vec<String>,
    total: usize,
}

impl Page {
    fn json(&self, wrapped: bool) -> String {
        let objects = self.objects.join(",");
        match wrapped {
            true => format!(r#"{{"data":[{objects}],"total_count":{}}}"#, self.total),
            false => format!("[{objects}]"),
        }
    }
}

fn stored(name: &str, list: &List, query: &Query) -> Result<Page, Refusal> {
    let newest_first = newest_first(name, query)?;
    let after = starting_after(name, query)?;
    let objects: Box<dyn Iterator<Item = &Value> + '_> = match after {
        Some(id) => list
            .behind(id, newest_first)
            .ok_or(Refusal("starting_after"))?,
        None if newest_first => Box::new(list.oldest_first().rev()),
        None => Box::new(list.oldest_first()),
    };
    let (offset, limit) = (number(query, "offset", 0, 0..=usize::MAX)?, limit(query)?);
    let filtered = objects.filter(|object| matches(object, query));
    Ok(Page {
        objects: filtered
            .skip(offset)
            .take(limit)
            .map(Value::to_string)
            .collect(),
        total: list.len(),
    })
}

/// The filters of the lists that a backfill uses.
fn matches(object: &Value, query: &Query) -> bool {
    let organization = value(query, "organization_id");
    organization.is_none_or(|id| object["organization_id"] == id)
}

fn generated(users: &Generated, query: &Query) -> Result<Page, Refusal> {
    if newest_first("users", query)? {
        return Err(Refusal("order_by"));
    }
    let first = match starting_after("users", query)? {
        None => number(query, "offset", 0, 0..=usize::MAX)?,
        Some(id) => {
            let number = id
                .strip_prefix("user_")
                .and_then(|digits| digits.parse::<usize>().ok());
            number.ok_or(Refusal("starting_after"))? + 1
        }
    };
    let numbers = (first as u64..users.count).take(limit(query)?);
    Ok(Page {
        objects: numbers.map(&users.make).collect(),
        total: usize::try_from(users.count).unwrap_or(usize::MAX),
    })
}

fn value<'a>(query: &'a Query, name: &str) -> Option<&'a str> {
    let mut values = query.iter().filter(|(key, _)| key == name);
    values.next().map(|(_, value)| value.as_str())
}

/// `/billing/subscription_items` cannot be ordered.
fn newest_first(list: &str, query: &Query) -> Result<bool, Refusal> {
    match value(query, "order_by") {
        None | Some("-created_at") => Ok(true),
        Some("+created_at" | "created_at") if list != "billing/subscription_items" => Ok(false),
        _ => Err(Refusal("order_by")),
    }
}

/// For users, in the order of creation, and without an offset.
fn starting_after<'a>(list: &str, query: &'a Query) -> Result<Option<&'a str>, Refusal> {
    let Some(id) = value(query, "starting_after") else {
        return Ok(None);
    };
    let allowed =
        list == "users" && value(query, "offset").is_none() && value(query, "order_by").is_some();
    allowed.then_some(Some(id)).ok_or(Refusal("starting_after"))
}

fn limit(query: &Query) -> Result<usize, Refusal> {
    number(query, "limit", 10, 1..=500)
}

fn number(
    query: &Query,
    name: &'static str,
    default: usize,
    allowed: std::ops::RangeInclusive<usize>,
) -> Result<usize, Refusal> {
    let number = value(query, name).map_or(Ok(default), str::parse);
    number
        .ok()
        .filter(|number| allowed.contains(number))
        .ok_or(Refusal(name))
}
