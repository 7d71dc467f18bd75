//! TLS with a certificate made for the run.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use clerk_webhooks_testbed::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring::default_provider,
        pki_types::{CertificateDer, ServerName},
    },
};

use crate::framework::{Running, on_a_free_port};

/// For `localhost`.
pub(super) struct Certificate {
    pub(super) file: PathBuf,
    pub(super) key: PathBuf,
    der: CertificateDer<'static>,
}

impl Certificate {
    pub(super) fn new(folder: &Path) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (file, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
        fs::write(&file, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let der = made.cert.der().clone();
        Self { file, key, der }
    }
}

/// Connects to a proxy.
#[derive(Clone)]
pub(super) struct Client {
    proxy: SocketAddr,
    /// As ALPN names it.
    protocol: &'static [u8],
    connector: TlsConnector,
}

impl Client {
    pub(super) fn new(
        proxy: SocketAddr,
        certificate: &Certificate,
        protocol: &'static [u8],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap();
        let mut config = config.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Self {
            proxy,
            protocol,
            connector: TlsConnector::from(Arc::new(config)),
        }
    }

    pub(super) async fn connect(&self) -> Result<TlsStream<TcpStream>, Error> {
        let stream = TcpStream::connect(self.proxy).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = self.connector.connect(name, stream).await?;
        if stream.get_ref().1.alpn_protocol() != Some(self.protocol) {
            return Err("the proxy does not speak this version of HTTP".into());
        }
        Ok(stream)
    }
}

/// Runs `carry` for each connection, which ends with it.
pub(super) fn for_each_connection<F>(carry: impl Fn(TcpStream) -> F + Send + 'static) -> Running
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    on_a_free_port(async move |listener| {
        let listener = TcpListener::from_std(listener).unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let carried = carry(stream);
            tokio::spawn(async move {
                // Connections that break are among the contract's rows.
                drop(carried.await);
            });
        }
    })
}
