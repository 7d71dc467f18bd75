//! Verification, compared with its minimum: one HMAC-SHA256 of the same bytes, its key set up in advance.
//! `cargo bench --bench verify`

use bytes::Bytes;
use clerk_webhooks::{
    SigningSecret, Verifier,
    testing::{SignedRequest, fixtures},
};
use divan::{AllocProfiler, Bencher, counter::BytesCount};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::Sha256;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

/// Body sizes. Clerk's `user.created` has about 1.5 KiB; Svix sends at most 2 MiB.
const SIZES: [usize; 5] = [1 << 10, 16 << 10, 64 << 10, 1 << 20, 2 << 20];

fn main() {
    divan::main();
}

#[divan::bench]
fn user_created(bencher: Bencher<'_, '_>) {
    verify(bencher, fixtures::user_created().into());
}

/// All the work for a delivery that is refused because of its headers, and the first step for every other.
#[divan::bench]
fn check_headers(bencher: Bencher<'_, '_>) {
    let (verifier, headers, _) = delivery(fixtures::user_created().into());
    bencher.bench_local(|| verifier.check_headers(&headers));
}

#[divan::bench(args = SIZES)]
fn of_bytes(bencher: Bencher<'_, '_>, bytes: usize) {
    verify(bencher, vec![b' '; bytes].into());
}

#[divan::bench(args = SIZES)]
fn bare_hmac_of_bytes(bencher: Bencher<'_, '_>, bytes: usize) {
    let keyed = Hmac::<Sha256>::new_from_slice(&[7; 24]).unwrap();
    let body = vec![b' '; bytes];
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| keyed.clone().chain_update(&body).finalize());
}

fn verify(bencher: Bencher<'_, '_>, body: Bytes) {
    let (verifier, headers, body) = delivery(body);
    bencher
        .counter(BytesCount::new(body.len()))
        .bench_local(|| verifier.verify(&headers, body.clone()).unwrap());
}

fn delivery(body: Bytes) -> (Verifier, HeaderMap, Bytes) {
    let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let headers = SignedRequest::new(&secret, body.clone()).headers();
    (Verifier::new(secret), headers, body)
}
