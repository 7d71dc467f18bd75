//! Senders at fault over real sockets: what each is answered, what becomes of its connection, and what
//! it costs. `cargo test --test faults -- --nocapture` prints the rows of `docs/faults.md`.
//!
//! Statuses, connections and memory are asserted; CPU time is only told. The memory is all that the
//! process allocates, hyper's buffers and the test's own included, so that tests run one at a time.

#[path = "../it/common.rs"]
mod common;
#[path = "../it/connection.rs"]
mod connection;

mod crowd;
mod cut_short;
mod headers;
mod in_process;
mod meter;
mod pipelined;
mod server;
mod slow;
mod too_long;

use std::sync::{Mutex, PoisonError};

use clerk_webhooks::testing::SignedRequest;
use common::secret;

#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

const BODY: &str = r#"{"type":"user.deleted","data":{"id":"user_1"}}"#;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// Far more than a connection needs beside its body: the ends of the socket in tokio, hyper's state and
/// its first buffers, an answer.
const SMALL: usize = 128 * KIB;

/// What hyper reads ahead of one connection, at most, within a fraction: its default `max_buf_size`.
const HYPER_BUFFER: usize = 8 * KIB + 100 * 4096;

/// Runs a test while no other runs: memory is counted for the whole process.
fn alone(test: impl Future<Output = ()>) {
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

fn signed() -> SignedRequest {
    SignedRequest::new(&secret(), BODY)
}

/// A genuine delivery of `bytes` bytes.
fn signed_of(bytes: usize) -> SignedRequest {
    let mut body = BODY.as_bytes().to_vec();
    body.resize(bytes, b' ');
    SignedRequest::new(&secret(), body)
}

/// Well-formed headers, so that the body is read; no signature matches.
fn forged_of(bytes: usize) -> SignedRequest {
    SignedRequest::new(&secret(), vec![b' '; bytes])
        .unsigned()
        .with_wrong_signature(well_formed_signature(0))
}

/// One of many signatures that look right.
fn well_formed_signature(number: usize) -> String {
    format!("v1,{number:042}A=")
}
