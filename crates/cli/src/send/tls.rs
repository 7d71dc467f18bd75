//! TLS, with the machine's own certificates.

use std::{
    io,
    sync::{Arc, LazyLock},
};

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Read once, and only for `https`: it takes longer than a whole run without.
static CONNECTOR: LazyLock<Result<TlsConnector, String>> = LazyLock::new(connector);

pub(super) async fn connect(host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    match &*CONNECTOR {
        Ok(connector) => connector.connect(name, stream).await,
        Err(message) => Err(io::Error::other(message.clone())),
    }
}

fn connector() -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err("found no certificates to trust on this machine: set SSL_CERT_FILE".to_owned());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
