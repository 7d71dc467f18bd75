//! Captured deliveries: read from files, written as JSON lines.
//!
//! | form | how it is recognized |
//! |---|---|
//! | JSON lines, as `clerk webhooks listen --json` prints them | the first line is a JSON object |
//! | the output of `curl -v` | lines start with `> ` |
//! | an HTTP head and body | everything else: header lines, an empty line, the body |
//!
//! The output of `curl -v` has no request body: give it apart.

mod delivery;
mod http;
mod json_line;
mod read;

pub use self::{
    delivery::CapturedDelivery,
    read::{Entry, ReadError, read},
};
