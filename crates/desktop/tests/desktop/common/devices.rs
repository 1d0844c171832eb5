//! Devices of a person who has two, and one more that asks.

use std::sync::Mutex;

use time::OffsetDateTime;
use webx_desktop::qnet::{Answer, NetworkReach, QnetError};
use webx_desktop::{DeviceItem, DeviceState, Devices, PairingOffer, PairingState, PairingView};
use webx_identity::RecoveryWords;

pub const DIGITS: &str = "123 456";

/// What it does is kept in memory. Any 24 words that are words are right but those made of [9; 32].
#[derive(Default)]
pub struct FakeDevices(Mutex<(bool, Vec<DeviceItem>)>);

fn ready<'a, T: Send + 'a>(answer: Result<T, QnetError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}

fn device(node: &str) -> DeviceItem {
    DeviceItem {
        node: node.into(),
        name: Some(node.into()),
        this_device: node == "desk",
        added: OffsetDateTime::UNIX_EPOCH,
        state: DeviceState::Ready,
        connected: false,
    }
}

fn right(words: &RecoveryWords) -> Result<(), QnetError> {
    let wrong = RecoveryWords::generate(&[9; 32]).unwrap();
    match *words.words() == *wrong.words() {
        true => Err(QnetError::WrongWords),
        false => Ok(()),
    }
}

impl Devices for FakeDevices {
    fn list(&self) -> Answer<'_, Vec<DeviceItem>> {
        let mut all = vec![device("desk")];
        all.extend(self.0.lock().unwrap().1.clone());
        ready(Ok(all))
    }

    fn offer(&self) -> Answer<'_, PairingOffer> {
        self.0.lock().unwrap().0 = true;
        ready(Ok(PairingOffer {
            code: "webx:pair?x".into(),
            expires: OffsetDateTime::UNIX_EPOCH,
            reach: NetworkReach::Loopback,
        }))
    }

    fn pairing(&self) -> Answer<'_, PairingView> {
        let asked = self.0.lock().unwrap().0;
        ready(Ok(PairingView {
            state: if asked {
                PairingState::Asked
            } else {
                PairingState::None
            },
            expires: None,
            name: asked.then(|| "phone".into()),
            node: None,
            digits: asked.then(|| DIGITS.into()),
            ended: None,
        }))
    }

    fn withdraw(&self) -> Answer<'_, ()> {
        self.0.lock().unwrap().0 = false;
        ready(Ok(()))
    }

    fn admit(&self, words: RecoveryWords, digits: String) -> Answer<'_, DeviceItem> {
        let admitted = right(&words).and_then(|()| match digits == DIGITS {
            true => Ok(device("phone")),
            false => Err(QnetError::Conflict {
                code: "other-digits",
                what: "other digits".into(),
            }),
        });
        if let Ok(added) = &admitted {
            let mut kept = self.0.lock().unwrap();
            kept.0 = false;
            kept.1.push(added.clone());
        }
        ready(admitted)
    }

    fn remove(&self, node: String, words: RecoveryWords) -> Answer<'_, ()> {
        ready(right(&words).and_then(|()| {
            let mut kept = self.0.lock().unwrap();
            let before = kept.1.len();
            kept.1.retain(|device| device.node != node);
            match kept.1.len() < before {
                true => Ok(()),
                false => Err(QnetError::NotFound("no such device".into())),
            }
        }))
    }
}
