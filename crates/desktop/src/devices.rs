//! The devices of the person: what the desktop asks for on a device that is one already. The roof answers.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use webx_identity::RecoveryWords;
use webx_vault::Passphrase;
use zeroize::Zeroizing;

use crate::qnet::{Answer, NetworkReach};

/// The devices of a [`Home`](crate::Home)'s person. They stand in the identity log, which the 24 words alone can change.
pub trait Devices: Send + Sync + 'static {
    /// All of them, this one first.
    fn list(&self) -> Answer<'_, Vec<DeviceItem>>;
    /// Opens a code by which a new device finds this one. It is good once and for a few minutes; an older one ends.
    fn offer(&self) -> Answer<'_, PairingOffer>;
    /// How the pairing stands.
    fn pairing(&self) -> Answer<'_, PairingView>;
    /// Takes the code back, or declines the device that asks.
    fn withdraw(&self) -> Answer<'_, ()>;
    /// Makes the device that asks one of the person's. `digits` are those that the person saw.
    fn admit(&self, words: RecoveryWords, digits: String) -> Answer<'_, DeviceItem>;
    /// Takes a device out of the identity.
    fn remove(&self, node: String, words: RecoveryWords) -> Answer<'_, ()>;
}

/// A new device, as the welcome screen collects it.
pub struct NewDevice {
    /// What the other device shows.
    pub code: Zeroizing<String>,
    /// Opens the vault of this device from now on.
    pub passphrase: Passphrase,
    /// 1 to 64 characters, trimmed, without control characters.
    pub device_name: String,
}

/// A device of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceItem {
    /// Its key, which is its node on QNet.
    pub node: String,
    /// What it is called, as far as this device knows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Whether it is this one.
    pub this_device: bool,
    /// Since when it stands in the identity.
    #[serde(with = "time::serde::rfc3339")]
    pub added: OffsetDateTime,
    /// Whether it has taken up its keys, as far as this device knows.
    pub state: DeviceState,
    /// Whether it is connected now.
    pub connected: bool,
}

/// How far a device is one of the person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeviceState {
    /// It is.
    Ready,
    /// It stands in the identity, but never said that it has kept its keys: pairing was cut off. Remove it and pair again, unless
    /// it does work.
    Unfinished,
}

/// What a new device needs.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairingOffer {
    /// `webx:pair?…`; fits a QR code. Whoever reads it can ask to become a device.
    pub code: String,
    /// Good until then.
    #[serde(with = "time::serde::rfc3339")]
    pub expires: OffsetDateTime,
    /// From where this device is found now.
    pub reach: NetworkReach,
}

impl std::fmt::Debug for PairingOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PairingOffer until {}", self.expires)
    }
}

/// How the pairing stands on the old device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairingView {
    /// The step.
    pub state: PairingState,
    /// Until when the code is good, or the person may decide.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option",
        default
    )]
    pub expires: Option<OffsetDateTime>,
    /// What the new device calls itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Its key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node: Option<String>,
    /// Six digits that the new device shows, too.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digits: Option<String>,
    /// Why it ended without a new device.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended: Option<PairingEnd>,
}

/// The steps of a pairing on the old device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum PairingState {
    /// None is under way.
    None,
    /// A code is open.
    Open,
    /// A device has proved that it knows the code, and waits for the person.
    Asked,
    /// It is being added.
    Adding,
    /// It is a device of the person.
    Done,
    /// It ended without one.
    Ended,
}

/// Why a pairing ended without a new device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum PairingEnd {
    /// Nobody came in time, or nobody decided in time.
    Expired,
    /// The new device went away before the person decided.
    Gone,
    /// Too many came who did not know the secret.
    Flooded,
    /// It stands in the identity, but the connection ended before it said that it has its keys.
    Unfinished,
}
