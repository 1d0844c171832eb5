//! What every stack is asked to do, and the far side that answers.

use std::{future::Future, pin::Pin};

use anyhow::Result;

pub type Pending<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// Bytes that are handed over at once.
pub const PIECE: usize = 64 << 10;
/// A question; the answer is the same.
pub const QUESTION: [u8; 64] = [7; 64];
/// What the far side says when it has all of a bulk.
pub const DONE: [u8; 1] = [1];

/// Two nodes on loopback, connected.
pub trait Stack: Send + Sync {
    /// Sends so many bytes on one stream, until the far side says that it has all.
    fn bulk(&self, bytes: usize) -> Pending<'_>;
    /// A new stream, 64 bytes there, 64 bytes back.
    fn request(&self) -> Pending<'_>;
}
