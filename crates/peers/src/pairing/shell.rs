//! Both sides over a connection.

use std::{sync::Arc, time::Duration};

use time::OffsetDateTime;
use tokio::time::timeout;
use webx_overlay::{
    NodeId,
    transport::{Connection, LinkError, RecvStream, SendStream},
};

use super::{
    BUSY, Cause, Digits, MAX_PACKAGE, NOT_OPEN, Package, PairingCode, PairingError, PairingSecret,
    Purpose, Returned, is_name,
    secret::{Transcript, commitment},
    wire::{self, MAX_FRAME, Message},
};

/// How long the first four messages may take together.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// How long the new device may take to make its vault.
const MOVING_IN: Duration = Duration::from_secs(120);
/// How long one waits to be told why a connection ended.
const WHY: Duration = Duration::from_secs(1);

struct Line {
    connection: Arc<dyn Connection>,
    writer: SendStream,
    reader: RecvStream,
}

impl Line {
    async fn say(&mut self, message: &Message) -> Result<(), PairingError> {
        match wire::write(&mut self.writer, message).await {
            Ok(()) => Ok(()),
            Err(error) => Err(why(&*self.connection, error).await),
        }
    }

    async fn hear(&mut self, limit: usize) -> Result<Message, PairingError> {
        match wire::read(&mut self.reader, limit).await {
            Ok(Message::Refused(Cause::Secret)) => Err(PairingError::WrongSecret),
            Ok(Message::Refused(cause)) => Err(PairingError::Refused(cause)),
            Ok(message) => Ok(message),
            Err(error @ PairingError::Protocol(_)) => {
                self.refuse(Cause::Protocol).await;
                Err(error)
            }
            Err(error) => Err(why(&*self.connection, error).await),
        }
    }

    /// Says why it ends here, as far as that can still be said, and waits a moment until it is heard.
    async fn refuse(&mut self, cause: Cause) {
        let told = async {
            wire::write(&mut self.writer, &Message::Refused(cause)).await?;
            self.writer.finish()?;
            self.connection.closed().await;
            Ok::<_, PairingError>(())
        };
        let _ = timeout(WHY, told).await;
    }

    async fn out_of_turn<T>(&mut self) -> Result<T, PairingError> {
        self.refuse(Cause::Protocol).await;
        Err(PairingError::Protocol("a message out of turn"))
    }
}

/// A stream ends without a word; the connection knows why.
async fn why(connection: &dyn Connection, error: PairingError) -> PairingError {
    match timeout(WHY, connection.closed()).await {
        Ok(LinkError::Closed(NOT_OPEN)) => PairingError::NotOpen,
        Ok(LinkError::Closed(BUSY)) => PairingError::Busy,
        _ => error,
    }
}

fn binding(connection: &dyn Connection) -> Result<[u8; 32], PairingError> {
    let label = Purpose::binding(connection.alpn())
        .ok_or(PairingError::Protocol("a connection of another protocol"))?;
    Ok(connection.channel_binding(label)?)
}

fn random() -> Result<[u8; 32], PairingError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| PairingError::Random)?;
    Ok(bytes)
}

async fn soon<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, PairingError>>,
) -> Result<T, PairingError> {
    timeout(limit, work)
        .await
        .unwrap_or(Err(PairingError::TimedOut))
}

/// The new device, once both have proved the secret.
pub struct Joining {
    line: Line,
    own: NodeId,
    digits: Digits,
}

/// Begins on the new device, over a connection that it dialled with the key it will keep. `name` is what the device is called.
///
/// # Errors
/// [`PairingError`]; the connection is then worth nothing.
pub async fn join(
    connection: Arc<dyn Connection>,
    own: NodeId,
    code: &PairingCode,
    name: &str,
) -> Result<Joining, PairingError> {
    soon(HANDSHAKE, begin(connection, own, code, name)).await
}

async fn begin(
    connection: Arc<dyn Connection>,
    own: NodeId,
    code: &PairingCode,
    name: &str,
) -> Result<Joining, PairingError> {
    if connection.peer() != code.node().id {
        return Err(PairingError::Protocol(
            "another device than that of the code",
        ));
    }
    if connection.alpn() != code.purpose().alpn() {
        return Err(PairingError::Protocol("a code for another purpose"));
    }
    let binding = binding(&*connection)?;
    let (writer, reader) = match connection.open_bi().await {
        Ok(pair) => pair,
        Err(error) => return Err(why(&*connection, error.into()).await),
    };
    let mut line = Line {
        connection,
        writer,
        reader,
    };
    let random_new = random()?;
    line.say(&Message::Hello {
        v: 1,
        commitment: commitment(&random_new).into(),
        name: name.to_owned(),
    })
    .await?;
    let Message::Random(random_old) = line.hear(MAX_FRAME).await? else {
        return line.out_of_turn().await;
    };
    let transcript = Transcript {
        binding,
        new: own,
        old: line.connection.peer(),
        random_new,
        random_old: *random_old,
        name: name.to_owned(),
    };
    let proof = transcript.proof_of_new(code.secret());
    line.say(&Message::Open {
        random: random_new.into(),
        proof: (*proof.as_bytes()).into(),
    })
    .await?;
    let Message::Proof(proof) = line.hear(MAX_FRAME).await? else {
        return line.out_of_turn().await;
    };
    if transcript.proof_of_old(code.secret()) != blake3::Hash::from_bytes(*proof) {
        line.refuse(Cause::Secret).await;
        return Err(PairingError::WrongSecret);
    }
    Ok(Joining {
        digits: transcript.digits(code.secret()),
        line,
        own,
    })
}

impl Joining {
    /// What this side shows.
    #[must_use]
    pub fn digits(&self) -> Digits {
        self.digits
    }

    /// Waits for the person at the old device. What comes is checked: the log proves the DID, and this device stands in it.
    ///
    /// # Errors
    /// [`PairingError`].
    pub async fn receive(&mut self, now: fn() -> OffsetDateTime) -> Result<Package, PairingError> {
        let Message::Package(package) = self.line.hear(MAX_PACKAGE).await? else {
            return self.line.out_of_turn().await;
        };
        package.check(self.own, now())?;
        Ok(*package)
    }

    /// Waits for the person of a guardian. What comes is checked: the log proves the DID, and the shares are shares. Whether they are
    /// this person's own is for the caller to see.
    ///
    /// # Errors
    /// [`PairingError`].
    pub async fn receive_shares(
        &mut self,
        now: fn() -> OffsetDateTime,
    ) -> Result<Returned, PairingError> {
        let Message::Returned(returned) = self.line.hear(MAX_PACKAGE).await? else {
            return self.line.out_of_turn().await;
        };
        returned.check(now())?;
        Ok(*returned)
    }

    /// Tells the old device that everything is kept.
    ///
    /// # Errors
    /// [`PairingError`], when the old device does not hear it any more. It finds out when both meet.
    pub async fn done(mut self) -> Result<(), PairingError> {
        let told = async {
            self.line.say(&Message::Done).await?;
            self.line.writer.finish()?;
            // The old device closes when it has heard it.
            self.line.connection.closed().await;
            Ok(())
        };
        soon(HANDSHAKE, told).await
    }
}

/// A new device that has proved the secret and waits for the person at the old one.
pub struct Asking {
    line: Line,
    name: String,
    digits: Digits,
}

/// Hears a new device out on the old one, over a connection that came in.
///
/// # Errors
/// [`PairingError`]; the other side was told. A wrong secret does not use the code up.
pub async fn answer(
    connection: Arc<dyn Connection>,
    own: NodeId,
    secret: &PairingSecret,
) -> Result<Asking, PairingError> {
    soon(HANDSHAKE, hear_out(connection, own, secret)).await
}

async fn hear_out(
    connection: Arc<dyn Connection>,
    own: NodeId,
    secret: &PairingSecret,
) -> Result<Asking, PairingError> {
    let binding = binding(&*connection)?;
    let (writer, reader) = connection.accept_bi().await?;
    let mut line = Line {
        connection,
        writer,
        reader,
    };
    let Message::Hello {
        v,
        commitment: committed,
        name,
    } = line.hear(MAX_FRAME).await?
    else {
        return line.out_of_turn().await;
    };
    if v != 1 || !is_name(&name) {
        line.refuse(Cause::Protocol).await;
        return Err(PairingError::Protocol("a malformed message"));
    }
    let random_old = random()?;
    line.say(&Message::Random(random_old.into())).await?;
    let Message::Open { random, proof } = line.hear(MAX_FRAME).await? else {
        return line.out_of_turn().await;
    };
    let transcript = Transcript {
        binding,
        new: line.connection.peer(),
        old: own,
        random_new: *random,
        random_old,
        name,
    };
    let proved = transcript.proof_of_new(secret) == blake3::Hash::from_bytes(*proof);
    if commitment(&random) != *committed || !proved {
        line.refuse(Cause::Secret).await;
        return Err(PairingError::WrongSecret);
    }
    let proof = transcript.proof_of_old(secret);
    line.say(&Message::Proof((*proof.as_bytes()).into()))
        .await?;
    Ok(Asking {
        digits: transcript.digits(secret),
        name: transcript.name,
        line,
    })
}

impl Asking {
    /// What this side shows.
    #[must_use]
    pub fn digits(&self) -> Digits {
        self.digits
    }

    /// What the new device calls itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key of the new device, which the transport proved.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.line.connection.peer()
    }

    /// The connection, to see when the new device goes away.
    #[must_use]
    pub fn connection(&self) -> Arc<dyn Connection> {
        self.line.connection.clone()
    }

    /// Gives everything and waits until the new device has kept it. The device must stand in the log by now.
    ///
    /// # Errors
    /// [`PairingError`]: whether the new device has kept it is not known.
    pub async fn give(self, package: Package) -> Result<(), PairingError> {
        self.hand_over(Message::Package(Box::new(package))).await
    }

    /// Gives a person back what was kept for him, and waits until the new device says that it has it.
    ///
    /// # Errors
    /// [`PairingError`]: whether the new device has it is not known.
    pub async fn give_back(self, returned: Returned) -> Result<(), PairingError> {
        self.hand_over(Message::Returned(Box::new(returned))).await
    }

    async fn hand_over(mut self, message: Message) -> Result<(), PairingError> {
        let given = async {
            self.line.say(&message).await?;
            match self.line.hear(MAX_FRAME).await? {
                Message::Done => Ok(()),
                _ => self.line.out_of_turn().await,
            }
        };
        let given = soon(MOVING_IN, given).await;
        self.line.connection.close(0, "");
        given
    }

    /// Ends it and says why.
    pub async fn refuse(mut self, cause: Cause) {
        self.line.refuse(cause).await;
        self.line.connection.close(0, "");
    }
}

impl std::fmt::Debug for Asking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asking({:?})", self.name)
    }
}

impl std::fmt::Debug for Joining {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Joining({:?})", self.own)
    }
}
