//! What is believed of a store: the state machine of the TUF client workflow (section 5 of the
//! specification). Pure: bytes and time come in as arguments.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    Error,
    role::{Envelope, FileMeta, Role, Root, Snapshot, Targets, Timestamp, check_fresh},
};

/// A metadata file together with the bytes it was read from.
#[derive(Clone, Debug)]
struct Kept<T> {
    text: String,
    is: T,
}

/// The newest metadata of each role that has been verified.
#[derive(Clone, Debug)]
pub(crate) struct Trusted {
    root: Kept<Root>,
    timestamp: Option<Kept<Timestamp>>,
    snapshot: Option<Kept<Snapshot>>,
    targets: Option<Kept<Targets>>,
}

/// The same as text, for keeping.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Texts {
    root: String,
    timestamp: Option<String>,
    snapshot: Option<String>,
    targets: Option<String>,
}

fn text(role: Role, bytes: &[u8]) -> Result<String, Error> {
    String::from_utf8(bytes.to_vec()).map_err(|_| role.malformed("it is not UTF-8"))
}

impl Trusted {
    /// Begins with a root that is trusted for reasons outside of this.
    pub(crate) fn new(pinned: &[u8]) -> Result<Self, Error> {
        let envelope = Envelope::parse(Role::Root, pinned)?;
        let root = Root::parse(&envelope)?;
        envelope.verify(&root)?;
        Ok(Self {
            root: Kept {
                text: text(Role::Root, pinned)?,
                is: root,
            },
            timestamp: None,
            snapshot: None,
            targets: None,
        })
    }

    /// Takes up what was kept. It is verified again, but may have expired meanwhile.
    pub(crate) fn from_texts(texts: &Texts) -> Result<Self, Error> {
        let mut trusted = Self::new(texts.root.as_bytes())?;
        let root = &trusted.root.is;
        let read = |role: Role, text: &str| {
            let envelope = Envelope::parse(role, text.as_bytes())?;
            envelope.verify(root).map(|()| envelope)
        };
        // Keys of online roles may have been rotated since: what they signed is given up then.
        let kept = |role: Role, text: &Option<String>| {
            let text = text.clone()?;
            let envelope = read(role, &text).ok()?;
            Some((text, envelope))
        };
        let timestamp = kept(Role::Timestamp, &texts.timestamp).and_then(|(text, envelope)| {
            Some(Kept {
                text,
                is: Timestamp::parse(&envelope).ok()?,
            })
        });
        let snapshot = kept(Role::Snapshot, &texts.snapshot).and_then(|(text, envelope)| {
            Some(Kept {
                text,
                is: Snapshot::parse(&envelope).ok()?,
            })
        });
        let targets = kept(Role::Targets, &texts.targets).and_then(|(text, envelope)| {
            Some(Kept {
                text,
                is: Targets::parse(&envelope).ok()?,
            })
        });
        trusted.timestamp = timestamp;
        trusted.snapshot = snapshot;
        trusted.targets = targets;
        Ok(trusted)
    }

    pub(crate) fn texts(&self) -> Texts {
        Texts {
            root: self.root.text.clone(),
            timestamp: self.timestamp.as_ref().map(|kept| kept.text.clone()),
            snapshot: self.snapshot.as_ref().map(|kept| kept.text.clone()),
            targets: self.targets.as_ref().map(|kept| kept.text.clone()),
        }
    }

    pub(crate) fn root(&self) -> &Root {
        &self.root.is
    }

    pub(crate) fn targets(&self) -> Option<&Targets> {
        self.targets.as_ref().map(|kept| &kept.is)
    }

    /// The next root: signed by the keys of the trusted one and by its own, one version higher.
    pub(crate) fn update_root(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let envelope = Envelope::parse(Role::Root, bytes)?;
        envelope.verify(&self.root.is)?;
        let next = Root::parse(&envelope)?;
        envelope.verify(&next)?;
        let seen = self.root.is.version;
        if next.version != seen + 1 {
            return Err(Error::Rollback {
                role: Role::Root.name(),
                found: next.version,
                seen,
            });
        }
        // Whoever stole an online key could have signed very high versions; new keys start anew.
        let rotated = |role| self.root.is.role(role) != next.role(role);
        if rotated(Role::Timestamp) || rotated(Role::Snapshot) {
            self.timestamp = None;
            self.snapshot = None;
        }
        if rotated(Role::Targets) {
            self.targets = None;
        }
        self.root = Kept {
            text: text(Role::Root, bytes)?,
            is: next,
        };
        Ok(())
    }

    /// To be called when there is no further root.
    pub(crate) fn check_root(&self, now: OffsetDateTime) -> Result<(), Error> {
        check_fresh(Role::Root, self.root.is.expires, now)
    }

    pub(crate) fn update_timestamp(
        &mut self,
        bytes: &[u8],
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let role = Role::Timestamp;
        let envelope = Envelope::parse(role, bytes)?;
        envelope.verify(&self.root.is)?;
        let next = Timestamp::parse(&envelope)?;
        if let Some(seen) = &self.timestamp {
            not_older(role, next.version, seen.is.version)?;
            not_older(
                Role::Snapshot,
                next.snapshot.version,
                seen.is.snapshot.version,
            )?;
            if next.version == seen.is.version && next.snapshot != seen.is.snapshot {
                return Err(Error::Mixed {
                    role: role.name(),
                    reason: "there are two of the same version".into(),
                });
            }
        }
        envelope.check_fresh(now)?;
        self.timestamp = Some(Kept {
            text: text(role, bytes)?,
            is: next,
        });
        Ok(())
    }

    /// What the timestamp says about the snapshot, and whether that very one is trusted already.
    pub(crate) fn wanted_snapshot(&self) -> Result<(FileMeta, bool), Error> {
        let wanted = &self.timestamp.as_ref().ok_or(Error::NotRead)?.is.snapshot;
        let have = self.snapshot.as_ref().is_some_and(|kept| {
            kept.is.version == wanted.version
                && wanted.check(Role::Snapshot, kept.text.as_bytes()).is_ok()
        });
        Ok((wanted.clone(), have))
    }

    pub(crate) fn update_snapshot(
        &mut self,
        bytes: &[u8],
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let role = Role::Snapshot;
        let (wanted, _) = self.wanted_snapshot()?;
        wanted.check(role, bytes)?;
        let envelope = Envelope::parse(role, bytes)?;
        envelope.verify(&self.root.is)?;
        let next = Snapshot::parse(&envelope)?;
        if next.version != wanted.version {
            return Err(Error::Mixed {
                role: role.name(),
                reason: format!("it is version {}, not {}", next.version, wanted.version),
            });
        }
        if let Some(seen) = &self.snapshot {
            for (name, meta) in &seen.is.meta {
                let found = next.meta.get(name).ok_or_else(|| Error::Mixed {
                    role: role.name(),
                    reason: format!("{name} has vanished"),
                })?;
                not_older(Role::Targets, found.version, meta.version)?;
            }
        }
        envelope.check_fresh(now)?;
        self.snapshot = Some(Kept {
            text: text(role, bytes)?,
            is: next,
        });
        Ok(())
    }

    /// Checks a snapshot that was trusted before.
    pub(crate) fn check_snapshot(&self, now: OffsetDateTime) -> Result<(), Error> {
        let kept = self.snapshot.as_ref().ok_or(Error::NotRead)?;
        check_fresh(Role::Snapshot, kept.is.expires, now)
    }

    /// What the snapshot says about the targets, and whether those very ones are trusted already.
    pub(crate) fn wanted_targets(&self) -> Result<(FileMeta, bool), Error> {
        let snapshot = self.snapshot.as_ref().ok_or(Error::NotRead)?;
        let wanted = snapshot.is.meta.get("targets.json").ok_or(Error::NotRead)?;
        let have = self.targets.as_ref().is_some_and(|kept| {
            kept.is.version == wanted.version
                && wanted.check(Role::Targets, kept.text.as_bytes()).is_ok()
        });
        Ok((wanted.clone(), have))
    }

    pub(crate) fn update_targets(
        &mut self,
        bytes: &[u8],
        now: OffsetDateTime,
    ) -> Result<(), Error> {
        let role = Role::Targets;
        let (wanted, _) = self.wanted_targets()?;
        wanted.check(role, bytes)?;
        let envelope = Envelope::parse(role, bytes)?;
        envelope.verify(&self.root.is)?;
        let next = Targets::parse(&envelope)?;
        if next.version != wanted.version {
            return Err(Error::Mixed {
                role: role.name(),
                reason: format!("it is version {}, not {}", next.version, wanted.version),
            });
        }
        envelope.check_fresh(now)?;
        self.targets = Some(Kept {
            text: text(role, bytes)?,
            is: next,
        });
        Ok(())
    }

    /// Checks that all that is trusted belongs together and is of this time.
    pub(crate) fn check_complete(&self, now: OffsetDateTime) -> Result<&Targets, Error> {
        self.check_root(now)?;
        let timestamp = self.timestamp.as_ref().ok_or(Error::NotRead)?;
        check_fresh(Role::Timestamp, timestamp.is.expires, now)?;
        self.check_snapshot(now)?;
        let targets = self.targets.as_ref().ok_or(Error::NotRead)?;
        check_fresh(Role::Targets, targets.is.expires, now)?;
        if !self.wanted_snapshot()?.1 || !self.wanted_targets()?.1 {
            return Err(Error::NotRead);
        }
        Ok(&targets.is)
    }
}

fn not_older(role: Role, found: u64, seen: u64) -> Result<(), Error> {
    if found >= seen {
        return Ok(());
    }
    Err(Error::Rollback {
        role: role.name(),
        found,
        seen,
    })
}
