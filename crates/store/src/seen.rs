//! Which publishers a store offered apps of, and what is said when that changes.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use webx_wxa::{AppId, PublisherRoot};

use crate::listing::Index;

/// For each `id` of a manifest the publishers that offered it, in the order they were seen.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Seen(BTreeMap<String, Vec<SeenPublisher>>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenPublisher {
    root: PublisherRoot,
    head: Option<String>,
    /// Version of the store's list in which it was seen first.
    since: u64,
}

/// Something that a person should know about what a store offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Warning {
    /// An app of this short name was offered by another publisher before.
    PublisherChanged {
        /// The app that is offered now.
        app: AppId,
        /// Who offered the name before.
        previous: PublisherRoot,
        /// Who offers it now.
        next: PublisherRoot,
    },
    /// The publisher's log has grown: keys or devices changed, by the publisher's own word.
    KeysRotated {
        /// The app.
        app: AppId,
        /// The newest entry seen before.
        previous: String,
        /// The newest entry now.
        next: String,
    },
    /// A listing cannot be read and is left out.
    Unreadable {
        /// Its name in the store.
        target: String,
        /// What is wrong.
        reason: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PublisherChanged {
                app,
                previous,
                next,
            } => write!(
                f,
                "An app called “{}” used to come from {previous}; this one comes from {next}, somebody else.",
                app.id()
            ),
            Self::KeysRotated { .. } => {
                f.write_str("The publisher has changed its keys since this store was last read.")
            }
            Self::Unreadable { target, reason } => {
                write!(f, "The listing {target} was left out: {reason}.")
            }
        }
    }
}

impl Seen {
    fn of(&self, id: &str) -> &[SeenPublisher] {
        self.0.get(id).map(Vec::as_slice).unwrap_or_default()
    }

    /// Compares the publishers of `index`, which is version `since` of the list, with those that were
    /// seen before, and remembers them.
    pub(crate) fn look_at(&mut self, index: &Index, since: u64) -> Vec<Warning> {
        let unreadable = |(target, reason): &(String, String)| Warning::Unreadable {
            target: target.clone(),
            reason: reason.clone(),
        };
        let mut warnings: Vec<Warning> = index.unreadable.iter().map(unreadable).collect();
        // Who was known before this refresh; several that come at once are no change.
        let before = self.clone();
        for app in index.apps.values() {
            let Some(offer) = app.versions.first() else {
                continue;
            };
            let listed = &offer.publisher;
            let known = before.of(app.app.id());
            match known.iter().find(|one| one.root == listed.root) {
                None => warnings.extend(known.last().map(|last| Warning::PublisherChanged {
                    app: app.app.clone(),
                    previous: last.root.clone(),
                    next: listed.root.clone(),
                })),
                Some(one) if one.head != listed.head => {
                    let pair = one.head.clone().zip(listed.head.clone());
                    warnings.extend(pair.map(|(previous, next)| Warning::KeysRotated {
                        app: app.app.clone(),
                        previous,
                        next,
                    }));
                }
                Some(_) => {}
            }
            let seen = self.0.entry(app.app.id().to_owned()).or_default();
            match seen.iter_mut().find(|one| one.root == listed.root) {
                Some(one) => one.head.clone_from(&listed.head),
                None => seen.push(SeenPublisher {
                    root: listed.root.clone(),
                    head: listed.head.clone(),
                    since,
                }),
            }
        }
        warnings
    }

    /// Warnings about those who offered the name of `app` before the publisher `root` did.
    pub(crate) fn earlier(&self, app: &AppId, root: &PublisherRoot) -> Vec<Warning> {
        let seen = self.of(app.id());
        let since = seen
            .iter()
            .find(|one| one.root == *root)
            .map_or(0, |one| one.since);
        let earlier = seen.iter().filter(|one| one.since < since);
        earlier
            .map(|one| Warning::PublisherChanged {
                app: app.clone(),
                previous: one.root.clone(),
                next: root.clone(),
            })
            .collect()
    }
}
