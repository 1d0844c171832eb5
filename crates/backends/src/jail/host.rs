//! Makes jails on this machine.

use std::sync::Arc;

use super::backend;
use super::proxy::Reach;
use super::walls::{self, Reentry};
use crate::{Backend, Launch, StartError};

/// Makes jails.
#[derive(Clone, Debug)]
pub struct JailHost {
    pub(super) reentry: Reentry,
    pub(super) wrap: bool,
    pub(super) reach: Reach,
}

impl JailHost {
    /// `reentry` starts this program again, so that it calls [`jail_main`](crate::jail_main).
    #[must_use]
    pub fn new(reentry: Reentry) -> Self {
        Self {
            reentry,
            wrap: true,
            reach: Reach::Public,
        }
    }

    /// Leaves bubblewrap out even where it works, as on machines where it does not.
    #[must_use]
    pub fn without_bubblewrap(mut self) -> Self {
        self.wrap = false;
        self
    }

    /// Lets granted names lead to this machine. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn reaching_anywhere(mut self) -> Self {
        self.reach = Reach::Anywhere;
        self
    }

    /// The walls that a jail has on this machine, in words.
    #[must_use]
    pub fn walls(&self) -> &'static str {
        walls::described(self.wrap)
    }

    /// Prepares a backend; it starts at its first request.
    ///
    /// # Errors
    /// [`StartError::Unfit`] when `launch` holds no program for a jail.
    pub fn start(&self, launch: Launch) -> Result<Arc<dyn Backend>, StartError> {
        backend::jail(self, launch)
    }
}
