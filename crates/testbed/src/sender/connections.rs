//! Idle connections, kept for the next request.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::net::TcpStream;

#[derive(Debug, Clone, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<SocketAddr, Vec<TcpStream>>>>);

impl Connections {
    /// An idle connection that is not closed, otherwise a new one.
    pub(super) async fn take(&self, target: SocketAddr) -> io::Result<TcpStream> {
        match self.take_idle(target) {
            Some(stream) => Ok(stream),
            None => open(target).await,
        }
    }

    /// Keeps the connection for the next request to this target.
    pub(super) fn give_back(&self, target: SocketAddr, stream: TcpStream) {
        self.idle().entry(target).or_default().push(stream);
    }

    fn take_idle(&self, target: SocketAddr) -> Option<TcpStream> {
        let mut idle = self.idle();
        let idle = idle.get_mut(&target)?;
        loop {
            let stream = idle.pop()?;
            if is_open(&stream) {
                return Some(stream);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, HashMap<SocketAddr, Vec<TcpStream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn open(target: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(target).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether an idle connection is open: an open one has nothing to read, on a closed one its end can be read.
fn is_open(stream: &TcpStream) -> bool {
    let read = stream.try_read(&mut [0]);
    read.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}
