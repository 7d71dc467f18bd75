//! Connections, kept for the next request.

use std::{
    collections::HashMap,
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

use super::{target::Origin, tls};

/// A connection, plain or with TLS.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Connection for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Connection for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

pub(super) type AnyConnection = Box<dyn Connection>;

/// Idle connections. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<Origin, Vec<AnyConnection>>>>);

impl Connections {
    /// An idle connection that is not closed.
    pub(super) fn take(&self, origin: &Origin) -> Option<AnyConnection> {
        let mut idle = self.idle();
        let idle = idle.get_mut(origin)?;
        loop {
            let connection = idle.pop()?;
            if is_open(connection.tcp()) {
                return Some(connection);
            }
        }
    }

    /// Keeps the connection for the next request to this server.
    pub(super) fn give_back(&self, origin: Origin, connection: AnyConnection) {
        self.idle().entry(origin).or_default().push(connection);
    }

    fn idle(&self) -> MutexGuard<'_, HashMap<Origin, Vec<AnyConnection>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

pub(super) async fn open(origin: &Origin) -> io::Result<AnyConnection> {
    let stream = TcpStream::connect((origin.host.as_str(), origin.port)).await?;
    stream.set_nodelay(true)?;
    if origin.is_tls {
        return Ok(Box::new(tls::connect(&origin.host, stream).await?));
    }
    Ok(Box::new(stream))
}

/// Whether an idle connection is open: an open one has nothing to read, on a closed one its end can be read.
fn is_open(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0]);
    read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}
