//! A vault with a public store, and a browser without a window.

use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;
use tower::ServiceExt as _;
use webx_content::car;
use webx_content::ipld::Cid;
use webx_content::unixfs::{Folder, Imported, Profile, import_file};
use webx_ipfs::PublicStore;
use webx_vault::{DataDir, KdfCost, NewVault, Passphrase, Secret32, Vault};

pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-23 00:00 UTC);

pub(crate) struct House {
    pub(crate) vault: Vault,
    pub(crate) store: PublicStore,
    _folder: TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let vault = data
            .create(NewVault {
                passphrase: &Passphrase::new("correct horse battery staple").unwrap(),
                recovery_key: &Secret32::random().unwrap(),
                kdf: KdfCost::insecure_for_tests(),
            })
            .unwrap();
        Self {
            store: PublicStore::open(&vault).unwrap(),
            vault,
            _folder: folder,
        }
    }

    /// With the CARs of the official conformance suite; `None` when they are not on this machine.
    pub(crate) fn with_cars(cars: &[&str]) -> Option<(Self, Vec<Cid>)> {
        let house = Self::new();
        let mut roots = Vec::new();
        for name in cars {
            let bytes = fixture(name)?;
            let found = car::Reader::new(&bytes[..]).unwrap().roots().to_vec();
            let writer = house.store.writer().unwrap();
            writer.read_car(&bytes[..], false, name, NOW).unwrap();
            roots.extend(found);
        }
        Some((house, roots))
    }

    pub(crate) fn file(&self, content: &[u8]) -> Imported {
        let mut writer = self.store.writer().unwrap();
        let file = import_file(&Profile::V1_2025, &mut writer, &mut &*content).unwrap();
        writer.finish(&[file.cid], "", NOW).unwrap();
        file
    }

    pub(crate) fn folder(&self, entries: &[(&str, &Imported)]) -> Imported {
        let mut folder = Folder::default();
        for (name, entry) in entries {
            folder.insert(name, entry).unwrap();
        }
        let mut writer = self.store.writer().unwrap();
        let folder = folder.finish(&Profile::V1_2025, &mut writer).unwrap();
        writer.finish(&[folder.cid], "", NOW).unwrap();
        folder
    }

    /// `GET url`, a whole address, with further headers.
    pub(crate) async fn get_with(&self, url: &str, headers: &[(&str, &str)]) -> Answer {
        let rest = url.strip_prefix("http://").unwrap();
        let (host, path) = rest.split_at(rest.find('/').unwrap());
        let mut request = Request::get(path).header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.get_with(url, &[]).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let router = webx_ipfs::gateway::router_at(self.store.clone(), || NOW);
        let response = router.oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await;
        Answer {
            status: parts.status,
            headers: parts.headers,
            broken: body.is_err(),
            body: body
                .map(|body| body.to_bytes().to_vec())
                .unwrap_or_default(),
        }
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Whether the body broke off.
    pub(crate) broken: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The blocks of a CAR.
    pub(crate) fn blocks(&self) -> Vec<Cid> {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        let mut reader = car::Reader::new(&self.body[..]).unwrap();
        std::iter::from_fn(|| reader.next_block().unwrap())
            .map(|(cid, _)| cid)
            .collect()
    }
}

pub(crate) fn fixture(name: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/fixtures/ipfs-gateway")
        .join(name);
    let bytes = std::fs::read(path).ok();
    if bytes.is_none() {
        println!("skipped: the fixtures are not on this machine");
    }
    bytes
}
