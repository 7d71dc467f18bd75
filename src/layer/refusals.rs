//! [`Refusals`]: the response to a refused delivery, and the level at which the refusal is logged.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use http::Response;
use tracing::Level;

use crate::{
    rejection::{Rejection, RejectionKind},
    response::{body::ResponseBody, refusal},
    verify::error::VerifyErrorKind,
};

type Restyle = dyn Fn(&Rejection) -> Response<Bytes> + Send + Sync;

/// Shared by a layer, its clones and their services.
#[derive(Clone, Default)]
pub(super) struct Refusals {
    restyle: Option<Arc<Restyle>>,
    warned: Arc<WarnedKinds>,
}

impl Refusals {
    pub(super) fn with_restyle(
        self,
        restyle: impl Fn(&Rejection) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        Self {
            restyle: Some(Arc::new(restyle)),
            ..self
        }
    }

    pub(super) fn log(&self, rejection: &Rejection, request_path: &str) {
        refusal::log(rejection, Some(request_path), self.level(rejection.kind()));
    }

    /// The response to a delivery that the layer itself refuses.
    pub(super) fn response<B>(&self, rejection: &Rejection) -> Response<ResponseBody<B>> {
        match &self.restyle {
            Some(restyle) => restyled(&**restyle, rejection),
            None => rejection.to_response(),
        }
    }

    /// The inner service's response, restyled if it is a refusal too.
    pub(super) fn pass<B>(&self, response: Response<B>) -> Response<ResponseBody<B>> {
        let rejection = response.extensions().get::<Rejection>();
        match (&self.restyle, rejection) {
            (Some(restyle), Some(rejection)) => restyled(&**restyle, rejection),
            _ => response.map(ResponseBody::inner),
        }
    }

    /// Anybody can send malformed headers, so these refusals are logged at `debug`. But a layer on the wrong
    /// route, or a proxy that drops or changes headers, causes them too. So the first refusal of each kind
    /// is a warning.
    fn level(&self, kind: RejectionKind) -> Level {
        match kind {
            RejectionKind::Unverified(kind) if self.warned.is_first(kind) => Level::WARN,
            kind => kind.level(),
        }
    }
}

fn restyled<B>(restyle: &Restyle, rejection: &Rejection) -> Response<ResponseBody<B>> {
    let mut response = restyle(rejection).map(ResponseBody::text);
    // The sender takes a 2xx for success, and `Response::new` is a 200.
    if response.status().is_success() {
        *response.status_mut() = rejection.status();
    }
    response.extensions_mut().insert(rejection.clone());
    response
}

/// One bit for each kind.
#[derive(Default)]
struct WarnedKinds(AtomicU16);

impl WarnedKinds {
    fn is_first(&self, kind: VerifyErrorKind) -> bool {
        let bit = 1 << kind as u16;
        self.0.load(Relaxed) & bit == 0 && self.0.fetch_or(bit, Relaxed) & bit == 0
    }
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusals")
            .field("is_restyled", &self.restyle.is_some())
            .finish_non_exhaustive()
    }
}
