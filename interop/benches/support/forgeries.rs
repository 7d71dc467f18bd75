//! Headers that no body makes right, before a body of 1 MiB that lies ready.

use std::{
    convert::Infallible,
    hint::black_box,
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::Body;
use bytes::Bytes;
use clerk_webhooks::{SigningSecret, Verifier};
use cpu_time::ThreadTime;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body::{Frame, SizeHint};
use tower::{Layer as _, ServiceExt as _};

use super::{
    apps::{self, App},
    payloads::{Names, PATH, Payload, SECRET},
    rounds::Contender,
};

pub(crate) struct Forgery {
    pub(crate) name: &'static str,
    header: &'static str,
    /// None takes the header away.
    value: Option<&'static str>,
}

pub(crate) const ALL: [Forgery; 3] = [
    Forgery {
        name: "missing",
        header: "signature",
        value: None,
    },
    Forgery {
        name: "stale",
        header: "timestamp",
        value: Some("1700000000"),
    },
    Forgery {
        name: "malformed",
        header: "signature",
        value: Some("v1,bm90LWEtc2lnbmF0dXJl"),
    },
];

impl Forgery {
    /// Our verifier alone, our layer in front of the router, and every app that verifies.
    pub(crate) fn contenders(&self, payload: &Payload) -> Vec<Contender<'static>> {
        let mut contenders = vec![self.check_headers(payload), self.in_front(payload)];
        contenders.extend(
            apps::ALL
                .iter()
                .filter(|app| app.verifies)
                .map(|app| self.whole_request(payload, app)),
        );
        contenders
    }

    fn check_headers(&self, payload: &Payload) -> Contender<'static> {
        let verifier = Verifier::new(SigningSecret::parse(SECRET).unwrap());
        let headers = self.headers(payload, Names::Svix);
        Contender::repeat("check_headers", move || {
            verifier.check_headers(&headers).map(|_| ()).unwrap_err()
        })
    }

    fn in_front(&self, payload: &Payload) -> Contender<'static> {
        let service = apps::clerk().layer(apps::TYPED.router());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let headers = self.headers(payload, Names::Svix);
        let length = payload.body.len();
        Contender::new("clerk-webhooks, in front of the Router", move |times| {
            let requests: Vec<_> = (0..times)
                .map(|_| request(headers.clone(), Body::new(Untouched(length))))
                .collect();
            runtime.block_on(async {
                let start = ThreadTime::now();
                for request in requests {
                    let response = service.clone().oneshot(request).await.unwrap();
                    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
                    drop(black_box(response));
                }
                start.elapsed()
            })
        })
    }

    fn whole_request(&self, payload: &Payload, app: &App) -> Contender<'static> {
        let headers = self.headers(payload, app.names);
        let body = payload.body.clone();
        let request = move || request(headers.clone(), Body::from(body.clone()));
        app.contender(request, |status| status.is_client_error())
    }

    fn headers(&self, payload: &Payload, names: Names) -> HeaderMap {
        let family = match names {
            Names::Svix => "svix",
            Names::StandardWebhooks => "webhook",
        };
        let name: HeaderName = format!("{family}-{}", self.header).parse().unwrap();
        let mut headers = payload.headers(names);
        match self.value {
            Some(value) => headers.insert(name, HeaderValue::from_static(value)),
            None => headers.remove(name),
        };
        headers
    }
}

fn request(headers: HeaderMap, body: Body) -> Request<Body> {
    let mut request = Request::post(PATH).body(body).unwrap();
    *request.headers_mut() = headers;
    request
}

/// A body of that length that no one may read.
struct Untouched(usize);

impl http_body::Body for Untouched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        panic!("a forgery's body was read");
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0 as u64)
    }
}
