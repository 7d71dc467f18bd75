//! Reads a body up to a limit, with as few copies as possible.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BufMut as _, Bytes};
use http_body::Body;
use http_body_util::LengthLimitError;
use pin_project_lite::pin_project;

use crate::{BoxError, error_chain::sources};

/// The most memory that is reserved for a declared length: anybody can declare any length.
const MAX_RESERVED_BYTES: usize = 65_536;

/// After this many frames the task yields. Otherwise, a body that always has another frame ready could block
/// a thread, and a deadline outside would never fire.
const FRAMES_PER_POLL: usize = 64;

pin_project! {
    /// Resolves to the whole body.
    pub(super) struct Collect<B> {
        #[pin]
        body: B,
        max_bytes: usize,
        collected: Collected,
    }
}

impl<B: Body> Collect<B>
where
    B::Error: Into<BoxError>,
{
    pub(super) fn new(body: B, max_bytes: usize) -> Self {
        Self {
            body,
            max_bytes,
            collected: Collected::default(),
        }
    }

    pub(super) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, BodyError>> {
        let mut this = self.project();
        for _ in 0..FRAMES_PER_POLL {
            let declared = this.body.size_hint().lower();
            let Some(frame) = ready!(this.body.as_mut().poll_frame(cx)) else {
                return Poll::Ready(Ok(mem::take(this.collected).into_bytes()));
            };
            let frame = frame.map_err(|error| BodyError::from(error.into()))?;
            // Many HTTP/2 bodies end with an empty frame. It must not cause a copy of the frame before it.
            let Some(data) = frame.into_data().ok().filter(Buf::has_remaining) else {
                continue;
            };
            if data.remaining() > this.max_bytes.saturating_sub(this.collected.len()) {
                return Poll::Ready(Err(BodyError::TooLarge));
            }
            this.collected.push(data, declared);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Why the body could not be collected.
pub(super) enum BodyError {
    TooLarge,
    Read(BoxError),
}

/// A body limit outside this layer ends the body with a `LengthLimitError`, often inside other errors.
impl From<BoxError> for BodyError {
    fn from(error: BoxError) -> Self {
        if sources(&*error).any(|error| error.is::<LengthLimitError>()) {
            Self::TooLarge
        } else {
            Self::Read(error)
        }
    }
}

/// A single frame is kept as it is. From the second frame on, all frames are copied into one buffer.
#[derive(Default)]
struct Collected {
    single: Bytes,
    joined: Vec<u8>,
}

impl Collected {
    fn len(&self) -> usize {
        self.single.len() + self.joined.len()
    }

    fn push(&mut self, mut data: impl Buf, declared: u64) {
        if self.len() == 0 {
            self.single = data.copy_to_bytes(data.remaining());
            return;
        }
        if !self.single.is_empty() {
            let declared = usize::try_from(declared).unwrap_or(usize::MAX);
            let single = mem::take(&mut self.single);
            let expected = declared.saturating_add(single.len());
            self.joined.reserve(expected.min(MAX_RESERVED_BYTES));
            self.joined.put(single);
        }
        self.joined.put(data);
    }

    fn into_bytes(self) -> Bytes {
        if self.joined.is_empty() {
            self.single
        } else {
            self.joined.into()
        }
    }
}
