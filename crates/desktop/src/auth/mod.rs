//! Who asks: browsers by a token bound to their key, the command line by the control token.

pub(crate) mod dpop;
pub(crate) mod gate;
pub(crate) mod narrow;
pub(crate) mod replay;
pub(crate) mod sessions;
