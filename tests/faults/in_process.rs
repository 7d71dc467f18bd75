//! The layer without hyper: bodies in frames of any size, headers beyond what hyper lets through.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use clerk_webhooks::{VerifiedBody, testing::SignedRequest};
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::{Body, Frame, SizeHint};
use tower::{Layer as _, ServiceExt as _, service_fn};

use crate::{
    KIB, MIB, SMALL, alone, forged_of,
    meter::{Cost, Meter, ThreadClock, print},
    server::clerk,
    signed, signed_of, well_formed_signature,
};

/// A body in frames of `size` bytes, which takes no memory of its own.
struct Frames {
    rest: Bytes,
    size: usize,
    declared: u64,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let size = self.size.min(self.rest.len());
        Poll::Ready((size > 0).then(|| Ok(Frame::data(self.rest.split_to(size)))))
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.declared);
        hint
    }
}

/// A delivery's body, in frames that declare nothing.
fn frames(delivery: &SignedRequest, size: usize) -> Frames {
    Frames {
        rest: delivery.body().clone(),
        size,
        declared: 0,
    }
}

/// The status of the answer, and what it cost from the request to the answer.
async fn judge(limit: usize, headers: HeaderMap, body: Frames) -> (u16, Cost) {
    let inner = service_fn(|request: Request<VerifiedBody>| async move {
        drop(request);
        Ok::<_, Infallible>(Response::new(String::new()))
    });
    let service = clerk().with_max_body_bytes(limit).layer(inner);
    let mut request = Request::new(body);
    *request.headers_mut() = headers;
    let answering = service.oneshot(request);
    let meter = Meter::start(&ThreadClock::this());
    let response = answering.await.unwrap();
    let cost = meter.stop();
    (response.status().as_u16(), cost)
}

#[test]
fn frames_of_any_size_cost_twice_the_body_at_most() {
    alone(async {
        for bytes in [MIB - 1, MIB, MIB + 1] {
            let delivery = signed_of(bytes);
            for size in [1, 100, 16 * KIB, MIB / 2, bytes] {
                let fault = format!("in process: {bytes} bytes in frames of {size}");
                let body = frames(&delivery, size);
                let (status, cost) = judge(2 * MIB, delivery.headers(), body).await;
                assert_eq!(status, 200, "{fault}");
                cost.assert_peak_at_most(2 * bytes + SMALL, &fault);
                if size == bytes {
                    cost.assert_peak_at_most(SMALL, &fault);
                }
                if bytes > MIB {
                    print(&fault, "200", "-", &cost);
                }
            }
        }
    });
}

/// Frames are joined after the verification: a stranger does not cause the copy.
#[test]
fn a_forged_body_in_frames_is_held_once() {
    alone(async {
        let forged = forged_of(2 * MIB);
        for size in [1, 100, 16 * KIB, MIB / 2] {
            let fault = format!("in process: forged, 2 MiB in frames of {size}");
            let body = frames(&forged, size);
            let (status, cost) = judge(2 * MIB, forged.headers(), body).await;
            assert_eq!(status, 400, "{fault}");
            cost.assert_peak_at_most(2 * MIB + SMALL, &fault);
            print(&fault, "400", "-", &cost);
        }
    });
}

#[test]
fn a_declared_length_reserves_64_kib_at_most() {
    alone(async {
        let delivery = signed();
        let body = Frames {
            declared: i64::MAX as u64,
            ..frames(&delivery, 10)
        };
        let (status, cost) = judge(usize::MAX, delivery.headers(), body).await;
        assert_eq!(status, 200);
        cost.assert_peak_at_most(SMALL, "2^63-1 declared");
        print(
            "in process: 2^63-1 bytes declared, no limit",
            "200",
            "-",
            &cost,
        );
    });
}

#[test]
fn eight_thousand_signatures_cost_as_much_as_one() {
    alone(async {
        let forged = forged_of(2 * MIB);
        for count in [1, 8000] {
            for (fault, headers) in [
                ("line", in_one_line(&forged, count)),
                ("lines", in_lines(&forged, count)),
            ] {
                let fault = format!("in process: forged, 2 MiB, {count} signatures, {fault}");
                let body = frames(&forged, 2 * MIB);
                let (status, cost) = judge(2 * MIB, headers, body).await;
                assert_eq!(status, 400);
                cost.assert_peak_at_most(SMALL, &fault);
                print(&fault, "400", "-", &cost);
            }
        }
    });
}

fn signatures(count: usize) -> impl Iterator<Item = HeaderValue> {
    (0..count).map(|number| well_formed_signature(number).parse().unwrap())
}

fn in_one_line(delivery: &SignedRequest, count: usize) -> HeaderMap {
    let entries: Vec<_> = signatures(count).collect();
    let line = entries.iter().map(HeaderValue::as_bytes);
    let line = line.collect::<Vec<_>>().join(&b' ');
    let mut headers = delivery.headers();
    headers.insert("svix-signature", line.try_into().unwrap());
    headers
}

fn in_lines(delivery: &SignedRequest, count: usize) -> HeaderMap {
    let mut headers = delivery.headers();
    headers.remove("svix-signature");
    for entry in signatures(count) {
        headers.append("svix-signature", entry);
    }
    headers
}
