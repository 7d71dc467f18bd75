//! Where requests go.

use std::{error::Error, fmt, net::SocketAddr, str::FromStr};

use http::Uri;

/// The address of a receiver: `http://` or `https://`, host, port, path.
///
/// ```
/// use clerk_webhooks_cli::send::Target;
///
/// let target: Target = "https://example.com/hooks?a=b".parse()?;
/// assert_eq!(target.to_string(), "https://example.com/hooks?a=b");
/// assert!("ftp://example.com".parse::<Target>().is_err());
/// # Ok::<(), clerk_webhooks_cli::send::TargetError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    origin: Origin,
    /// The header `Host`.
    host: String,
    path: String,
}

/// A server: requests to one origin share connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    pub(super) is_tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
}

/// A text is not the address of a receiver. The message says what is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetError(&'static str);

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for TargetError {}

impl Origin {
    /// A server without TLS.
    #[must_use]
    pub fn plain(server: SocketAddr) -> Self {
        Self {
            is_tls: false,
            host: server.ip().to_string(),
            port: server.port(),
        }
    }
}

impl Target {
    /// A path on a server without TLS, with this header `Host`.
    pub fn plain(server: SocketAddr, host: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            origin: Origin::plain(server),
            host: host.into(),
            path: path.into(),
        }
    }

    /// A path below this one, without its query.
    #[must_use]
    pub fn below(&self, segment: &str) -> Self {
        let path = self.path.split('?').next().unwrap_or_default();
        Self {
            path: format!("{}/{segment}", path.trim_end_matches('/')),
            ..self.clone()
        }
    }

    /// The server.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let no_address =
            TargetError("is not an address such as http://127.0.0.1:3000/webhooks/clerk");
        let uri: Uri = text.parse().map_err(|_| no_address.clone())?;
        let (is_tls, usual_port) = match uri.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => return Err(TargetError("does not start with http:// or https://")),
        };
        let authority = uri.authority().ok_or(no_address)?;
        if authority.as_str().contains('@') {
            return Err(TargetError(
                "has a user name in it, which no sender of webhooks sends",
            ));
        }
        let origin = Origin {
            is_tls,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(usual_port),
        };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            origin,
            host: authority.to_string(),
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.origin.is_tls { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.host, self.path)
    }
}
