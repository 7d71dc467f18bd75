//! [`Collected`]: the body so far, with as few copies as possible.

use std::mem;

use bytes::{Buf, BufMut as _, Bytes};

/// The most memory that is reserved for a declared length: anybody can declare any length.
const MAX_RESERVED_BYTES: usize = 65_536;

/// A single chunk is kept as it is. From the second chunk on, all chunks are copied into one buffer.
#[derive(Default)]
pub(super) struct Collected {
    single: Bytes,
    joined: Vec<u8>,
    expected: usize,
}

impl Collected {
    pub(super) fn len(&self) -> usize {
        self.single.len() + self.joined.len()
    }

    pub(super) fn expect_bytes(&mut self, declared: usize) {
        self.expected = self.expected.max(declared);
    }

    /// Many HTTP/2 bodies end with an empty chunk. It does not cause a copy of the chunk before it.
    pub(super) fn push(&mut self, mut chunk: impl Buf) {
        if !chunk.has_remaining() {
            return;
        }
        if self.len() == 0 {
            self.single = chunk.copy_to_bytes(chunk.remaining());
            return;
        }
        if !self.single.is_empty() {
            self.joined.reserve(self.expected.min(MAX_RESERVED_BYTES));
            self.joined.put(mem::take(&mut self.single));
        }
        self.joined.put(chunk);
    }

    pub(super) fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() {
            self.single
        } else {
            self.joined.into()
        }
    }
}
