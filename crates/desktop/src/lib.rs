//! The HTTP and WebSocket API of the desktop, its login sessions and its assets (floor L6).
//!
//! ```no_run
//! # async fn example(config: webx_desktop::Config) -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind(("127.0.0.1", 7700)).await?;
//! let stop = tokio_util::sync::CancellationToken::new();
//! webx_desktop::serve(listener, config, stop).await?; // returns when every task has ended and the home is locked
//! # Ok(()) }
//! ```
//!
//! Concepts, in reading order:
//! - **Home**: the floors of one unlocked person. The roof makes, opens and locks it through [`Opener`]; the desktop serves
//!   whatever [`Home`] is open and answers 423 while none is.
//! - **Admission**: every request must name one of this machine's own host names, and must not come from another site.
//! - **Login**: a browser proves its own non-extractable key on every request (DPoP, RFC 9449); the token it holds is
//!   worthless without that key. There are no cookies, so there is no ambient authority to steal. The command line shows the
//!   control token of the running process.
//! - **Streams**: uploads and downloads go piece by piece between the network and the drive; nothing holds a whole file.
//! - **Apps**: a request that names one in `Webx-App` may do what the broker allows that app, and nothing else. Web apps get
//!   an origin of their own below `webx.localhost`, with policies that let nothing out but to the granted hosts.
//! - **QNet and contacts**: the roof answers through [`qnet::Qnet`]; parts of the system with the area `network` or `contacts`
//!   show them.
//! - **Live events**: one WebSocket tells a browser what changed.
//!
//! The routes are described by [`openapi_json`]; the rules around them by `docs/protocol/http.md`.

mod api;
mod assets;
mod auth;
mod dav;
mod desktop;
mod devices;
mod door;
#[doc(hidden)]
pub mod fuzz;
mod guardians;
mod http;
mod idle;
mod jobs;
mod live;
mod objects;
mod origins;
pub mod qnet;
mod record;
mod serve;
mod stream;
mod tables;

pub use api::openapi_json;
pub use devices::{
    DeviceItem, DeviceState, Devices, NewDevice, PairingEnd, PairingOffer, PairingState,
    PairingView,
};
pub use door::{
    Config, Error, Home, HomeHandle, IdentityCard, Limits, NewPerson, OpenError, Opener, Person,
    Recovery, Secret,
};
pub use guardians::{GuardianItem, GuardianState, Guardians, GuardiansView, HelpView, WardItem};
pub use serve::{serve, serve_beside};
