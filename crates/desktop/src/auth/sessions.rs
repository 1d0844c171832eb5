//! Who is logged in: tokens that are worth nothing without the browser's key.

use std::{collections::HashMap, time::Duration};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::dpop::Thumbprint;

/// A fresh token and when it ends. The node keeps only its hash.
pub(crate) struct Issued {
    pub(crate) token: Zeroizing<String>,
    pub(crate) expires_at: OffsetDateTime,
}

struct Session {
    key: Thumbprint,
    /// Groups the tokens of one login, so that a log-out ends the one a refresh replaced too.
    login: u64,
    expires_at: OffsetDateTime,
}

/// The logins of a running node; all of them end when it locks or stops.
pub(crate) struct Sessions {
    life: Duration,
    capacity: usize,
    next_login: u64,
    by_hash: HashMap<[u8; 32], Session>,
}

impl Sessions {
    pub(crate) fn new(life: Duration, capacity: usize) -> Self {
        Self {
            life,
            capacity: capacity.max(1),
            next_login: 0,
            by_hash: HashMap::new(),
        }
    }

    /// A new login for the holder of `key`.
    pub(crate) fn issue(
        &mut self,
        key: Thumbprint,
        now: OffsetDateTime,
    ) -> Result<Issued, getrandom::Error> {
        self.next_login += 1;
        self.insert(key, self.next_login, now)
    }

    /// Another token for the login that `token` belongs to. The old one stays good for as long as it would have been:
    /// requests under way carry it.
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        now: OffsetDateTime,
    ) -> Option<Result<Issued, getrandom::Error>> {
        let session = self
            .by_hash
            .get(&hash(token))
            .filter(|s| s.expires_at > now)?;
        let (key, login) = (session.key, session.login);
        Some(self.insert(key, login, now))
    }

    /// Whether `token` is good and bound to `key`; the number of its login if so.
    pub(crate) fn check(&self, token: &str, key: Thumbprint, now: OffsetDateTime) -> Option<u64> {
        let session = self.by_hash.get(&hash(token))?;
        (session.expires_at > now && session.key == key).then_some(session.login)
    }

    /// Whether any token of this login is still good.
    pub(crate) fn is_live(&self, login: u64, now: OffsetDateTime) -> bool {
        self.by_hash
            .values()
            .any(|s| s.login == login && s.expires_at > now)
    }

    /// Ends one login with all its tokens.
    pub(crate) fn end(&mut self, login: u64) {
        self.by_hash.retain(|_, s| s.login != login);
    }

    /// Ends every login.
    pub(crate) fn clear(&mut self) {
        self.by_hash.clear();
    }

    fn insert(
        &mut self,
        key: Thumbprint,
        login: u64,
        now: OffsetDateTime,
    ) -> Result<Issued, getrandom::Error> {
        self.by_hash.retain(|_, s| s.expires_at > now);
        while self.by_hash.len() >= self.capacity {
            let Some(oldest) = self
                .by_hash
                .iter()
                .min_by_key(|(_, s)| s.expires_at)
                .map(|(h, _)| *h)
            else {
                break;
            };
            self.by_hash.remove(&oldest);
        }
        let token = random_token()?;
        let expires_at = now + self.life;
        self.by_hash.insert(
            hash(&token),
            Session {
                key,
                login,
                expires_at,
            },
        );
        Ok(Issued { token, expires_at })
    }
}

/// 256 random bits as base64url.
pub(crate) fn random_token() -> Result<Zeroizing<String>, getrandom::Error> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut())?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_ref())))
}

/// What is kept of a token.
pub(crate) fn hash(token: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    out
}

/// Compares two secrets in a time that tells nothing about them.
pub(crate) fn same_secret(a: &str, b: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(&hash(a), &hash(b)).is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);
    const LIFE: Duration = Duration::from_secs(900);
    const MINE: Thumbprint = Thumbprint([1; 32]);
    const THIEF: Thumbprint = Thumbprint([2; 32]);

    #[test]
    fn a_token_is_worthless_with_another_key_and_after_its_time() {
        let mut sessions = Sessions::new(LIFE, 4);
        let issued = sessions.issue(MINE, NOW).unwrap();
        assert!(sessions.check(&issued.token, MINE, NOW).is_some());
        assert!(sessions.check(&issued.token, THIEF, NOW).is_none());
        assert!(
            sessions
                .check(&issued.token, MINE, issued.expires_at)
                .is_none()
        );
        assert!(sessions.check("", MINE, NOW).is_none());
    }

    #[test]
    fn a_log_out_ends_the_refreshed_token_too_and_nobody_elses() {
        let mut sessions = Sessions::new(LIFE, 4);
        let first = sessions.issue(MINE, NOW).unwrap();
        let second = sessions.refresh(&first.token, NOW).unwrap().unwrap();
        let other = sessions.issue(MINE, NOW).unwrap();
        let login = sessions.check(&second.token, MINE, NOW).unwrap();
        assert_eq!(sessions.check(&first.token, MINE, NOW), Some(login));
        sessions.end(login);
        assert!(sessions.check(&first.token, MINE, NOW).is_none());
        assert!(sessions.check(&second.token, MINE, NOW).is_none());
        assert!(sessions.check(&other.token, MINE, NOW).is_some());
        assert!(!sessions.is_live(login, NOW));
    }

    #[test]
    fn the_number_of_logins_is_bounded_and_the_oldest_goes_first() {
        let mut sessions = Sessions::new(LIFE, 2);
        let tokens: Vec<_> = (0..3)
            .map(|i| {
                sessions
                    .issue(MINE, NOW + Duration::from_secs(i))
                    .unwrap()
                    .token
            })
            .collect();
        let later = NOW + Duration::from_secs(3);
        let good: Vec<bool> = tokens
            .iter()
            .map(|t| sessions.check(t, MINE, later).is_some())
            .collect();
        assert_eq!(good, [false, true, true]);
    }

    #[test]
    fn secrets_are_compared_whole() {
        assert!(same_secret("abc", "abc"));
        assert!(!same_secret("abc", "abd"));
        assert!(!same_secret("abc", "ab"));
    }
}
