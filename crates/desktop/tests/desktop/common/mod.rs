//! A whole node for tests: real vault, drive and event log in a temporary folder, served over loopback.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

pub mod apps;
pub mod browser;
pub mod devices;
pub mod guardians;
pub mod qnet;
pub mod wire;

use std::{
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

use ed25519_dalek::{Signer as _, SigningKey};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use webx_apps::{Apps, Options, Parts, SystemApp};
use webx_desktop::{
    Config, Home, HomeHandle, IdentityCard, Limits, NewDevice, NewPerson, OpenError, Opener,
    Person, Recovery, Secret,
};
use webx_drive::Drive;
use webx_identity::RecoveryWords;
use webx_services::{EventLog, Notifications};
use webx_vault::{DataDir, KdfCost, NewVault, Secret32, Unlock, UnlockError, Vault};
use zeroize::Zeroizing;

pub use browser::Browser;
pub use wire::{Ask, Reply};

pub const PASSPHRASE: &str = "correct horse battery";
pub const CONTROL: &str = "control-token-of-this-start-0123456789abcdef";

/// The roof of a test: the same floors, a cheap key derivation, names in memory.
struct TestRoof {
    data: DataDir,
    names: Arc<Mutex<(String, String, bool)>>,
    runtime: tokio::runtime::Handle,
    system: &'static [SystemApp],
    qnet: Arc<qnet::Fake>,
    /// The device that meets another one, and how often it has waited.
    newcomer: Mutex<Option<(NewDevice, u32)>>,
}

struct TestPerson(Arc<Mutex<(String, String, bool)>>);

impl Person for TestPerson {
    fn card(&self) -> Result<IdentityCard, OpenError> {
        let names = self.0.lock().unwrap();
        Ok(IdentityCard {
            did: "did:scid:vh:1:QmTest".into(),
            device_did: "did:key:z6MkTest".into(),
            display_name: names.0.clone(),
            device_name: names.1.clone(),
            created_at: OffsetDateTime::UNIX_EPOCH,
            recovery_confirmed: names.2,
            log: vec![serde_json::json!({"versionId": "1-Qm"})],
            log_text: "{\"versionId\":\"1-Qm\"}\n".into(),
        })
    }

    fn rename(&self, display: Option<&str>, device: Option<&str>) -> Result<(), OpenError> {
        let mut names = self.0.lock().unwrap();
        if let Some(display) = display {
            names.0 = display.into();
        }
        if let Some(device) = device {
            names.1 = device.into();
        }
        Ok(())
    }

    fn confirm_recovery(&self) -> Result<(), OpenError> {
        self.0.lock().unwrap().2 = true;
        Ok(())
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], OpenError> {
        Ok(device().sign(message).to_bytes())
    }
}

/// The key of the test's device.
pub fn device() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

impl TestRoof {
    fn home(&self, vault: Vault) -> Home {
        let root_key = vault.derive("test drive root").unwrap();
        let drive = Drive::open(vault.clone(), root_key, OffsetDateTime::now_utc).unwrap();
        let events = EventLog::open(vault.db().clone()).unwrap();
        let notifications = Notifications::open(vault.db().clone()).unwrap();
        let parts = Parts {
            vault: vault.clone(),
            drive: drive.clone(),
            events: events.clone(),
            notifications: notifications.clone(),
            backends: Arc::new(apps::Echo),
            person: "did:scid:vh:1:QmTest".into(),
            runtime: self.runtime.clone(),
            clock: Arc::new(OffsetDateTime::now_utc),
        };
        let options = Options {
            system: self.system,
            ..Options::default()
        };
        Home {
            apps: Apps::open_with(parts, options).unwrap(),
            drive,
            events,
            notifications,
            person: Arc::new(TestPerson(self.names.clone())),
            qnet: self.qnet.clone(),
            devices: Arc::new(devices::FakeDevices::default()),
            guardians: Arc::new(guardians::FakeGuardians::default()),
            vault,
        }
    }

    fn open(&self, with: &Secret) -> Result<Vault, OpenError> {
        let id = self.data.people().unwrap()[0];
        let locked = self.data.locked(id).unwrap();
        let unlocked = match with {
            Secret::Passphrase(passphrase) => locked.unlock(Unlock::Passphrase(passphrase)),
            Secret::Words(words) => locked.unlock(Unlock::Recovery(&recovery_key(words))),
        };
        unlocked.map_err(|e| match e {
            UnlockError::Wrong { retry_after } => OpenError::Wrong { retry_after },
            UnlockError::TooSoon { retry_after } => OpenError::TooSoon { retry_after },
            other => OpenError::Other(other.to_string()),
        })
    }
}

fn recovery_key(words: &RecoveryWords) -> Secret32 {
    Secret32::new(*words.seed().vault_recovery_key().unwrap())
}

impl Opener for TestRoof {
    fn exists(&self) -> bool {
        !self.data.people().unwrap().is_empty()
    }

    fn create(&self, new: NewPerson) -> Result<(Home, Zeroizing<Vec<String>>), OpenError> {
        let mut entropy = [0; 32];
        getrandom::fill(&mut entropy).unwrap();
        let words = RecoveryWords::generate(&entropy).unwrap();
        let new_vault = NewVault {
            passphrase: &new.passphrase,
            recovery_key: &recovery_key(&words),
            kdf: KdfCost::insecure_for_tests(),
        };
        let vault = self.data.create(new_vault).unwrap();
        *self.names.lock().unwrap() = (new.display_name, new.device_name, false);
        Ok((self.home(vault), words.words()))
    }

    fn recover(&self, lost: Recovery) -> Result<Home, OpenError> {
        let new_vault = NewVault {
            passphrase: &lost.passphrase,
            recovery_key: &recovery_key(&lost.words),
            kdf: KdfCost::insecure_for_tests(),
        };
        let vault = self.data.create(new_vault).unwrap();
        *self.names.lock().unwrap() = (lost.display_name, lost.device_name, lost.typed);
        Ok(self.home(vault))
    }

    fn unlock(&self, with: Secret) -> Result<Home, OpenError> {
        Ok(self.home(self.open(&with)?))
    }

    fn verify(&self, _: &Home, with: Secret) -> Result<(), OpenError> {
        self.open(&with).map(drop)
    }

    fn meet_device(&self, new: NewDevice) -> Result<String, OpenError> {
        if !new.code.starts_with("webx:pair?") {
            return Err(OpenError::Pairing {
                code: "bad-code",
                what: "this is not a pairing code".into(),
            });
        }
        *self.newcomer.lock().unwrap() = Some((new, 0));
        Ok(devices::DIGITS.into())
    }

    /// The person decides while the device waits for the second time.
    fn await_device(&self) -> Result<bool, OpenError> {
        let mut newcomer = self.newcomer.lock().unwrap();
        let Some((new, waited)) = &mut *newcomer else {
            return Err(OpenError::WrongState("no device was met".into()));
        };
        *waited += 1;
        if new.code.ends_with("declined") {
            *newcomer = None;
            return Err(OpenError::Pairing {
                code: "declined",
                what: "the other device declined".into(),
            });
        }
        Ok(*waited > 1)
    }

    fn adopt(&self) -> Result<Home, OpenError> {
        let (new, _) = self.newcomer.lock().unwrap().take().unwrap();
        let new_vault = NewVault {
            passphrase: &new.passphrase,
            recovery_key: &Secret32::random().unwrap(),
            kdf: KdfCost::insecure_for_tests(),
        };
        let vault = self.data.create(new_vault).unwrap();
        *self.names.lock().unwrap() = ("Ada".into(), new.device_name, true);
        Ok(self.home(vault))
    }

    fn leave_device(&self) {
        *self.newcomer.lock().unwrap() = None;
    }

    fn lock(&self, home: Home) {
        home.apps.close();
        home.drive.close();
        home.vault.lock();
    }
}

/// A running node. Stops when it is dropped.
pub struct Node {
    pub port: u16,
    pub home: HomeHandle,
    pub qnet: Arc<qnet::Fake>,
    stop: CancellationToken,
    server: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Node {
    /// A node that welcomes its first person.
    pub fn start() -> Self {
        Self::with(Limits::default())
    }

    pub fn with(limits: Limits) -> Self {
        Self::with_system(limits, &[])
    }

    /// A node whose program brings these apps.
    pub fn with_system(limits: Limits, system: &'static [SystemApp]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let qnet = qnet::Fake::new();
        let roof = TestRoof {
            data: DataDir::open(folder.path()).unwrap(),
            names: Arc::default(),
            runtime: runtime.handle().clone(),
            system,
            qnet: qnet.clone(),
            newcomer: Mutex::default(),
        };
        let (stop, home) = (CancellationToken::new(), HomeHandle::new());
        let config = Config {
            opener: Arc::new(roof),
            home: home.clone(),
            opened: None,
            control_token: Zeroizing::new(CONTROL.into()),
            control: axum::Router::new().route("/ping", axum::routing::get(|| async { "pong" })),
            version: "1.2.3".into(),
            limits,
        };
        let (told, port) = std::sync::mpsc::channel();
        let ends = stop.clone();
        let server = std::thread::spawn(move || {
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
                    .await
                    .unwrap();
                told.send(listener.local_addr().unwrap().port()).unwrap();
                webx_desktop::serve(listener, config, ends).await.unwrap();
            });
        });
        Self {
            port: port.recv().unwrap(),
            home,
            qnet,
            stop,
            server: Some(server),
            _folder: folder,
        }
    }

    /// A node with a person, and the browser that made it.
    pub fn open() -> (Self, Browser) {
        Self::open_with(Limits::default())
    }

    pub fn open_with(limits: Limits) -> (Self, Browser) {
        let node = Self::with(limits);
        let mut browser = Browser::new(node.port);
        let reply = browser.onboard();
        assert_eq!(reply.status, 200, "{}", reply.text());
        (node, browser)
    }

    /// The same, with apps that are a part of the system.
    pub fn open_with_system(system: &'static [SystemApp]) -> (Self, Browser) {
        let node = Self::with_system(Limits::default(), system);
        let mut browser = Browser::new(node.port);
        assert_eq!(browser.onboard().status, 200);
        (node, browser)
    }

    /// A request as a program sends it, with the right host.
    pub fn ask(&self, method: &str, path: &str) -> Ask {
        Ask::new(self.port, method, path)
    }

    /// A request of the command line.
    pub fn control(&self, method: &str, path: &str) -> Ask {
        self.ask(method, path)
            .header("authorization", &format!("Bearer {CONTROL}"))
    }

    /// Waits until something is so; fails after a while.
    pub fn eventually(what: &str, mut so: impl FnMut() -> bool) {
        let end = std::time::Instant::now() + Duration::from_secs(60);
        while !so() {
            assert!(std::time::Instant::now() < end, "never happened: {what}");
            // Asking is limited to about a thousand times a second, and what is waited for needs the processor, too.
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(server) = self.server.take() {
            server.join().unwrap();
        }
    }
}
