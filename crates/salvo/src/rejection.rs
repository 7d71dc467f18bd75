//! [`Rejection`]: a refused delivery, as a scribe of Salvo.

use std::ops::Deref;

use salvo_core::{Response, Scribe};

use crate::response::render;

/// Why a delivery was refused: [`clerk_webhooks::Rejection`] as a scribe of Salvo.
///
/// The extensions of the response have the [`clerk_webhooks::Rejection`], for a hoop outside that counts or
/// restyles refusals:
///
/// ```
/// use clerk_webhooks::Rejection;
/// use salvo::prelude::*;
///
/// #[handler]
/// async fn restyle(req: &mut Request, depot: &mut Depot, res: &mut Response, ctrl: &mut FlowCtrl) {
///     ctrl.call_next(req, depot, res).await;
///     if let Some(rejection) = res.extensions.get::<Rejection>() {
///         println!("refused: {}", rejection.kind());
///         res.body("no, thank you");
///     }
/// }
/// // Router::with_path("webhooks/clerk").hoop(restyle).hoop(clerk).post(on_event)
/// ```
#[derive(Debug, Clone)]
pub struct Rejection(pub clerk_webhooks::Rejection);

impl Deref for Rejection {
    type Target = clerk_webhooks::Rejection;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Scribe for Rejection {
    fn render(self, response: &mut Response) {
        render(self.to_response(), response);
    }
}
