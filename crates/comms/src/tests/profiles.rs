//! Device profiles between real homes.

use super::*;
use crate::profile::{PROTOCOL, Profiles};
use tokio_util::sync::CancellationToken;
use webx_peers::{Peers, profile::Detected};
use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32, Vault};

pub(super) fn vault() -> (tempfile::TempDir, Vault) {
    let folder = tempfile::tempdir().unwrap();
    let (passphrase, recovery_key) = (
        Passphrase::new("correct horse battery").unwrap(),
        Secret32::random().unwrap(),
    );
    let new = NewVault {
        passphrase: &passphrase,
        recovery_key: &recovery_key,
        kdf: KdfCost::insecure_for_tests(),
    };
    let vault = DataDir::open(folder.path()).unwrap().create(new).unwrap();
    (folder, vault)
}

struct House {
    comms: Comms,
    peers: Peers,
    profiles: Profiles,
    _folder: (tempfile::TempDir, Vault),
}

fn house(net: &MemoryNet, n: u8) -> House {
    let folder = vault();
    let peers = Peers::open_with(folder.1.db().clone(), own(n), now).unwrap();
    let transport = net.transport(id(n));
    let comms = Comms::open(
        transport.clone(),
        Arc::new(Book::default()),
        Arc::new(peers.clone()),
        Config::default(),
    );
    let door = comms.clone();
    tokio::spawn(async move {
        while let Some(connection) = transport.accept().await {
            let _ = door.accept(connection);
        }
    });
    let detect = Arc::new(|| Detected {
        energy: webx_peers::profile::Energy::Mains,
        metered: Some(true),
        ..Detected::default()
    });
    let profiles = Profiles::open(comms.clone(), peers.clone(), detect).unwrap();
    House {
        comms,
        peers,
        profiles,
        _folder: folder,
    }
}

#[tokio::test]
async fn two_who_have_proved_themselves_know_each_others_profiles() {
    let net = MemoryNet::new();
    let (ann, ben) = (house(&net, 1), house(&net, 2));
    let stop = CancellationToken::new();
    let following = tokio::spawn(ann.profiles.clone().follow(stop.clone()));
    // It listens before anybody is met.
    tokio::task::yield_now().await;
    ann.comms.connect(id(2)).await.unwrap();
    for (house, other) in [(&ann, id(2)), (&ben, id(1))] {
        let known = async {
            loop {
                let found = house.peers.find(other).unwrap();
                if let Some(profile) = found.and_then(|peer| peer.profile) {
                    return profile;
                }
                tokio::task::yield_now().await;
            }
        };
        let profile = tokio::time::timeout(Duration::from_secs(20), known).await;
        let profile = profile.expect("exchanged in time");
        assert_eq!((profile.node, profile.metered), (other, Some(true)));
    }
    // Once an hour is enough.
    assert_eq!(metrics(&ann.comms, PROTOCOL).opened, 1);
    stop.cancel();
    following.await.unwrap();
}

#[tokio::test]
async fn a_profile_of_somebody_else_is_refused_and_said_so() {
    let net = MemoryNet::new();
    let (ann, ben) = (house(&net, 1), house(&net, 2));
    let stranger = house(&net, 3);
    let foreign = stranger.peers.own_profile(&Detected::default()).unwrap();
    for lie in [foreign, vec![0; 400], Vec::new()] {
        let refused = ann.comms.request(id(2), PROTOCOL, &lie).await;
        let said = matches!(&refused, Err(Error::Refused(Refused::Failed(why))) if why.contains("profile"));
        assert!(said, "{refused:?}");
    }
    let known = ben.peers.find(id(1)).unwrap();
    assert!(known.is_none_or(|peer| peer.profile.is_none()));
    let profile = ben.profiles.exchange(id(1)).await.unwrap();
    assert_eq!(profile.node, id(1));
}
