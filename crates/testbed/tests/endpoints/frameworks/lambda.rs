//! AWS Lambda: the service of hyper's module, called with the events of a gateway.
//!
//! The gateway is ours: it reads a whole request, writes it as an event of API Gateway's HTTP API, version 2.0,
//! and hands that to the function as Lambda's runtime does.

use std::{collections::BTreeMap, convert::Infallible};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use clerk_webhooks::BoxError;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use lambda_http::IntoResponse as _;

use super::hyper::{Routes, serve};
use crate::framework::{Exception, Framework, Instead, SEVERAL_LINES, WITHHELD, on_a_free_port};

const NO_LAYER: &str =
    "a service that takes `Request<VerifiedBody>` does not compile without the layer";
const GATEWAY_READS: &str = "the gateway reads the whole body before it calls the function";
const GATEWAY_WAITS: &str = "the gateway waits for the rest of the body";

const GATEWAY_JOINS: &str = "the gateway joins the lines of a header by a comma";

const fn impossible(row: &'static str, reason: &'static str) -> Exception {
    Exception {
        row,
        instead: Instead::Impossible,
        reason,
    }
}

pub(crate) const LAMBDA: Framework = Framework {
    name: "lambda",
    start: |handler| {
        let function = Routes::new(handler);
        on_a_free_port(|listener| {
            serve(listener, move |request| gateway(function.clone(), request))
        })
    },
    exceptions: &[
        Exception {
            row: WITHHELD,
            instead: Instead::Sent,
            reason: GATEWAY_READS,
        },
        Exception {
            row: SEVERAL_LINES,
            instead: Instead::Joined,
            reason: GATEWAY_JOINS,
        },
        Exception {
            row: "two id lines",
            instead: Instead::Answers("400 invalid signature", 0),
            reason: GATEWAY_JOINS,
        },
        Exception {
            row: "two equal id lines",
            instead: Instead::Answers("400 invalid signature", 0),
            reason: GATEWAY_JOINS,
        },
        impossible("missing setup, genuine", NO_LAYER),
        impossible("missing setup, no webhook header", NO_LAYER),
        impossible(
            "no webhook header, and too long a body declared",
            GATEWAY_WAITS,
        ),
        impossible("`Expect: 100-continue`, no webhook header", GATEWAY_READS),
        impossible("`Expect: 100-continue`, stale", GATEWAY_READS),
        impossible("one byte over the default limit declared", GATEWAY_WAITS),
        impossible("10^14 bytes declared", GATEWAY_WAITS),
        impossible("one byte over a limit of 1 KiB declared", GATEWAY_WAITS),
        impossible(
            "`Expect: 100-continue`, one byte over the limit declared",
            GATEWAY_READS,
        ),
        impossible("over the default limit, chunked", GATEWAY_WAITS),
        impossible("the sender ends midway and reads on", GATEWAY_WAITS),
        impossible("a malformed chunk", "the gateway refuses it itself"),
        impossible(
            "a delivery inside a body that is refused unread",
            GATEWAY_WAITS,
        ),
    ],
};

async fn gateway(
    function: Routes,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let answered = call(function, request).await;
    Ok(answered.unwrap_or_else(|error| {
        let mut response = Response::new(error.to_string().into());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    }))
}

async fn call(
    function: Routes,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, BoxError> {
    let event = event_of(request).await?;
    let request = lambda_http::request::from_str(&event.to_string())?;
    let response = function.route(request).await?.into_response().await;
    Ok(response.map(|body| Full::from(body.to_vec())))
}

/// Lines of the same header are joined by a comma, and a body that is not text is sent as base64.
async fn event_of(request: Request<Incoming>) -> Result<serde_json::Value, BoxError> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut headers: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers.entry(name.as_str()).or_default().push(value);
    }
    let headers: BTreeMap<_, _> = headers
        .into_iter()
        .map(|(name, lines)| (name, lines.join(",")))
        .collect();
    let text = str::from_utf8(&body).ok();
    let path = parts.uri.path();
    Ok(serde_json::json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": { "http": { "method": parts.method.as_str(), "path": path } },
        "body": text.map_or_else(|| STANDARD.encode(&body), str::to_owned),
        "isBase64Encoded": text.is_none(),
    }))
}
