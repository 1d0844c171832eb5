//! Safety numbers: what two people compare to know that nobody stands between them.

use std::fmt;

use serde_json::Value;
use time::OffsetDateTime;
use webx_identity::{Did, DidLog, Method};
use webx_overlay::NodeId;

use crate::proof::{self, Refusal};

const DIGEST: &str = "webx 2026 identity digest v1";
const NUMBER: &str = "webx 2026 safety number v1";
/// Rounds of hashing between the digest and the number: 30 digits hold 99.6 bits, and each try shall cost.
const ROUNDS: u32 = 4096;

/// A fingerprint of a person's keys: the DID, the keys that may change its log and the devices in it. It changes when any of
/// them does.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdentityDigest(pub [u8; 32]);

impl IdentityDigest {
    /// The fingerprint of the newest version of `log`.
    ///
    /// # Errors
    /// When the log does not hold.
    pub fn of(did: &Did, log: Option<&DidLog>, now: OffsetDateTime) -> Result<Self, Refusal> {
        let devices = proof::devices(did, log, now)?;
        Ok(Self::verified(did, log, &devices))
    }

    /// The same of a log that was verified before.
    pub(crate) fn verified(did: &Did, log: Option<&DidLog>, devices: &[NodeId]) -> Self {
        let name = match did.method() {
            Method::ScidVh { scid } | Method::Webvh { scid } => scid,
            _ => did.as_str(),
        };
        let mut updates = log.map(update_keys).unwrap_or_default();
        updates.sort_unstable();
        let mut devices: Vec<&[u8]> = devices.iter().map(|node| &node.as_bytes()[..]).collect();
        devices.sort_unstable();
        let mut hasher = blake3::Hasher::new_derive_key(DIGEST);
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        add(name.as_bytes());
        add(&(updates.len() as u64).to_le_bytes());
        updates.iter().for_each(|key| add(key.as_bytes()));
        devices.iter().for_each(|key| add(key));
        Self(hasher.finalize().into())
    }

    /// This person's half of every safety number: 30 digits.
    fn half(self) -> String {
        let mut bytes = self.0;
        for _ in 0..ROUNDS {
            bytes = blake3::keyed_hash(&bytes, &self.0).into();
        }
        let mut groups = [0_u8; 30];
        blake3::Hasher::new_derive_key(NUMBER)
            .update(&bytes)
            .finalize_xof()
            .fill(&mut groups);
        groups
            .chunks(5)
            .map(|group| {
                group
                    .iter()
                    .fold(0_u64, |n, byte| n << 8 | u64::from(*byte))
            })
            .map(|n| format!("{:05}", n % 100_000))
            .collect()
    }
}

impl fmt::Debug for IdentityDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&data_encoding::HEXLOWER.encode(self.0.get(..8).unwrap_or_default()))
    }
}

/// 60 digits that two people see alike, unless somebody stands between them. Shown in twelve groups of five.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SafetyNumber(String);

impl SafetyNumber {
    /// The number of two people; it is the same for both.
    #[must_use]
    pub fn of(one: IdentityDigest, other: IdentityDigest) -> Self {
        let mut halves = [one.half(), other.half()];
        halves.sort_unstable();
        Self(halves.concat())
    }

    /// The 60 digits.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Whether a typed or scanned number is this one; spaces do not matter.
    #[must_use]
    pub fn matches(&self, typed: &str) -> bool {
        typed
            .chars()
            .filter(|c| !c.is_whitespace())
            .eq(self.0.chars())
    }
}

impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, digit) in self.0.chars().enumerate() {
            if index > 0 && index % 5 == 0 {
                f.write_str(" ")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The keys that may make the next entry: those of the last entry that names any.
fn update_keys(log: &DidLog) -> Vec<String> {
    let keys = |entry: &Value| {
        let list = entry.get("parameters")?.get("updateKeys")?.as_array()?;
        let text = |key: &Value| key.as_str().map(str::to_owned);
        Some(list.iter().filter_map(text).collect())
    };
    log.entries()
        .iter()
        .rev()
        .find_map(keys)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::testing::{NOW, Person, person};

    fn digest(person: &Person) -> IdentityDigest {
        IdentityDigest::of(&person.identity.did, Some(&person.identity.log), NOW).unwrap()
    }

    #[test]
    fn two_people_see_the_same_sixty_digits() {
        let (ann, ben) = (digest(&person(1)), digest(&person(2)));
        let number = SafetyNumber::of(ann, ben);
        assert_eq!(number, SafetyNumber::of(ben, ann));
        assert_eq!(number.digits().len(), 60);
        assert!(number.digits().bytes().all(|digit| digit.is_ascii_digit()));
        assert!(number.matches(&number.to_string()));
        assert!(!number.matches("12345"));
        assert_ne!(number, SafetyNumber::of(ann, digest(&person(3))));
    }

    #[test]
    fn a_number_keeps_its_digits() {
        let number = SafetyNumber::of(IdentityDigest([1; 32]), IdentityDigest([2; 32]));
        assert_eq!(
            number.to_string(),
            "29380 39959 30564 04140 06904 09845 67125 65802 81035 76043 22816 27643"
        );
    }

    #[test]
    fn a_new_device_or_another_update_key_changes_the_number() {
        let mut ann = person(1);
        let before = digest(&ann);
        ann.rotate(&[0]);
        let rotated = digest(&ann);
        assert_ne!(before, rotated);
        ann.rotate(&[0, 1]);
        assert_ne!(rotated, digest(&ann));
    }
}
