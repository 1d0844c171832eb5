//! QNet's links (L0): real connections between nodes.
mod bandwidth;
mod config;
mod connection;
mod gate;
mod incoming;
mod invite;
mod paths;
mod relay;
mod relay_address;
mod settings;
mod stream;
mod tls;
mod transport;

pub use bandwidth::Bandwidth;
pub use config::{Admission, Bind, Config, ProtocolLimits, Rates};
pub use invite::{Invite, NotAnInvite, Secret};
pub use paths::{PathChange, PathFate};
pub use relay::{RelayConfig, RelayError, RelayServer};
pub use relay_address::{NotARelay, RelayAddress};
pub use transport::{BUSY, BindError, IrohTransport};
