//! Copies of the drive: what the desktop asks of them, and the work beside.

use std::time::Duration;

use time::OffsetDateTime;
use webx_copies::{Copies, Error, Round, Rules};
use webx_desktop::qnet::{CopiesView, CopyRound, QnetError, RestoredDrive, SpaceAgreement};
use webx_identity::Did;

use super::{Network, failed, refused, vault};

/// A round begins when nothing has changed for so long.
pub(super) const QUIET: Duration = Duration::from_secs(20);
/// And after this time anyway: samples are checked, leases renewed.
pub(super) const ROUTINE: Duration = Duration::from_secs(3600);

impl Network {
    fn copying(&self) -> Result<Copies, QnetError> {
        Ok(self.now()?.copies.clone())
    }

    pub(super) async fn show_copies(&self) -> Result<CopiesView, QnetError> {
        let copies = self.copying()?;
        let last = copies.last().map(shown);
        let agreements = self
            .on_peers(move |peers| {
                let mut all = Vec::new();
                for one in copies.agreements().map_err(|error| trouble(&error))? {
                    let contact = peers.contacts().find(&one.did).map_err(refused)?;
                    let heard = one.heard.map(OffsetDateTime::from_unix_timestamp);
                    all.push(SpaceAgreement {
                        did: one.did.to_string(),
                        contact: contact.map(|contact| contact.petname),
                        given: one.given,
                        given_used: one.given_used,
                        taken: one.taken,
                        taken_used: one.taken_used,
                        blocks: one.blocks,
                        heard: heard.and_then(Result::ok),
                        proved: one.proved.0,
                        failed: one.proved.1,
                    });
                }
                Ok(all)
            })
            .await?;
        Ok(CopiesView {
            wanted: Rules::default().copies as u64,
            agreements,
            last,
        })
    }

    pub(super) async fn give(&self, did: Did, bytes: u64) -> Result<CopiesView, QnetError> {
        let copies = self.copying()?;
        self.on_peers(move |_| copies.give(&did, bytes).map_err(|error| trouble(&error)))
            .await?;
        self.show_copies().await
    }

    pub(super) async fn copy(&self) -> Result<CopyRound, QnetError> {
        let round = self.copying()?.round().await;
        round.map(shown).map_err(|error| trouble(&error))
    }

    pub(super) async fn bring_back(&self) -> Result<RestoredDrive, QnetError> {
        let running = self.now()?;
        let copies = running.copies.clone();
        let adopted = copies.restore().await.map_err(|error| trouble(&error))?;
        let stop = running.stopping();
        running.spawn(async move {
            copies.clone().resume(stop).await;
            copies.hurry();
        });
        Ok(RestoredDrive {
            files: adopted.files,
            folders: adopted.folders,
            bytes: adopted.bytes,
        })
    }
}

fn shown(round: Round) -> CopyRound {
    CopyRound {
        hosts: round.hosts,
        blocks: round.blocks,
        copied: round.copied,
        bytes: round.bytes,
        lacking: round.lacking,
        nowhere: round.nowhere,
        proved: round.proved,
        failed: round.failed,
        dropped: round.dropped,
    }
}

fn trouble(error: &Error) -> QnetError {
    match error {
        Error::NoCopy => QnetError::NotFound(error.to_string()),
        Error::Drive(webx_drive::Error::NotEmpty) => QnetError::Conflict {
            code: "not-empty",
            what: error.to_string(),
        },
        Error::Peers(webx_peers::Error::Unknown(_)) => QnetError::NotFound(error.to_string()),
        Error::Vault(webx_vault::Error::Locked)
        | Error::Drive(webx_drive::Error::Vault(webx_vault::Error::Locked)) => {
            vault(webx_vault::Error::Locked)
        }
        other => failed(other),
    }
}
