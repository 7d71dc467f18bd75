//! Deliveries to measure with, made of the crate's own fixtures.

use axum::body::Body;
use bytes::Bytes;
use clerk_webhooks::{
    SigningSecret,
    testing::{SignedRequest, fixtures},
};
use http::{HeaderMap, Request};
use serde_json::json;

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
pub(crate) const PATH: &str = "/webhooks/clerk";

/// The bytes of a body that looks like Clerk's `email.created`, whose bulk is HTML.
const EMAIL_BYTES: usize = 9 * 1024;

/// Clerk's names, or those of Standard Webhooks: some peers know only these.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Names {
    Svix,
    StandardWebhooks,
}

pub(crate) struct Payload {
    pub(crate) name: &'static str,
    pub(crate) body: Bytes,
}

impl Payload {
    pub(crate) fn user() -> Self {
        Self {
            name: "user.created",
            body: fixtures::user_created().into(),
        }
    }

    pub(crate) fn email() -> Self {
        let row = "<tr><td style=\"padding: 0\"><p class='code'>424242</p></td></tr>\n";
        Self::email_of("email.created", row, str::to_owned)
    }

    /// The same e-mail in less HTML, as Go's encoder escapes it.
    pub(crate) fn email_escaped_for_html() -> Self {
        let row = "<tr><td style=\"padding: 0\"><p class='code'>424242</p></td></tr>\n";
        Self::email_of("email.created, escaped for HTML", row, |json| {
            json.replace('<', "\\u003c")
                .replace('>', "\\u003e")
                .replace('&', "\\u0026")
        })
    }

    /// The same length, without a character that JSON escapes.
    pub(crate) fn email_without_escapes() -> Self {
        let row = "<tr><td style='padding: 0;'><p class='code'>4242424</p></td></tr> ";
        Self::email_of("email.created without escapes", row, str::to_owned)
    }

    fn email_of(name: &'static str, row: &str, escape: fn(&str) -> String) -> Self {
        let email = |html: &str| {
            let email = fixtures::email_created().with(|email| email.body = Some(html.to_owned()));
            escape(&email.to_json())
        };
        let frame = email("").len();
        let escaped = email(row).len() - frame;
        let html = &row.repeat((EMAIL_BYTES - frame) / escaped);
        Self {
            name,
            body: email(html).into(),
        }
    }

    /// A user whose bulk is metadata: entries such as services keep, up to about so many bytes.
    pub(crate) fn user_with_metadata(name: &'static str, bytes: usize) -> Self {
        let entry = |number: usize| json!({"id": number, "plan": "team", "seats": [1, 2, 3], "note": "kept for the \"audit\"", "active": true});
        let entry_bytes = entry(1_000).to_string().len() + 1;
        let entries: Vec<_> = (1_000..1_000 + bytes / entry_bytes).map(entry).collect();
        let user = fixtures::user_created().public_metadata(json!({ "entries": entries }));
        Self {
            name,
            body: user.into(),
        }
    }

    /// So many bytes of ASCII: to verify, not to decode.
    pub(crate) fn of_bytes(name: &'static str, bytes: usize) -> Self {
        let body = b"0123456789abcdef".iter().copied().cycle().take(bytes);
        Self {
            name,
            body: body.collect::<Vec<u8>>().into(),
        }
    }

    pub(crate) fn sign(&self, names: Names) -> SignedRequest {
        let secret = SigningSecret::parse(SECRET).unwrap();
        let signed = SignedRequest::new(&secret, self.body.clone());
        match names {
            Names::Svix => signed,
            Names::StandardWebhooks => signed.with_standard_webhooks_names(),
        }
    }

    pub(crate) fn headers(&self, names: Names) -> HeaderMap {
        self.sign(names).headers()
    }

    /// Makes the same request again and again, signed once.
    pub(crate) fn request(&self, names: Names, path: &str) -> impl Fn() -> Request<Body> + 'static {
        let signed = self.sign(names);
        let made: Request<Bytes> = signed.into_request(path.parse().unwrap());
        move || made.clone().map(Body::from)
    }
}
