//! Reads a body under a limit, copying as little as it can.

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

/// A length that a stranger merely declared reserves no more than this.
const MAX_RESERVED_BYTES: usize = 65_536;

/// After so many frames the task yields, so that a body which always has one more frame ready cannot
/// keep a thread (and a deadline outside from firing).
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
            // An empty frame ends many an HTTP/2 body: it must not cost a copy of the one before.
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

/// Why there is no body.
pub(super) enum BodyError {
    TooLarge,
    Read(BoxError),
}

/// A limit outside this layer ends the body with an error of its own, often wrapped by others.
impl From<BoxError> for BodyError {
    fn from(error: BoxError) -> Self {
        if sources(&*error).any(|error| error.is::<LengthLimitError>()) {
            Self::TooLarge
        } else {
            Self::Read(error)
        }
    }
}

/// One frame stays what it is; from the second on there is one buffer.
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
