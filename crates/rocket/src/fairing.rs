//! [`ClerkWebhookFairing`]: the setup of an endpoint.

use clerk_webhooks::{RejectionKind, WebhookEndpoint};
use rocket::{
    Build, Catcher, Data, Ignite, Request, Response, Rocket,
    catcher::BoxFuture,
    fairing::{self, Fairing, Info, Kind},
    http::Status,
    response::Responder as _,
};

use crate::{rejection::Rejection, response::response_of};

/// The statuses of refusals. Rocket asks for one catcher each.
const STATUSES: [u16; 4] = [400, 413, 422, 500];

/// A fairing that gives a path an endpoint: its signing secrets and its body limit.
///
/// [`VerifiedClerkEvent`](crate::VerifiedClerkEvent) verifies the requests under that path with it. Refused
/// deliveries are answered with the status and the short text of their [`Rejection`]. Requests under the path that
/// fail for another reason are answered as Rocket's default catcher does.
///
/// Attach one for each path, if an application has several endpoints at Clerk. The first one whose path fits
/// counts.
///
/// ```
/// use clerk_webhooks::SigningSecret;
/// use clerk_webhooks_rocket::{ClerkWebhookFairing, WebhookEndpoint};
///
/// # fn main() -> Result<(), clerk_webhooks::SecretError> {
/// let production = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
/// let staging = SigningSecret::parse("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")?;
/// let rocket = rocket::build()
///     .attach(ClerkWebhookFairing::at("/webhooks/clerk", WebhookEndpoint::new(production)))
///     .attach(ClerkWebhookFairing::at("/webhooks/staging", WebhookEndpoint::new(staging)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ClerkWebhookFairing {
    base: String,
    endpoint: WebhookEndpoint,
}

impl ClerkWebhookFairing {
    /// The endpoint of this path and of every path under it. As for Rocket's `mount`, the path starts with a
    /// slash; it includes the path that the route is mounted at.
    #[must_use]
    pub fn at(path: impl Into<String>, endpoint: WebhookEndpoint) -> Self {
        Self {
            base: path.into(),
            endpoint,
        }
    }

    fn is_at(&self, path: &str) -> bool {
        let rest = path.strip_prefix(self.base.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[rocket::async_trait]
impl Fairing for ClerkWebhookFairing {
    fn info(&self) -> Info {
        Info {
            name: "Clerk's webhooks",
            kind: Kind::Ignite | Kind::Request | Kind::Response,
        }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> fairing::Result {
        let catchers: Vec<_> = STATUSES.map(|status| Catcher::new(status, answer)).into();
        let rocket = rocket.register(self.base.clone(), catchers);
        Ok(match rocket.state::<Attached>() {
            Some(Attached) => rocket,
            None => rocket.manage(Attached),
        })
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if self.is_at(request.uri().path().as_str()) {
            request.local_cache(|| Endpoint(Some(self.endpoint.clone())));
        }
    }

    /// A path without an endpoint has no catchers either.
    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let rejection = Rejection::of(request);
        let missing = rejection.filter(|rejection| rejection.kind() == RejectionKind::MissingSetup);
        if let Some(rejection) = missing
            && response.status() == Status::InternalServerError
        {
            *response = response_of(&rejection.to_response());
        }
    }
}

/// The endpoint of this request's path.
pub(crate) fn endpoint_of<'r>(request: &'r Request<'_>) -> Option<&'r WebhookEndpoint> {
    request.local_cache(|| Endpoint(None)).0.as_ref()
}

pub(crate) fn is_attached(rocket: &Rocket<Ignite>) -> bool {
    rocket.state::<Attached>().is_some()
}

/// In the request's cache. A type of our own: the cache has one value of each type, and the application may use it
/// too.
struct Endpoint(Option<WebhookEndpoint>);

/// In the managed state, once a fairing is attached.
struct Attached;

fn answer<'r>(status: Status, request: &'r Request<'_>) -> BoxFuture<'r> {
    Box::pin(async move {
        match Rejection::of(request) {
            Some(rejection) => rejection.respond_to(request),
            None => Catcher::default().handler.handle(status, request).await,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_at_its_path_and_under_it() {
        let secret: clerk_webhooks::SigningSecret =
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let endpoint = WebhookEndpoint::new(secret);
        for base in ["/webhooks/clerk", "/webhooks/clerk/"] {
            let fairing = ClerkWebhookFairing::at(base, endpoint.clone());
            assert!(fairing.is_at("/webhooks/clerk"));
            assert!(fairing.is_at("/webhooks/clerk/eu"));
            assert!(!fairing.is_at("/webhooks/clerks"));
            assert!(!fairing.is_at("/webhooks"));
        }
        assert!(ClerkWebhookFairing::at("/", endpoint).is_at("/anything"));
    }
}
