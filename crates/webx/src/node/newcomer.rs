//! A device whose person has another one: it meets that one by its code, waits for the person there, and moves in.

use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use parking_lot::Mutex;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use webx_desktop::{NewDevice, OpenError};
use webx_links::{Config, IrohTransport};
use webx_overlay::NodeId;
use webx_overlay::transport::{Exposure, LinkError, Transport as _};
use webx_peers::Peers;
use webx_peers::pairing::{self, ALPN, Cause, Joining, Package, PairingCode, PairingError};
use webx_peers::proof::Own;
use webx_vault::{Passphrase, Vault};
use zeroize::Zeroizing;

use super::network::{keep_record, pairing_limits};
use super::opener::trouble;
use super::person::Record;
use crate::args::Reach;

/// How long one call waits for the person at the other device.
const WAIT: Duration = Duration::from_secs(8);
/// How long a dial may take.
const DIAL: Duration = Duration::from_secs(20);

type Outcome = Result<(Joining, Package), PairingError>;

/// The new device while the person decides at the old one.
pub(super) struct Newcomer {
    key: SigningKey,
    device_name: String,
    passphrase: Passphrase,
    transport: Arc<IrohTransport>,
    came: watch::Receiver<bool>,
    outcome: Arc<Mutex<Option<Outcome>>>,
    _waiting: AbortOnDropHandle<()>,
}

impl Newcomer {
    /// Meets the old device. Gives six digits for the person to compare.
    pub(super) async fn meet(reach: Reach, new: NewDevice) -> Result<(Self, String), OpenError> {
        let code: PairingCode = new
            .code
            .trim()
            .parse()
            .map_err(|error| failure("bad-code", format!("{error}")))?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        if u64::try_from(now).unwrap_or_default() >= code.expires().0 {
            return Err(failure(
                "expired",
                "this code has expired; ask the other device for a new one",
            ));
        }
        let key = {
            let mut bytes = Zeroizing::new([0; 32]);
            getrandom::fill(bytes.as_mut_slice()).map_err(|error| {
                OpenError::Other(format!("the system gives no randomness: {error}"))
            })?;
            SigningKey::from_bytes(&bytes)
        };
        let hints = code.node().hints();
        let near = hints.relays.is_empty()
            && hints
                .direct
                .iter()
                .all(|address| address.ip().is_loopback());
        let config = match reach {
            Reach::Off => {
                return Err(failure(
                    "no-network",
                    "this node is not on QNet; start it with webx up --qnet loopback, or any",
                ));
            }
            _ if near => Config::loopback(),
            Reach::Any => Config::any(0),
            Reach::Loopback => {
                return Err(failure(
                    "other-network",
                    "the other device is on another machine, and this node may reach this machine alone; start it with webx up --qnet any",
                ));
            }
        };
        let transport = IrohTransport::bind(config.with(pairing_limits()), &key)
            .await
            .map_err(|error| failure("no-network", error.to_string()))?;
        let met = Self::dial(&transport, &key, &code, &new.device_name).await;
        let joining = match met {
            Ok(joining) => joining,
            Err(error) => {
                transport.close().await;
                return Err(problem(&error));
            }
        };
        let digits = joining.digits().to_string();
        let (tell, came) = watch::channel(false);
        let outcome = Arc::new(Mutex::new(None));
        let waiting = {
            let outcome = outcome.clone();
            tokio::spawn(async move {
                let mut joining = joining;
                let received = joining.receive(OffsetDateTime::now_utc).await;
                *outcome.lock() = Some(received.map(|package| (joining, package)));
                let _ = tell.send(true);
            })
        };
        let newcomer = Self {
            key,
            device_name: new.device_name,
            passphrase: new.passphrase,
            transport,
            came,
            outcome,
            _waiting: AbortOnDropHandle::new(waiting),
        };
        Ok((newcomer, digits))
    }

    async fn dial(
        transport: &Arc<IrohTransport>,
        key: &SigningKey,
        code: &PairingCode,
        name: &str,
    ) -> Result<Joining, PairingError> {
        let own = NodeId(key.verifying_key().to_bytes());
        let hints = code.node().hints();
        let dial = transport.dial(code.node().id, &hints, Exposure::Direct, ALPN);
        let connection = tokio::time::timeout(DIAL, dial)
            .await
            .map_err(|_| LinkError::Unreachable(code.node().id))??;
        pairing::join(connection, own, code, name).await
    }

    /// Waits a while. True when everything has come; what went wrong is said once, and the meeting is over.
    pub(super) async fn wait(&self) -> Result<bool, OpenError> {
        let mut came = self.came.clone();
        let _ = tokio::time::timeout(WAIT, came.wait_for(|came| *came)).await;
        let mut outcome = self.outcome.lock();
        match outcome.take() {
            None => Ok(false),
            Some(Err(error)) => Err(problem(&error)),
            Some(Ok(arrived)) => {
                *outcome = Some(Ok(arrived));
                Ok(true)
            }
        }
    }

    /// What has come, once; none while the person has not decided.
    pub(super) fn arrived(&self) -> Option<(Joining, Package)> {
        self.outcome.lock().take()?.ok()
    }

    /// What is to open the vault.
    pub(super) fn passphrase(&self) -> &Passphrase {
        &self.passphrase
    }

    /// Writes everything into a new vault. Blocks.
    pub(super) fn move_in(&self, vault: &Vault, package: &Package) -> Result<Record, OpenError> {
        let record = Record::adopt(vault, package, &self.key, &self.device_name)?;
        let did = package.did().map_err(other)?;
        let log = package.log().map_err(other)?;
        let key = Arc::new(self.key.clone());
        let own = Own::new(did, log, key, OffsetDateTime::now_utc()).map_err(other)?;
        let peers = Peers::open(vault.db().clone(), own).map_err(other)?;
        let contacts = package.contacts();
        peers.contacts().carry_over(contacts).map_err(other)?;
        if let Some(node) = package.node() {
            keep_record(vault.db(), node).map_err(trouble)?;
        }
        Ok(record)
    }

    /// Tells the old device that this one has everything, and hangs up.
    pub(super) async fn done(&self, joining: Joining) {
        if let Err(error) = joining.done().await {
            tracing::debug!("the other device did not hear that this one is done: {error}");
        }
        self.transport.close().await;
    }

    /// Hangs up.
    pub(super) async fn leave(&self) {
        self.transport.close().await;
    }
}

fn failure(code: &'static str, what: impl Into<String>) -> OpenError {
    OpenError::Pairing {
        code,
        what: what.into(),
    }
}

fn problem(error: &PairingError) -> OpenError {
    let code = match error {
        PairingError::NotOpen => "not-open",
        PairingError::Busy => "busy",
        PairingError::WrongSecret | PairingError::Refused(Cause::Secret) => "wrong-secret",
        PairingError::Refused(Cause::Declined) => "declined",
        PairingError::Refused(Cause::Expired) => "expired",
        PairingError::Package(_) => "bad-package",
        PairingError::Link(LinkError::Unreachable(_)) => {
            return failure(
                "unreachable",
                "the other device does not answer; see that it is on, unlocked and in a network that this one reaches",
            );
        }
        PairingError::Link(_) | PairingError::Ended(_) | PairingError::TimedOut => "unreachable",
        _ => "failed",
    };
    failure(code, error.to_string())
}

fn other(error: impl std::fmt::Display) -> OpenError {
    OpenError::Other(error.to_string())
}
