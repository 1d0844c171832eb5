//! The vault format: segments, manifests, bundles and padding. Pure.
