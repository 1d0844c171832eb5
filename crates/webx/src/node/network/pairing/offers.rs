//! The one pairing of a node: which step it is at, and what each event does to it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::time::Instant;
use webx_desktop::{PairingEnd, PairingState, PairingView};
use webx_overlay::NodeId;
use webx_overlay::transport::Connection;
use webx_peers::pairing::{self, Asking, BUSY, Cause, Digits, NOT_OPEN, PairingSecret};

/// How long a code is good, and how long the person may take to decide.
pub(super) const LIFE: Duration = Duration::from_secs(600);
/// So many may come with a wrong secret, or break off, before the code ends.
const MOST_WRONG: u32 = 20;

/// What is under way. Everything else that comes is turned away.
#[derive(Default)]
pub(crate) struct Offers {
    stage: Mutex<Stage>,
}

/// A code that is open.
struct Code {
    /// Tells this code from those before and after it.
    number: u64,
    secret: PairingSecret,
    until: Instant,
    expires: OffsetDateTime,
    wrong: u32,
    /// Somebody is heard out right now.
    hearing: bool,
}

/// What is shown of the new device.
#[derive(Clone)]
struct Seen {
    number: u64,
    name: String,
    node: NodeId,
    digits: Digits,
    expires: OffsetDateTime,
}

#[derive(Default)]
enum Stage {
    #[default]
    None,
    Open(Code),
    Asked(Seen, Box<Asking>),
    Adding(Seen),
    Done(Seen),
    Ended(PairingEnd),
}

/// Why a call does not fit the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Unfit {
    /// A device waits for the person's decision.
    Asked,
    /// A device is being added.
    Adding,
    /// No device waits.
    NotAsked,
    /// The person saw other digits.
    OtherDigits,
}

/// What becomes of a device that is being added.
pub(in super::super) enum Outcome {
    /// It has its keys.
    Done,
    /// It stands in the log and broke off.
    Unfinished,
    /// Nothing was changed; the person may try again.
    Back(Box<Asking>),
}

impl Offers {
    /// Opens a code, in the place of one that is open.
    pub(in super::super) fn open(&self, secret: PairingSecret) -> Result<OffsetDateTime, Unfit> {
        let mut stage = self.stage.lock();
        let number = match &*stage {
            Stage::Asked(..) => return Err(Unfit::Asked),
            Stage::Adding(_) => return Err(Unfit::Adding),
            Stage::Open(code) => code.number + 1,
            Stage::Done(seen) => seen.number + 1,
            Stage::None | Stage::Ended(_) => fresh(),
        };
        let expires = OffsetDateTime::now_utc() + LIFE;
        *stage = Stage::Open(Code {
            number,
            secret,
            until: Instant::now() + LIFE,
            expires,
            wrong: 0,
            hearing: false,
        });
        Ok(expires)
    }

    pub(in super::super) fn view(&self) -> PairingView {
        let mut stage = self.stage.lock();
        expire(&mut stage);
        let plain = |state| PairingView {
            state,
            expires: None,
            name: None,
            node: None,
            digits: None,
            ended: None,
        };
        let seen = |state, seen: &Seen| PairingView {
            expires: (state == PairingState::Asked).then_some(seen.expires),
            name: Some(seen.name.clone()),
            node: Some(seen.node.to_string()),
            digits: Some(seen.digits.to_string()),
            ..plain(state)
        };
        match &*stage {
            Stage::None => plain(PairingState::None),
            Stage::Open(code) => PairingView {
                expires: Some(code.expires),
                ..plain(PairingState::Open)
            },
            Stage::Asked(asked, _) => seen(PairingState::Asked, asked),
            Stage::Adding(adding) => seen(PairingState::Adding, adding),
            Stage::Done(done) => seen(PairingState::Done, done),
            Stage::Ended(why) => PairingView {
                ended: Some(*why),
                ..plain(PairingState::Ended)
            },
        }
    }

    /// Takes the code back; gives the device that has to be told.
    pub(in super::super) fn withdraw(&self) -> Result<Option<Box<Asking>>, Unfit> {
        let mut stage = self.stage.lock();
        if matches!(*stage, Stage::Adding(_)) {
            return Err(Unfit::Adding);
        }
        Ok(match std::mem::take(&mut *stage) {
            Stage::Asked(_, asking) => Some(asking),
            _ => None,
        })
    }

    /// A connection has come in. Hears it out if a code is open and nobody else is being heard; the code is used up by who
    /// knows its secret, and by nobody else.
    pub(crate) async fn call(self: Arc<Self>, connection: Arc<dyn Connection>, own: NodeId) {
        let begun = {
            let mut stage = self.stage.lock();
            expire(&mut stage);
            match &mut *stage {
                Stage::Open(code) if !code.hearing => {
                    code.hearing = true;
                    Ok((code.number, code.secret.clone()))
                }
                Stage::Open(_) | Stage::Asked(..) | Stage::Adding(_) => Err(BUSY),
                Stage::None | Stage::Done(_) | Stage::Ended(_) => Err(NOT_OPEN),
            }
        };
        let (number, secret) = match begun {
            Ok(begun) => begun,
            Err(code) => return connection.close(code, ""),
        };
        match pairing::answer(connection.clone(), own, &secret).await {
            Ok(asking) => {
                if let Some(asking) = self.asks(number, asking) {
                    asking.refuse(Cause::Declined).await;
                    return;
                }
                self.wait(number, connection).await;
            }
            Err(error) => {
                tracing::debug!("a device was not heard out: {error}");
                connection.close(0, "");
                self.was_wrong(number);
            }
        }
    }

    /// The device has proved the secret. Given back when the code was taken back meanwhile.
    fn asks(&self, number: u64, asking: Asking) -> Option<Asking> {
        let mut stage = self.stage.lock();
        match &*stage {
            Stage::Open(code) if code.number == number => {
                let seen = Seen {
                    number,
                    name: asking.name().to_owned(),
                    node: asking.node(),
                    digits: asking.digits(),
                    expires: OffsetDateTime::now_utc() + LIFE,
                };
                *stage = Stage::Asked(seen, Box::new(asking));
                None
            }
            _ => Some(asking),
        }
    }

    fn was_wrong(&self, number: u64) {
        let mut stage = self.stage.lock();
        if let Stage::Open(code) = &mut *stage
            && code.number == number
        {
            code.hearing = false;
            code.wrong += 1;
            if code.wrong >= MOST_WRONG {
                *stage = Stage::Ended(PairingEnd::Flooded);
            }
        }
    }

    /// Waits for the person, for the time that he has, while the device stays.
    async fn wait(&self, number: u64, connection: Arc<dyn Connection>) {
        let gone = tokio::time::timeout(LIFE, connection.closed())
            .await
            .is_ok();
        let asking = {
            let mut stage = self.stage.lock();
            if !matches!(&*stage, Stage::Asked(seen, _) if seen.number == number) {
                return;
            }
            let end = if gone {
                PairingEnd::Gone
            } else {
                PairingEnd::Expired
            };
            match std::mem::replace(&mut *stage, Stage::Ended(end)) {
                Stage::Asked(_, asking) => asking,
                _ => return,
            }
        };
        if !gone {
            asking.refuse(Cause::Expired).await;
        }
    }

    /// The person says yes, and saw these digits.
    pub(in super::super) fn begin(&self, digits: &str) -> Result<Box<Asking>, Unfit> {
        let mut stage = self.stage.lock();
        match &*stage {
            Stage::Asked(seen, _) if !seen.digits.matches(digits) => Err(Unfit::OtherDigits),
            Stage::Asked(seen, _) => {
                let seen = seen.clone();
                match std::mem::replace(&mut *stage, Stage::Adding(seen)) {
                    Stage::Asked(_, asking) => Ok(asking),
                    _ => Err(Unfit::NotAsked),
                }
            }
            Stage::Adding(_) => Err(Unfit::Adding),
            _ => Err(Unfit::NotAsked),
        }
    }

    /// What has become of the device that was being added.
    pub(in super::super) fn end(self: &Arc<Self>, outcome: Outcome) {
        let mut stage = self.stage.lock();
        let Stage::Adding(seen) = &*stage else {
            return;
        };
        let seen = seen.clone();
        *stage = match outcome {
            Outcome::Done => Stage::Done(seen),
            Outcome::Unfinished => Stage::Ended(PairingEnd::Unfinished),
            Outcome::Back(asking) => {
                let (this, number, connection) = (self.clone(), seen.number, asking.connection());
                tokio::spawn(async move { this.wait(number, connection).await });
                Stage::Asked(seen, asking)
            }
        };
    }
}

/// Codes of one process are numbered so that none is taken for another.
fn fresh() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1 << 16, Ordering::Relaxed)
}

fn expire(stage: &mut Stage) {
    if let Stage::Open(code) = stage
        && Instant::now() >= code.until
    {
        *stage = Stage::Ended(PairingEnd::Expired);
    }
}

#[cfg(test)]
mod tests;
