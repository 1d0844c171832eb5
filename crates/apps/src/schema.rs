//! The tables. Everything an app is and has stands in the vault's database; bytes stand in its blocks.

pub(crate) const COMPONENT: &str = "apps";

pub(crate) const STEPS: &[&str] = &[
    "
    -- A file of packages, by the digest of its bytes; shared by all packages that have it.
    CREATE TABLE app_content (
        sha256 BLOB PRIMARY KEY,
        size INTEGER NOT NULL,
        segments BLOB NOT NULL
    ) STRICT;

    CREATE TABLE app_package (
        digest BLOB PRIMARY KEY,
        app TEXT NOT NULL,
        version TEXT NOT NULL,
        manifest TEXT NOT NULL,
        -- What must be remembered of it to judge an update, as JSON.
        installed TEXT NOT NULL,
        did TEXT NOT NULL,
        hash TEXT NOT NULL,
        size INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE app_file (
        package BLOB NOT NULL REFERENCES app_package (digest),
        path TEXT NOT NULL,
        content BLOB NOT NULL REFERENCES app_content (sha256),
        PRIMARY KEY (package, path)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX app_file_by_content ON app_file (content);

    -- Machine code of a package's backend.
    CREATE TABLE app_code (
        package BLOB PRIMARY KEY REFERENCES app_package (digest),
        engine TEXT NOT NULL,
        -- Whether an instance serves more than one request.
        kept INTEGER NOT NULL,
        id BLOB NOT NULL,
        size INTEGER NOT NULL,
        segments BLOB NOT NULL
    ) STRICT;

    -- Packages that were read and wait to be installed.
    CREATE TABLE app_upload (
        id BLOB PRIMARY KEY,
        digest BLOB NOT NULL,
        size INTEGER NOT NULL,
        segments BLOB NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;

    CREATE TABLE app_install (
        install BLOB PRIMARY KEY,
        app TEXT NOT NULL,
        -- None when only its data is left.
        package BLOB REFERENCES app_package (digest),
        previous BLOB REFERENCES app_package (digest),
        -- Of a part of the system: which build of the program it came with.
        system TEXT,
        -- installed, removed, kept (only its data is left)
        state TEXT NOT NULL,
        delete_data INTEGER NOT NULL,
        installed_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        removed_at INTEGER,
        undo_until INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX app_install_once ON app_install (app) WHERE state = 'installed';
    CREATE INDEX app_install_by_package ON app_install (package);
    CREATE INDEX app_install_by_previous ON app_install (previous);

    CREATE TABLE app_grant (
        install BLOB NOT NULL,
        key TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (install, key)
    ) STRICT, WITHOUT ROWID;
    -- What was granted to the previous version, for the way back to it.
    CREATE TABLE app_grant_before (
        install BLOB NOT NULL,
        key TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (install, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE app_picked (
        install BLOB NOT NULL,
        node BLOB NOT NULL,
        mode TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (install, node)
    ) STRICT, WITHOUT ROWID;

    -- How a registration can be taken back, until its saga is over.
    CREATE TABLE app_former (
        saga BLOB PRIMARY KEY,
        state TEXT NOT NULL
    ) STRICT;

    CREATE TABLE app_usage (
        install BLOB PRIMARY KEY,
        bytes INTEGER NOT NULL,
        quota INTEGER
    ) STRICT;
    CREATE TABLE app_kv (
        install BLOB NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        at INTEGER NOT NULL,
        UNIQUE (install, key)
    ) STRICT;
    CREATE TABLE app_doc (
        install BLOB NOT NULL,
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        value TEXT NOT NULL,
        at INTEGER NOT NULL,
        UNIQUE (install, collection, id)
    ) STRICT;
    CREATE TABLE app_blob (
        install BLOB NOT NULL,
        -- 0: the app's blobs; 1: files of its /data folder
        space INTEGER NOT NULL,
        name TEXT NOT NULL,
        -- Names its key and its blocks; none of a folder.
        id BLOB,
        size INTEGER NOT NULL,
        media_type TEXT,
        sha256 BLOB,
        segments BLOB,
        at INTEGER NOT NULL,
        UNIQUE (install, space, name)
    ) STRICT;
",
    "
    -- A store, known by the fingerprint of its root, with what is believed of it.
    CREATE TABLE app_store (
        fingerprint TEXT PRIMARY KEY,
        location TEXT NOT NULL,
        pin BLOB NOT NULL,
        state BLOB,
        problem TEXT,
        added INTEGER NOT NULL
    ) STRICT;
",
];
