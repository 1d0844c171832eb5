//! Signing JSON with a device key.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use affinidi_data_integrity::{DataIntegrityError, signer::Signer};
use didwebvh_rs::prelude::{KeyType, async_trait};
use ed25519_dalek::{Signer as _, SigningKey};

/// Signs with a key that is borrowed for the moment; nothing is copied out of it.
pub(crate) struct KeySigner<'a> {
    key: &'a SigningKey,
    method: String,
}

impl<'a> KeySigner<'a> {
    pub(crate) fn new(key: &'a SigningKey, method: String) -> Self {
        Self { key, method }
    }
}

#[async_trait]
impl Signer for KeySigner<'_> {
    fn key_type(&self) -> KeyType {
        KeyType::Ed25519
    }

    fn verification_method(&self) -> &str {
        &self.method
    }

    async fn sign(&self, data: &[u8]) -> Result<Vec<u8>, DataIntegrityError> {
        Ok(self.key.sign(data).to_bytes().to_vec())
    }
}

/// The result of a future that never waits: with a key in memory the first poll is the last.
pub(crate) fn ready<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
