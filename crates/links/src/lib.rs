//! QNet's links (L0): real connections between nodes, by iroh (QUIC over UDP, or WebSocket over TLS by a relay).
//!
//! Nobody's servers: no discovery, no name server and no relay but those of peers. The only key exchange is X25519MLKEM768.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use webx_links::{Config, IrohTransport, ProtocolLimits};
//! use webx_overlay::transport::{Exposure, Transport as _};
//!
//! let config = || Config::loopback().with(ProtocolLimits::streams(b"example/1"));
//! let ada = IrohTransport::bind(config(), &ed25519_dalek::SigningKey::from_bytes(&[1; 32])).await?;
//! let bob = IrohTransport::bind(config(), &ed25519_dalek::SigningKey::from_bytes(&[2; 32])).await?;
//! let connection = ada.dial(bob.id(), &bob.hints(), Exposure::Direct, b"example/1").await?;
//! let (mut send, _recv) = connection.open_bi().await?;
//! tokio::io::AsyncWriteExt::write_all(&mut send, b"hello").await?;
//! send.finish()?;
//! # Ok(()) }
//! ```
//!
//! In reading order: [`Config`] says which addresses are used, what is spoken and what strangers may ask; [`IrohTransport`]
//! is the overlay's `Transport`; [`RelayServer`] is the relay a node runs for others, found by its [`RelayAddress`], and
//! [`follow_relays`] has a node listen on those of its peers;
//! [`Bandwidth`] bounds what all connections move; an [`Invite`] says where to begin, [`LanDiscovery`] finds a beginning in
//! the local network, and a [`NodeAddress`] is one that the person wrote down.

mod addresses;
mod bandwidth;
mod config;
mod connection;
mod gate;
mod homes;
mod incoming;
mod invite;
mod lan;
mod node_address;
mod paths;
mod relay;
mod relay_address;
mod settings;
mod stream;
mod tls;
mod transport;

pub use bandwidth::Bandwidth;
pub use config::{Admission, Bind, Config, ProtocolLimits, Rates};
pub use homes::follow_relays;
pub use invite::{Invite, NotAnInvite, Secret};
#[doc(hidden)]
pub use lan::fuzz_lan;
pub use lan::{LanDiscovery, LanStatus, LanView};
pub use node_address::{NodeAddress, NotANodeAddress, Unresolved};
pub use paths::{PathChange, PathFate};
pub use relay::{RelayConfig, RelayError, RelayServer};
pub use relay_address::{NotARelay, RelayAddress};
pub use transport::{BUSY, BindError, IrohTransport};
