//! [`Restyle`]: the response to a refused delivery.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::Response;

use crate::{rejection::Rejection, response::body::ResponseBody};

type Respond = dyn Fn(&Rejection) -> Response<Bytes> + Send + Sync;

/// The function of `with_rejection_response`, if there is one.
#[derive(Clone, Default)]
pub(super) struct Restyle(Option<Arc<Respond>>);

impl Restyle {
    pub(super) fn new(
        respond: impl Fn(&Rejection) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(respond)))
    }

    /// The response to a delivery that the layer itself refuses.
    pub(super) fn refuse<B>(&self, rejection: &Rejection) -> Response<ResponseBody<B>> {
        match &self.0 {
            Some(respond) => restyled(&**respond, rejection),
            None => rejection.to_response(),
        }
    }

    /// The inner service's response, restyled if it is a refusal too.
    pub(super) fn pass<B>(&self, response: Response<B>) -> Response<ResponseBody<B>> {
        let rejection = response.extensions().get::<Rejection>();
        match (&self.0, rejection) {
            (Some(respond), Some(rejection)) => restyled(&**respond, rejection),
            _ => response.map(ResponseBody::inner),
        }
    }
}

fn restyled<B>(respond: &Respond, rejection: &Rejection) -> Response<ResponseBody<B>> {
    let mut response = respond(rejection).map(ResponseBody::text);
    // The sender takes a 2xx for success, and `Response::new` is a 200.
    if response.status().is_success() {
        *response.status_mut() = rejection.status();
    }
    response.extensions_mut().insert(rejection.clone());
    response
}

impl fmt::Debug for Restyle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Restyle").field(&self.0.is_some()).finish()
    }
}
