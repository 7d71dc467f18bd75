//! [`ClerkApi`]: sends requests, at its pace and again if they fail.

use std::{env, sync::Arc, time::Duration};

use reqwest::{Client, Url, header::AUTHORIZATION};
use serde_json::Value;
use tokio::time::sleep;

use super::{
    answer::{self, Answer, Fault},
    error::{ApiError, ApiErrorKind},
    https::{base_url, client},
    pace::Pace,
    page::Page,
    secret_key::SecretKey,
};
use crate::{json, object::id_of};

const URL: &str = "https://api.clerk.com";
/// Pins the shape of the objects.
const VERSION: (&str, &str) = ("Clerk-API-Version", "2026-05-12");
/// Half of what Clerk allows: 1,000 requests in ten seconds for a production instance, 100 for a development one.
const LIVE_REQUESTS_PER_SECOND: f64 = 50.0;
const TEST_REQUESTS_PER_SECOND: f64 = 5.0;
/// Clerk's largest page.
const MAX_PAGE_SIZE: u16 = 500;
const MAX_RETRIES: u32 = 8;
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_secs(16);

/// A client of Clerk's Backend API.
///
/// It sends at most half of the requests that Clerk allows for the kind of key: 50 a second with a key `sk_live_...`,
/// 5 a second with `sk_test_...`. The other half is left to your service. A 429 stops all requests for as long as its
/// `Retry-After` says. A 5xx status, a broken connection and a timeout are repeated up to 8 times, after pauses that
/// double from a quarter of a second to 16 seconds.
///
/// Clones share the pace.
///
/// ```
/// use clerk_webhooks_mirror::api::ClerkApi;
///
/// let api = ClerkApi::new("sk_test_abc")?.with_requests_per_second(2.0);
/// assert!(!format!("{api:?}").contains("abc"));
/// # Ok::<(), clerk_webhooks_mirror::api::ApiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ClerkApi {
    client: Client,
    url: Url,
    key: SecretKey,
    pace: Arc<Pace>,
    page_size: u16,
    max_retries: u32,
}

impl ClerkApi {
    /// The largest answer that is read, 16 MiB.
    pub const MAX_BODY_BYTES: usize = 16 << 20;

    /// A client with the secret key in `CLERK_SECRET_KEY`, as Clerk's own libraries read it. `CLERK_API_URL` replaces
    /// `https://api.clerk.com`.
    ///
    /// # Errors
    ///
    /// When the key is missing or is not a secret key, the address is not an https URL, or TLS cannot be set up.
    pub fn from_env() -> Result<Self, ApiError> {
        let api = Self::with_key(SecretKey::from_env()?)?;
        match env::var("CLERK_API_URL") {
            Ok(url) => api.with_url(&url),
            Err(_) => Ok(api),
        }
    }

    /// A client with this secret key, `sk_live_...` or `sk_test_...`.
    ///
    /// # Errors
    ///
    /// When the text is not a secret key, or TLS cannot be set up.
    pub fn new(secret_key: &str) -> Result<Self, ApiError> {
        Self::with_key(SecretKey::parse(secret_key)?)
    }

    fn with_key(key: SecretKey) -> Result<Self, ApiError> {
        let rate = match key.is_live() {
            true => LIVE_REQUESTS_PER_SECOND,
            false => TEST_REQUESTS_PER_SECOND,
        };
        Ok(Self {
            client: client()?,
            url: base_url(URL)?,
            key,
            pace: Arc::new(Pace::new(rate)),
            page_size: MAX_PAGE_SIZE,
            max_retries: MAX_RETRIES,
        })
    }

    /// Replaces the address, `https://api.clerk.com`. It comes without `/v1`. Plain http is for localhost only.
    ///
    /// # Errors
    ///
    /// When it is not such a URL.
    pub fn with_url(mut self, url: &str) -> Result<Self, ApiError> {
        self.url = base_url(url)?;
        Ok(self)
    }

    /// Replaces the rate, by default half of Clerk's limit.
    #[must_use]
    pub fn with_requests_per_second(mut self, requests: f64) -> Self {
        self.pace = Arc::new(Pace::new(requests));
        self
    }

    /// How many objects a page has: 1 to 500, by default 500.
    #[must_use]
    pub fn with_page_size(mut self, objects: u16) -> Self {
        self.page_size = objects.clamp(1, MAX_PAGE_SIZE);
        self
    }

    /// How often a request is repeated, by default 8 times.
    #[must_use]
    pub fn with_max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    pub(crate) fn page_size(&self) -> u16 {
        self.page_size
    }

    /// One page of a list.
    pub(crate) async fn page(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Page, ApiError> {
        let page = self.find_page(path, query).await?;
        page.ok_or_else(|| missing(&self.request_url(path, [].iter())))
    }

    /// One page of a list that belongs to an object; `None` if Clerk says that there is no such object.
    pub(crate) async fn find_page(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Option<Page>, ApiError> {
        let size = self.page_size.to_string();
        let url = self.request_url(path, [("limit", size.as_str())].iter().chain(query));
        let Some(body) = self.get(&url).await? else {
            return Ok(None);
        };
        let page = Page::parse(&body);
        page.map(Some).ok_or_else(|| unexpected_json(&url))
    }

    /// One object; `None` if Clerk says that there is none.
    pub(crate) async fn find(&self, path: &[&str]) -> Result<Option<Value>, ApiError> {
        let url = self.request_url(path, [].iter());
        let Some(body) = self.get(&url).await? else {
            return Ok(None);
        };
        let object = json::parse(&body).filter(|object| id_of(object).is_some());
        object.map(Some).ok_or_else(|| unexpected_json(&url))
    }

    /// How many users there are.
    pub(crate) async fn user_count(&self) -> Result<u64, ApiError> {
        let url = self.request_url(&["users", "count"], [].iter());
        let body = self.get(&url).await?.ok_or_else(|| missing(&url))?;
        let count = json::parse(&body).and_then(|body| body.get("total_count")?.as_u64());
        count.ok_or_else(|| unexpected_json(&url))
    }

    /// Ids come from payloads: they are escaped.
    fn request_url<'a>(
        &self,
        path: &[&str],
        query: impl Iterator<Item = &'a (&'a str, &'a str)>,
    ) -> Url {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        let query: Vec<_> = query.collect();
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    async fn get(&self, url: &Url) -> Result<Option<String>, ApiError> {
        let mut retries = 0;
        loop {
            let (error, backoff) = match self.attempt(url).await {
                Ok(Answer::Found(body)) => return Ok(Some(body)),
                Ok(Answer::Missing) => return Ok(None),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::RateLimited(error, pause)) => {
                    self.pace.block(pause);
                    (error, Duration::ZERO)
                }
                Err(Fault::Transient(error)) => (error, backoff(retries)),
            };
            if retries == self.max_retries {
                return Err(error);
            }
            tracing::debug!(target: "clerk_webhooks", %error, retries, "sending a request to Clerk's API again");
            retries += 1;
            sleep(backoff).await;
        }
    }

    async fn attempt(&self, url: &Url) -> Result<Answer, Fault> {
        self.pace.turn().await;
        let request = self
            .client
            .get(url.clone())
            .header(AUTHORIZATION, self.key.authorization())
            .header(VERSION.0, VERSION.1);
        match request.send().await {
            Ok(response) => answer::read(response, url.path(), Self::MAX_BODY_BYTES).await,
            Err(error) => Err(answer::unavailable(url.path(), error)),
        }
    }
}

fn missing(url: &Url) -> ApiError {
    ApiError::new(ApiErrorKind::Refused, url.path(), "404 Not Found")
}

fn unexpected_json(url: &Url) -> ApiError {
    ApiError::new(ApiErrorKind::UnexpectedJson, url.path(), "200 OK")
}

/// Doubles, and is random by half, so that several processes do not come back together.
fn backoff(retries: u32) -> Duration {
    let longest = FIRST_BACKOFF
        .saturating_mul(1 << retries.min(16))
        .min(MAX_BACKOFF);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}
