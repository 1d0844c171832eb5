//! WebDAV locks (RFC 4918, section 6): in memory, bounded, and gone after their time.

use std::{
    future::ready,
    sync::Arc,
    time::{Duration, SystemTime},
};

use dav_server::{
    davpath::DavPath,
    ls::{DavLock, DavLockSystem, LsFuture},
};
use parking_lot::Mutex;
use uuid::Uuid;
use xmltree::Element;

/// Most locks at once.
const MAX_LOCKS: usize = 1024;
/// Longest time a lock lasts without a refresh.
const MAX_TIME: Duration = Duration::from_secs(3600);

/// The locks of one open home. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locks(Arc<Mutex<Vec<DavLock>>>);

impl Locks {
    fn with<T>(&self, now: SystemTime, work: impl FnOnce(&mut Vec<DavLock>) -> T) -> T {
        let mut locks = self.0.lock();
        locks.retain(|l| l.timeout_at.is_none_or(|end| end > now));
        work(&mut locks)
    }
}

fn trim(path: &DavPath) -> &[u8] {
    let bytes = path.as_bytes();
    bytes.strip_suffix(b"/").unwrap_or(bytes)
}

fn is_below(path: &[u8], above: &[u8]) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.first() == Some(&b'/'))
}

/// Whether a lock protects `path`: it stands there, or deep on a folder above.
fn covers(lock: &DavLock, path: &[u8]) -> bool {
    let own = trim(&lock.path);
    own == path || (lock.deep && is_below(path, own))
}

/// Whether a lock stands at `path` or below.
fn inside(lock: &DavLock, path: &[u8]) -> bool {
    let own = trim(&lock.path);
    own == path || is_below(own, path)
}

fn boxed<'a, T: Send + 'a>(value: T) -> LsFuture<'a, T> {
    Box::pin(ready(value))
}

impl DavLockSystem for Locks {
    fn lock(
        &'_ self,
        path: &DavPath,
        principal: Option<&str>,
        owner: Option<&Element>,
        timeout: Option<Duration>,
        shared: bool,
        deep: bool,
    ) -> LsFuture<'_, Result<DavLock, DavLock>> {
        let now = SystemTime::now();
        let timeout = timeout.unwrap_or(MAX_TIME).min(MAX_TIME);
        let lock = DavLock {
            token: Uuid::new_v4().urn().to_string(),
            path: Box::new(path.clone()),
            principal: principal.map(str::to_owned),
            owner: owner.map(|o| Box::new(o.clone())),
            timeout_at: now.checked_add(timeout),
            timeout: Some(timeout),
            shared,
            deep,
        };
        boxed(self.with(now, |locks| {
            let place = trim(path);
            let stands = |l: &&DavLock| {
                (covers(l, place) || (deep && inside(l, place))) && !(shared && l.shared)
            };
            if let Some(conflict) = locks.iter().find(stands) {
                return Err(conflict.clone());
            }
            if locks.len() >= MAX_LOCKS {
                return Err(lock);
            }
            locks.push(lock.clone());
            Ok(lock)
        }))
    }

    fn unlock(&'_ self, path: &DavPath, token: &str) -> LsFuture<'_, Result<(), ()>> {
        boxed(self.with(SystemTime::now(), |locks| {
            let at = locks
                .iter()
                .position(|l| l.token == token && covers(l, trim(path)))
                .ok_or(())?;
            locks.remove(at);
            Ok(())
        }))
    }

    fn refresh(
        &'_ self,
        path: &DavPath,
        token: &str,
        timeout: Option<Duration>,
    ) -> LsFuture<'_, Result<DavLock, ()>> {
        let now = SystemTime::now();
        let timeout = timeout.unwrap_or(MAX_TIME).min(MAX_TIME);
        boxed(self.with(now, |locks| {
            let lock = locks
                .iter_mut()
                .find(|l| l.token == token && covers(l, trim(path)))
                .ok_or(())?;
            lock.timeout = Some(timeout);
            lock.timeout_at = now.checked_add(timeout);
            Ok(lock.clone())
        }))
    }

    fn check(
        &'_ self,
        path: &DavPath,
        principal: Option<&str>,
        ignore_principal: bool,
        deep: bool,
        submitted_tokens: &[String],
    ) -> LsFuture<'_, Result<(), DavLock>> {
        boxed(self.with(SystemTime::now(), |locks| {
            let place = trim(path);
            let held = |l: &&DavLock| {
                submitted_tokens.contains(&l.token)
                    && (ignore_principal || principal == l.principal.as_deref())
            };
            let above: Vec<&DavLock> = locks.iter().filter(|l| covers(l, place)).collect();
            let holds_one = above.iter().any(held);
            if let Some(other) = above
                .into_iter()
                .find(|l| !held(l) && (!l.shared || !holds_one))
            {
                return Err(other.clone());
            }
            let below = locks
                .iter()
                .filter(|l| deep && inside(l, place))
                .find(|l| !held(l) && (!l.shared || !holds_one));
            below.map_or(Ok(()), |l| Err(l.clone()))
        }))
    }

    fn discover(&'_ self, path: &DavPath) -> LsFuture<'_, Vec<DavLock>> {
        boxed(self.with(SystemTime::now(), |locks| {
            locks
                .iter()
                .filter(|l| covers(l, trim(path)))
                .cloned()
                .collect()
        }))
    }

    fn delete(&'_ self, path: &DavPath) -> LsFuture<'_, Result<(), ()>> {
        self.with(SystemTime::now(), |locks| {
            locks.retain(|l| !inside(l, trim(path)));
        });
        boxed(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn path(text: &str) -> DavPath {
        DavPath::new(text).unwrap()
    }

    async fn exclusive(locks: &Locks, at: &str, deep: bool) -> Result<DavLock, DavLock> {
        locks
            .lock(
                &path(at),
                Some("me"),
                None,
                Some(Duration::from_secs(60)),
                false,
                deep,
            )
            .await
    }

    #[tokio::test]
    async fn an_exclusive_lock_keeps_others_out_of_all_it_covers() {
        let locks = Locks::default();
        let lock = exclusive(&locks, "/a/", true).await.unwrap();
        assert!(exclusive(&locks, "/a/b", false).await.is_err());
        assert!(exclusive(&locks, "/", true).await.is_err());
        assert!(exclusive(&locks, "/ab", false).await.is_ok());
        assert!(
            locks
                .check(&path("/a/b"), Some("me"), false, false, &[])
                .await
                .is_err()
        );
        assert!(
            locks
                .check(
                    &path("/a/b"),
                    Some("me"),
                    false,
                    false,
                    std::slice::from_ref(&lock.token)
                )
                .await
                .is_ok()
        );
        assert!(
            locks
                .check(
                    &path("/a/b"),
                    Some("you"),
                    false,
                    false,
                    std::slice::from_ref(&lock.token)
                )
                .await
                .is_err()
        );
        assert!(locks.unlock(&path("/a/b"), &lock.token).await.is_ok());
        assert!(
            locks
                .check(&path("/a/b"), Some("me"), false, false, &[])
                .await
                .is_ok()
        );
    }

    #[tokio::test]
    async fn a_lock_ends_with_its_time_and_their_number_is_bounded() {
        let locks = Locks::default();
        locks
            .lock(&path("/x"), None, None, Some(Duration::ZERO), false, false)
            .await
            .unwrap();
        assert!(exclusive(&locks, "/x", false).await.is_ok());
        for i in 1..MAX_LOCKS {
            exclusive(&locks, &format!("/{i}"), false).await.unwrap();
        }
        assert!(exclusive(&locks, "/more", false).await.is_err());
    }
}
