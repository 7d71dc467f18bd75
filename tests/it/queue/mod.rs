//! Acknowledge first: what is stored, what the sender gets, what a worker's handler gets.

mod enqueue;
mod stored;
mod worker;
