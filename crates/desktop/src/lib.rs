//! The HTTP and WebSocket API of the desktop, its login sessions and its assets (floor L6).
//!
//! ```no_run
//! # use std::sync::Arc;
//! # async fn example(config: webx_desktop::Config) -> Result<(), Box<dyn std::error::Error>> {
//! let listener = tokio::net::TcpListener::bind(("127.0.0.1", 7700)).await?;
//! let stop = tokio_util::sync::CancellationToken::new();
//! webx_desktop::serve(listener, config, stop).await?; // returns when every task has ended and the home is locked
//! # Ok(()) }
//! ```

mod door;

pub use door::{Config, Error, Home, HomeHandle, IdentityCard, Limits, NewPerson, OpenError, Opener, Person, Secret};

/// Serves the desktop on `listener` until `shutdown` fires; then ends every connection and job, locks the home and returns.
pub async fn serve(
    listener: tokio::net::TcpListener,
    config: Config,
    shutdown: tokio_util::sync::CancellationToken,
) -> Result<(), Error> {
    let _ = (listener, config);
    shutdown.cancelled().await;
    Ok(())
}

/// The OpenAPI document of the API as pretty JSON with a newline at the end (`webx openapi` prints it).
pub fn openapi_json() -> String {
    String::new()
}
