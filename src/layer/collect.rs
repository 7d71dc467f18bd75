//! Polls a body's frames.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use http_body::Body;

use crate::{BoxError, endpoint::reading::Reading, rejection::Rejection};

/// After this many frames the task yields. Otherwise, a body that always has another frame ready could block
/// a thread, and a deadline outside would never fire.
const FRAMES_PER_POLL: usize = 64;

/// Ready when `delivery` has the whole body.
pub(super) fn poll<B>(
    mut body: Pin<&mut B>,
    delivery: &mut Reading,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Rejection>>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    for _ in 0..FRAMES_PER_POLL {
        let Some(frame) = ready!(body.as_mut().poll_frame(cx)) else {
            return Poll::Ready(Ok(()));
        };
        let frame = frame.map_err(|error| delivery.fail(error.into()))?;
        if let Ok(data) = frame.into_data() {
            delivery.push(data)?;
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}
