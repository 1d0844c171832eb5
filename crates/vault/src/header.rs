//! `vault.cbor`: which secrets open the vault. See `docs/protocol/vault.md`.
//!
//! The file is a DAG-CBOR map `{format, version, body, sum, mac}`. `body` holds the encoded slots; `sum` is its BLAKE3
//! hash and finds bit rot while locked; `mac` is keyed by the data key and finds tampering once unlocked.
use std::path::{Path, PathBuf};

use aws_lc_rs::{aead, constant_time, hmac};
use serde::{Deserialize, Serialize};
use serde_bytes::{ByteArray, ByteBuf};
use uuid::Uuid;

use crate::disk::{self, Disk};
use crate::error::{Damage, Error, Result};
use crate::kdf::{self, KdfCost, SlotKeys};
use crate::secret::{Passphrase, Secret32};

/// Name of the header file.
pub(crate) const FILE: &str = "vault.cbor";
/// Name of its second copy.
pub(crate) const BACKUP: &str = "vault.cbor.bak";
const FORMAT: &str = "webx-vault";
const VERSION: u64 = 1;
/// A header is small: some slots of about 250 bytes.
const MAX_BYTES: usize = 64 * 1024;
const MAX_SLOTS: usize = 64;

/// What kind of secret opens a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SlotKind {
    /// A passphrase, stretched by Argon2id.
    Passphrase,
    /// The recovery key derived from the 24 words.
    Recovery,
    /// The PRF output of a passkey.
    Passkey,
    /// A secret shared among guardians.
    Guardians,
}

/// What may be said about a slot while the vault is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotInfo {
    /// The slot's identifier.
    pub id: Uuid,
    /// Kind of secret that opens it.
    pub kind: SlotKind,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    body: ByteBuf,
    format: String,
    mac: ByteArray<32>,
    sum: ByteArray<32>,
    version: u64,
}

/// Reads the version before anything else is believed.
#[derive(Deserialize)]
struct Probe {
    format: String,
    version: u64,
}

/// The slots of a vault.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Header {
    /// Grows by one with each change, so that an old copy put back is noticed.
    pub(crate) generation: u64,
    id: ByteArray<16>,
    slots: Vec<Slot>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slot {
    /// Proves which key was used before anything is decrypted: AES-GCM alone does not commit to its key.
    commit: ByteArray<32>,
    id: ByteArray<16>,
    kdf: Kdf,
    kind: SlotKind,
    nonce: ByteArray<12>,
    salt: ByteArray<32>,
    wrapped: ByteArray<48>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Kdf {
    Argon2id {
        lanes: u32,
        memory: u32,
        passes: u32,
    },
    Hkdf {},
}

/// A secret for a slot.
pub(crate) enum SlotSecret<'a> {
    /// A new slot gets this cost; trying it uses the cost the slot names.
    Passphrase(&'a Passphrase, Option<KdfCost>),
    Recovery(&'a Secret32),
}

/// What trying a secret gave.
pub(crate) enum Tried {
    Open(Secret32),
    Wrong,
    NoSuchSlot,
    Damaged(Damage),
}

/// A header with the bytes it was read from.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) header: Header,
    body: Vec<u8>,
    mac: [u8; 32],
    /// The file that was used: the header, or its second copy when the first was damaged.
    pub(crate) file: PathBuf,
}

impl Header {
    pub(crate) fn new(id: Uuid) -> Self {
        Self {
            generation: 0,
            id: ByteArray::new(id.into_bytes()),
            slots: Vec::new(),
        }
    }

    pub(crate) fn id(&self) -> Uuid {
        Uuid::from_bytes(*self.id)
    }

    pub(crate) fn slots(&self) -> Vec<SlotInfo> {
        self.slots
            .iter()
            .map(|s| SlotInfo {
                id: Uuid::from_bytes(*s.id),
                kind: s.kind,
            })
            .collect()
    }

    /// Cost of the passphrase slot, to keep it when the passphrase changes.
    pub(crate) fn passphrase_cost(&self) -> Option<KdfCost> {
        self.slots.iter().find_map(|s| match (s.kind, s.kdf) {
            (
                SlotKind::Passphrase,
                Kdf::Argon2id {
                    lanes,
                    memory,
                    passes,
                },
            ) => Some(KdfCost {
                memory_kib: memory,
                passes,
                lanes,
            }),
            _ => None,
        })
    }

    /// Puts `secret` in place of all slots of its kind.
    pub(crate) fn set(&mut self, data_key: &Secret32, secret: &SlotSecret<'_>) -> Result<()> {
        let (kind, kdf) = match secret {
            SlotSecret::Passphrase(_, cost) => {
                let cost = cost.ok_or(Error::Crypto("a new slot needs a cost"))?;
                let kdf = Kdf::Argon2id {
                    lanes: cost.lanes,
                    memory: cost.memory_kib,
                    passes: cost.passes,
                };
                (SlotKind::Passphrase, kdf)
            }
            SlotSecret::Recovery(_) => (SlotKind::Recovery, Kdf::Hkdf {}),
        };
        let mut slot = Slot {
            commit: ByteArray::new([0; 32]),
            id: ByteArray::new(Uuid::now_v7().into_bytes()),
            kdf,
            kind,
            nonce: ByteArray::new(random()?),
            salt: ByteArray::new(random()?),
            wrapped: ByteArray::new([0; 48]),
        };
        let keys = slot.keys(secret)?;
        slot.commit = ByteArray::new(commitment(&keys, &self.context(&slot)));
        let mut sealed = zeroize::Zeroizing::new(data_key.as_bytes().to_vec());
        sealing_key(&keys)?
            .seal_in_place_append_tag(
                slot.nonce(),
                aead::Aad::from(self.context(&slot)),
                &mut *sealed,
            )
            .map_err(|_| Error::Crypto("wrapping the data key"))?;
        slot.wrapped.copy_from_slice(&sealed);
        self.slots.retain(|s| s.kind != kind);
        self.slots.push(slot);
        self.generation += 1;
        Ok(())
    }

    /// Tries a secret on the slots of its kind.
    pub(crate) fn open(&self, file: &Path, secret: &SlotSecret<'_>) -> Result<Tried> {
        let kind = match secret {
            SlotSecret::Passphrase(..) => SlotKind::Passphrase,
            SlotSecret::Recovery(_) => SlotKind::Recovery,
        };
        let mut seen = false;
        for slot in self.slots.iter().filter(|s| s.kind == kind) {
            seen = true;
            let keys = slot.keys(secret)?;
            let context = self.context(slot);
            if constant_time::verify_slices_are_equal(&commitment(&keys, &context), &*slot.commit)
                .is_err()
            {
                continue;
            }
            let mut sealed = zeroize::Zeroizing::new(*slot.wrapped);
            let opened = sealing_key(&keys)?.open_in_place(
                slot.nonce(),
                aead::Aad::from(context),
                &mut *sealed,
            );
            let Ok(plain) = opened else {
                return Ok(Tried::Damaged(Damage::new(
                    file,
                    "the slot of this secret does not open though the secret is right",
                    "use the other way in (recovery words or passphrase), then set this one again",
                )));
            };
            let mut data_key = Secret32::new([0; 32]);
            data_key.as_mut().copy_from_slice(plain);
            return Ok(Tried::Open(data_key));
        }
        Ok(if seen {
            Tried::Wrong
        } else {
            Tried::NoSuchSlot
        })
    }

    /// What a slot's key is bound to: the vault, the slot and its parameters.
    fn context(&self, slot: &Slot) -> Vec<u8> {
        let mut context = b"webx-vault/1/slot\0".to_vec();
        context.extend_from_slice(&*self.id);
        context.extend_from_slice(&*slot.id);
        let (kdf, a, b, c) = match slot.kdf {
            Kdf::Argon2id {
                lanes,
                memory,
                passes,
            } => (1u8, lanes, memory, passes),
            Kdf::Hkdf {} => (2, 0, 0, 0),
        };
        context.push(slot.kind as u8);
        context.push(kdf);
        for value in [a, b, c] {
            context.extend_from_slice(&value.to_be_bytes());
        }
        context.extend_from_slice(&*slot.salt);
        context
    }

    /// Writes header and second copy. Both hold the same, so no replaced slot stays behind; whichever of the two
    /// writes is cut short, the other copy is whole.
    pub(crate) fn store(&self, disk: &dyn Disk, dir: &Path, data_key: &Secret32) -> Result<Stored> {
        let failed = |_| Error::Crypto("encoding the header");
        let body = serde_ipld_dagcbor::to_vec(self).map_err(failed)?;
        let mac = mac(data_key, &body)?;
        let envelope = Envelope {
            sum: ByteArray::new(*blake3::hash(&body).as_bytes()),
            mac: ByteArray::new(mac),
            body: ByteBuf::from(body.clone()),
            format: FORMAT.into(),
            version: VERSION,
        };
        let bytes = serde_ipld_dagcbor::to_vec(&envelope).map_err(failed)?;
        for name in [FILE, BACKUP] {
            let path = dir.join(name);
            disk::replace(disk, &path, &bytes).map_err(|e| Error::io("write", &path, e))?;
        }
        Ok(Stored {
            header: self.clone(),
            body,
            mac,
            file: dir.join(FILE),
        })
    }
}

impl Slot {
    fn keys(&self, secret: &SlotSecret<'_>) -> Result<SlotKeys> {
        match (secret, self.kdf) {
            (
                SlotSecret::Passphrase(passphrase, _),
                Kdf::Argon2id {
                    lanes,
                    memory,
                    passes,
                },
            ) => kdf::stretch(
                passphrase.as_bytes(),
                &self.salt,
                KdfCost {
                    memory_kib: memory,
                    passes,
                    lanes,
                },
            ),
            (SlotSecret::Recovery(key), Kdf::Hkdf {}) => kdf::expand_slot(key, &self.salt),
            _ => Err(Error::Crypto(
                "a slot names a key derivation that does not fit its kind",
            )),
        }
    }

    fn nonce(&self) -> aead::Nonce {
        aead::Nonce::assume_unique_for_key(*self.nonce)
    }
}

impl Stored {
    /// Reads the header, or its second copy when the first is damaged or missing.
    pub(crate) fn load(disk: &dyn Disk, dir: &Path) -> Result<(Self, Vec<Damage>)> {
        let first = dir.join(FILE);
        let problem = match Self::load_file(disk, &first) {
            Ok(stored) => return Ok((stored, Vec::new())),
            Err(e @ Error::NewerFormat { .. }) => return Err(e),
            Err(e) => e,
        };
        let second = dir.join(BACKUP);
        match Self::load_file(disk, &second) {
            Ok(stored) => {
                let damage = Damage::new(
                    first,
                    problem.to_string(),
                    "its second copy is whole and was used",
                );
                Ok((stored, vec![damage]))
            }
            Err(_) => Err(problem),
        }
    }

    pub(crate) fn load_file(disk: &dyn Disk, path: &Path) -> Result<Self> {
        let bytes = disk::read_small(disk, path, MAX_BYTES).map_err(|e| match e.kind() {
            std::io::ErrorKind::InvalidData => damaged(path, "it is too large"),
            _ => Error::io("read", path, e),
        })?;
        Self::parse(path, &bytes)
    }

    /// Parses and checks a header. Everything in it is outside data.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        if bytes.len() > MAX_BYTES {
            return Err(damaged(path, "it is too large"));
        }
        let probe: Probe = serde_ipld_dagcbor::from_slice(bytes)
            .map_err(|_| damaged(path, "it is not a vault header"))?;
        if probe.format != FORMAT {
            return Err(damaged(path, "it is not a vault header"));
        }
        // Older versions are migrated here, one arm each; version 1 is the first.
        match probe.version {
            VERSION => {}
            found => {
                return Err(Error::NewerFormat {
                    file: path.to_path_buf(),
                    found,
                    known: VERSION,
                });
            }
        }
        let envelope: Envelope = serde_ipld_dagcbor::from_slice(bytes)
            .map_err(|_| damaged(path, "its fields do not parse"))?;
        if blake3::hash(&envelope.body) != blake3::Hash::from_bytes(*envelope.sum) {
            return Err(damaged(path, "its checksum is wrong"));
        }
        let header: Header = serde_ipld_dagcbor::from_slice(&envelope.body)
            .map_err(|_| damaged(path, "its slots do not parse"))?;
        if header.slots.len() > MAX_SLOTS {
            return Err(damaged(path, "it has too many slots"));
        }
        for slot in &header.slots {
            if let Kdf::Argon2id {
                lanes,
                memory,
                passes,
            } = slot.kdf
                && !(KdfCost {
                    memory_kib: memory,
                    passes,
                    lanes,
                })
                .is_bearable()
            {
                return Err(damaged(
                    path,
                    "a slot asks for more memory or time than any vault needs",
                ));
            }
        }
        let mac = *envelope.mac;
        Ok(Self {
            header,
            body: envelope.body.into_vec(),
            mac,
            file: path.to_path_buf(),
        })
    }

    /// True when nobody without the data key changed the header.
    pub(crate) fn is_authentic(&self, data_key: &Secret32) -> bool {
        mac(data_key, &self.body)
            .is_ok_and(|m| constant_time::verify_slices_are_equal(&m, &self.mac).is_ok())
    }
}

fn mac(data_key: &Secret32, body: &[u8]) -> Result<[u8; 32]> {
    let key = kdf::hkdf32(data_key, b"webx-vault/1", b"header")?;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), body);
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    Ok(out)
}

fn commitment(keys: &SlotKeys, context: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(
        &hmac::Key::new(hmac::HMAC_SHA256, keys.commit.as_bytes()),
        context,
    );
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    out
}

fn sealing_key(keys: &SlotKeys) -> Result<aead::LessSafeKey> {
    aead::UnboundKey::new(&aead::AES_256_GCM, keys.wrap.as_bytes())
        .map(aead::LessSafeKey::new)
        .map_err(|_| Error::Crypto("AES-256-GCM"))
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| Error::Crypto("no randomness from the system"))?;
    Ok(bytes)
}

fn damaged(path: &Path, what: &str) -> Error {
    Error::Damaged(Damage::new(
        path,
        what,
        "put a backup of this file back; the data cannot be opened without a whole header",
    ))
}
