//! How many shares there are to be, and how many of them are needed.

use super::{MOST_SHARES, ShareError};

/// One group of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    threshold: u8,
    shares: u8,
}

impl Group {
    /// A group in which `threshold` of `shares` are needed.
    ///
    /// # Errors
    /// [`ShareError::Policy`] unless 1 ≤ `threshold` ≤ `shares` ≤ 16, and where one is enough there is only one: several
    /// copies of a group's secret would look like shares.
    pub fn new(threshold: u8, shares: u8) -> Result<Self, ShareError> {
        let sound = threshold >= 1
            && threshold <= shares
            && shares <= MOST_SHARES
            && (threshold > 1 || shares == 1);
        if sound {
            Ok(Self { threshold, shares })
        } else {
            Err(ShareError::Policy { threshold, shares })
        }
    }

    /// How many are needed.
    #[must_use]
    pub fn threshold(self) -> u8 {
        self.threshold
    }

    /// How many there are.
    #[must_use]
    pub fn shares(self) -> u8 {
        self.shares
    }
}

/// All groups, and how many of them are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub(super) threshold: u8,
    pub(super) groups: Vec<Group>,
}

impl Policy {
    /// A single group: `threshold` of `shares`.
    ///
    /// # Errors
    /// As [`Group::new`].
    pub fn of(threshold: u8, shares: u8) -> Result<Self, ShareError> {
        Self::groups(1, vec![Group::new(threshold, shares)?])
    }

    /// `threshold` of `groups`.
    ///
    /// # Errors
    /// [`ShareError::Policy`] unless 1 ≤ `threshold` ≤ number of groups ≤ 16.
    pub fn groups(threshold: u8, groups: Vec<Group>) -> Result<Self, ShareError> {
        let count = u8::try_from(groups.len()).unwrap_or(u8::MAX);
        if threshold >= 1 && threshold <= count && count <= MOST_SHARES {
            Ok(Self { threshold, groups })
        } else {
            Err(ShareError::Policy {
                threshold,
                shares: count,
            })
        }
    }
}
