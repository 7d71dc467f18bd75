//! What the API answers.

use axum::{
    body::Body,
    http::{Response, StatusCode, header},
};
use serde_json::json;

use super::{
    faults::Canned,
    page::{Query, Refusal, memberships, page},
    state::State,
};

/// A status, a content type and a body.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    content_type: &'static str,
    body: String,
}

impl Answer {
    /// What the state holds.
    pub(super) fn of_state(state: &State, path: &str, query: &Query) -> Self {
        let segments: Vec<_> = path.split('/').collect();
        match segments.as_slice() {
            ["users", "count"] => {
                let stored = state.objects("users").count() as u64;
                let count = state.generated.as_ref().map_or(stored, |users| users.count);
                Self::json(json!({"object": "total_count", "total_count": count}).to_string())
            }
            ["organizations", id, "memberships"] => Self::page(memberships(state, id, query)),
            [payers, id, "billing", "subscription"] => {
                let key = if *payers == "users" {
                    "user_id"
                } else {
                    "organization_id"
                };
                let mut subscriptions = state.objects("subscriptions");
                Self::found(subscriptions.find(|subscription| {
                    let items = subscription["subscription_items"].as_array();
                    items.is_some_and(|items| items.iter().any(|item| item["payer"][key] == *id))
                }))
            }
            [list @ ("users" | "organizations"), id] => {
                Self::found(state.list(list).and_then(|list| list.get(id)))
            }
            _ => page(state, path, query).map_or_else(Self::not_found, Self::page),
        }
    }

    fn page(page: Result<String, Refusal>) -> Self {
        match page {
            Ok(json) => Self::json(json),
            Err(Refusal(parameter)) => {
                let message = format!("{parameter} is invalid");
                Self::error(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "form_param_value_invalid",
                    &message,
                )
            }
        }
    }

    fn found(object: Option<&serde_json::Value>) -> Self {
        object.map_or_else(Self::not_found, |object| Self::json(object.to_string()))
    }

    fn not_found() -> Self {
        Self::error(StatusCode::NOT_FOUND, "resource_not_found", "not found")
    }

    fn json(body: String) -> Self {
        Self {
            status: StatusCode::OK,
            content_type: "application/json",
            body,
        }
    }

    /// An error in Clerk's form.
    pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Self {
        let error = json!({"message": message, "long_message": message, "code": code});
        let body = json!({"errors": [error], "clerk_trace_id": "trace"}).to_string();
        Self {
            status,
            ..Self::json(body)
        }
    }

    pub(super) fn canned(canned: Canned) -> Self {
        Self {
            status: StatusCode::from_u16(canned.status).unwrap_or(StatusCode::OK),
            content_type: canned.content_type,
            body: canned.body.to_owned(),
        }
    }

    pub(super) fn response(self) -> Response<Body> {
        respond(self.status, self.content_type, Body::from(self.body))
    }

    /// Half of the body, then the connection breaks.
    pub(super) fn cut_response(self) -> Response<Body> {
        let mut half = self.body.into_bytes();
        half.truncate(half.len() / 2);
        let chunks = [Ok(half), Err(std::io::Error::other("cut"))];
        let body = Body::from_stream(futures_util::stream::iter(chunks));
        respond(self.status, self.content_type, body)
    }
}

fn respond(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let value = header::HeaderValue::from_static(content_type);
    response.headers_mut().insert(header::CONTENT_TYPE, value);
    response
}
