//! The tables of the tree. `docs/protocol/drive.md` explains them.

/// Name of the component in the vault's list of schema versions.
pub(crate) const COMPONENT: &str = "drive";

/// Row numbers of the two folders that every drive has.
pub(crate) const ROOT: i64 = 1;
pub(crate) const TRASH: i64 = 2;

/// Migrations; each is run once, in order.
pub(crate) const STEPS: &[&str] = &["
-- The tree as it is now.
CREATE TABLE drive_node (
    n INTEGER PRIMARY KEY,
    id BLOB NOT NULL,
    parent INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    sort BLOB NOT NULL,
    ext TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    created INTEGER NOT NULL,
    born INTEGER NOT NULL,
    since INTEGER NOT NULL,
    versions INTEGER NOT NULL,
    content INTEGER,
    shared INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    key BLOB NOT NULL,
    file_key BLOB,
    items INTEGER NOT NULL,
    origin INTEGER
) STRICT;
CREATE UNIQUE INDEX drive_node_id ON drive_node (id);
CREATE INDEX drive_node_list ON drive_node (parent, kind, sort, size, modified, ext);

-- What rows of drive_node were before: each row was true from the change `born` until the change `died`.
CREATE TABLE drive_past (
    node INTEGER NOT NULL,
    born INTEGER NOT NULL,
    died INTEGER NOT NULL,
    parent INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    since INTEGER NOT NULL,
    content INTEGER,
    file_key BLOB,
    PRIMARY KEY (node, born)
) STRICT, WITHOUT ROWID;
CREATE INDEX drive_past_parent ON drive_past (parent, died);

-- The bytes of versions. `nodes` counts the nodes that hold it now or in their past.
CREATE TABLE drive_content (
    c INTEGER PRIMARY KEY,
    nodes INTEGER NOT NULL,
    form INTEGER NOT NULL,
    size INTEGER NOT NULL,
    block INTEGER,
    place INTEGER,
    len INTEGER,
    manifest BLOB
) STRICT;
CREATE INDEX drive_content_bundle ON drive_content (block) WHERE form = 1;

-- Every block that the tree needs, once, and which larger file needs it.
CREATE TABLE drive_block (b INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, len INTEGER NOT NULL) STRICT;
CREATE TABLE drive_content_block (
    content INTEGER NOT NULL,
    block INTEGER NOT NULL,
    PRIMARY KEY (content, block)
) STRICT, WITHOUT ROWID;
CREATE INDEX drive_block_content ON drive_content_block (block);

-- When changes were made; the times never go back.
CREATE TABLE drive_change (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL) STRICT;
CREATE INDEX drive_change_at ON drive_change (at);

CREATE TABLE drive_counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE drive_upload (
    u INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    parent INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER,
    modified INTEGER,
    conflict INTEGER NOT NULL,
    key BLOB NOT NULL,
    lineage INTEGER,
    offset INTEGER NOT NULL,
    tail BLOB NOT NULL,
    stored INTEGER NOT NULL,
    created INTEGER NOT NULL,
    touched INTEGER NOT NULL
) STRICT;
CREATE TABLE drive_upload_segment (
    upload INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    digest BLOB NOT NULL,
    salt BLOB NOT NULL,
    len INTEGER NOT NULL,
    PRIMARY KEY (upload, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX drive_upload_segment_digest ON drive_upload_segment (digest);

-- Names up to the counter `indexed` as a search compares them, by every three characters.
CREATE VIRTUAL TABLE drive_name USING fts5 (
    name, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);
", "
-- The catalogue that was made last, and its blocks.
CREATE TABLE drive_catalogue (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    root BLOB NOT NULL,
    nodes INTEGER NOT NULL
) STRICT;
CREATE TABLE drive_catalogue_block (digest BLOB PRIMARY KEY, len INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"];

/// Forms of content.
pub(crate) mod form {
    pub(crate) const EMPTY: i64 = 0;
    pub(crate) const SMALL: i64 = 1;
    pub(crate) const INLINE: i64 = 2;
    pub(crate) const STORED: i64 = 3;
}
