//! The multicast socket. What differs between systems about it stands here.

use core::net::{Ipv4Addr, SocketAddrV4};
use std::io;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::UdpSocket;

use super::message::{GROUP, LONGEST};

/// Networks of one machine that are spoken to.
pub(super) const MOST: usize = 8;

/// Port 5353, shared with other programs that speak multicast DNS.
pub(super) struct Multicast {
    socket: UdpSocket,
    networks: Vec<Ipv4Addr>,
}

impl Multicast {
    /// Listens to the group in the networks of these own addresses.
    pub(super) fn open(networks: &[Ipv4Addr]) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_address(true)?;
        // Windows shares a port by the line above.
        #[cfg(unix)]
        socket.set_reuse_port(true)?;
        socket.set_nonblocking(true)?;
        socket.set_multicast_loop_v4(true)?;
        // As RFC 6762 section 11 has it. Routers pass this group on for no hop count.
        socket.set_multicast_ttl_v4(255)?;
        socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, GROUP.port()).into())?;
        let mut joined = Vec::new();
        let mut refused = None;
        for network in networks.iter().take(MOST) {
            match socket.join_multicast_v4(GROUP.ip(), network) {
                Ok(()) => joined.push(*network),
                Err(error) => refused = Some(error),
            }
        }
        // One network that takes part is enough.
        if let (true, Some(error)) = (joined.is_empty(), refused) {
            return Err(error);
        }
        Ok(Self {
            socket: UdpSocket::from_std(socket.into())?,
            networks: joined,
        })
    }

    /// The next datagram, and whom it is from.
    pub(super) async fn hear(
        &self,
        buffer: &mut [u8; LONGEST + 1],
    ) -> io::Result<(usize, SocketAddrV4)> {
        loop {
            if let (length, core::net::SocketAddr::V4(from)) = self.socket.recv_from(buffer).await?
            {
                return Ok((length, from));
            }
        }
    }

    /// Says something in each network; `what` is told the own address there.
    pub(super) async fn say(&self, what: impl Fn(Ipv4Addr) -> Vec<u8>) {
        for network in &self.networks {
            let sent = match SockRef::from(&self.socket).set_multicast_if_v4(network) {
                Ok(()) => self.socket.send_to(&what(*network), GROUP).await.map(drop),
                Err(error) => Err(error),
            };
            // A network that has just gone; the next look at the addresses leaves it out.
            if let Err(error) = sent {
                tracing::debug!(%error, "nothing was said in one of the local networks");
            }
        }
    }
}
