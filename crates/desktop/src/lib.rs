//! The HTTP and WebSocket API of the desktop, its sessions and its assets.
