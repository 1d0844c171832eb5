//! What the tests of links share.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::sync::Arc;

use ed25519_dalek::SigningKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use webx_links::{Config, IrohTransport, ProtocolLimits};
use webx_overlay::transport::{
    Connection, Exposure, Hints, LinkError, RecvStream, SendStream, Transport,
};

/// An ALPN for streams.
pub const BULK: &[u8] = b"test/bulk/1";

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub fn config() -> Config {
    Config::loopback().with(ProtocolLimits::streams(BULK))
}

pub async fn node(seed: u8) -> Arc<IrohTransport> {
    node_with(seed, config()).await
}

pub async fn node_with(seed: u8, config: Config) -> Arc<IrohTransport> {
    IrohTransport::bind(config, &key(seed))
        .await
        .expect("a transport binds")
}

pub async fn dial(
    from: &IrohTransport,
    to: &IrohTransport,
    alpn: &[u8],
) -> Result<Arc<dyn Connection>, LinkError> {
    from.dial(to.id(), &to.hints(), Exposure::Direct, alpn)
        .await
}

/// Both ends of a new connection.
pub async fn pair(
    from: &IrohTransport,
    to: &IrohTransport,
    alpn: &[u8],
) -> (Arc<dyn Connection>, Arc<dyn Connection>) {
    pair_by(from, to, &to.hints(), alpn).await
}

pub async fn pair_by(
    from: &IrohTransport,
    to: &IrohTransport,
    hints: &Hints,
    alpn: &[u8],
) -> (Arc<dyn Connection>, Arc<dyn Connection>) {
    let (out, come) = tokio::join!(
        from.dial(to.id(), hints, Exposure::Direct, alpn),
        to.accept()
    );
    (out.expect("dialled"), come.expect("came in"))
}

/// Reads to the end.
pub async fn read(mut stream: RecvStream) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// Writes all and finishes.
pub async fn write(mut stream: SendStream, bytes: &[u8]) {
    stream.write_all(bytes).await.expect("written");
    stream.finish().expect("finished");
}

/// Bytes that differ from place to place.
pub fn pattern(length: usize) -> Vec<u8> {
    (0..length)
        .map(|n| u8::try_from((n * 31 + n / 251) % 256).expect("a byte"))
        .collect()
}
