//! Contacts on their way to another device of the same person.

use serde_json::json;
use webx_identity::Did;

use super::{Contacts, MAX_CONTACTS, Origin, rows};
use crate::{
    Error,
    pairing::{Carried, MAX_CARRIED},
};

const PAGE: u32 = 500;

impl Contacts {
    /// What another device of the person should know of the contacts, by name, at most 2000 of them.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn to_carry(&self) -> Result<Vec<Carried>, Error> {
        let mut carried = Vec::new();
        while carried.len() < MAX_CARRIED {
            let page = self.list(u32::try_from(carried.len()).unwrap_or(u32::MAX), PAGE)?;
            if page.is_empty() {
                break;
            }
            carried.extend(page.into_iter().map(|contact| {
                let first = contact.devices.first().copied();
                Carried {
                    did: contact.did.to_string(),
                    name: contact.petname,
                    digest: contact.accepted.map(|digest| digest.0.to_vec()),
                    verified: contact.verified.is_some(),
                    blocked: contact.trust == super::Trust::Blocked,
                    node: first.or(contact.card.map(|(node, _)| node)),
                }
            }));
        }
        carried.truncate(MAX_CARRIED);
        Ok(carried)
    }

    /// Takes contacts over from another device of the person. Who is known already stays as he is.
    ///
    /// What the other device had accepted is kept as a card would be: a contact who shows other keys when he is first met here
    /// is shown as changed, and one who was compared there is verified here when his keys are the same.
    ///
    /// # Errors
    /// [`Error::Vault`].
    pub fn carry_over(&self, contacts: &[Carried]) -> Result<(), Error> {
        let now = (self.clock)();
        let did_origin = json!(Origin::Did);
        self.db.write(|tx| {
            let count: i64 = tx.query_row("SELECT count(*) FROM contact", [], |row| row.get(0))?;
            let room = MAX_CONTACTS.saturating_sub(count.unsigned_abs());
            let room = usize::try_from(room).unwrap_or(usize::MAX);
            for contact in contacts.iter().take(room) {
                let Ok(did) = contact.did.parse::<Did>() else {
                    continue;
                };
                if did == self.own {
                    continue;
                }
                tx.execute(
                    "INSERT INTO contact (did, petname, promised, in_person, blocked, origin, node, hints, added)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '[[],[]]', ?8) ON CONFLICT (did) DO NOTHING",
                    (
                        did.as_str(),
                        &contact.name,
                        contact.digest.as_deref(),
                        contact.verified,
                        contact.blocked,
                        did_origin.as_str(),
                        contact.node.map(|node| node.0),
                        rows::seconds(now),
                    ),
                )?;
            }
            Ok(())
        })
    }
}
