#![allow(clippy::unwrap_used, clippy::panic)]
use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use webx_overlay::UnixTime;
use webx_overlay::memory::{MemoryNet, MemoryTransport};
use webx_overlay::record::PeerRecord;
use webx_overlay::transport::{Exposure, Hints, Transport as _};
use webx_peers::pairing::{ALPN, Joining, PairingCode, PairingError};

use super::*;

/// An old device that answers as a node does, and new ones that dial it.
struct Scene {
    net: MemoryNet,
    offers: Arc<Offers>,
    old: SigningKey,
    secrets: BTreeMap<u8, PairingSecret>,
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_bytes(&[byte; 32])
}

fn id(key: &SigningKey) -> NodeId {
    NodeId(key.verifying_key().to_bytes())
}

impl Scene {
    fn new() -> Self {
        let (net, old) = (MemoryNet::new(), key(1));
        let offers = Arc::<Offers>::default();
        let transport = net.transport(id(&old));
        let (answering, own) = (offers.clone(), id(&old));
        tokio::spawn(async move {
            while let Some(connection) = transport.accept().await {
                tokio::spawn(answering.clone().call(connection, own));
            }
        });
        Self {
            net,
            offers,
            old,
            secrets: BTreeMap::new(),
        }
    }

    /// Opens a code, which the test calls by a number.
    fn open(&mut self, number: u8) -> Result<(), Unfit> {
        let secret = PairingSecret::random().unwrap();
        self.offers.open(secret.clone())?;
        self.secrets.insert(number, secret);
        Ok(())
    }

    fn code(&self, number: u8) -> PairingCode {
        let secret = match self.secrets.get(&number) {
            Some(secret) => secret.clone(),
            None => PairingSecret::random().unwrap(),
        };
        let record = PeerRecord::signed(&self.old, 1, 1, Hints::default(), false).unwrap();
        PairingCode::new(record, UnixTime(u64::MAX), secret)
    }

    async fn dial(&self, device: u8) -> (Arc<MemoryTransport>, Arc<dyn Connection>) {
        let transport = self.net.transport(id(&key(device)));
        let old = id(&self.old);
        let nowhere = Hints::default();
        let dialled = transport.dial(old, &nowhere, Exposure::Direct, ALPN);
        let connection = dialled.await.unwrap();
        (transport, connection)
    }

    /// A new device that comes with a code.
    async fn join(&self, device: u8, number: u8) -> Result<Joining, PairingError> {
        let (transport, connection) = self.dial(device).await;
        std::mem::forget(transport);
        pairing::join(connection, id(&key(device)), &self.code(number), "phone").await
    }

    /// Waits until the old device has got so far.
    async fn until(&self, state: PairingState) -> PairingView {
        loop {
            let view = self.offers.view();
            if view.state == state {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_is_heard_while_no_code_is_open() {
    let scene = Scene::new();
    assert!(matches!(scene.join(2, 1).await, Err(PairingError::NotOpen)));
}

#[tokio::test(start_paused = true)]
async fn a_code_is_good_once() {
    let mut scene = Scene::new();
    scene.open(1).unwrap();
    let joining = scene.join(2, 1).await.unwrap();
    let view = scene.until(PairingState::Asked).await;
    assert_eq!(view.digits, Some(joining.digits().to_string()));
    assert_eq!(view.name.as_deref(), Some("phone"));
    // A second device that has read the code, too, is turned away, before and after the decision.
    assert!(matches!(scene.join(3, 1).await, Err(PairingError::Busy)));
    let asking = scene.offers.begin(&joining.digits().to_string()).unwrap();
    assert!(matches!(scene.join(3, 1).await, Err(PairingError::Busy)));
    drop(asking);
    scene.offers.end(Outcome::Done);
    assert!(matches!(scene.join(3, 1).await, Err(PairingError::NotOpen)));
    assert_eq!(scene.offers.view().state, PairingState::Done);
}

#[tokio::test(start_paused = true)]
async fn who_does_not_know_the_secret_does_not_use_the_code_up_but_a_flood_ends_it() {
    let mut scene = Scene::new();
    scene.open(1).unwrap();
    for _ in 0..3 {
        let wrong = scene.join(2, 9).await;
        assert!(matches!(wrong, Err(PairingError::WrongSecret)));
    }
    let right = scene.join(3, 1).await.unwrap();
    assert_eq!(
        scene.until(PairingState::Asked).await.node,
        Some(id(&key(3)).to_string())
    );
    drop(right);

    let mut scene = Scene::new();
    scene.open(1).unwrap();
    for _ in 0..MOST_WRONG {
        assert!(scene.join(2, 9).await.is_err());
    }
    let view = scene.until(PairingState::Ended).await;
    assert_eq!(view.ended, Some(PairingEnd::Flooded));
    assert!(matches!(scene.join(3, 1).await, Err(PairingError::NotOpen)));
}

#[tokio::test(start_paused = true)]
async fn one_who_says_nothing_holds_others_up_for_a_moment_and_no_longer() {
    let mut scene = Scene::new();
    scene.open(1).unwrap();
    let silent = scene.dial(2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(matches!(scene.join(3, 1).await, Err(PairingError::Busy)));
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert!(scene.join(3, 1).await.is_ok());
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn an_expired_code_lets_nobody_in() {
    let mut scene = Scene::new();
    scene.open(1).unwrap();
    tokio::time::sleep(LIFE).await;
    assert!(matches!(scene.join(2, 1).await, Err(PairingError::NotOpen)));
    assert_eq!(scene.offers.view().ended, Some(PairingEnd::Expired));
}

#[tokio::test(start_paused = true)]
async fn a_new_code_ends_the_one_before() {
    let mut scene = Scene::new();
    scene.open(1).unwrap();
    scene.open(2).unwrap();
    assert!(matches!(
        scene.join(2, 1).await,
        Err(PairingError::WrongSecret)
    ));
    assert!(scene.join(3, 2).await.is_ok());
    assert_eq!(scene.open(3), Err(Unfit::Asked), "a device waits");
}

#[tokio::test(start_paused = true)]
async fn a_device_that_asks_is_declined_or_given_up_after_a_while() {
    let mut scene = Scene::new();
    scene.open(1).unwrap();
    let mut joining = scene.join(2, 1).await.unwrap();
    scene.until(PairingState::Asked).await;
    let asking = scene.offers.withdraw().unwrap().unwrap();
    let (_, told) = tokio::join!(
        asking.refuse(Cause::Declined),
        joining.receive(OffsetDateTime::now_utc)
    );
    assert!(matches!(told, Err(PairingError::Refused(Cause::Declined))));
    assert_eq!(scene.offers.view().state, PairingState::None);

    scene.open(2).unwrap();
    let mut joining = scene.join(3, 2).await.unwrap();
    scene.until(PairingState::Asked).await;
    let told = joining.receive(OffsetDateTime::now_utc).await;
    assert!(matches!(told, Err(PairingError::Refused(Cause::Expired))));
    assert_eq!(scene.offers.view().ended, Some(PairingEnd::Expired));
}

#[tokio::test(start_paused = true)]
async fn a_device_that_goes_away_is_no_longer_asked_for() {
    let mut scene = Scene::new();
    scene.open(1).unwrap();
    let (transport, connection) = scene.dial(2).await;
    let own = id(&key(2));
    let joining = pairing::join(connection, own, &scene.code(1), "phone").await;
    scene.until(PairingState::Asked).await;
    transport.close().await;
    let view = scene.until(PairingState::Ended).await;
    assert_eq!(view.ended, Some(PairingEnd::Gone));
    drop(joining);
}

#[tokio::test(start_paused = true)]
async fn the_digits_that_the_person_saw_are_those_of_the_device_that_is_let_in() {
    let mut scene = Scene::new();
    assert_eq!(scene.offers.begin("000 000").err(), Some(Unfit::NotAsked));
    scene.open(1).unwrap();
    let joining = scene.join(2, 1).await.unwrap();
    scene.until(PairingState::Asked).await;
    assert_eq!(scene.offers.begin("").err(), Some(Unfit::OtherDigits));
    let digits = joining.digits().to_string();
    let asking = scene.offers.begin(&digits).unwrap();
    assert_eq!(scene.offers.withdraw().err(), Some(Unfit::Adding));
    // Wrong words: the device goes on waiting, and the person tries again.
    scene.offers.end(Outcome::Back(asking));
    assert_eq!(scene.offers.view().state, PairingState::Asked);
    assert!(scene.offers.begin(&digits).is_ok());
}

#[tokio::test(start_paused = true)]
async fn the_transport_proves_the_key_that_is_let_in() {
    let mut scene = Scene::new();
    scene.open(1).unwrap();
    // It says to itself that it has another key than the one it dialled with: the two transcripts differ.
    let (_transport, connection) = scene.dial(2).await;
    let joined = pairing::join(connection, id(&key(3)), &scene.code(1), "phone").await;
    assert!(matches!(joined, Err(PairingError::WrongSecret)));
    assert_eq!(scene.until(PairingState::Open).await.node, None);
}
