//! The event log and the notifications over a real vault.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use tempfile::TempDir;
use time::{OffsetDateTime, macros::datetime};
use tokio::sync::broadcast::error::TryRecvError;
use webx_services::{
    Action, Error, Event, EventLog, Level, NewNotification, NotificationLevel, Notifications,
    Options,
};
use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32, Unlock, Vault};

fn clock() -> OffsetDateTime {
    datetime!(2026-11-22 10:30:15.250 UTC)
}

struct Home {
    data: DataDir,
    _folder: TempDir,
    passphrase: Passphrase,
    vault: Vault,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let passphrase = Passphrase::new("correct horse battery staple").unwrap();
        let recovery_key = Secret32::random().unwrap();
        let new = NewVault {
            passphrase: &passphrase,
            recovery_key: &recovery_key,
            kdf: KdfCost::insecure_for_tests(),
        };
        let data = DataDir::open(folder.path()).unwrap();
        let vault = data.create(new).unwrap();
        Self {
            data,
            _folder: folder,
            passphrase,
            vault,
        }
    }

    fn log(&self, keep: u32) -> EventLog {
        EventLog::open_with(self.vault.db().clone(), Options { keep, clock }).unwrap()
    }

    fn reopened(self) -> Self {
        self.vault.lock();
        let locked = self.data.locked(self.vault.id()).unwrap();
        let vault = locked.unlock(Unlock::Passphrase(&self.passphrase)).unwrap();
        Self { vault, ..self }
    }

    fn sql(&self, sql: &str) {
        self.vault
            .db()
            .write(|tx| tx.execute_batch(sql).map_err(webx_vault::Error::from))
            .unwrap();
    }
}

fn event(kind: &'static str, number: u32) -> Event {
    Event {
        kind,
        level: Level::Info,
        subject: format!("file {number}"),
        detail: json!({"number": number}),
    }
}

#[test]
fn events_come_back_newest_first_page_by_page() {
    let home = Home::new();
    let log = home.log(1000);
    for number in 1..=25 {
        log.append(event(
            if number % 5 == 0 {
                "drive.moved"
            } else {
                "drive.added"
            },
            number,
        ))
        .unwrap();
    }
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = log.list(before, 7, None).unwrap();
        seen.extend(page.items.iter().map(|entry| entry.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, (1..=25).rev().collect::<Vec<u64>>());
    let moved = log.list(None, 4, Some("drive.moved")).unwrap();
    assert_eq!(
        moved.items.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        [25, 20, 15, 10]
    );
    assert_eq!(
        log.list(moved.next, 4, Some("drive.moved")).unwrap().items[0].id,
        5
    );
    assert!(log.list(None, 0, Some("nothing")).unwrap().items.is_empty());
    assert_eq!(
        log.list(Some(u64::MAX), u32::MAX, None)
            .unwrap()
            .items
            .len(),
        25
    );
}

#[test]
fn an_entry_reads_as_the_api_promises() {
    let home = Home::new();
    let log = home.log(10);
    let entry = log.append(event("drive.added", 7)).unwrap();
    assert_eq!(
        serde_json::to_value(&entry).unwrap(),
        json!({
            "id": 1, "at": "2026-11-22T10:30:15.25Z", "kind": "drive.added", "level": "info",
            "subject": "file 7", "detail": {"number": 7},
        })
    );
    assert_eq!(log.list(None, 1, None).unwrap().items, [entry]);
}

#[test]
fn the_log_is_whole_after_a_restart_and_goes_on() {
    let home = Home::new();
    let log = home.log(1000);
    for number in 0..10 {
        log.append(event("a.b", number)).unwrap();
    }
    let head = log.verify().unwrap();
    drop(log);
    let home = home.reopened();
    let log = home.log(1000);
    assert_eq!(log.verify().unwrap(), head);
    assert_eq!(log.append(event("a.b", 10)).unwrap().id, 11);
    assert_eq!(log.verify().unwrap().id, 11);
}

#[test]
fn a_changed_removed_or_swapped_entry_breaks_the_chain() {
    for (sql, at) in [
        (
            "UPDATE event SET subject = 'nothing to see' WHERE id = 4",
            4,
        ),
        ("UPDATE event SET at = at + 1 WHERE id = 9", 9),
        ("UPDATE event SET detail = '{}' WHERE id = 1", 1),
        ("DELETE FROM event WHERE id = 6", 7),
        ("DELETE FROM event WHERE id = 1", 2),
        (
            "UPDATE event SET (kind, subject) = ('', kind || subject) WHERE id = 3",
            3,
        ),
        (
            "UPDATE event_checkpoint SET id = 2; DELETE FROM event WHERE id <= 2",
            3,
        ),
    ] {
        let home = Home::new();
        let log = home.log(1000);
        for number in 0..10 {
            log.append(event("a.b", number)).unwrap();
        }
        assert_eq!(log.verify().unwrap().id, 10);
        home.sql(sql);
        assert!(
            matches!(log.verify(), Err(Error::Broken { id }) if id == at),
            "{sql}"
        );
    }
}

#[test]
fn old_entries_go_and_the_chain_still_holds() {
    let home = Home::new();
    let log = home.log(64);
    for number in 1..=500 {
        log.append(event("a.b", number)).unwrap();
    }
    let kept = log.list(None, 1000, None).unwrap();
    assert!(
        (64..=72).contains(&kept.items.len()),
        "{} entries",
        kept.items.len()
    );
    assert_eq!(kept.items[0].id, 500);
    assert_eq!(kept.next, None);
    assert_eq!(log.verify().unwrap().id, 500);
    drop(log);
    let home = home.reopened();
    assert_eq!(home.log(64).verify().unwrap().id, 500);
}

#[test]
fn subscribers_see_entries_in_order_and_are_told_what_they_missed() {
    let home = Home::new();
    let log = home.log(10_000);
    let mut live = log.subscribe();
    let mut slow = log.subscribe();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                (0..50).for_each(|number| drop(log.append(event("a.b", number)).unwrap()));
            });
        }
    });
    for id in 1..=200 {
        assert_eq!(live.try_recv().unwrap().id, id);
    }
    (0..200).for_each(|number| drop(log.append(event("a.b", number)).unwrap()));
    assert!(matches!(slow.try_recv(), Err(TryRecvError::Lagged(144))));
    assert_eq!(slow.try_recv().unwrap().id, 145);
}

#[test]
fn a_long_subject_is_cut_and_a_large_detail_refused() {
    let home = Home::new();
    let log = home.log(10);
    let mut long = event("a.b", 1);
    long.subject = "ä".repeat(5000);
    let entry = log.append(long).unwrap();
    assert!(entry.subject.len() <= 1024 && entry.subject.ends_with("ä…"));
    let mut large = event("a.b", 2);
    large.detail = json!({ "text": "x".repeat(20_000) });
    assert!(matches!(
        log.append(large),
        Err(Error::Length {
            field: "detail",
            ..
        })
    ));
    assert_eq!(log.verify().unwrap().id, 1);
}

#[test]
fn a_locked_vault_takes_no_events() {
    let home = Home::new();
    let log = home.log(10);
    home.vault.lock();
    assert!(matches!(
        log.append(event("a.b", 1)),
        Err(Error::Vault(webx_vault::Error::Locked))
    ));
    assert!(matches!(
        log.list(None, 1, None),
        Err(Error::Vault(webx_vault::Error::Locked))
    ));
}

#[test]
fn a_notification_waits_until_it_is_dismissed() {
    let home = Home::new();
    let notifications = Notifications::open_with(home.vault.db().clone(), clock).unwrap();
    let mut live = notifications.subscribe();
    let added = notifications
        .add(NewNotification {
            title: "Import finished".into(),
            body: Some("2,000 files".into()),
            level: NotificationLevel::Success,
            open: Some(Action {
                app: "files".into(),
                args: Some(json!({"node": "root"})),
            }),
        })
        .unwrap();
    assert_eq!(live.try_recv().unwrap(), added);
    let other = notifications
        .add(NewNotification {
            title: "Hello".into(),
            ..Default::default()
        })
        .unwrap();

    let home = home.reopened();
    let notifications = Notifications::open(home.vault.db().clone()).unwrap();
    assert_eq!(
        notifications.list().unwrap(),
        [other.clone(), added.clone()]
    );
    assert_eq!(
        serde_json::to_value(&other).unwrap(),
        json!({"id": other.id, "at": "2026-11-22T10:30:15.25Z", "title": "Hello", "level": "info"})
    );
    assert!(notifications.dismiss(added.id).unwrap());
    assert!(!notifications.dismiss(added.id).unwrap());
    assert_eq!(notifications.list().unwrap(), [other]);
}

#[test]
fn notifications_are_bounded_in_number_and_size() {
    let home = Home::new();
    let notifications = Notifications::open(home.vault.db().clone()).unwrap();
    let named = |title: String| NewNotification {
        title,
        ..Default::default()
    };
    for number in 0..230 {
        notifications.add(named(format!("n{number}"))).unwrap();
    }
    let kept = notifications.list().unwrap();
    assert_eq!(
        (kept.len(), kept[0].title.as_str(), kept[199].title.as_str()),
        (200, "n229", "n30")
    );
    for title in [String::new(), "x".repeat(201)] {
        assert!(matches!(
            notifications.add(named(title)),
            Err(Error::Length { field: "title", .. })
        ));
    }
    let mut long = named("a".into());
    long.body = Some("x".repeat(2001));
    assert!(matches!(
        notifications.add(long),
        Err(Error::Length { field: "body", .. })
    ));
}
