//! This person gives a share back: to a new device that knows the code, after both have compared the digits.

use std::sync::Arc;

use parking_lot::Mutex;
use webx_desktop::qnet::QnetError;
use webx_desktop::{HelpView, PairingOffer};
use webx_identity::Did;
use webx_overlay::UnixTime;
use webx_peers::Peers;
use webx_peers::pairing::{Cause, MAX_KEPT, PairingCode, PairingSecret, Purpose, Returned};
use webx_peers::proof::Memory as _;

use super::super::pairing::{Offers, Outcome, reach_of, unfit};
use super::super::{Network, blocking, failed, stopped};
use super::{Guardians, no_ward, rows};

/// The one return of a share that is under way.
#[derive(Default)]
pub(super) struct Helping {
    offers: Arc<Offers>,
    ward: Mutex<Option<Did>>,
}

impl Guardians {
    /// Who comes in by the protocol of recovery is heard by it.
    pub(in super::super) fn offers(&self) -> Arc<Offers> {
        self.0.helping.offers.clone()
    }

    pub(super) fn help_view(&self) -> HelpView {
        let meeting = self.0.helping.offers.view();
        let ward = self.0.helping.ward.lock().clone();
        HelpView {
            did: ward.map(|did| did.to_string()),
            meeting,
        }
    }

    pub(super) fn withdraw_help(&self) -> Result<(), QnetError> {
        if let Some(asking) = self.0.helping.offers.withdraw().map_err(unfit)? {
            tokio::spawn(asking.refuse(Cause::Declined));
        }
        Ok(())
    }

    /// The person has compared the digits.
    pub(super) async fn give_back(self, peers: &Peers, digits: &str) -> Result<(), QnetError> {
        let offers = self.offers();
        let asking = offers.begin(digits).map_err(unfit)?;
        let ward = self.0.helping.ward.lock().clone();
        let (this, peers) = (self.clone(), peers.clone());
        let packed = blocking(move || this.pack(&peers, ward)).await;
        let returned = match packed {
            Ok(returned) => returned,
            Err(error) => {
                offers.end(Outcome::Unfinished);
                asking.refuse(Cause::Failed).await;
                return Err(error);
            }
        };
        match asking.give_back(returned).await {
            Ok(()) => {
                offers.end(Outcome::Done);
                Ok(())
            }
            Err(error) => {
                offers.end(Outcome::Unfinished);
                Err(QnetError::Conflict {
                    code: "unfinished",
                    what: format!(
                        "the new device did not say that it has the share ({error}); if it has not, open a new code"
                    ),
                })
            }
        }
    }

    /// Blocks.
    fn pack(&self, peers: &Peers, ward: Option<Did>) -> Result<Returned, QnetError> {
        let ward = ward.ok_or_else(no_ward)?;
        let mut kept = self.read(|db| rows::kept(db, &ward))?;
        kept.truncate(MAX_KEPT);
        if kept.is_empty() {
            return Err(no_ward());
        }
        let log = peers
            .contacts()
            .log(&ward)
            .ok_or_else(|| QnetError::Conflict {
                code: "no-log",
                what: "nothing is known here of this person's identity log; he has to be a contact"
                    .into(),
            })?;
        let shares = kept.into_iter().map(|one| one.share).collect();
        Ok(Returned::new(&ward, &log, shares))
    }
}

impl Network {
    /// Opens a code for a ward's new device.
    pub(super) async fn open_help(&self, did: Did) -> Result<PairingOffer, QnetError> {
        let (open, running) = (self.open()?, self.now()?);
        let (guardians, ward) = (open.guardians.clone(), did.clone());
        let kept = blocking(move || guardians.read(|db| rows::kept(db, &ward))).await?;
        if kept.is_empty() {
            return Err(no_ward());
        }
        let node = running.handle.own().await.map_err(stopped)?;
        let secret = PairingSecret::random().map_err(|error| failed(&error))?;
        let helping = &open.guardians.0.helping;
        let expires = {
            // Code and ward change together.
            let mut ward = helping.ward.lock();
            let expires = helping.offers.open(secret.clone()).map_err(unfit)?;
            *ward = Some(did);
            expires
        };
        let until = UnixTime(u64::try_from(expires.unix_timestamp()).unwrap_or_default());
        let code = PairingCode::new(node, until, secret).with_purpose(Purpose::Recovery);
        Ok(PairingOffer {
            code: code.text().to_string(),
            expires,
            reach: reach_of(self.reach),
        })
    }
}
