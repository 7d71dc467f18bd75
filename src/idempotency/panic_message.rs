//! What a panic said.

use std::any::Any;

/// The message of a panic, as `panic!` and its kin leave it in the payload.
pub(super) fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without a message")
}
