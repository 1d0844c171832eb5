//! Remembers the proofs that were used, so that none is used twice.

use std::collections::HashSet;

use aws_lc_rs::digest;

use super::dpop::{MAX_AGE, MAX_AHEAD, Proof};

/// A proof is remembered for two of these, which covers the whole time it could be accepted.
const WINDOW: i64 = MAX_AGE + MAX_AHEAD + 1;

/// What became of a proof.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum Seen {
    /// It is new and now remembered.
    New,
    /// It was used before.
    Before,
    /// There is no room to remember it, so it cannot be accepted.
    Full,
}

/// Two generations of 128-bit digests: memory is bounded by `2 * capacity * ~18 bytes`, forgetting costs nothing.
pub(crate) struct ReplayCache {
    capacity: usize,
    turned: i64,
    young: HashSet<u128>,
    old: HashSet<u128>,
}

impl ReplayCache {
    /// `capacity` proofs for each window of about a minute.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            turned: i64::MIN,
            young: HashSet::new(),
            old: HashSet::new(),
        }
    }

    /// Remembers `proof`, whose time was already checked against `now`.
    pub(crate) fn remember(&mut self, proof: &Proof, now: i64) -> Seen {
        if now.saturating_sub(self.turned) >= WINDOW {
            let stale = now.saturating_sub(self.turned) >= 2 * WINDOW;
            self.old = std::mem::take(&mut self.young);
            if stale {
                self.old = HashSet::new();
            }
            self.turned = now;
        }
        let id = identify(proof);
        if self.young.contains(&id) || self.old.contains(&id) {
            return Seen::Before;
        }
        if self.young.len() >= self.capacity {
            return Seen::Full;
        }
        self.young.insert(id);
        Seen::New
    }
}

fn identify(proof: &Proof) -> u128 {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(&proof.key.0);
    hash.update(proof.jti.as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finish().as_ref()[..16]);
    u128::from_le_bytes(id)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;
    use crate::auth::dpop::{parse, tests::Key};

    fn proof(key: &Key, jti: &str, iat: i64) -> Proof {
        let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": key.jwk()});
        parse(&key.sign(
            &header,
            &json!({"htm": "GET", "htu": "http://x/", "iat": iat, "jti": jti}),
        ))
        .unwrap()
    }

    #[test]
    fn a_proof_is_taken_once_for_as_long_as_it_could_be_accepted() {
        let key = Key::new();
        let mut cache = ReplayCache::new(10);
        for start in [0, 35, 70, 71, 72] {
            let mine = proof(&key, &format!("p{start}"), start + MAX_AHEAD);
            assert_eq!(cache.remember(&mine, start), Seen::New);
            for later in 0..=(MAX_AGE + MAX_AHEAD) {
                assert_eq!(
                    cache.remember(&mine, start + later),
                    Seen::Before,
                    "{start}+{later}"
                );
            }
        }
    }

    #[test]
    fn two_keys_may_use_the_same_identifier() {
        let mut cache = ReplayCache::new(10);
        assert_eq!(cache.remember(&proof(&Key::new(), "same", 0), 0), Seen::New);
        assert_eq!(cache.remember(&proof(&Key::new(), "same", 0), 0), Seen::New);
    }

    #[test]
    fn a_full_cache_refuses_instead_of_forgetting() {
        let key = Key::new();
        let mut cache = ReplayCache::new(2);
        assert_eq!(cache.remember(&proof(&key, "1", 0), 0), Seen::New);
        assert_eq!(cache.remember(&proof(&key, "2", 0), 0), Seen::New);
        assert_eq!(cache.remember(&proof(&key, "3", 0), 0), Seen::Full);
        assert_eq!(cache.remember(&proof(&key, "1", 0), 0), Seen::Before);
        assert_eq!(
            cache.remember(&proof(&key, "3", 0), 200),
            Seen::New,
            "room again a while later"
        );
    }
}
