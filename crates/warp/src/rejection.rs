//! [`Rejection`]: a refused delivery, as a rejection and a reply of Warp.

use std::ops::Deref;

use warp::{Reply, reject::Reject, reply::Response};

/// Why a delivery was refused: [`clerk_webhooks::Rejection`] as a custom rejection of Warp and as a reply.
///
/// To restyle refusals, or to count them, find it in a `recover` of your own:
///
/// ```
/// use clerk_webhooks_warp::Rejection;
/// use warp::Reply;
///
/// async fn restyle(rejection: warp::Rejection) -> Result<impl Reply, warp::Rejection> {
///     match rejection.find::<Rejection>() {
///         Some(refused) => Ok(warp::reply::with_status("no, thank you", refused.status())),
///         None => Err(rejection),
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Rejection(pub clerk_webhooks::Rejection);

impl Deref for Rejection {
    type Target = clerk_webhooks::Rejection;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Reject for Rejection {}

impl Reply for Rejection {
    fn into_response(self) -> Response {
        self.to_response::<&str>().into_response()
    }
}

/// Turns a [`Rejection`] into its response, for `recover`. Other rejections pass.
///
/// # Errors
///
/// The rejection, if it is not about a refused delivery.
///
/// ```
/// use warp::Filter as _;
///
/// let other = warp::path!("elsewhere").map(|| "found").recover(clerk_webhooks_warp::answer_refusals);
/// # let _ = warp::service(other);
/// ```
pub async fn answer_refusals(rejection: warp::Rejection) -> Result<Rejection, warp::Rejection> {
    rejection.find::<Rejection>().cloned().ok_or(rejection)
}
