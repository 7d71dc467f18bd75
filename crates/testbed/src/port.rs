//! Ports that stay free while what listens on them is down.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use crate::Error;

/// Below the ports that systems give to clients. Otherwise a client that connects to a server that is down could get the
/// server's port, and connect to itself.
const RANGE: std::ops::Range<u16> = 10_000..32_000;

/// A TCP port of 127.0.0.1 that is reserved among all testbeds of the machine while this lives.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// The reservation: nothing else wants the UDP port of the same number.
    _reservation: UdpSocket,
}

impl Port {
    /// Reserves a free one.
    ///
    /// # Errors
    ///
    /// When a thousand random ports were all taken.
    pub fn reserve() -> Result<Self, Error> {
        (0..1_000)
            .find_map(|_| Self::try_reserve(fastrand::u16(RANGE)))
            .ok_or_else(|| "no free port on 127.0.0.1 between 10000 and 31999".into())
    }

    fn try_reserve(number: u16) -> Option<Self> {
        let address = (Ipv4Addr::LOCALHOST, number);
        let reservation = UdpSocket::bind(address).ok()?;
        TcpListener::bind(address).ok()?;
        Some(Self {
            number,
            _reservation: reservation,
        })
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }

    /// Where to connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.number).into()
    }
}
