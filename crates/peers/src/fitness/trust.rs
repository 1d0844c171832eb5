//! Whose word counts: EigenTrust, seen from the own contacts.

use std::collections::{BTreeMap, BTreeSet};

use super::receipt::Testimony;

/// The share of trust that always goes back to the own contacts.
const ALPHA: f64 = 0.85;
/// Rounds until nothing moves: what is left is below 0.15^16.
const ROUNDS: usize = 16;

/// Somebody whose word is weighed: a person's DID or a node without one, by hash or key.
pub type Party = [u8; 32];

/// How much the word of each party counts.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    contacts: BTreeSet<Party>,
    weights: BTreeMap<Party, f64>,
    least_contact: f64,
}

impl Trust {
    /// Computes t = α p + (1 - α) Cᵀ t, where p is spread evenly over the own contacts and C holds what parties say of
    /// each other, each row summing to one; whoever says nothing hands his trust back to the contacts.
    #[must_use]
    pub fn new(contacts: &BTreeSet<Party>, said: &[Testimony]) -> Self {
        if contacts.is_empty() {
            return Self::default();
        }
        let share = 1.0 / contacts.len() as f64;
        let mut rows: BTreeMap<Party, BTreeMap<Party, f64>> = BTreeMap::new();
        for one in said {
            let praise = (one.rate() * 2.0 - 1.0).max(0.0);
            if praise > 0.0 && one.issuer != one.subject {
                let row = rows.entry(one.issuer).or_default();
                *row.entry(one.subject).or_default() += praise;
            }
        }
        let mut trust: BTreeMap<Party, f64> = contacts.iter().map(|c| (*c, share)).collect();
        for _ in 0..ROUNDS {
            let mut next: BTreeMap<Party, f64> = BTreeMap::new();
            let mut back = 0.0;
            for (party, amount) in &trust {
                match rows.get(party) {
                    Some(row) => {
                        let sum: f64 = row.values().sum();
                        for (subject, praise) in row {
                            *next.entry(*subject).or_default() += amount * praise / sum;
                        }
                    }
                    None => back += amount,
                }
            }
            next.values_mut().for_each(|amount| *amount *= 1.0 - ALPHA);
            for contact in contacts {
                *next.entry(*contact).or_default() += (ALPHA + (1.0 - ALPHA) * back) * share;
            }
            trust = next;
        }
        let of_contacts = || contacts.iter().filter_map(|c| trust.get(c).copied());
        let most = of_contacts().fold(0.0, f64::max);
        let least = of_contacts().fold(most, f64::min);
        if most <= 0.0 {
            return Self::default();
        }
        Self {
            contacts: contacts.clone(),
            weights: trust
                .into_iter()
                .map(|(party, amount)| (party, (amount / most).min(1.0)))
                .collect(),
            least_contact: least / most,
        }
    }

    /// How much the word of a party counts: 1 for the most trusted contact, 0 for somebody nobody speaks for.
    #[must_use]
    pub fn weight(&self, party: &Party) -> f64 {
        self.weights.get(party).copied().unwrap_or(0.0)
    }

    /// Whether a party is an own contact.
    #[must_use]
    pub fn is_contact(&self, party: &Party) -> bool {
        self.contacts.contains(party)
    }

    /// The most that all strangers together count: half of the least trusted contact.
    #[must_use]
    pub fn most_of_strangers(&self) -> f64 {
        self.least_contact / 2.0
    }
}
