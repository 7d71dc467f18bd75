//! [`Collected`]: the body so far, in chunks.

use std::mem;

use bytes::{Buf, BufMut as _, Bytes};

/// Smaller chunks are copied together into segments of this size. It is also the most memory that is
/// reserved for a declared length: anybody can declare any length.
const SEGMENT_BYTES: usize = 65_536;

/// Keeps large chunks as they are: one buffer that grows to 2 MiB costs more than the hash of its bytes.
///
/// Small chunks are copied, because a server's small chunk may keep a large buffer alive. The first chunk is
/// always kept: most bodies have one chunk only, and it is never copied.
#[derive(Default)]
pub(super) struct Collected {
    first: Bytes,
    rest: Vec<Bytes>,
    segment: Vec<u8>,
    bytes: usize,
    expected: usize,
}

impl Collected {
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn expect_bytes(&mut self, declared: usize) {
        self.expected = self.expected.max(declared);
    }

    /// Many HTTP/2 bodies end with an empty chunk. It does not cause a copy of the chunk before it.
    pub(super) fn push(&mut self, mut chunk: impl Buf) {
        let bytes = chunk.remaining();
        if self.bytes == 0 {
            self.first = chunk.copy_to_bytes(bytes);
        } else if bytes >= SEGMENT_BYTES {
            self.end_segment();
            self.rest.push(chunk.copy_to_bytes(bytes));
        } else {
            self.append(chunk);
        }
        self.bytes += bytes;
    }

    /// The first chunk and the others.
    pub(super) fn into_chunks(mut self) -> (Bytes, Vec<Bytes>) {
        self.end_segment();
        (self.first, self.rest)
    }

    fn append(&mut self, mut chunk: impl Buf) {
        while chunk.has_remaining() {
            if self.segment.len() >= SEGMENT_BYTES {
                self.end_segment();
            }
            if self.segment.capacity() == 0 {
                let expected = self.expected.saturating_sub(self.bytes);
                self.segment
                    .reserve_exact(expected.max(self.bytes).min(SEGMENT_BYTES));
            }
            let room = SEGMENT_BYTES - self.segment.len();
            self.segment.put((&mut chunk).take(room));
        }
    }

    fn end_segment(&mut self) {
        if !self.segment.is_empty() {
            self.rest.push(mem::take(&mut self.segment).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(chunks: &[Bytes], declared: usize) -> (Bytes, Vec<Bytes>) {
        let mut collected = Collected::default();
        collected.expect_bytes(declared);
        for chunk in chunks {
            collected.push(chunk.clone());
        }
        let bytes: usize = chunks.iter().map(Bytes::len).sum();
        assert_eq!(collected.bytes(), bytes);
        collected.into_chunks()
    }

    /// Bytes that differ from their neighbours, so that a lost or exchanged chunk is seen.
    fn bytes(count: usize) -> Bytes {
        (0..count).map(|place| (place % 251) as u8).collect()
    }

    #[test]
    fn chunks_of_any_size_make_the_same_bytes() {
        let body = bytes(3 * SEGMENT_BYTES + 7);
        for size in [
            1,
            1_400,
            40_000,
            SEGMENT_BYTES - 1,
            SEGMENT_BYTES,
            2 * SEGMENT_BYTES,
        ] {
            for declared in [0, 10, body.len(), usize::MAX] {
                let chunks: Vec<_> = body
                    .chunks(size)
                    .map(|chunk| body.slice_ref(chunk))
                    .collect();
                let (first, rest) = collect(&chunks, declared);
                let joined = [&[first][..], &rest].concat().concat();
                assert_eq!(joined, body, "chunks of {size}, {declared} declared");
            }
        }
    }

    #[test]
    fn the_first_chunk_and_large_ones_are_not_copied() {
        let (small, large) = (bytes(10), bytes(SEGMENT_BYTES));
        let sent = [
            small.clone(),
            large.clone(),
            small.clone(),
            Bytes::new(),
            small.clone(),
            large.clone(),
        ];
        let (first, rest) = collect(&sent, 0);
        assert_eq!(first.as_ptr(), small.as_ptr());
        let lengths: Vec<_> = rest.iter().map(Bytes::len).collect();
        assert_eq!(lengths, [SEGMENT_BYTES, 20, SEGMENT_BYTES]);
        assert_eq!(rest[0].as_ptr(), large.as_ptr());
        assert_eq!(rest[2].as_ptr(), large.as_ptr());
    }

    #[test]
    fn small_chunks_fill_whole_segments() {
        let (_, rest) = collect(&vec![bytes(40_000); 5], 0);
        let lengths: Vec<_> = rest.iter().map(Bytes::len).collect();
        assert_eq!(
            lengths,
            [SEGMENT_BYTES, SEGMENT_BYTES, 160_000 - 2 * SEGMENT_BYTES]
        );
    }
}
