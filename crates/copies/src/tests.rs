//! Homes on a network inside one process, their blocks on each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod abuse;
mod lives;

use std::{collections::HashMap, io::Read as _, sync::Arc};

use ed25519_dalek::SigningKey;
use tokio_util::sync::CancellationToken;
use webx_comms::{Comms, Config, Directory};
use webx_drive::{Drive, FileMeta, ListQuery, NodeId, OnConflict};
use webx_identity::Did;
use webx_overlay::{
    Offence,
    memory::MemoryNet,
    transport::{Hints, Pending, Transport as _},
};
use webx_peers::{Peers, contacts::Origin, proof::Own};
use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32, Vault};

use crate::{Copies, Rules};

struct Book(HashMap<Did, webx_overlay::NodeId>);

impl Directory for Book {
    fn devices<'a>(&'a self, did: &'a Did) -> Pending<'a, Vec<webx_overlay::NodeId>> {
        let found = self.0.get(did).copied().into_iter().collect();
        Box::pin(async move { found })
    }
    fn hints(&self, _: webx_overlay::NodeId) -> Pending<'_, Hints> {
        Box::pin(async { Hints::default() })
    }
    fn blame(&self, _: webx_overlay::NodeId, _: Offence) {}
}

fn own(n: u8) -> Own {
    Own::anonymous(Arc::new(SigningKey::from_bytes(&[n; 32]))).unwrap()
}

fn did(n: u8) -> Did {
    own(n).did().clone()
}

fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new()
        .update(&seed.to_le_bytes())
        .finalize_xof()
        .fill(&mut bytes);
    bytes
}

struct Home {
    copies: Copies,
    comms: Comms,
    peers: Peers,
    drive: Drive,
    vault: Vault,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

/// A home of person `n`, whose drive has a root key of its own.
fn home(net: &MemoryNet, n: u8, rules: Rules) -> Home {
    let folder = tempfile::tempdir().unwrap();
    let new = NewVault {
        passphrase: &Passphrase::new("correct horse battery").unwrap(),
        recovery_key: &Secret32::random().unwrap(),
        kdf: KdfCost::insecure_for_tests(),
    };
    let vault = DataDir::open(folder.path()).unwrap().create(new).unwrap();
    let clock = time::OffsetDateTime::now_utc;
    let drive = Drive::open(vault.clone(), Secret32::new([n; 32]), clock).unwrap();
    let peers = Peers::open(vault.db().clone(), own(n)).unwrap();
    let transport = net.transport(own(n).node());
    let book = Book((1..20).map(|n| (did(n), own(n).node())).collect());
    let people = Arc::new(peers.clone());
    let comms = Comms::open(transport.clone(), Arc::new(book), people, Config::default());
    let stop = CancellationToken::new();
    let (door, ended) = (comms.clone(), stop.clone());
    tokio::spawn(async move {
        while let Some(Some(connection)) = ended.run_until_cancelled(transport.accept()).await {
            let _ = door.accept(connection);
        }
    });
    let copies = Copies::open(
        comms.clone(),
        peers.clone(),
        vault.clone(),
        drive.clone(),
        rules,
    )
    .unwrap();
    Home {
        copies,
        comms,
        peers,
        drive,
        vault,
        stop,
        _folder: folder,
    }
}

impl Home {
    fn knows(&self, n: u8) {
        let name = format!("person {n}");
        self.peers
            .contacts()
            .add(&did(n), &name, Origin::Did)
            .unwrap();
    }

    fn put(&self, name: &str, bytes: &[u8]) -> NodeId {
        let put = self.drive.write_file(
            NodeId::ROOT,
            name,
            FileMeta::default(),
            OnConflict::NewVersion,
            bytes,
        );
        put.unwrap().id
    }

    fn all(&self) -> Vec<(String, Vec<u8>)> {
        let page = self
            .drive
            .list(NodeId::ROOT, &ListQuery::default())
            .unwrap();
        let files = page.items.into_iter().map(|node| {
            let mut bytes = Vec::new();
            let mut reader = self.drive.open_file(node.id, None).unwrap();
            reader.read_to_end(&mut bytes).unwrap();
            (node.name, bytes)
        });
        files.collect()
    }

    /// The node goes away with everything on its disk.
    async fn dies(self) {
        self.stop.cancel();
        self.comms.shutdown().await;
        self.drive.close();
        self.vault.lock();
    }
}

/// Person 1 with hosts 2 to `hosts + 1`, each giving a gigabyte.
fn settled(net: &MemoryNet, hosts: u8, rules: Rules) -> (Home, Vec<Home>) {
    let owner = home(net, 1, rules);
    let hosts = (2..2 + hosts).map(|n| {
        let host = home(net, n, rules);
        host.knows(1);
        owner.knows(n);
        host.copies.give(&did(1), 1 << 30).unwrap();
        host
    });
    let hosts = hosts.collect();
    (owner, hosts)
}

/// What a blocking thread says, while the network goes on.
async fn off<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
