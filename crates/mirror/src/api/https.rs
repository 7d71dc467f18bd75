//! The HTTP client, and the only addresses that the secret key is sent to.

use std::{net::IpAddr, sync::Arc, time::Duration};

use reqwest::{Client, Url, redirect};
use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt as _;

use super::error::{ApiError, ApiErrorKind};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// For the whole answer: half a thousand objects may be several megabytes.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A client with TLS by `ring`, whatever provider the program uses itself: installing a default would change the
/// program. It follows no redirects: Clerk sends none, and a login page is not the API.
pub(super) fn client() -> Result<Client, ApiError> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_platform_verifier())
        .map_err(|_| ApiErrorKind::Tls)?
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .build()
        .map_err(|error| ApiError::from(ApiErrorKind::Tls).with_source(error))
}

/// The address of the API, to which paths are appended.
pub(super) fn base_url(text: &str) -> Result<Url, ApiError> {
    let url = Url::parse(text).ok().filter(is_safe);
    url.ok_or_else(|| ApiErrorKind::InvalidUrl.into())
}

fn is_safe(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<IpAddr>();
    let is_local = host == "localhost" || address.is_ok_and(|address| address.is_loopback());
    url.scheme() == "https" || (url.scheme() == "http" && is_local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_sent_over_tls_only() {
        for good in [
            "https://api.clerk.com",
            "http://127.0.0.1:80",
            "http://[::1]:80",
            "http://localhost",
        ] {
            assert!(base_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://api.clerk.com",
            "ftp://localhost",
            "api.clerk.com",
            "http://127.evil.example",
            "",
        ] {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }
}
