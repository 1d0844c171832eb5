//! Installed apps.
