//! The name of the key of a message.

use clerk_webhooks::idempotency::MessageKey;

/// `prefix:scope:message id`, with every `:` and `%` of scope and id percent-encoded.
///
/// So the last two colons are always the separators. No two messages share a name, under the same prefix or under
/// different ones.
pub(crate) fn name(prefix: &str, key: &MessageKey) -> String {
    let (scope, message_id) = (key.scope(), key.message_id());
    let mut name = String::with_capacity(prefix.len() + scope.len() + message_id.len() + 2);
    name.push_str(prefix);
    for part in [scope, message_id] {
        name.push(':');
        push_escaped(&mut name, part);
    }
    name
}

fn push_escaped(name: &mut String, part: &str) {
    for char in part.chars() {
        match char {
            '%' => name.push_str("%25"),
            ':' => name.push_str("%3A"),
            _ => name.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[track_caller]
    fn assert_named(prefix: &str, scope: &str, message_id: &str, expected: &str) {
        assert_eq!(name(prefix, &MessageKey::new(scope, message_id)), expected);
    }

    #[test]
    fn an_ordinary_message_reads_as_it_is() {
        let expected = "clerk-webhooks:users:msg_2b1k";
        assert_named("clerk-webhooks", "users", "msg_2b1k", expected);
        assert_named("shop:clerk", "users", "msg_1", "shop:clerk:users:msg_1");
    }

    #[test]
    fn separators_within_the_parts_are_encoded() {
        assert_named("p", "a:b%", "c:d%", "p:a%3Ab%25:c%3Ad%25");
        assert_named("p", "", "m", "p::m");
    }

    /// Every triple of short texts over the characters that matter, the unescaped forms included.
    #[test]
    fn no_two_messages_share_a_name() {
        let texts: Vec<String> = texts_up_to(2).collect();
        let mut seen = HashMap::new();
        for prefix in &texts {
            for scope in &texts {
                for message_id in &texts {
                    let key = MessageKey::new(scope.as_str(), message_id.as_str());
                    let triple = (prefix, scope, message_id);
                    if let Some(other) = seen.insert(name(prefix, &key), triple) {
                        panic!("{triple:?} and {other:?} share a name");
                    }
                }
            }
        }
    }

    fn texts_up_to(pieces: u32) -> impl Iterator<Item = String> {
        const PIECES: [&str; 4] = [":", "%", "3A", "a"];
        (0..=pieces).flat_map(|length| {
            (0..4_usize.pow(length)).map(move |mut number| {
                let mut text = String::new();
                for _ in 0..length {
                    text.push_str(PIECES[number % 4]);
                    number /= 4;
                }
                text
            })
        })
    }
}
