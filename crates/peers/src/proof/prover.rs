//! The protocol of a proof, without sockets and clock.

use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use time::OffsetDateTime;
use webx_identity::DidLog;

use super::{
    Link, MAX_LOG, Memory, News, Own, Proven, Refusal, is_key, log,
    message::{CHUNK, Hello, Message, Transcript},
};

/// One side of a proof. Both sides run the same steps at the same time.
#[derive(Debug)]
pub struct Prover {
    own: Own,
    link: Link,
    now: OffsetDateTime,
    sent: Hello,
    state: State,
    /// The other side has accepted this one.
    accepted: bool,
    out: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum State {
    /// Nothing has come yet.
    Greeting,
    /// The other side has named itself.
    Hearing(Box<Hearing>),
    /// This side has accepted the other one.
    Proved(Box<Proven>),
    /// Refused; nothing more is read.
    Over,
}

#[derive(Debug)]
struct Hearing {
    hello: Hello,
    /// Whether the other side has said if it wants the log.
    asked: bool,
    /// What is remembered of the DID.
    known: Option<DidLog>,
    /// What is still to come of its log.
    missing: usize,
    log: Vec<u8>,
}

/// How a proof stands.
#[derive(Debug)]
pub enum Next {
    /// More messages are needed.
    More,
    /// Both sides have accepted each other.
    Done(Box<Proven>),
}

impl Prover {
    /// Begins. `nonce` is 32 fresh random bytes.
    ///
    /// # Errors
    /// [`Refusal::Myself`].
    pub fn new(
        own: Own,
        link: Link,
        nonce: [u8; 32],
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        if own.node() == link.peer {
            return Err(Refusal::Myself);
        }
        let sent = Hello::new(nonce, own.did().clone(), own.log_bytes());
        let out = vec![Message::Hello(sent.clone()).encode()];
        Ok(Self {
            own,
            link,
            now,
            sent,
            state: State::Greeting,
            accepted: false,
            out,
        })
    }

    /// The messages to send, in order. To be emptied after [`Prover::new`] and each [`Prover::step`], also a failed one.
    pub fn outgoing(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.out)
    }

    /// Takes a message of the other side.
    ///
    /// # Errors
    /// Why the proof failed. The other side is told in the outgoing messages; every further step fails too.
    pub fn step(&mut self, frame: &[u8], memory: &dyn Memory) -> Result<Next, Refusal> {
        let result = Message::decode(frame).and_then(|message| self.take(message, memory));
        match &result {
            Ok(()) => {}
            Err(Refusal::ByPeer(_)) => self.state = State::Over,
            Err(refusal) => {
                if !matches!(self.state, State::Over) {
                    self.send(&Message::Verdict(Some(refusal.cause())));
                }
                self.state = State::Over;
            }
        }
        result?;
        if self.accepted
            && let State::Proved(proven) = &self.state
        {
            return Ok(Next::Done(proven.clone()));
        }
        Ok(Next::More)
    }

    fn take(&mut self, message: Message, memory: &dyn Memory) -> Result<(), Refusal> {
        match (message, &mut self.state) {
            (Message::Verdict(Some(cause)), State::Hearing(_) | State::Proved(_)) => {
                Err(Refusal::ByPeer(cause))
            }
            (Message::Verdict(Some(cause)), State::Greeting) => Err(Refusal::ByPeer(cause)),
            (Message::Verdict(None), State::Hearing(_) | State::Proved(_)) if !self.accepted => {
                self.accepted = true;
                Ok(())
            }
            (Message::Hello(hello), State::Greeting) => self.hear(hello, memory),
            (Message::Want(wanted), State::Hearing(hearing)) if !hearing.asked => {
                hearing.asked = true;
                let heard = hearing.hello.clone();
                self.answer(wanted, &heard);
                Ok(())
            }
            (Message::Log(piece), State::Hearing(hearing)) => hearing.add(&piece),
            (Message::Proof(signature), State::Hearing(hearing)) if hearing.missing == 0 => {
                let proven =
                    hearing.judge(&self.link, &self.own, &self.sent, &signature, self.now)?;
                // Asked for nothing yet: then the other side cannot have what it needs to accept.
                if !hearing.asked {
                    return Err(Refusal::Protocol("a message out of turn"));
                }
                self.state = State::Proved(Box::new(proven));
                self.send(&Message::Verdict(None));
                Ok(())
            }
            _ => Err(Refusal::Protocol("a message out of turn")),
        }
    }

    fn hear(&mut self, hello: Hello, memory: &dyn Memory) -> Result<(), Refusal> {
        let bytes = usize::try_from(hello.bytes).unwrap_or(usize::MAX);
        if bytes > MAX_LOG {
            return Err(Refusal::LogTooLarge);
        }
        if is_key(&hello.did) != (bytes == 0) {
            return Err(Refusal::Log(
                "a did:key has no log, every other DID has one".into(),
            ));
        }
        if hello.nonce == self.sent.nonce {
            return Err(Refusal::Protocol("a nonce sent back"));
        }
        let known = memory.log(&hello.did);
        let same = |log: &DidLog| *blake3::hash(log.as_str().as_bytes()).as_bytes() == *hello.log;
        let wanted = bytes > 0 && !known.as_ref().is_some_and(same);
        self.send(&Message::Want(wanted));
        self.state = State::Hearing(Box::new(Hearing {
            hello,
            asked: false,
            known,
            missing: if wanted { bytes } else { 0 },
            log: Vec::new(),
        }));
        Ok(())
    }

    fn answer(&mut self, wanted: bool, heard: &Hello) {
        let log = self.own.clone();
        if wanted {
            for piece in log.log_bytes().chunks(CHUNK) {
                self.send(&Message::Log(piece.to_vec()));
            }
        }
        let transcript = Transcript {
            binding: &self.link.binding,
            role: self.link.role,
            signer: self.own.node(),
            verifier: self.link.peer,
            signed: &self.sent,
            heard,
        };
        let signature = self.own.key().sign(&transcript.bytes()).to_bytes();
        self.send(&Message::Proof(signature.into()));
    }

    fn send(&mut self, message: &Message) {
        self.out.push(message.encode());
    }
}

impl Hearing {
    fn add(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        if piece.is_empty() || piece.len() > CHUNK {
            return Err(Refusal::Protocol("a piece of a log of the wrong size"));
        }
        self.missing = self
            .missing
            .checked_sub(piece.len())
            .ok_or(Refusal::Protocol("more of the log than was announced"))?;
        self.log.extend_from_slice(piece);
        Ok(())
    }

    fn judge(
        &mut self,
        link: &Link,
        own: &Own,
        sent: &Hello,
        signature: &[u8; 64],
        now: OffsetDateTime,
    ) -> Result<Proven, Refusal> {
        // The signature first: whoever cannot make it shall not cost the reading of a log.
        let transcript = Transcript {
            binding: &link.binding,
            role: link.role.other(),
            signer: link.peer,
            verifier: own.node(),
            signed: &self.hello,
            heard: sent,
        };
        VerifyingKey::from_bytes(link.peer.as_bytes())
            .and_then(|key| {
                key.verify_strict(&transcript.bytes(), &Signature::from_bytes(signature))
            })
            .map_err(|_| Refusal::Signature)?;
        let shown = self.shown()?;
        let read = log::read(&self.hello.did, shown.as_ref(), now);
        let remembered = match &self.known {
            Some(log) => Some(log::read(&self.hello.did, Some(log), now)?),
            None => None,
        };
        let (known, log, news) = match remembered {
            None => (read?, shown, News::First),
            Some(remembered) => {
                let read = read?;
                match read.against(&remembered)? {
                    News::Older => (remembered, self.known.take(), News::Older),
                    news => (read, shown, news),
                }
            }
        };
        known.holds(link.peer)?;
        Ok(Proven {
            did: self.hello.did.clone(),
            device: link.peer,
            version: known.version().to_owned(),
            devices: known.devices,
            log,
            news,
        })
    }

    /// The log that was shown or, when it was not asked for, the remembered one of the same hash.
    fn shown(&mut self) -> Result<Option<DidLog>, Refusal> {
        if self.hello.bytes == 0 {
            return Ok(None);
        }
        if self.log.is_empty() {
            return Ok(self.known.clone());
        }
        let log = std::mem::take(&mut self.log);
        if *blake3::hash(&log).as_bytes() != *self.hello.log {
            return Err(Refusal::OtherLog);
        }
        let text = String::from_utf8(log).map_err(|_| Refusal::Log("it is no text".into()))?;
        DidLog::parse(&text).map(Some).map_err(log::bad)
    }
}
