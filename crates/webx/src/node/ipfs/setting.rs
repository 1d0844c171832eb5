//! What the person set about the doors to public content.

use webx_vault::rusqlite::OptionalExtension as _;
use webx_vault::{Error, Secret32, Vault};
use zeroize::Zeroizing;

/// A way in to public content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Door {
    Gateway,
    Rpc,
}

impl std::fmt::Display for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Gateway => "gateway",
            Self::Rpc => "RPC",
        })
    }
}

const GATEWAY: &[&str] = &[
    "
    CREATE TABLE ipfs_gateway (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        enabled INTEGER NOT NULL,
        port INTEGER NOT NULL
    ) STRICT;
",
    "
    ALTER TABLE ipfs_gateway ADD COLUMN token TEXT NOT NULL DEFAULT '';
",
];
const RPC: &[&str] = &["
    CREATE TABLE ipfs_rpc (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        enabled INTEGER NOT NULL,
        port INTEGER NOT NULL,
        token TEXT NOT NULL
    ) STRICT;
"];

impl Door {
    fn table(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Gateway => ("ipfs_gateway", GATEWAY),
            Self::Rpc => ("ipfs_rpc", RPC),
        }
    }

    /// Where it listens until the person says otherwise.
    fn port(self) -> u16 {
        match self {
            Self::Gateway => 7780,
            Self::Rpc => 5001,
        }
    }
}

/// What is set.
#[derive(Clone)]
pub(super) struct Setting {
    pub(super) enabled: bool,
    pub(super) port: u16,
    /// What a caller of the RPC shows. Made anew each time the door is opened.
    pub(super) token: Zeroizing<String>,
}

impl Setting {
    /// Turned on or off. What was on before keeps its token; a token ends with the door.
    pub(super) fn turned(self, enabled: bool, port: Option<u16>) -> Result<Self, Error> {
        let token = match (enabled, self.enabled && !self.token.is_empty()) {
            (false, _) => Zeroizing::default(),
            (true, true) => self.token,
            (true, false) => token()?,
        };
        Ok(Self {
            enabled,
            port: port.unwrap_or(self.port),
            token,
        })
    }
}

/// A new token: 32 random bytes.
fn token() -> Result<Zeroizing<String>, Error> {
    let random = Secret32::random()?;
    let mut text = Zeroizing::new(String::with_capacity(64));
    for byte in random.as_bytes() {
        text.push_str(&format!("{byte:02x}"));
    }
    Ok(text)
}

pub(super) fn read(vault: &Vault, door: Door) -> Result<Setting, Error> {
    let (table, schema) = door.table();
    vault.db().migrate(table, schema)?;
    let row = vault.db().read(|db| {
        let sql = format!("SELECT enabled, port, token FROM {table}");
        let row = db.query_row(&sql, [], |row| {
            Ok(Setting {
                enabled: row.get(0)?,
                port: row.get(1)?,
                token: Zeroizing::new(row.get(2)?),
            })
        });
        Ok::<_, Error>(row.optional()?)
    })?;
    Ok(row.unwrap_or_else(|| Setting {
        enabled: false,
        port: door.port(),
        token: Zeroizing::default(),
    }))
}

pub(super) fn write(vault: &Vault, door: Door, setting: &Setting) -> Result<(), Error> {
    let (table, _) = door.table();
    vault.db().write(|tx| {
        let sql = format!("INSERT OR REPLACE INTO {table} VALUES (1, ?1, ?2, ?3)");
        tx.execute(&sql, (setting.enabled, setting.port, &*setting.token))?;
        Ok(())
    })
}
