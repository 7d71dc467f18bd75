//! [`FakeClerk`]: the server.

use std::{
    fmt,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{self, Query},
    http::{HeaderMap, Response, StatusCode, Uri, header},
};
use tokio::{net::TcpListener, task::JoinHandle};

use super::{
    answer::Answer,
    faults::{Canned, Fate, Faults},
    log::Seen,
    state::State,
};
use crate::Error;

/// Called before each answer with the state, the request's number, counted from 0, and its path and query.
type Hook = Box<dyn FnMut(&mut State, usize, &str) + Send>;

/// The API on a port of its own, until it is dropped.
#[derive(Debug)]
pub struct FakeClerk {
    address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: State,
    faults: Faults,
    /// From this request on.
    canned: Option<(usize, Canned)>,
    hook: Option<Hook>,
    rng: fastrand::Rng,
    seen: Vec<Seen>,
    blocked_until: Option<Instant>,
    latency: Duration,
}

impl FakeClerk {
    /// The key that is accepted.
    pub const SECRET_KEY: &'static str = "sk_live_thekeyofthefake";

    /// Starts with an empty state.
    ///
    /// # Errors
    ///
    /// When no port can be bound.
    pub async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Mutex::new(Shared::default()));
        let router = Router::new().fallback(serve).with_state(shared.clone());
        let server = tokio::spawn(async move {
            // It ends when it is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// Its address, without `/v1`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes the state, or looks at it.
    pub fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        change(&mut lock(&self.shared).state)
    }

    /// Fails at random from now on.
    pub fn fail(&self, faults: Faults) {
        lock(&self.shared).faults = faults;
    }

    /// Repeats its random decisions if it has the same seed.
    pub fn seed(&self, seed: u64) {
        lock(&self.shared).rng = fastrand::Rng::with_seed(seed);
    }

    /// Answers everything like this from now on; `None`: from the state.
    pub fn answer(&self, canned: Option<Canned>) {
        lock(&self.shared).canned = canned.map(|canned| (0, canned));
    }

    /// Answers everything like this from this request on, counted from 0.
    pub fn answer_from(&self, request: usize, canned: Canned) {
        lock(&self.shared).canned = Some((request, canned));
    }

    /// Each answer takes so long.
    pub fn delay(&self, latency: Duration) {
        lock(&self.shared).latency = latency;
    }

    /// Called before each answer with the state, the request's number, counted from 0, and its path and query: objects
    /// come and go while someone pages.
    pub fn before_each_answer(&self, hook: impl FnMut(&mut State, usize, &str) + Send + 'static) {
        lock(&self.shared).hook = Some(Box::new(hook));
    }

    /// All requests so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.shared).seen.clone()
    }
}

impl Drop for FakeClerk {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A panic in a test's hook is that test's failure, not that of the next request.
fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    extract::State(shared): extract::State<Arc<Mutex<Shared>>>,
    uri: Uri,
    headers: HeaderMap,
    Query(query): Query<Vec<(String, String)>>,
) -> Response<Body> {
    let (response, latency) = {
        let mut shared = lock(&shared);
        let response = shared.answer(&uri, &headers, &query);
        (response, shared.latency)
    };
    tokio::time::sleep(latency).await;
    response
}

impl Shared {
    fn answer(
        &mut self,
        uri: &Uri,
        headers: &HeaderMap,
        query: &[(String, String)],
    ) -> Response<Body> {
        let now = Instant::now();
        let fate = self.faults.draw(&mut self.rng);
        let response = self.response(fate, uri, headers, query);
        let status = response.status().as_u16();
        self.seen.push(Seen {
            at: now,
            target: uri.to_string(),
            status,
            too_early: self.blocked_until.is_some_and(|until| now < until),
        });
        if let Fate::RateLimited { retry_after } = fate {
            self.blocked_until = Some(Instant::now() + Duration::from_secs(retry_after));
        }
        response
    }

    fn response(
        &mut self,
        fate: Fate,
        uri: &Uri,
        headers: &HeaderMap,
        query: &[(String, String)],
    ) -> Response<Body> {
        let number = self.seen.len();
        if let Some((_, canned)) = self.canned.filter(|(from, _)| number >= *from) {
            return Answer::canned(canned).response();
        }
        if let Fate::RateLimited { retry_after } = fate {
            let answer = Answer::error(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_requests",
                "too many requests",
            );
            let mut response = answer.response();
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, retry_after.into());
            return response;
        }
        if fate == Fate::Unavailable {
            return Answer::canned(Canned::LOGIN_PAGE.with_status(500)).response();
        }
        if let Some(hook) = &mut self.hook {
            hook(&mut self.state, number, &uri.to_string());
        }
        let answer = self.genuine(uri, headers, query);
        match fate {
            Fate::Cut => answer.cut_response(),
            _ => answer.response(),
        }
    }

    fn genuine(&self, uri: &Uri, headers: &HeaderMap, query: &[(String, String)]) -> Answer {
        let key = headers.get(header::AUTHORIZATION);
        if key.is_none_or(|key| *key != format!("Bearer {}", FakeClerk::SECRET_KEY)) {
            let message = "The provided Clerk Secret Key is invalid.";
            return Answer::error(StatusCode::UNAUTHORIZED, "clerk_key_invalid", message);
        }
        let Some(path) = uri.path().strip_prefix("/v1/") else {
            return Answer::canned(Canned::LOGIN_PAGE.with_status(404));
        };
        Answer::of_state(&self.state, path, query)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("state", &self.state)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}
