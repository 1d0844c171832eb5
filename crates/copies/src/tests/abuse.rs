//! What hosts and owners may try with each other.

use serde_bytes::ByteBuf;
use webx_comms::Error as CommsError;

use super::*;
use crate::wire::{Answer, Ask, Digest, PROTOCOL};

async fn ask(from: &Home, to: u8, ask: &Ask) -> Answer {
    let answer = from.comms.request(did(to), PROTOCOL, &ask.encode()).await;
    Answer::decode(&answer.unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_what_is_kept_for_another() {
    let net = MemoryNet::default();
    let (owner, hosts) = settled(&net, 1, Rules::default());
    owner.put("secret", &noise(1 << 20, 1));
    owner.copies.round().await.unwrap();
    let (digest, _) = owner.drive.blocks_after(None, 1).unwrap()[0];
    let name = Digest::new(digest);
    assert!(matches!(
        ask(&owner, 2, &Ask::Give(name)).await,
        Answer::Block(Some(_))
    ));

    // Another contact of the host, with an agreement of his own, and a stranger.
    let other = home(&net, 5, Rules::default());
    other.knows(2);
    hosts[0].knows(5);
    hosts[0].copies.give(&did(5), 1 << 20).unwrap();
    let stranger = home(&net, 6, Rules::default());
    stranger.knows(2);
    for one in [&other, &stranger] {
        assert!(!matches!(
            ask(one, 2, &Ask::Give(name)).await,
            Answer::Block(Some(_))
        ));
        assert!(match ask(one, 2, &Ask::Have(vec![name])).await {
            Answer::Have(have) => have[..] == [0],
            _ => true,
        });
        assert!(match ask(one, 2, &Ask::Prove(vec![(name, 0)])).await {
            Answer::Slices(slices) => slices[0].is_empty(),
            _ => true,
        });
        assert!(match ask(one, 2, &Ask::Heads).await {
            Answer::Heads(heads) => heads.is_empty(),
            _ => true,
        });
        // Nor can he have it thrown away.
        ask(one, 2, &Ask::Drop(vec![name])).await;
    }
    assert_eq!(ask(&stranger, 2, &Ask::Terms).await, Answer::Full);
    assert!(matches!(
        ask(&owner, 2, &Ask::Give(name)).await,
        Answer::Block(Some(_))
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_kept_than_was_agreed() {
    let net = MemoryNet::default();
    let (owner, hosts) = settled(&net, 1, Rules::default());
    hosts[0].copies.give(&did(1), 3 * 1000).unwrap();
    let block = |n: u64| ByteBuf::from(noise(1000, n));
    assert_eq!(
        ask(&owner, 2, &Ask::Keep(vec![block(1), block(2)])).await,
        Answer::Done
    );
    // The same ones again cost nothing; two more are one too many, and neither is taken.
    assert_eq!(
        ask(&owner, 2, &Ask::Keep(vec![block(1)])).await,
        Answer::Done
    );
    assert_eq!(
        ask(&owner, 2, &Ask::Keep(vec![block(3), block(4)])).await,
        Answer::Full
    );
    assert_eq!(ask(&owner, 2, &Ask::Terms).await, Answer::Terms(3000, 2000));
    assert_eq!(
        ask(&owner, 2, &Ask::Keep(vec![block(3)])).await,
        Answer::Done
    );
    assert_eq!(
        ask(&owner, 2, &Ask::Keep(vec![ByteBuf::from(vec![1])])).await,
        Answer::Full
    );
    // Many at once do not slip through together.
    ask(
        &owner,
        2,
        &Ask::Drop(vec![Digest::new(*blake3::hash(&noise(1000, 3)).as_bytes())]),
    )
    .await;
    let (a, b) = (Ask::Keep(vec![block(5)]), Ask::Keep(vec![block(6)]));
    let (a, b) = tokio::join!(ask(&owner, 2, &a), ask(&owner, 2, &b));
    assert!([a, b].contains(&Answer::Full));
    assert_eq!(ask(&owner, 2, &Ask::Terms).await, Answer::Terms(3000, 3000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rubbish_and_floods_are_refused_and_hurt_nobody() {
    let net = MemoryNet::default();
    let (owner, _hosts) = settled(&net, 1, Rules::default());
    for rubbish in [&b""[..], b"\xa1", &[0xff; 64], &[0x9b; 4096]] {
        let refused = owner.comms.request(did(2), PROTOCOL, rubbish).await;
        assert!(
            matches!(refused, Err(CommsError::Refused(_))),
            "{refused:?}"
        );
    }
    let head = Ask::SetHead(ByteBuf::from(vec![1; 200]));
    assert_eq!(ask(&owner, 2, &head).await, Answer::Done);
    owner.put("file", &noise(2 << 20, 3));
    assert_eq!(owner.copies.round().await.unwrap().nowhere, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_a_host_made_up_restores_nothing() {
    let net = MemoryNet::default();
    let (owner, hosts) = settled(&net, 1, Rules::default());
    owner.put("file", &noise(2 << 20, 3));
    owner.copies.round().await.unwrap();
    owner.dies().await;
    let forged = hosts[0].vault.db().write(|tx| {
        Ok::<_, webx_vault::Error>(
            tx.execute("UPDATE copies_head_held SET head = randomblob(128)", [])?,
        )
    });
    assert_eq!(forged.unwrap(), 1);
    let new = home(&net, 1, Rules::default());
    new.knows(2);
    assert!(matches!(
        new.copies.restore().await,
        Err(crate::Error::NoCopy)
    ));
    assert!(new.all().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_bars_the_owner_is_away_and_has_failed_nothing() {
    let net = MemoryNet::default();
    let (owner, hosts) = settled(
        &net,
        2,
        Rules {
            copies: 1,
            ..Rules::default()
        },
    );
    owner.put("film", &noise(4 << 20, 1));
    owner.copies.round().await.unwrap();
    hosts[0].peers.contacts().remove(&did(1)).unwrap();
    let round = owner.copies.round().await.unwrap();
    assert_eq!((round.failed, round.nowhere), (0, 0), "{round:?}");
    hosts[0].knows(1);
    let round = owner.copies.round().await.unwrap();
    assert_eq!(
        (round.failed, round.copied, round.nowhere),
        (0, 0, 0),
        "{round:?}"
    );
}
