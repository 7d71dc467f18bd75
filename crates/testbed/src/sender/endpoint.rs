//! An endpoint: where messages go, and the secret that signs them.

use std::fmt;

use super::signer::Signer;
use crate::Error;

/// A path on the targets, and the secret that its messages are signed with.
///
/// A rotation by Clerk's guide uses two endpoints, with the same path and two secrets.
#[derive(Clone)]
pub struct Endpoint {
    path: String,
    signer: Signer,
}

impl Endpoint {
    /// The endpoint at `path`, such as `/webhooks/clerk`, with the secret `whsec_...`.
    ///
    /// # Errors
    ///
    /// When the secret is not `whsec_` and base64.
    pub fn new(path: impl Into<String>, secret: &str) -> Result<Self, Error> {
        Ok(Self {
            path: path.into(),
            signer: Signer::new(secret)?,
        })
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn signer(&self) -> &Signer {
        &self.signer
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
