//! Records of peers in the vault's database.

use webx_overlay::driver::PeerCache;
use webx_overlay::record::PeerRecord;
use webx_vault::Db;

/// Records of peers that outlive a restart.
const KEPT: usize = 512;

pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE net_peer (
        id     BLOB PRIMARY KEY CHECK (length(id) = 32),
        record BLOB NOT NULL CHECK (length(record) <= 2048)
    ) STRICT, WITHOUT ROWID",
    "CREATE TABLE net_settings (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        settings TEXT NOT NULL
    ) STRICT",
];

pub(super) struct Cache(pub(super) Db);

/// Keeps one record for the next start.
pub(crate) fn keep_record(db: &Db, record: &PeerRecord) -> Result<(), webx_vault::Error> {
    db.migrate("net", SCHEMA)?;
    db.write(|tx| {
        tx.execute(
            "INSERT OR REPLACE INTO net_peer (id, record) VALUES (?1, ?2)",
            (record.id.as_bytes().as_slice(), record.encode()),
        )?;
        Ok(())
    })
}

impl PeerCache for Cache {
    fn load(&self) -> Vec<PeerRecord> {
        let read = self.0.read(|db| {
            let mut statement = db.prepare("SELECT record FROM net_peer")?;
            let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0))?;
            Ok::<_, webx_vault::Error>(rows.collect::<Result<Vec<_>, _>>()?)
        });
        match read {
            Ok(rows) => rows
                .iter()
                .filter_map(|bytes| PeerRecord::decode(bytes).ok())
                .collect(),
            Err(error) => {
                tracing::warn!("the peers of last time are not known: {error}");
                Vec::new()
            }
        }
    }

    fn store(&self, peers: Vec<PeerRecord>) {
        let written = self.0.write(|tx| {
            tx.execute("DELETE FROM net_peer", [])?;
            let mut statement = tx.prepare("INSERT INTO net_peer (id, record) VALUES (?1, ?2)")?;
            for peer in peers.iter().take(KEPT) {
                statement.execute((peer.id.as_bytes().as_slice(), peer.encode()))?;
            }
            Ok::<_, webx_vault::Error>(())
        });
        if let Err(error) = written {
            tracing::warn!("peers could not be kept: {error}");
        }
    }
}
