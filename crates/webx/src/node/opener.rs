//! Making, opening and closing homes: the order in which the floors start.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use webx_apps::{Apps, Parts};
use webx_desktop::{
    Home, NewDevice, NewPerson, OpenError, Opener, Person as _, Recovery, Secret as Proof,
};
use webx_drive::Drive;
use webx_identity::RecoveryWords;
use webx_services::{EventLog, Notifications};
use webx_vault::{
    DataDir, Error as VaultError, KdfCost, LockedVault, NewVault, Salvage, Secret32, Vault,
};
use zeroize::Zeroizing;

use super::backends::Runners;
use super::ipfs::Ipfs;
use super::journal::Journal;
use super::keeper::Keeper;
use super::network::Network;
use super::newcomer::Newcomer;
use super::person::{LogError, Record, Regained};
use super::proof::{self, recovery_key};
use super::unfinished::Unfinished;
use crate::args::Reach;
use crate::failure::Failure;

/// What one try of a passphrase costs.
const UNLOCK_TIME: Duration = Duration::from_millis(500);

/// The house: the data folder of this process and who lives in it.
pub(crate) struct House {
    data: DataDir,
    runtime: tokio::runtime::Handle,
    journal: Journal,
    keeper: Mutex<Option<Keeper>>,
    network: Arc<Network>,
    ipfs: Arc<Ipfs>,
    /// How far this node may dial before anybody lives in it.
    reach: Reach,
    newcomer: Mutex<Option<Arc<Newcomer>>>,
}

impl House {
    /// `runtime` is where server sides of apps live; it must outlive every home that is opened.
    pub(crate) fn new(data: DataDir, runtime: tokio::runtime::Handle) -> Self {
        let folder = data.path().to_owned();
        Self {
            data,
            ipfs: Arc::new(Ipfs::new(runtime.clone(), false)),
            network: Arc::new(Network::new(Reach::Off, folder, runtime.clone())),
            runtime,
            journal: Journal::default(),
            keeper: Mutex::default(),
            reach: Reach::Off,
            newcomer: Mutex::default(),
        }
    }

    /// The same house on QNet: its homes join the network when they open.
    pub(crate) fn on(self, network: Arc<Network>) -> Self {
        let reach = network.reach();
        Self {
            network,
            reach,
            ipfs: Arc::new(Ipfs::new(self.runtime.clone(), true)),
            ..self
        }
    }

    /// The same house, which may dial so far to meet another device of its person.
    pub(crate) fn reaching(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    fn newcomer(&self) -> std::sync::MutexGuard<'_, Option<Arc<Newcomer>>> {
        self.newcomer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts what runs beside an open home; [`Opener::lock`] ends it.
    fn begin(&self, home: &Home) {
        self.ipfs.start(home);
        *self.keeper.lock().unwrap_or_else(PoisonError::into_inner) =
            Keeper::start(home.drive.clone(), home.apps.clone());
        self.network.start(home);
    }

    /// The public content of whoever lives here.
    pub(super) fn ipfs(&self) -> Arc<Ipfs> {
        self.ipfs.clone()
    }

    pub(crate) fn data(&self) -> &DataDir {
        &self.data
    }

    /// The vault of the one person this version serves.
    pub(crate) fn locked(&self) -> Result<LockedVault, OpenError> {
        let id = self
            .data
            .people()
            .map_err(trouble)?
            .first()
            .copied()
            .ok_or_else(|| OpenError::WrongState("there is no identity here yet".into()))?;
        self.data.locked(id).map_err(trouble)
    }

    /// Puts a whole database in the place of a damaged one. The home must not be open.
    pub(crate) fn repair_database(&self, with: &Proof) -> Result<Salvage, OpenError> {
        proof::repair(&self.locked()?, with)
    }

    /// Opens the vault alone, without the floors above it.
    pub(crate) fn unlock_vault(&self, with: &Proof) -> Result<Vault, OpenError> {
        proof::unlock(&self.locked()?, with).inspect_err(|error| self.journal.refused(error))
    }
}

impl Opener for House {
    fn exists(&self) -> bool {
        self.data.people().is_ok_and(|people| !people.is_empty())
    }

    fn create(&self, new: NewPerson) -> Result<(Home, Zeroizing<Vec<String>>), OpenError> {
        if self.exists() {
            return Err(OpenError::WrongState(
                "there is an identity here already".into(),
            ));
        }
        let mut entropy = Zeroizing::new([0u8; 32]);
        getrandom::fill(entropy.as_mut_slice()).map_err(|error| {
            OpenError::Other(format!("the system gives no randomness: {error}"))
        })?;
        let words = RecoveryWords::generate(&entropy).map_err(other)?;
        let seed = words.seed();
        let recovery_key = Secret32::new(*seed.vault_recovery_key().map_err(other)?);
        let unfinished = Unfinished::begin(&self.data).map_err(|error| chain(&error))?;
        let vault = self
            .data
            .create(NewVault {
                passphrase: &new.passphrase,
                recovery_key: &recovery_key,
                kdf: KdfCost::calibrate(UNLOCK_TIME),
            })
            .map_err(trouble)?;
        let home = Record::create(&vault, &seed, &new.display_name, &new.device_name)
            .and_then(|record| open_floors(vault.clone(), record, &self.runtime, &self.network));
        let home = match home {
            Ok(home) => home,
            Err(error) => {
                vault.lock();
                return Err(error);
            }
        };
        unfinished.done().map_err(|error| chain(&error))?;
        self.journal.created(&home);
        self.begin(&home);
        Ok((home, words.words()))
    }

    fn recover(&self, lost: Recovery) -> Result<Home, OpenError> {
        if self.exists() {
            return Err(OpenError::WrongState(
                "there is an identity here already".into(),
            ));
        }
        let seed = lost.words.seed();
        let regained = Regained::new(&seed, lost.log.as_ref()).map_err(|error| match error {
            LogError::Words => OpenError::BadInput("this log is that of another identity".into()),
            LogError::Open(error) => error,
            error => OpenError::BadInput(error.to_string()),
        })?;
        let unfinished = Unfinished::begin(&self.data).map_err(|error| chain(&error))?;
        let vault = self
            .data
            .create(NewVault {
                passphrase: &lost.passphrase,
                recovery_key: &recovery_key(&lost.words)?,
                kdf: KdfCost::calibrate(UNLOCK_TIME),
            })
            .map_err(trouble)?;
        let home = Record::regain(&vault, &seed, &regained, &lost)
            .and_then(|record| open_floors(vault.clone(), record, &self.runtime, &self.network))
            .inspect_err(|_| vault.lock())?;
        unfinished.done().map_err(|error| chain(&error))?;
        self.journal.recovered(&home);
        self.begin(&home);
        Ok(home)
    }

    fn meet_device(&self, new: NewDevice) -> Result<String, OpenError> {
        if self.exists() {
            return Err(OpenError::WrongState(
                "there is an identity here already".into(),
            ));
        }
        self.leave_device();
        let met = self.runtime.block_on(Newcomer::meet(self.reach, new));
        let (newcomer, digits) = met?;
        *self.newcomer() = Some(Arc::new(newcomer));
        Ok(digits)
    }

    fn await_device(&self) -> Result<bool, OpenError> {
        let newcomer = self.newcomer().clone().ok_or_else(unmet)?;
        self.runtime
            .block_on(newcomer.wait())
            .inspect_err(|_| self.leave_device())
    }

    fn adopt(&self) -> Result<Home, OpenError> {
        let newcomer = self.newcomer().take().ok_or_else(unmet)?;
        let (joining, package) = newcomer.arrived().ok_or_else(unmet)?;
        let recovery_key = Secret32::new(*package.recovery_key());
        let unfinished = Unfinished::begin(&self.data).map_err(|error| chain(&error))?;
        let vault = self
            .data
            .create(NewVault {
                passphrase: newcomer.passphrase(),
                recovery_key: &recovery_key,
                kdf: KdfCost::calibrate(UNLOCK_TIME),
            })
            .map_err(trouble)?;
        let home = newcomer
            .move_in(&vault, &package)
            .and_then(|record| open_floors(vault.clone(), record, &self.runtime, &self.network))
            .inspect_err(|_| vault.lock())?;
        unfinished.done().map_err(|error| chain(&error))?;
        self.journal.created(&home);
        // Only now: a device that has said so has everything, even after a power cut.
        self.runtime.block_on(newcomer.done(joining));
        self.begin(&home);
        Ok(home)
    }

    fn leave_device(&self) {
        let left = self.newcomer().take();
        if let Some(newcomer) = left {
            self.runtime.block_on(newcomer.leave());
        }
    }

    fn unlock(&self, with: Proof) -> Result<Home, OpenError> {
        let vault = self.unlock_vault(&with)?;
        let home = Record::open(&vault)
            .and_then(|record| open_floors(vault.clone(), record, &self.runtime, &self.network))
            .inspect_err(|_| vault.lock())?;
        self.journal.unlocked(&home, &with);
        self.begin(&home);
        Ok(home)
    }

    fn verify(&self, home: &Home, with: Proof) -> Result<(), OpenError> {
        match &with {
            // The words are checked in the header alone; there is nothing to guess and nothing to delay.
            Proof::Words(words) => {
                let key = recovery_key(words)?;
                match home.vault.is_recovery_key(&key).map_err(trouble)? {
                    true => Ok(()),
                    false => Err(OpenError::Wrong {
                        retry_after: Duration::ZERO,
                    }),
                }
            }
            // A vault that is open is shared by a further unlock, after the secret proved right.
            Proof::Passphrase(_) => self.unlock_vault(&with).map(drop),
        }
    }

    fn lock(&self, home: Home) {
        self.journal.locked(&home);
        self.network.stop();
        self.ipfs.stop();
        let keeper = self
            .keeper
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(keeper) = &keeper {
            keeper.stop();
        }
        home.apps.close();
        home.drive.close();
        if let Some(keeper) = keeper {
            keeper.join();
        }
        let vault = home.vault.clone();
        drop(home);
        vault.lock();
    }
}

/// Whether the identity of an open vault can be read.
pub(crate) fn check_person(vault: &Vault) -> Result<(), OpenError> {
    Record::open(vault).map(drop)
}

/// Starts the floors of an open vault, from the ground up.
fn open_floors(
    vault: Vault,
    record: Record,
    runtime: &tokio::runtime::Handle,
    network: &Arc<Network>,
) -> Result<Home, OpenError> {
    let events = EventLog::open(vault.db().clone()).map_err(other)?;
    let notifications = Notifications::open(vault.db().clone()).map_err(other)?;
    let drive = Drive::open(vault.clone(), record.drive_root_key()?, now).map_err(other)?;
    let apps = Apps::open(Parts {
        vault: vault.clone(),
        drive: drive.clone(),
        events: events.clone(),
        notifications: notifications.clone(),
        backends: Arc::new(Runners::new(&vault).map_err(trouble)?),
        person: record.card()?.did.into(),
        runtime: runtime.clone(),
        clock: Arc::new(now),
    })
    .inspect_err(|_| drive.close())
    .map_err(other)?;
    Ok(Home {
        vault,
        drive,
        events,
        notifications,
        apps,
        person: Arc::new(record),
        qnet: network.clone(),
        devices: network.clone(),
        guardians: network.clone(),
    })
}

fn now() -> time::OffsetDateTime {
    SystemTime::now().into()
}

/// What the command line says when a home does not open.
pub(crate) fn failure(error: &OpenError) -> Failure {
    let code = match error {
        OpenError::Wrong { .. } => "wrong-passphrase",
        OpenError::TooSoon { .. } => "too-soon",
        OpenError::BadInput(_) => "bad-input",
        OpenError::WrongState(_) => "wrong-state",
        OpenError::Damaged(_) => "damaged",
        OpenError::Locked => "locked",
        OpenError::Pairing { code, .. } => code,
        _ => "failed",
    };
    let failure = Failure::refused(code, error.to_string());
    match error {
        OpenError::WrongState(_) => failure.todo("see webx status"),
        OpenError::Wrong { retry_after } if !retry_after.is_zero() => {
            failure.todo(format!("try again in {} s", retry_after.as_secs().max(1)))
        }
        _ => failure,
    }
}

pub(crate) fn trouble(error: VaultError) -> OpenError {
    match error {
        VaultError::Locked => OpenError::Locked,
        VaultError::Damaged(damage) => OpenError::Damaged(damage.to_string()),
        other => OpenError::Other(other.to_string()),
    }
}

fn other(error: impl std::fmt::Display) -> OpenError {
    OpenError::Other(error.to_string())
}

fn unmet() -> OpenError {
    OpenError::WrongState("no other device was met; begin again with its code".into())
}

fn chain(error: &anyhow::Error) -> OpenError {
    OpenError::Other(format!("{error:#}"))
}
