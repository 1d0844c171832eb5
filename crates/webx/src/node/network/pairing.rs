//! The person's devices, and pairing a new one on a device that is one already.

mod offers;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use time::OffsetDateTime;
use tokio::sync::mpsc;
use webx_desktop::qnet::{Answer, NetworkReach, QnetError};
use webx_desktop::{DeviceItem, DeviceState, Devices, PairingOffer, PairingView, Person as _};
use webx_identity::{RecoveryWords, Seed};
use webx_links::ProtocolLimits;
use webx_overlay::transport::Connection;
use webx_overlay::{NodeId, UnixTime};
use webx_peers::pairing::{
    ALPN, Asking, Cause, Package, PairingCode, PairingError, PairingSecret, RECOVERY_ALPN,
};
use webx_peers::proof::Own;

use self::offers::Unfit;
pub(super) use self::offers::{Offers, Outcome};
use super::running::Running;
use super::{Network, Open, Reach, Record, blocking, failed, node_id, refused, stopped};
use crate::node::person::{Device, LogError};

/// The longest message that fits a stream's window at once; longer ones flow.
const WINDOW: usize = 64 * 1024;
/// How long another device of the person is waited for before the identity is changed without it.
const OTHERS: Duration = Duration::from_secs(3);
/// How often a device looks for the person's other devices after its start, and when.
const MEET: [Duration; 3] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(30),
];

/// What a stranger may ask of the pairing protocol: one stream.
pub(crate) fn limits() -> ProtocolLimits {
    limits_of(ALPN)
}

/// The same of the protocol by which a guardian gives a share back.
pub(crate) fn recovery_limits() -> ProtocolLimits {
    limits_of(RECOVERY_ALPN)
}

fn limits_of(alpn: &'static [u8]) -> ProtocolLimits {
    let mut limits = ProtocolLimits::messages(alpn, WINDOW);
    limits.bi_streams = 1;
    limits.uni_streams = 0;
    limits
}

/// Takes connections of the two pairing protocols out of what comes in, and passes the rest on.
pub(super) async fn sort(
    offers: Arc<Offers>,
    helping: Arc<Offers>,
    own: NodeId,
    mut incoming: mpsc::Receiver<Arc<dyn Connection>>,
    others: mpsc::Sender<Arc<dyn Connection>>,
) {
    // They end with this task.
    let mut calls = tokio::task::JoinSet::new();
    loop {
        let connection = tokio::select! {
            Some(_) = calls.join_next() => continue,
            next = incoming.recv() => match next {
                Some(connection) => connection,
                None => return,
            },
        };
        if connection.alpn() == ALPN {
            calls.spawn(offers.clone().call(connection, own));
        } else if connection.alpn() == RECOVERY_ALPN {
            calls.spawn(helping.clone().call(connection, own));
        } else if let Err(error) = others.try_send(connection) {
            error.into_inner().close(webx_links::BUSY, "busy");
        }
    }
}

/// Meets the person's other devices, so that all of them come to know the newest version of the identity.
pub(super) async fn meet_others(open: Arc<Open>, running: Arc<Running>) {
    for wait in MEET {
        tokio::time::sleep(wait).await;
        if call_others(&open, &running).await {
            return;
        }
    }
}

/// Says whether all of them were met.
async fn call_others(open: &Arc<Open>, running: &Arc<Running>) -> bool {
    let vault = open.vault.clone();
    let listed = blocking(move || {
        let record = Record::open(&vault).map_err(|error| failed(&error))?;
        let devices = record.devices(OffsetDateTime::now_utc());
        devices.map_err(|error| failed(&error))
    });
    let devices = listed.await.unwrap_or_default();
    let others = devices.iter().filter(|device| !device.own);
    let calls = others.map(|device| tokio::time::timeout(OTHERS, running.comms.ping(device.node)));
    let met = join_all(calls).await;
    met.iter().all(|met| matches!(met, Ok(Ok(_))))
}

impl Devices for Network {
    fn list(&self) -> Answer<'_, Vec<DeviceItem>> {
        Box::pin(async {
            let devices = self.devices().await?;
            Ok(devices
                .into_iter()
                .map(|device| self.shown(device))
                .collect())
        })
    }

    fn offer(&self) -> Answer<'_, PairingOffer> {
        Box::pin(self.open_code())
    }

    fn pairing(&self) -> Answer<'_, PairingView> {
        Box::pin(async { Ok(self.open()?.offers.view()) })
    }

    fn withdraw(&self) -> Answer<'_, ()> {
        Box::pin(async {
            if let Some(asking) = self.open()?.offers.withdraw().map_err(unfit)? {
                tokio::spawn(asking.refuse(Cause::Declined));
            }
            Ok(())
        })
    }

    fn admit(&self, words: RecoveryWords, digits: String) -> Answer<'_, DeviceItem> {
        Box::pin(self.admit_device(words, digits))
    }

    fn remove(&self, node: String, words: RecoveryWords) -> Answer<'_, ()> {
        Box::pin(self.remove_device(node, words))
    }
}

impl Network {
    async fn devices(&self) -> Result<Vec<Device>, QnetError> {
        let open = self.open()?;
        blocking(move || {
            let record = Record::open(&open.vault).map_err(|error| failed(&error))?;
            record.devices(OffsetDateTime::now_utc()).map_err(log_error)
        })
        .await
    }

    fn shown(&self, device: Device) -> DeviceItem {
        DeviceItem {
            connected: !device.own && self.is_met(&device.node),
            node: device.node.to_string(),
            name: device.name,
            this_device: device.own,
            added: device.added,
            state: if device.finished {
                DeviceState::Ready
            } else {
                DeviceState::Unfinished
            },
        }
    }

    /// Whether the two nodes have a connection, of the overlay's or of the floors above.
    fn is_met(&self, node: &NodeId) -> bool {
        let running = self.running.lock().clone();
        running.is_some_and(|running| running.has(node) || !running.comms.paths(*node).is_empty())
    }

    async fn open_code(&self) -> Result<PairingOffer, QnetError> {
        let (open, running) = (self.open()?, self.now()?);
        let node = running.handle.own().await.map_err(stopped)?;
        let secret = PairingSecret::random().map_err(|error| failed(&error))?;
        let expires = open.offers.open(secret.clone()).map_err(unfit)?;
        let until = UnixTime(u64::try_from(expires.unix_timestamp()).unwrap_or_default());
        let code = PairingCode::new(node, until, secret);
        Ok(PairingOffer {
            code: code.text().to_string(),
            expires,
            reach: reach_of(self.reach),
        })
    }

    async fn admit_device(
        &self,
        words: RecoveryWords,
        digits: String,
    ) -> Result<DeviceItem, QnetError> {
        let (open, running) = (self.open()?, self.now()?);
        let asking = open.offers.begin(&digits).map_err(unfit)?;
        let node = asking.node();
        let adding = add(open, running, asking, words);
        // Goes on when the asking browser is gone: half of it would be worse than all or nothing.
        tokio::spawn(adding)
            .await
            .map_err(|error| failed(&error))??;
        let devices = self.devices().await?;
        let added = devices.into_iter().find(|device| device.node == node);
        added
            .map(|device| self.shown(device))
            .ok_or_else(|| QnetError::NotFound("the device was removed again".into()))
    }

    async fn remove_device(&self, node: String, words: RecoveryWords) -> Result<(), QnetError> {
        let node = node_id(&node)?;
        let open = self.open()?;
        let running = self.running.lock().clone();
        if let Some(running) = &running {
            if running.handle.id() == node {
                return Err(this_device());
            }
            call_others(&open, running).await;
        }
        let changing = open.clone();
        blocking(move || {
            let record = Record::open(&changing.vault).map_err(|error| failed(&error))?;
            let key = record.device_key().map_err(|error| failed(&error))?;
            if key.verifying_key().as_bytes() == node.as_bytes() {
                return Err(this_device());
            }
            let seed = words.seed();
            record.remove_device(&seed, node).map_err(log_error)?;
            changing.log_changed()
        })
        .await?;
        if let Some(running) = running {
            tell_all(&open, running);
        }
        Ok(())
    }
}

impl Open {
    /// The own log has become longer: from now on this node proves itself by the new one. Blocks.
    pub(super) fn log_changed(&self) -> Result<(), QnetError> {
        let record = Record::open(&self.vault).map_err(|error| failed(&error))?;
        let key = Arc::new(record.device_key().map_err(|error| failed(&error))?);
        let (did, log) = record.log().map_err(|error| failed(&error))?;
        let own =
            Own::new(did, log, key, OffsetDateTime::now_utc()).map_err(|error| failed(&error))?;
        self.peers()?.set_own(own);
        Ok(())
    }
}

/// Contacts that are connected learn of the new version at once: they are met anew.
fn tell_all(open: &Arc<Open>, running: Arc<Running>) {
    let open = open.clone();
    running.clone().spawn(async move {
        let mut people: Vec<_> = running
            .comms
            .connections()
            .into_iter()
            .map(|(peer, _)| peer.did)
            .collect();
        people.sort();
        people.dedup();
        for did in people {
            running.comms.hang_up(&did);
            if let Err(error) = running.comms.connect(did).await {
                tracing::debug!("somebody was not told of the new version: {error}");
            }
        }
        call_others(&open, &running).await;
    });
}

/// Adds the device that asks: first the log, then the keys. Whoever is killed in between leaves a device in the log that never
/// finished, and no key outside.
async fn add(
    open: Arc<Open>,
    running: Arc<Running>,
    asking: Box<Asking>,
    words: RecoveryWords,
) -> Result<(), QnetError> {
    // A change that another device has made would become a second history.
    call_others(&open, &running).await;
    let (node, name) = (asking.node(), asking.name().to_owned());
    let record = running.handle.own().await.ok();
    let changing = open.clone();
    let written = blocking(move || {
        let seed = words.seed();
        let log = Record::open(&changing.vault).map_err(|error| failed(&error))?;
        log.add_device(&seed, node, &name).map_err(log_error)?;
        Ok(seed)
    });
    let seed = match written.await {
        Ok(seed) => seed,
        Err(error) => {
            open.offers.end(Outcome::Back(asking));
            return Err(error);
        }
    };
    let packing = open.clone();
    let packed = blocking(move || {
        packing.log_changed()?;
        pack(&packing, &seed).map(|package| package.0.with_devices(record, package.1))
    });
    let package = match packed.await {
        Ok(package) => package,
        Err(error) => {
            open.offers.end(Outcome::Unfinished);
            asking.refuse(Cause::Failed).await;
            return Err(error);
        }
    };
    let given = asking.give(package).await;
    if let Err(error) = given {
        open.offers.end(Outcome::Unfinished);
        return Err(unfinished(&error));
    }
    let finishing = open.clone();
    let kept = blocking(move || {
        let record = Record::open(&finishing.vault).map_err(|error| failed(&error))?;
        record.finished(node).map_err(|error| failed(&error))
    });
    kept.await?;
    open.offers.end(Outcome::Done);
    tell_all(&open, running);
    Ok(())
}

/// Everything the new device needs. Blocks.
fn pack(open: &Open, seed: &Seed) -> Result<(Package, Vec<(NodeId, String)>), QnetError> {
    let record = Record::open(&open.vault).map_err(|error| failed(&error))?;
    let (did, log) = record.log().map_err(|error| failed(&error))?;
    let card = record.card().map_err(|error| failed(&error))?;
    let drive = record.drive_root_key().map_err(|error| failed(&error))?;
    let recovery = seed.vault_recovery_key().map_err(|error| failed(&error))?;
    let devices = record
        .devices(OffsetDateTime::now_utc())
        .map_err(log_error)?;
    let named = devices
        .into_iter()
        .filter_map(|device| Some((device.node, device.name?)));
    let contacts = open.peers()?.contacts().to_carry().map_err(refused)?;
    let package = Package::new(
        &did,
        &log,
        &card.display_name,
        card.created_at,
        drive.as_bytes(),
        &recovery,
    );
    Ok((package.with_contacts(contacts), named.collect()))
}

fn unfinished(error: &PairingError) -> QnetError {
    QnetError::Conflict {
        code: "unfinished",
        what: format!(
            "the device stands in your identity, but did not say that it has its keys ({error}); if it does not work, remove it and pair it again"
        ),
    }
}

fn this_device() -> QnetError {
    QnetError::Conflict {
        code: "this-device",
        what: "this is the device in use; remove it from another one of yours".into(),
    }
}

pub(super) fn reach_of(reach: Reach) -> NetworkReach {
    match reach {
        Reach::Off => NetworkReach::Off,
        Reach::Loopback => NetworkReach::Loopback,
        Reach::Any => NetworkReach::Any,
    }
}

pub(super) fn unfit(unfit: Unfit) -> QnetError {
    let (code, what) = match unfit {
        Unfit::Asked => ("asked", "a device waits for your decision; decide first"),
        Unfit::Adding => ("adding", "a device is being added right now"),
        Unfit::NotAsked => ("not-asked", "no device waits for your decision"),
        Unfit::OtherDigits => (
            "other-digits",
            "these are not the digits that this device shows; compare again",
        ),
    };
    QnetError::Conflict {
        code,
        what: what.into(),
    }
}

fn log_error(error: LogError) -> QnetError {
    let conflict = |code| QnetError::Conflict {
        code,
        what: error.to_string(),
    };
    match error {
        LogError::Words => QnetError::WrongWords,
        LogError::Clock => conflict("clock"),
        LogError::Changed => conflict("changed"),
        LogError::Unknown => QnetError::NotFound(error.to_string()),
        LogError::Open(webx_desktop::OpenError::Locked) => QnetError::Locked,
        LogError::Open(error) => failed(&error),
    }
}
