//! HMAC-SHA256 over `id.timestamp.body`: computes it, finds it in a header, compares it.

use std::{mem, ops::ControlFlow};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _, digest::CtOutput};
use sha2::Sha256;

/// The most version tokens, of any version, that are read from a delivery. The token after the last is read
/// too.
const MAX_VERSION_TOKENS: usize = 32;

const SIGNATURE_BYTES: usize = 32;

/// The length of a 32-byte signature in padded base64.
const ENCODED_SIGNATURE_BYTES: usize = 44;

/// An HMAC state that was initialized with the key. The key itself is not kept.
///
/// The state is as secret as the key. It is wiped from memory on drop (hmac's `zeroize`) and never printed.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl Key {
    pub(super) fn new(bytes: &[u8]) -> Option<Self> {
        Hmac::new_from_slice(bytes).ok().map(Self)
    }

    pub(super) fn mac<'a>(
        &self,
        message_id: &str,
        timestamp: &[u8],
        body: impl Iterator<Item = &'a [u8]>,
    ) -> Signature {
        let mut mac = self.0.clone();
        let parts = [message_id.as_bytes(), b".", timestamp, b"."];
        // One update of the usual length costs less than four.
        match Prefix::of(parts) {
            Some(prefix) => mac.update(prefix.as_bytes()),
            None => parts.iter().for_each(|part| mac.update(part)),
        }
        body.for_each(|chunk| mac.update(chunk));
        Signature(mac.finalize())
    }
}

/// The bytes before the body, on the stack: a genuine sender's id has 31 bytes.
struct Prefix {
    bytes: [u8; 64],
    length: usize,
}

impl Prefix {
    fn of(parts: [&[u8]; 4]) -> Option<Self> {
        let mut prefix = Self {
            bytes: [0; 64],
            length: 0,
        };
        for part in parts {
            let end = prefix.length + part.len();
            let place = prefix.bytes.get_mut(prefix.length..end)?;
            place.copy_from_slice(part);
            prefix.length = end;
        }
        Some(prefix)
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

/// A decoded signature. `==` compares in constant time.
#[derive(PartialEq)]
pub(super) struct Signature(CtOutput<Hmac<Sha256>>);

impl Signature {
    /// Accepts exactly 32 bytes in canonical, padded base64 of the standard alphabet.
    fn decode(token: &[u8]) -> Option<Self> {
        if token.len() != ENCODED_SIGNATURE_BYTES {
            return None;
        }
        let mut bytes = [0; SIGNATURE_BYTES];
        let length = BASE64_STANDARD.decode_slice(token, &mut bytes).ok()?;
        (length == SIGNATURE_BYTES).then(|| Self(CtOutput::new(bytes.into())))
    }

    pub(super) fn to_header_entry(&self) -> String {
        let mut entry = String::from("v1,");
        BASE64_STANDARD.encode_string(self.0.as_bytes(), &mut entry);
        entry
    }
}

/// The well-formed `v1` signatures of a delivery: at least one, nearly always exactly one.
pub(super) struct Candidates {
    first: Signature,
    others: Vec<Signature>,
}

impl Candidates {
    /// Reads the usual line: one entry, `v1,` and 44 characters. [`find`](Self::find) returns the same for it,
    /// and everything else is up to `find`.
    pub(super) fn of_usual_line(line: &[u8]) -> Option<Self> {
        let signature = Signature::decode(line.strip_prefix(b"v1,")?)?;
        Some(Self {
            first: signature,
            others: Vec::new(),
        })
    }

    /// Reads all lines of the signature header as one comma-joined list.
    ///
    /// Tokens are separated by spaces, tabs and commas: some proxies join lines, some split an entry at its
    /// comma. The token directly after a `v1` is a candidate, unless it is a version itself. Everything else
    /// is ignored: a malformed entry does not invalidate a well-formed one.
    pub(super) fn find<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let mut reader = SignatureReader::default();
        for line in lines {
            for token in line.split(is_separator) {
                if !token.is_empty() && reader.read(token).is_break() {
                    return reader.found;
                }
            }
        }
        reader.found
    }

    pub(super) fn contain(&self, signature: &Signature) -> bool {
        self.first == *signature || self.others.contains(signature)
    }

    pub(super) fn count(&self) -> usize {
        1 + self.others.len()
    }
}

fn is_separator(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b',')
}

/// Reads a signature header's tokens and remembers whether the last one was `v1`.
#[derive(Default)]
struct SignatureReader {
    versions: usize,
    after_v1: bool,
    found: Option<Candidates>,
}

impl SignatureReader {
    fn read(&mut self, token: &[u8]) -> ControlFlow<()> {
        let after_v1 = mem::take(&mut self.after_v1);
        if is_version(token) {
            self.versions += 1;
            self.after_v1 = token == b"v1";
            if self.versions > MAX_VERSION_TOKENS {
                return ControlFlow::Break(());
            }
        } else if after_v1 && let Some(signature) = Signature::decode(token) {
            self.keep(signature);
        }
        ControlFlow::Continue(())
    }

    fn keep(&mut self, signature: Signature) {
        match &mut self.found {
            Some(candidates) => candidates.others.push(signature),
            None => {
                self.found = Some(Candidates {
                    first: signature,
                    others: Vec::new(),
                });
            }
        }
    }
}

/// Whether the token matches `v[0-9]+[A-Za-z]*`. No signature matches it, because a signature ends in `=`.
fn is_version(token: &[u8]) -> bool {
    let Some(rest) = token.strip_prefix(b"v") else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest.iter().skip(digits).all(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_line_is_read_as_any_other_line() {
        let entry =
            |bytes| Signature(CtOutput::new([bytes; SIGNATURE_BYTES].into())).to_header_entry();
        for bytes in [0, 7, 0xff] {
            let line = entry(bytes);
            let usual = Candidates::of_usual_line(line.as_bytes()).unwrap();
            let found = Candidates::find([line.as_bytes()].into_iter()).unwrap();
            assert!(usual.contain(&found.first) && found.contain(&usual.first));
            assert_eq!((usual.count(), found.count()), (1, 1));
        }
        let two = [entry(1), entry(2)].join(" ");
        for unusual in [
            "",
            "v1,",
            "v1",
            "v2,AAAA",
            &two,
            &entry(1).replace(',', " "),
            &entry(1)[1..],
        ] {
            assert!(
                Candidates::of_usual_line(unusual.as_bytes()).is_none(),
                "{unusual}"
            );
        }
    }

    #[test]
    fn a_long_prefix_is_signed_as_a_short_one() {
        let key = Key::new(&[7; 24]).unwrap();
        for length in [1, 31, 51, 52, 53, 256] {
            let id = "m".repeat(length);
            let mac = key.mac(&id, b"1614265330", [&b"{"[..], b"}"].into_iter());
            let whole = format!("{id}.1614265330.{{}}");
            let expected = Signature(key.0.clone().chain_update(whole).finalize());
            assert!(mac == expected, "an id of {length} bytes");
        }
    }

    #[test]
    fn the_state_of_a_key_is_wiped_on_drop() {
        fn is_wiped<T: zeroize::ZeroizeOnDrop>() {}
        is_wiped::<Sha256>();
        is_wiped::<CtOutput<Hmac<Sha256>>>();
    }
}
