//! Copies over their life.

use std::time::Duration;

use webx_vault::BlockStore as _;

use super::*;
use crate::Error;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drive_comes_back_from_its_copies_when_everything_else_is_lost() {
    let net = MemoryNet::default();
    let (owner, hosts) = settled(
        &net,
        3,
        Rules {
            copies: 2,
            ..Rules::default()
        },
    );
    for n in 0..20 {
        owner.put(&format!("small {n}"), &noise(500 + n as usize, n));
    }
    owner.put("film", &noise(5 << 20, 99));
    owner.put("empty", b"");
    let before = owner.all();
    let round = owner.copies.round().await.unwrap();
    assert_eq!(
        (round.hosts, round.lacking, round.nowhere),
        (3, 0, 0),
        "{round:?}"
    );
    assert_eq!(round.copied, 2 * round.blocks);
    // Nothing is left to do, and nothing is done twice. A sample is shown.
    let again = owner.copies.round().await.unwrap();
    assert_eq!((again.copied, again.lacking, again.failed), (0, 0, 0));
    assert!(again.proved > 0);
    let agreed = owner.copies.agreements().unwrap();
    assert_eq!(
        agreed.iter().map(|one| one.blocks).sum::<u64>(),
        2 * round.blocks
    );
    owner.dies().await;

    // A new node of the same person knows nobody yet.
    let new = home(&net, 1, Rules::default());
    assert!(matches!(new.copies.restore().await, Err(Error::NoCopy)));
    // One host is gone, too. Two copies of each block were made: the others have all.
    let mut hosts = hosts;
    hosts.remove(0).dies().await;
    for n in 2..5 {
        new.knows(n);
    }
    let adopted = new.copies.restore().await.unwrap();
    assert_eq!(adopted.files, 22);
    let (_, missing) = new.copies.fetch_all(|_, _| true).await.unwrap();
    assert_eq!(missing, 0);
    new.drive.set_exchange(None);
    assert_eq!(new.all(), before);
    let verified = new.drive.verify(|_| true).unwrap();
    assert!(verified.damaged.is_empty());
    // It goes on where the old one stopped: what the hosts have is not sent again.
    let round = new.copies.round().await.unwrap();
    assert_eq!((round.hosts, round.nowhere), (2, 0));
    assert!(round.copied < round.blocks, "{round:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_host_is_made_up_for_by_the_others() {
    let net = MemoryNet::default();
    let rules = Rules {
        copies: 2,
        gone: Duration::ZERO,
        ..Rules::default()
    };
    let (owner, mut hosts) = settled(&net, 3, rules);
    owner.put("film", &noise(6 << 20, 1));
    assert_eq!(owner.copies.round().await.unwrap().lacking, 0);
    hosts.remove(1).dies().await;
    // Heard within the same second it still counts.
    let mut round = owner.copies.round().await.unwrap();
    while round.hosts != 2 {
        round = owner.copies.round().await.unwrap();
    }
    assert_eq!((round.lacking, round.nowhere), (0, 0), "{round:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_lost_its_blocks_is_found_and_replaced() {
    let net = MemoryNet::default();
    let rules = Rules {
        copies: 1,
        failures: 2,
        ..Rules::default()
    };
    let (owner, hosts) = settled(&net, 2, rules);
    owner.put("film", &noise(8 << 20, 1));
    owner.copies.round().await.unwrap();
    // The first host throws everything away and says nothing of it.
    let liar = &hosts[0];
    let held: Vec<[u8; 32]> = liar
        .vault
        .db()
        .read(|db| {
            let mut all = db.prepare("SELECT digest FROM copies_held")?;
            let all = all.query_map([], |row| row.get(0))?;
            Ok::<_, webx_vault::Error>(all.collect::<Result<_, _>>()?)
        })
        .unwrap();
    assert!(!held.is_empty());
    let mhs: Vec<_> = held.iter().map(webx_content::multihash_of_digest).collect();
    liar.vault.blocks().delete_many(&mhs).unwrap();
    let mut round = owner.copies.round().await.unwrap();
    assert!(round.failed >= 2, "{round:?}");
    assert_eq!(
        round.proved,
        owner.copies.agreements().unwrap()[0].proved.0
            + owner.copies.agreements().unwrap()[1].proved.0
    );
    // It does not count any more: all lies on the other one.
    round = owner.copies.round().await.unwrap();
    assert_eq!(round.nowhere, 0, "{round:?}");
    let honest = owner
        .copies
        .agreements()
        .unwrap()
        .into_iter()
        .find(|one| one.did == did(3));
    assert_eq!(honest.unwrap().blocks, round.blocks);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_needed_any_more_is_given_up_everywhere() {
    let net = MemoryNet::default();
    let (owner, hosts) = settled(
        &net,
        1,
        Rules {
            copies: 1,
            ..Rules::default()
        },
    );
    let film = owner.put("film", &noise(4 << 20, 1));
    owner.put("stays", &noise(2 << 20, 2));
    owner.copies.round().await.unwrap();
    let before = hosts[0].copies.agreements().unwrap()[0].given_used;
    owner.drive.remove(film).unwrap();
    owner.drive.purge(film).unwrap();
    let round = owner.copies.round().await.unwrap();
    assert!(round.dropped >= 4, "{round:?}");
    let after = hosts[0].copies.agreements().unwrap()[0].given_used;
    assert!(after + (4 << 20) <= before, "{before} {after}");
    hosts[0].drive.gc(|| true).unwrap();
    let stat = hosts[0].vault.blocks().stat().unwrap();
    assert_eq!(stat.blocks, owner.copies.agreements().unwrap()[0].blocks);
    // The host gives nothing any more: what it kept goes.
    hosts[0].copies.give(&did(1), 0).unwrap();
    hosts[0].drive.gc(|| true).unwrap();
    assert_eq!(hosts[0].vault.blocks().stat().unwrap().blocks, 0);
    let round = owner.copies.round().await.unwrap();
    assert!(round.nowhere > 0 || round.failed > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_that_is_lost_at_home_is_read_from_a_host() {
    let net = MemoryNet::default();
    let (owner, _hosts) = settled(
        &net,
        1,
        Rules {
            copies: 1,
            ..Rules::default()
        },
    );
    owner.put("film", &noise(3 << 20, 1));
    owner.copies.round().await.unwrap();
    let before = owner.all();
    let all = owner.drive.blocks_after(None, 100).unwrap();
    let mhs: Vec<_> = all
        .iter()
        .map(|(digest, _)| webx_content::multihash_of_digest(digest))
        .collect();
    owner.vault.blocks().delete_many(&mhs).unwrap();
    let drive = owner.drive.clone();
    assert!(!off(move || drive.verify(|_| true).unwrap().damaged.is_empty()).await);
    owner.copies.heal().unwrap();
    let drive = owner.drive.clone();
    assert!(off(move || drive.verify(|_| true).unwrap().damaged.is_empty()).await);
    owner.drive.set_exchange(None);
    assert_eq!(owner.all(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_was_about_to_be_given_up_counts_as_not_there() {
    let net = MemoryNet::default();
    let (owner, hosts) = settled(
        &net,
        1,
        Rules {
            copies: 1,
            ..Rules::default()
        },
    );
    owner.put("film", &noise(3 << 20, 1));
    let all = owner.copies.round().await.unwrap().blocks;
    // As after a crash: the host was told, and may or may not have let them go.
    let noted = owner
        .vault
        .db()
        .write(|tx| Ok::<_, webx_vault::Error>(tx.execute("UPDATE copies_at SET going = 1", [])?));
    assert_eq!(noted.unwrap() as u64, all);
    hosts[0]
        .vault
        .db()
        .write(|tx| {
            tx.execute(
                "DELETE FROM copies_held WHERE digest IN (SELECT digest FROM copies_held LIMIT 2)",
                [],
            )?;
            Ok::<_, webx_vault::Error>(())
        })
        .unwrap();
    assert_eq!(owner.copies.agreements().unwrap()[0].blocks, 0);
    let round = owner.copies.round().await.unwrap();
    assert_eq!(
        (round.failed, round.nowhere, round.copied),
        (0, 0, 2),
        "{round:?}"
    );
    assert_eq!(owner.copies.agreements().unwrap()[0].blocks, all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restoration_that_was_cut_off_goes_on() {
    let net = MemoryNet::default();
    let (owner, _hosts) = settled(
        &net,
        1,
        Rules {
            copies: 1,
            ..Rules::default()
        },
    );
    owner.put("film", &noise(3 << 20, 1));
    let before = owner.all();
    owner.copies.round().await.unwrap();
    owner.dies().await;
    let new = home(&net, 1, Rules::default());
    // Without hosts there is nothing to go on with.
    new.copies.clone().resume(new.stop.clone()).await;
    new.knows(2);
    new.copies.restore().await.unwrap();
    let stopped = CancellationToken::new();
    stopped.cancel();
    new.copies.clone().resume(stopped).await;
    new.copies.clone().resume(new.stop.clone()).await;
    new.drive.set_exchange(None);
    assert_eq!(new.all(), before);
}
