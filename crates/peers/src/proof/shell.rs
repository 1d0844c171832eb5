//! A proof over a connection.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
};
use webx_overlay::transport::{Connection, LinkError, RecvStream, SendStream};

use super::{BINDING, Link, MAX_FRAME, Memory, Next, Own, Proven, Prover, Refusal, Role};

/// How long a proof may take as a whole. A peer that stalls is given up.
pub const TIMEOUT: Duration = Duration::from_secs(15);

/// How long who was refused has to hear why.
const HEARD: Duration = Duration::from_secs(2);

/// Why nothing was proved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// One of the two was refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The connection failed.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The stream ended early.
    #[error("the connection ended before the proof was complete: {0}")]
    Ended(#[from] std::io::Error),
    /// The other side took too long.
    #[error("the other side took too long to prove who it is")]
    TimedOut,
    /// The system gave no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// Proves this node to the other end of `connection` and the other end to this node, over one stream.
///
/// # Errors
/// [`ProofError`]; the connection is then worth nothing and should be closed.
pub async fn prove(
    connection: &dyn Connection,
    own: &Own,
    memory: &(dyn Memory + Sync),
    now: OffsetDateTime,
) -> Result<Proven, ProofError> {
    tokio::time::timeout(TIMEOUT, exchange(connection, own, memory, now))
        .await
        .map_err(|_| ProofError::TimedOut)?
}

async fn exchange(
    connection: &dyn Connection,
    own: &Own,
    memory: &(dyn Memory + Sync),
    now: OffsetDateTime,
) -> Result<Proven, ProofError> {
    let role = if connection.dialled() {
        Role::Dialler
    } else {
        Role::Acceptor
    };
    let link = Link {
        binding: connection.channel_binding(BINDING)?,
        peer: connection.peer(),
        role,
    };
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(|_| ProofError::Random)?;
    let mut prover = Prover::new(own.clone(), link, nonce, now)?;
    let (mut writer, mut reader) = match role {
        Role::Dialler => connection.open_bi().await?,
        Role::Acceptor => connection.accept_bi().await?,
    };
    // Both sides send a whole log at the same time, so each has to read while it writes. What waits here is bounded by the
    // protocol: one log and five short messages.
    let (queue, mut waiting) = mpsc::unbounded_channel();
    for frame in prover.outgoing() {
        let _ = queue.send(frame);
    }
    let write = async {
        while let Some(frame) = waiting.recv().await {
            write_frame(&mut writer, &frame).await?;
        }
        writer.flush().await?;
        writer.finish()?;
        Ok::<_, ProofError>(())
    };
    let read = async {
        // Taken into this future: the queue ends with it, and with the queue the writer.
        let queue = queue;
        loop {
            let frame = read_frame(&mut reader).await?;
            let next = prover.step(&frame, memory);
            for frame in prover.outgoing() {
                let _ = queue.send(frame);
            }
            match next {
                Ok(Next::More) => {}
                Ok(Next::Done(proven)) => return Ok(Ok(*proven)),
                // The other side is told before this one gives up.
                Err(refusal) => return Ok::<_, ProofError>(Err(refusal)),
            }
        }
    };
    let (written, read) = tokio::join!(write, read);
    let proven = match read? {
        Ok(proven) => proven,
        Err(refusal) => {
            // Whoever calls closes the connection now, and a close overtakes what is still on its way: the reason.
            if !matches!(refusal, Refusal::ByPeer(_)) {
                let _ = tokio::time::timeout(HEARD, until_closed(&mut reader)).await;
            }
            return Err(refusal.into());
        }
    };
    written?;
    Ok(proven)
}

/// Reads and drops what still comes, until the other side has ended the stream or the connection.
async fn until_closed(reader: &mut RecvStream) {
    let mut dropped = [0; 1024];
    for _ in 0..MAX_FRAME.div_ceil(dropped.len()) {
        if !matches!(reader.read(&mut dropped).await, Ok(1..)) {
            return;
        }
    }
}

async fn write_frame(writer: &mut SendStream, frame: &[u8]) -> Result<(), std::io::Error> {
    let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
    writer.write_all(&length.to_be_bytes()).await?;
    writer.write_all(frame).await
}

async fn read_frame(reader: &mut RecvStream) -> Result<Vec<u8>, ProofError> {
    let mut length = [0; 4];
    reader.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > MAX_FRAME {
        return Err(Refusal::Protocol("a message that is too long").into());
    }
    let mut frame = vec![0; length];
    reader.read_exact(&mut frame).await?;
    Ok(frame)
}
