//! [`Page`]: the page's server.
//!
//! | request | answer |
//! |---|---|
//! | `GET /`, `/page.css`, `/page.js` | the page |
//! | `GET /feed` | server-sent events: `start` with everything, then each new or changed `delivery` |
//! | `GET /deliveries/7` | headers, body and explanation |
//! | `GET /search?text=ada` | the numbers of the deliveries with this text in the body |
//! | `POST /replay` | `{"numbers": [7]}`: sends them to the service, in this order |
//! | `GET /dead-letters`, `/dead-letters/msg_1` | the oldest dead letters; one with its event |
//! | `POST /dead-letters/requeue`, `/dead-letters/drop` | `{"ids": ["msg_1"]}` |

mod answer;
mod dead_letters;
mod detail;
mod feed;
mod guard;

use std::sync::Arc;

use http::{Method, Request};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::task::spawn_blocking;

use self::{
    answer::{Answer, Problem, file, json},
    guard::Guard,
};
use super::{
    history::History,
    received::{Outcome, Received, Verdict},
    server::read_body,
    service::Service,
};
use crate::{
    explain::{Circumstances, explain},
    percent,
    queue::OpenQueue,
};

/// More than a thousand numbers or ids need.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// A page that shows the history and acts on it.
#[derive(Clone)]
pub(crate) struct Page(Arc<Parts>);

struct Parts {
    guard: Guard,
    receiver: String,
    history: Arc<History>,
    service: Option<Arc<Service>>,
    queue: Option<OpenQueue>,
    circumstances: Circumstances,
    /// Replays one after the other, so that their order is the page's.
    replaying: tokio::sync::Mutex<()>,
}

impl Page {
    /// A page on this port of loopback, for a receiver at this address. `None` without random numbers.
    pub(crate) fn new(
        port: u16,
        receiver: String,
        history: Arc<History>,
        service: Option<Arc<Service>>,
        queue: Option<OpenQueue>,
        circumstances: Circumstances,
    ) -> Option<Self> {
        Some(Self(Arc::new(Parts {
            guard: Guard::new(port)?,
            receiver,
            history,
            service,
            queue,
            circumstances,
            replaying: tokio::sync::Mutex::default(),
        })))
    }

    /// Answers a request of the page. Others are refused.
    pub(crate) async fn answer(self, request: Request<Incoming>) -> Answer {
        let answered = match self.0.guard.check(request.method(), request.headers()) {
            Ok(()) => self.0.route(request).await,
            Err(problem) => Err(problem),
        };
        answered.unwrap_or_else(Problem::into_answer)
    }
}

impl Parts {
    async fn route(&self, request: Request<Incoming>) -> Result<Answer, Problem> {
        let (head, body) = request.into_parts();
        let query = head.uri.query().unwrap_or_default();
        match (head.method, head.uri.path()) {
            (Method::GET, "/") => {
                let page = include_str!("page.html").replace("{token}", self.guard.token());
                Ok(file("text/html; charset=utf-8", page))
            }
            (Method::GET, "/page.css") => Ok(file("text/css", include_str!("page.css"))),
            (Method::GET, "/page.js") => Ok(file("text/javascript", include_str!("page.js"))),
            (Method::GET, "/feed") => Ok(self.feed()),
            (Method::GET, "/search") => self.search(query).await,
            (Method::POST, "/replay") => self.replay(arguments(body).await?).await,
            (method, path) => match (method, path.strip_prefix("/dead-letters")) {
                (Method::GET, Some("")) => dead_letters::list(self.queue()?).await,
                (Method::GET, Some(id)) => dead_letters::show(self.queue()?, id).await,
                (Method::POST, Some("/requeue")) => {
                    dead_letters::requeue(self.queue()?, arguments(body).await?).await
                }
                (Method::POST, Some("/drop")) => {
                    dead_letters::drop(self.queue()?, arguments(body).await?).await
                }
                (Method::GET, None) => self.detail(path).await,
                _ => Err(Problem::not_found("there is nothing here")),
            },
        }
    }

    fn feed(&self) -> Answer {
        let settings = json!({
            "run": self.guard.token().get(..8),
            "receiver": self.receiver,
            "service": self.service.as_ref().map(|service| service.address()),
            "queue": self.queue.as_ref().map(ToString::to_string),
        });
        feed::answer(self.history.clone(), &settings)
    }

    async fn search(&self, query: &str) -> Result<Answer, Problem> {
        let text = query.strip_prefix("text=").unwrap_or_default();
        let text = percent::decode(text.as_bytes(), false);
        let deliveries = self.history.all();
        let found = spawn_blocking(move || {
            let fits = |(number, received): (u64, Arc<Received>)| {
                has(&received.delivery.body, &text).then_some(number)
            };
            deliveries.into_iter().filter_map(fits).collect::<Vec<_>>()
        });
        json(&json!({ "numbers": found.await? }))
    }

    /// Headers, body, and why it is refused. That takes a while, so it is found out only when someone looks.
    async fn detail(&self, path: &str) -> Result<Answer, Problem> {
        let number = path.strip_prefix("/deliveries/");
        let number = number.and_then(|number| number.parse().ok());
        let received = number.and_then(|number| self.history.get(number));
        let forgotten = "this delivery is forgotten: only the last 1,000 or 64 MiB are kept";
        let received = received.ok_or(Problem::not_found(forgotten))?;
        if received.summary.verdict != Verdict::Refused {
            return json(&detail::of(&received.delivery, None));
        }
        let mut circumstances = self.circumstances.clone();
        for (_, other) in self.history.all() {
            let is_verified = other.summary.verdict == Verdict::Verified;
            if is_verified && other.delivery.claimed_id() == received.delivery.claimed_id() {
                circumstances.remember_verified(&other.delivery);
            }
        }
        let explained = spawn_blocking(move || {
            let diagnosis = explain(&received.delivery, &circumstances);
            json(&detail::of(&received.delivery, Some(&diagnosis)))
        });
        explained.await?
    }

    /// Stops at the first that is not answered.
    async fn replay(&self, Replay { numbers }: Replay) -> Result<Answer, Problem> {
        let no_service = "start `listen` with --forward-to URL to replay to your service";
        let service = self.service.as_ref();
        let service = service.ok_or(Problem::not_found(no_service))?;
        let _turn = self.replaying.lock().await;
        let mut outcomes = Vec::new();
        for number in numbers {
            let Some(received) = self.history.get(number) else {
                continue;
            };
            let outcome = Outcome::from(&service.replay(&received).await);
            self.history.add_replay(number, outcome.clone());
            let is_answered = outcome.status.is_some();
            outcomes.push(outcome);
            if !is_answered {
                break;
            }
        }
        json(&json!({ "outcomes": outcomes }))
    }

    fn queue(&self) -> Result<&OpenQueue, Problem> {
        let no_queue = "start `listen` with --database-url URL to see dead letters";
        self.queue.as_ref().ok_or(Problem::not_found(no_queue))
    }
}

#[derive(serde::Deserialize)]
struct Replay {
    numbers: Vec<u64>,
}

async fn arguments<T: DeserializeOwned>(body: Incoming) -> Result<T, Problem> {
    let (body, fault) = read_body(body, MAX_BODY_BYTES).await;
    let arguments = serde_json::from_slice(&body).ok();
    let arguments = arguments.filter(|_| fault.is_none());
    arguments.ok_or(Problem::bad_request("this is not what the page sends"))
}

/// Whether the text is in the body; upper and lower case of ASCII letters are the same.
fn has(body: &[u8], text: &[u8]) -> bool {
    text.is_empty()
        || body
            .windows(text.len())
            .any(|part| part.eq_ignore_ascii_case(text))
}
