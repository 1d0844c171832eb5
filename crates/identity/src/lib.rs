//! Self-sovereign identity: the 24 words, the keys derived from them, and the did:webvh log.
