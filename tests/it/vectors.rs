//! The conformance vectors of `tests/vectors/`: through the verifier, both ways in, and through the layer
//! on a real socket.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    body::Bytes,
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use clerk_webhooks::{
    ClerkWebhookLayer, Rejection, SigningSecret, VerifiedDelivery, Verifier, testing::FixedClock,
    verify::VerifyError,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors<Case> {
    #[serde(rename = "description")]
    _description: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delivery {
    name: String,
    secrets: Vec<String>,
    headers: Vec<(String, Value)>,
    body_base64: String,
    now: i64,
    tolerance_past: Option<u64>,
    tolerance_future: Option<u64>,
    verdict: Verdict,
    code: Option<String>,
    header: Option<String>,
    skew_seconds: Option<i64>,
    matched_secret: Option<usize>,
    #[serde(default)]
    http: Http,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Bytes { base64: String },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Accept,
    Refuse,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Http {
    #[default]
    Unsaid,
    Word(Word),
    Other(Other),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Same,
    Skip,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Other {
    verdict: Verdict,
    code: Option<String>,
    matched_secret: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    name: String,
    secret: String,
    verdict: Verdict,
    code: Option<String>,
    signs: Option<String>,
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Accepted { secret: usize },
    Refused(Refusal),
}

#[derive(Debug, PartialEq, Deserialize, Serialize)]
struct Refusal {
    code: String,
    header: Option<String>,
    skew_seconds: Option<i64>,
}

impl Outcome {
    fn expected(verdict: Verdict, refusal: Option<Refusal>, secret: Option<usize>) -> Self {
        match (verdict, refusal, secret) {
            (Verdict::Accept, None, Some(secret)) => Self::Accepted { secret },
            (Verdict::Refuse, Some(refusal), None) => Self::Refused(refusal),
            _ => panic!("an acceptance has `matched_secret`, a refusal has `code`"),
        }
    }

    /// The verifier labels its secrets by their places, `secret` the first and `secret#2` the second.
    fn accepted(label: &str) -> Self {
        let place = label.strip_prefix("secret").unwrap();
        let place: usize = place
            .strip_prefix('#')
            .map_or(1, |place| place.parse().unwrap());
        Self::Accepted { secret: place - 1 }
    }
}

impl Other {
    /// Its refusals are for the signature, whose code says all.
    fn expected(&self) -> Outcome {
        let refusal = self.code.clone().map(|code| Refusal {
            code,
            header: None,
            skew_seconds: None,
        });
        Outcome::expected(self.verdict, refusal, self.matched_secret)
    }
}

impl Refusal {
    fn of(rejection: &Rejection) -> Self {
        let error = rejection.verify_error();
        Self {
            code: rejection.kind().code().to_owned(),
            header: error.and_then(VerifyError::header_name).map(str::to_owned),
            skew_seconds: error.and_then(VerifyError::skew_seconds),
        }
    }
}

impl Delivery {
    fn expected(&self) -> Outcome {
        let refusal = self.code.clone().map(|code| Refusal {
            code,
            header: self.header.clone(),
            skew_seconds: self.skew_seconds,
        });
        Outcome::expected(self.verdict, refusal, self.matched_secret)
    }

    fn expected_over_http(&self) -> Option<Outcome> {
        match &self.http {
            Http::Unsaid | Http::Word(Word::Same) => Some(self.expected()),
            Http::Word(Word::Skip) => None,
            Http::Other(other) => Some(other.expected()),
        }
    }

    fn verifier(&self) -> Verifier {
        let mut secrets = self
            .secrets
            .iter()
            .map(|text| SigningSecret::parse(text).unwrap());
        let first = Verifier::new(secrets.next().unwrap());
        let mut verifier = secrets.fold(first, Verifier::with_secret);
        if let Some(seconds) = self.tolerance_past {
            verifier = verifier.with_tolerance_past(Duration::from_secs(seconds));
        }
        if let Some(seconds) = self.tolerance_future {
            verifier = verifier.with_tolerance_future(Duration::from_secs(seconds));
        }
        verifier.with_clock(FixedClock::at(time(self.now)))
    }

    fn header_pairs(&self) -> Vec<(&str, Vec<u8>)> {
        let pair = |(name, value): &'_ (String, Value)| match value {
            Value::Text(text) => text.clone().into_bytes(),
            Value::Bytes { base64 } => {
                let bytes = BASE64_STANDARD.decode(base64);
                bytes.unwrap_or_else(|_| panic!("{name}: a value that is not base64"))
            }
        };
        let names = self.headers.iter().map(|(name, _)| name.as_str());
        names.zip(self.headers.iter().map(pair)).collect()
    }

    /// None where a value cannot be in such a map.
    fn header_map(&self) -> Option<HeaderMap> {
        let pair = |(name, value): (&str, Vec<u8>)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            Some((name, HeaderValue::from_bytes(&value).ok()?))
        };
        self.header_pairs().into_iter().map(pair).collect()
    }

    fn body(&self) -> Bytes {
        BASE64_STANDARD.decode(&self.body_base64).unwrap().into()
    }

    fn outcome(&self, verdict: Result<VerifiedDelivery, VerifyError>) -> Outcome {
        match verdict {
            Ok(verified) => {
                assert_eq!(verified.raw_body(), &self.body());
                assert!(self.sends_id(verified.message_id()), "{}", self.name);
                Outcome::accepted(verified.secret_label())
            }
            Err(error) => Outcome::Refused(Refusal::of(&error.into())),
        }
    }

    fn sends_id(&self, id: &str) -> bool {
        let is_sent = |(name, value): &(&str, Vec<u8>)| {
            let name = name.to_ascii_lowercase();
            ["svix-id", "webhook-id"].contains(&&*name) && value == id.as_bytes()
        };
        self.header_pairs().iter().any(is_sent)
    }

    fn request(&self, path: &str) -> Vec<u8> {
        let mut request = format!("POST {path} HTTP/1.1\r\nhost: x\r\n").into_bytes();
        for (name, value) in self.header_pairs() {
            request.extend([name.as_bytes(), b": ", &value, b"\r\n"].concat());
        }
        let body = self.body();
        let end = format!(
            "content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        request.extend([end.as_bytes(), &body].concat());
        request
    }
}

#[test]
fn the_verifier_gives_every_delivery_its_verdict() {
    let mut report = Report::default();
    for (file, case) in deliveries() {
        let pending = case.verifier().check_header_pairs(&case.header_pairs());
        let verdict = pending.and_then(|pending| pending.finish(case.body()));
        let place = format!("{file}, `{}`", case.name);
        let same = report.compare(&place, &case.expected(), &case.outcome(verdict));
        if let (true, Some(headers)) = (same, case.header_map()) {
            let verdict = case.verifier().verify(&headers, case.body());
            let place = format!("{place}, from a `HeaderMap`");
            report.compare(&place, &case.expected(), &case.outcome(verdict));
        }
    }
    report.finish(800);
}

#[tokio::test]
async fn the_layer_gives_every_delivery_its_verdict_over_http() {
    let mut report = Report::default();
    let cases = deliveries();
    let address = serve(&cases).await;
    for (place, (file, case)) in cases.iter().enumerate() {
        if let Some(expected) = case.expected_over_http() {
            let answer = send(address, &case.request(&format!("/{place}"))).await;
            let place = format!("{file}, `{}`, over HTTP", case.name);
            report.compare(&place, &expected, &answer.outcome(&case.body()));
        }
    }
    report.finish(400);
}

#[test]
fn every_secret_is_parsed_or_refused_with_its_reason() {
    let mut report = Report::default();
    let (_, first) = deliveries().swap_remove(0);
    let (_, id) = first.header_pairs().swap_remove(0);
    let id = String::from_utf8(id).unwrap();
    for case in read::<Secret>(&folder().join("secrets.json")) {
        let expected = match case.verdict {
            Verdict::Accept => Ok(case.signs.unwrap()),
            Verdict::Refuse => Err(case.code.unwrap()),
        };
        let judged = match SigningSecret::parse(&case.secret) {
            Ok(secret) => Ok(secret.sign(&id, time(first.now), &first.body())),
            Err(refused) => {
                assert_unsaid(&case.secret, &refused.to_string());
                Err(refused.kind().code().to_owned())
            }
        };
        report.compare(
            &format!("secrets.json, `{}`", case.name),
            &expected,
            &judged,
        );
    }
    report.finish(60);
}

/// A message about what was pasted must not hold it.
fn assert_unsaid(secret: &str, message: &str) {
    let body = secret.trim().trim_start_matches("whsec_");
    assert!(body.len() < 8 || !message.contains(body), "{message}");
}

/// All of them, and where each stands; the first is the plainest.
fn deliveries() -> Vec<(String, Delivery)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .filter(|path| !path.ends_with("secrets.json"))
        .collect();
    files.sort_by_key(|path| (!path.ends_with("families.json"), path.clone()));
    assert_eq!(files.len(), 9, "{files:?}");
    let cases_of = |path: &PathBuf| {
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let cases = read::<Delivery>(path).into_iter();
        cases.map(move |case| (file.clone(), case))
    };
    files.iter().flat_map(cases_of).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn read<Case: DeserializeOwned>(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).unwrap();
    let vectors = serde_json::from_str::<Vectors<Case>>(&text);
    vectors
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .cases
}

fn time(seconds: i64) -> SystemTime {
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        UNIX_EPOCH - distance
    } else {
        UNIX_EPOCH + distance
    }
}

/// Every difference, so that one run shows them all.
#[derive(Default)]
struct Report {
    compared: usize,
    differences: Vec<String>,
}

impl Report {
    fn compare<T: std::fmt::Debug + PartialEq>(
        &mut self,
        place: &str,
        expected: &T,
        got: &T,
    ) -> bool {
        self.compared += 1;
        let same = expected == got;
        if !same {
            let difference = format!("{place}: expected {expected:?}, got {got:?}");
            self.differences.push(difference);
        }
        same
    }

    fn finish(self, at_least: usize) {
        let differences = self.differences.join("\n");
        assert!(differences.is_empty(), "\n{differences}\n");
        assert!(self.compared >= at_least, "only {} compared", self.compared);
    }
}

/// One server; each case has a route of its own, with its own secrets and its own clock.
async fn serve(cases: &[(String, Delivery)]) -> SocketAddr {
    let routes = cases.iter().enumerate();
    let app = routes.fold(Router::new(), |app, (place, (_, case))| {
        let clerk = ClerkWebhookLayer::new(case.verifier());
        app.route(&format!("/{place}"), post(accept).route_layer(clerk))
    });
    let app = app.layer(map_response(name_reason));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn accept(request: Request) -> Response {
    let verified: &VerifiedDelivery = request.extensions().get().unwrap();
    let label = [("x-label", verified.secret_label().to_owned())];
    (label, verified.raw_body().clone()).into_response()
}

async fn name_reason(mut response: Response) -> Response {
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        let refusal = serde_json::to_string(&Refusal::of(rejection)).unwrap();
        let refusal = HeaderValue::try_from(refusal).unwrap();
        response.headers_mut().insert("x-refusal", refusal);
    }
    response
}

struct Answer {
    head: String,
    body: Vec<u8>,
}

async fn send(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|end| end == b"\r\n\r\n");
    let body = answer.split_off(end.expect("an answer") + 4);
    let head = String::from_utf8(answer).unwrap();
    Answer { head, body }
}

impl Answer {
    fn outcome(self, sent: &[u8]) -> Outcome {
        let (label, refusal) = (self.header("x-label"), self.header("x-refusal"));
        match (self.status(), label, refusal) {
            (200, Some(label), None) => {
                assert_eq!(self.body, sent);
                Outcome::accepted(label)
            }
            (400, None, Some(refusal)) => Outcome::Refused(serde_json::from_str(refusal).unwrap()),
            _ => panic!("answered {}", self.head),
        }
    }

    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}
