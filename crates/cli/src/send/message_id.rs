//! Message ids.

use std::iter;

use fastrand::Rng;

/// An id as Svix makes them: `msg_` and 27 letters or digits.
///
/// ```
/// use clerk_webhooks_cli::send::random_message_id;
///
/// let id = random_message_id(&mut fastrand::Rng::with_seed(7));
/// assert!(id.starts_with("msg_") && id.len() == 31);
/// ```
pub fn random_message_id(rng: &mut Rng) -> String {
    let letters: String = iter::repeat_with(|| rng.alphanumeric()).take(27).collect();
    format!("msg_{letters}")
}
