//! Guardians of a person who has appointed whom he named, and one ward whose device asks.

use std::sync::Mutex;

use time::OffsetDateTime;
use webx_desktop::qnet::{Answer, NetworkReach, QnetError};
use webx_desktop::{
    GuardianItem, GuardianState, Guardians, GuardiansView, HelpView, PairingOffer, PairingState,
    PairingView, WardItem,
};
use webx_identity::{Did, RecoveryWords};

use super::devices::DIGITS;

/// What it does is kept in memory. Any 24 words that are words are right but those made of [9; 32].
#[derive(Default)]
pub struct FakeGuardians(Mutex<(u8, Vec<String>, Option<String>)>);

fn ready<'a, T: Send + 'a>(answer: Result<T, QnetError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}

impl FakeGuardians {
    fn now(&self) -> GuardiansView {
        let kept = self.0.lock().unwrap();
        GuardiansView {
            threshold: (kept.0 > 0).then_some(kept.0),
            made: None,
            guardians: kept
                .1
                .iter()
                .map(|did| GuardianItem {
                    did: did.clone(),
                    name: None,
                    state: GuardianState::Kept,
                    proved: Some(OffsetDateTime::UNIX_EPOCH),
                })
                .collect(),
            wards: vec![WardItem {
                did: "did:key:ward".into(),
                name: Some("Ward".into()),
                since: OffsetDateTime::UNIX_EPOCH,
            }],
        }
    }
}

impl Guardians for FakeGuardians {
    fn view(&self) -> Answer<'_, GuardiansView> {
        ready(Ok(self.now()))
    }

    fn appoint(
        &self,
        words: RecoveryWords,
        threshold: u8,
        people: Vec<Did>,
    ) -> Answer<'_, GuardiansView> {
        let wrong = RecoveryWords::generate(&[9; 32]).unwrap();
        if *words.words() == *wrong.words() {
            return ready(Err(QnetError::WrongWords));
        }
        let mut kept = self.0.lock().unwrap();
        kept.0 = threshold;
        kept.1 = people.iter().map(ToString::to_string).collect();
        drop(kept);
        ready(Ok(self.now()))
    }

    fn check(&self) -> Answer<'_, GuardiansView> {
        ready(Ok(self.now()))
    }

    fn release(&self, did: Did) -> Answer<'_, ()> {
        self.0
            .lock()
            .unwrap()
            .1
            .retain(|one| *one != did.to_string());
        ready(Ok(()))
    }

    fn resign(&self, did: Did) -> Answer<'_, ()> {
        ready(Err(QnetError::NotFound(format!(
            "nothing is kept for {did}"
        ))))
    }

    fn help(&self, did: Did) -> Answer<'_, PairingOffer> {
        self.0.lock().unwrap().2 = Some(did.to_string());
        ready(Ok(PairingOffer {
            code: "webx:recover?x".into(),
            expires: OffsetDateTime::UNIX_EPOCH,
            reach: NetworkReach::Loopback,
        }))
    }

    fn helping(&self) -> Answer<'_, HelpView> {
        let did = self.0.lock().unwrap().2.clone();
        let asked = did.is_some();
        ready(Ok(HelpView {
            did,
            meeting: PairingView {
                state: if asked {
                    PairingState::Asked
                } else {
                    PairingState::None
                },
                expires: None,
                name: asked.then(|| "laptop".into()),
                node: None,
                digits: asked.then(|| DIGITS.into()),
                ended: None,
            },
        }))
    }

    fn give_back(&self, digits: String) -> Answer<'_, ()> {
        ready(match digits == DIGITS {
            true => Ok(()),
            false => Err(QnetError::Conflict {
                code: "other-digits",
                what: "these are not the digits".into(),
            }),
        })
    }

    fn withdraw(&self) -> Answer<'_, ()> {
        self.0.lock().unwrap().2 = None;
        ready(Ok(()))
    }
}
