//! Guardians: contacts who together can bring the person's 24 words back, and those for whom this person is one. The roof answers.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use webx_identity::{Did, RecoveryWords};

use crate::devices::{PairingOffer, PairingView};
use crate::qnet::Answer;

/// The guardians of a [`Home`](crate::Home)'s person, and his wards.
pub trait Guardians: Send + Sync + 'static {
    /// Who they are and how they stand.
    fn view(&self) -> Answer<'_, GuardiansView>;
    /// Splits the words anew and gives each of these contacts a share. All of them have to be there; what earlier guardians
    /// have is worth nothing afterwards.
    fn appoint(
        &self,
        words: RecoveryWords,
        threshold: u8,
        people: Vec<Did>,
    ) -> Answer<'_, GuardiansView>;
    /// Asks all guardians whether they still have their shares.
    fn check(&self) -> Answer<'_, GuardiansView>;
    /// One guardian need not keep anything any more.
    fn release(&self, did: Did) -> Answer<'_, ()>;
    /// Throws away what is kept for a ward.
    fn resign(&self, did: Did) -> Answer<'_, ()>;
    /// Opens a code by which a ward's new device finds this one. It is good once and for a few minutes; an older one ends.
    fn help(&self, did: Did) -> Answer<'_, PairingOffer>;
    /// How that stands.
    fn helping(&self) -> Answer<'_, HelpView>;
    /// Gives the device that asks what is kept. `digits` are those that the person compared.
    fn give_back(&self, digits: String) -> Answer<'_, ()>;
    /// Takes the code back, or declines the device that asks.
    fn withdraw(&self) -> Answer<'_, ()>;
}

/// Guardians and wards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardiansView {
    /// How many guardians are needed to come back; absent while there are none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub threshold: Option<u8>,
    /// When the shares were made.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option",
        default
    )]
    pub made: Option<OffsetDateTime>,
    /// Who keeps a share for this person.
    pub guardians: Vec<GuardianItem>,
    /// For whom this person keeps one.
    pub wards: Vec<WardItem>,
}

/// A guardian.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GuardianItem {
    /// Who.
    pub did: String,
    /// What the person calls him, if he is still a contact.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// How he stood when he was asked last.
    pub state: GuardianState,
    /// When he last proved to have his share.
    #[serde(
        skip_serializing_if = "Option::is_none",
        with = "time::serde::rfc3339::option",
        default
    )]
    pub proved: Option<OffsetDateTime>,
}

/// How a guardian stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum GuardianState {
    /// He has proved to have his share.
    Kept,
    /// He did not answer when he was asked last.
    Away,
    /// He answered and does not have it, or did not prove it.
    Lost,
}

/// Somebody for whom this person is a guardian.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WardItem {
    /// Who.
    pub did: String,
    /// What the person calls him, if he is still a contact.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Since when the present share is kept.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
}

/// How the return of a share stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HelpView {
    /// Whose share it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub did: Option<String>,
    /// The step, as in pairing.
    #[serde(flatten)]
    pub meeting: PairingView,
}
