//! The encrypted file tree: folders, versions, trash, search, quotas and repair checks.
