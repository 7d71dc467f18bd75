//! Why a delivery is refused.
//!
//! [`explain`] undoes what usually goes wrong, in the secret, in the headers and in the body, until the library's own
//! [`Verifier`](clerk_webhooks::Verifier) accepts the delivery. What it had to undo is [proved](Certainty::Proved) to be
//! the cause: nobody can make a signature match by chance. If nothing matches, it looks for evidence, and what it then
//! names is only [suspected](Certainty::Suspected). Without evidence it names nothing.
//!
//! - [`cause`](Cause): the table of causes, with what to do.
//! - `search`: applies repairs one after the other, the fewest first.
//! - `secret`, `header`, `body`: the repairs.
//! - `evidence`: what else is suspicious.

mod base64;
mod body;
mod cause;
mod circumstances;
mod diagnose;
mod diagnosis;
mod evidence;
mod header;
mod search;
mod secret;
mod signature;
mod time;

pub(crate) use self::body::spaced;
pub(crate) use self::diagnosis::{NEXT_STEPS, UNKNOWN};
pub use self::{
    cause::Cause,
    circumstances::Circumstances,
    diagnose::explain,
    diagnosis::{Certainty, Diagnosis, Finding, Verdict},
};
