//! A short authentication string: six pictures that two people compare over the phone or across the table.
//!
//! Commit, then reveal: the dialler commits to 32 random bytes before it sees those of the other side, and the string is
//! derived from both, from both identities and from the connection. Somebody in the middle has to fix his part before he
//! knows the other one, so he gets one guess out of 2^42, and people who compare notice a wrong one.

mod emoji;

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteArray;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use webx_overlay::transport::Connection;
use zeroize::Zeroizing;

use crate::{
    proof::{ProofError, Refusal, Role},
    safety::IdentityDigest,
    wire,
};

/// The protocol's name in the transport handshake.
pub const ALPN: &[u8] = b"webx/sas/1";
const BINDING: &[u8] = b"EXPORTER-webx-sas-1";
const COMMITMENT: &str = "webx 2026 sas commitment v1";
const CODE: &str = "webx 2026 sas code v1";
const MAX_FRAME: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(60);

/// What both people see. It proves something only after they have compared it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(u64);

impl Code {
    /// Six pictures, each with its English name: 42 bits.
    #[must_use]
    pub fn emoji(&self) -> [(&'static str, &'static str); 6] {
        std::array::from_fn(|place| emoji::at((self.0 >> (7 * place)) & 127))
    }

    /// The same as twelve digits: 39.9 bits.
    #[must_use]
    pub fn digits(&self) -> String {
        let number = self.0 % 1_000_000_000_000;
        let group = |place: u32| (number / 1000_u64.pow(place)) % 1000;
        format!(
            "{:03} {:03} {:03} {:03}",
            group(3),
            group(2),
            group(1),
            group(0)
        )
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Message {
    Commit(ByteArray<32>),
    Random(ByteArray<32>),
    Open(ByteArray<32>),
}

/// One side of the exchange, without sockets.
pub struct Sas {
    role: Role,
    own: IdentityDigest,
    peer: IdentityDigest,
    binding: [u8; 32],
    secret: Zeroizing<[u8; 32]>,
    heard: Option<[u8; 32]>,
    over: bool,
}

impl Sas {
    /// Begins; `secret` is 32 fresh random bytes. Gives the first message of the dialler.
    #[must_use]
    pub fn new(
        role: Role,
        own: IdentityDigest,
        peer: IdentityDigest,
        binding: [u8; 32],
        secret: [u8; 32],
    ) -> (Self, Option<Vec<u8>>) {
        let sas = Self {
            role,
            own,
            peer,
            binding,
            secret: Zeroizing::new(secret),
            heard: None,
            over: false,
        };
        let first = match role {
            Role::Dialler => wire::encode(&Message::Commit(commitment(&sas.secret).into())),
            Role::Acceptor => None,
        };
        (sas, first)
    }

    /// Takes a message: gives the answer to send and, at the end, the code.
    ///
    /// # Errors
    /// [`Refusal::Protocol`] for a message that is malformed or out of turn, and when the opened bytes are not those that
    /// were committed to.
    pub fn step(&mut self, frame: &[u8]) -> Result<(Option<Vec<u8>>, Option<Code>), Refusal> {
        let refuse = |why| Err(Refusal::Protocol(why));
        if self.over {
            return refuse("a message out of turn");
        }
        let Some(message) = wire::decode::<Message>(frame, MAX_FRAME) else {
            self.over = true;
            return refuse("a malformed message");
        };
        match (message, self.role, self.heard) {
            (Message::Commit(commitment), Role::Acceptor, None) => {
                self.heard = Some(*commitment);
                Ok((wire::encode(&Message::Random((*self.secret).into())), None))
            }
            (Message::Random(random), Role::Dialler, None) => {
                self.over = true;
                let code = self.code(&self.secret, &random);
                Ok((
                    wire::encode(&Message::Open((*self.secret).into())),
                    Some(code),
                ))
            }
            (Message::Open(opened), Role::Acceptor, Some(committed)) => {
                self.over = true;
                if commitment(&opened) != committed {
                    return refuse("the opened number is not the one committed to");
                }
                Ok((None, Some(self.code(&opened, &self.secret))))
            }
            _ => {
                self.over = true;
                refuse("a message out of turn")
            }
        }
    }

    fn code(&self, dialler: &[u8; 32], acceptor: &[u8; 32]) -> Code {
        let (first, second) = match self.role {
            Role::Dialler => (self.own, self.peer),
            Role::Acceptor => (self.peer, self.own),
        };
        let mut bytes = [0; 8];
        let mut hasher = blake3::Hasher::new_derive_key(CODE);
        for part in [&first.0, &second.0, &self.binding, dialler, acceptor] {
            hasher.update(part);
        }
        hasher.finalize_xof().fill(&mut bytes);
        Code(u64::from_le_bytes(bytes))
    }
}

impl fmt::Debug for Sas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sas({:?})", self.role)
    }
}

fn commitment(secret: &[u8; 32]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(COMMITMENT);
    hasher.update(secret);
    hasher.finalize().into()
}

/// Runs the exchange over a connection of [`ALPN`]. Both ends must have proved who they are before; `own` and `peer` are
/// taken from those proofs.
///
/// # Errors
/// [`ProofError`].
pub async fn compare(
    connection: &dyn Connection,
    own: IdentityDigest,
    peer: IdentityDigest,
) -> Result<Code, ProofError> {
    tokio::time::timeout(TIMEOUT, exchange(connection, own, peer))
        .await
        .map_err(|_| ProofError::TimedOut)?
}

async fn exchange(
    connection: &dyn Connection,
    own: IdentityDigest,
    peer: IdentityDigest,
) -> Result<Code, ProofError> {
    let binding = connection.channel_binding(BINDING)?;
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|_| ProofError::Random)?;
    let (role, (mut writer, mut reader)) = if connection.dialled() {
        (Role::Dialler, connection.open_bi().await?)
    } else {
        (Role::Acceptor, connection.accept_bi().await?)
    };
    let (mut sas, first) = Sas::new(role, own, peer, binding, secret);
    let mut answer = first;
    loop {
        if let Some(frame) = answer.take() {
            let length = u8::try_from(frame.len()).unwrap_or(u8::MAX);
            writer.write_all(&[length]).await?;
            writer.write_all(&frame).await?;
            writer.flush().await?;
        }
        let length = usize::from(reader.read_u8().await?);
        if length > MAX_FRAME {
            return Err(Refusal::Protocol("a message that is too long").into());
        }
        let mut frame = vec![0; length];
        reader.read_exact(&mut frame).await?;
        let (next, code) = sas.step(&frame)?;
        answer = next;
        if let Some(code) = code {
            if let Some(frame) = answer {
                let length = u8::try_from(frame.len()).unwrap_or(u8::MAX);
                writer.write_all(&[length]).await?;
                writer.write_all(&frame).await?;
                writer.flush().await?;
            }
            writer.finish()?;
            return Ok(code);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{pair, person};

    const ANN: IdentityDigest = IdentityDigest([1; 32]);
    const BEN: IdentityDigest = IdentityDigest([2; 32]);

    /// Runs the exchange between what Ann and Ben each believe.
    fn run(
        ann: (IdentityDigest, IdentityDigest),
        ben: (IdentityDigest, IdentityDigest),
    ) -> (Code, Code) {
        let (mut dialler, first) = Sas::new(Role::Dialler, ann.0, ann.1, [9; 32], [3; 32]);
        let (mut acceptor, none) = Sas::new(Role::Acceptor, ben.0, ben.1, [9; 32], [4; 32]);
        assert!(none.is_none());
        let (random, none) = acceptor.step(&first.unwrap()).unwrap();
        assert!(none.is_none());
        let (open, code) = dialler.step(&random.unwrap()).unwrap();
        let (_, other) = acceptor.step(&open.unwrap()).unwrap();
        (code.unwrap(), other.unwrap())
    }

    #[test]
    fn both_see_the_same_six_pictures() {
        let (ann, ben) = run((ANN, BEN), (BEN, ANN));
        assert_eq!(ann, ben);
        assert_eq!(ann.emoji().len(), 6);
        assert_eq!(ann.digits().len(), 15);
    }

    #[test]
    fn a_code_keeps_its_form() {
        let (ann, _) = run((ANN, BEN), (BEN, ANN));
        assert_eq!(ann.digits(), "853 514 013 438");
        assert_eq!(Code(0).digits(), "000 000 000 000");
        assert_eq!(Code(999_999_999_999).digits(), "999 999 999 999");
    }

    #[test]
    fn somebody_in_the_middle_shows_other_pictures_to_each_side() {
        let eve = IdentityDigest([5; 32]);
        let (ann, _) = run((ANN, eve), (eve, ANN));
        let (_, ben) = run((eve, BEN), (BEN, eve));
        assert_ne!(ann, ben);
        let (ann, ben) = run((ANN, eve), (BEN, ANN));
        assert_ne!(ann, ben);
    }

    #[test]
    fn nobody_can_choose_his_number_after_seeing_the_other_one() {
        let (_, first) = Sas::new(Role::Dialler, ANN, BEN, [9; 32], [3; 32]);
        let (mut acceptor, _) = Sas::new(Role::Acceptor, BEN, ANN, [9; 32], [4; 32]);
        acceptor.step(&first.unwrap()).unwrap();
        let other = wire::encode(&Message::Open([6; 32].into())).unwrap();
        let refused = acceptor.step(&other).unwrap_err();
        assert_eq!(
            refused,
            Refusal::Protocol("the opened number is not the one committed to")
        );
        // And there is no second try.
        let honest = wire::encode(&Message::Open([3; 32].into())).unwrap();
        assert!(acceptor.step(&honest).is_err());
    }

    #[test]
    fn messages_out_of_turn_end_the_exchange() {
        let message = |message: &Message| wire::encode(message).unwrap();
        for bad in [
            message(&Message::Open([3; 32].into())),
            message(&Message::Random([3; 32].into())),
            vec![0; 100],
            Vec::new(),
        ] {
            let (mut acceptor, _) = Sas::new(Role::Acceptor, BEN, ANN, [9; 32], [4; 32]);
            assert!(acceptor.step(&bad).is_err());
            assert!(
                acceptor
                    .step(&message(&Message::Commit([3; 32].into())))
                    .is_err()
            );
        }
    }

    #[test]
    fn every_picture_occurs_once() {
        let all: std::collections::BTreeSet<_> = (0..128).map(emoji::at).collect();
        let names: std::collections::BTreeSet<_> = all.iter().map(|(_, name)| name).collect();
        let pictures: std::collections::BTreeSet<_> =
            all.iter().map(|(picture, _)| picture).collect();
        assert_eq!((names.len(), pictures.len()), (128, 128));
    }

    #[tokio::test]
    async fn the_exchange_runs_over_a_connection() {
        let (dialled, accepted) = pair(person(1).node(0), person(2).node(0), ALPN);
        let (ann, ben) = tokio::join!(compare(&dialled, ANN, BEN), compare(&accepted, BEN, ANN));
        assert_eq!(ann.unwrap(), ben.unwrap());
    }
}
