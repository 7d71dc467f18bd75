//! Acknowledge first: what is stored, what the sender gets, what a worker's handler gets.

#[path = "../common/mod.rs"]
mod common;
mod enqueue;
mod stored;
mod worker;
