//! What the person set about QNet: kept in the vault, in force at once.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;

use anyhow::anyhow;
use webx_desktop::qnet::{NetworkHours, NetworkRates, NetworkSettings, QnetError};
use webx_links::{NodeAddress, Rates, RelayConfig};
use webx_overlay::NodeId;
use webx_peers::profile::{Detected, Roles};
use webx_vault::rusqlite::OptionalExtension as _;

use super::Record;
use super::cache::SCHEMA;
use super::running::Running;
use super::{Network, Open, Reach, blocking, failed, last_resort, refused, stopped, vault};

impl Network {
    /// What is set.
    pub(super) async fn load(&self, open: &Arc<Open>) -> Result<NetworkSettings, QnetError> {
        let open = open.clone();
        blocking(move || read(&open)).await
    }

    /// Sets it otherwise. Another relay starts QNet anew; one that cannot run leaves everything as it was.
    pub(super) async fn set(&self, asked: NetworkSettings) -> Result<NetworkSettings, QnetError> {
        let _turn = self.turn.lock().await;
        let open = self.open()?;
        last_resort::check(&asked, &own_node(&open).await?)?;
        let before = self.load(&open).await?;
        let running = self.running.lock().clone();
        if let Some(running) = running {
            if before.relay == asked.relay {
                self.apply(&running, &asked).await?;
            } else {
                self.restart(&running, &open, &before, &asked).await?;
            }
        }
        let kept = asked.clone();
        blocking(move || write(&open, &kept)).await?;
        Ok(asked)
    }

    async fn apply(&self, running: &Running, asked: &NetworkSettings) -> Result<(), QnetError> {
        let metered = self.is_metered(asked).await;
        let bandwidth = running.transport.bandwidth();
        bandwidth.set(rates(&asked.rates), rates(&asked.metered_rates));
        bandwidth.set_metered(metered);
        running.comms.set_bandwidth(share(asked, metered));
        running.lan.set(self.reach, asked, metered);
        running.last_resorts.set(asked);
        let config = overlay(asked, metered);
        running.handle.configure(config).await.map_err(stopped)
    }

    async fn restart(
        &self,
        running: &Running,
        open: &Arc<Open>,
        before: &NetworkSettings,
        asked: &NetworkSettings,
    ) -> Result<(), QnetError> {
        running.end().await;
        self.put(None);
        match self.run(open, asked).await {
            Ok(anew) => {
                self.put(Some(anew));
                Ok(())
            }
            Err(error) => {
                self.put(Some(self.run(open, before).await?));
                Err(QnetError::Conflict {
                    code: "relay",
                    what: format!("the relay cannot run so, and nothing was changed: {error}"),
                })
            }
        }
    }

    /// Whether the link costs by the byte: what the person says, or else the system.
    pub(super) async fn is_metered(&self, settings: &NetworkSettings) -> bool {
        if let Some(metered) = settings.metered {
            return metered;
        }
        let data = self.data.clone();
        let detected = tokio::task::spawn_blocking(move || Detected::of_this_machine(&data)).await;
        detected.is_ok_and(|detected| detected.metered == Some(true))
    }
}

fn read(open: &Open) -> Result<NetworkSettings, QnetError> {
    let db = open.vault.db();
    db.migrate("net", SCHEMA).map_err(vault)?;
    let text: Option<String> = db
        .read(|db| {
            let sql = "SELECT settings FROM net_settings";
            Ok::<_, webx_vault::Error>(db.query_row(sql, [], |row| row.get(0)).optional()?)
        })
        .map_err(vault)?;
    let kept = text.and_then(|text| serde_json::from_str::<NetworkSettings>(&text).ok());
    // What another version wrote and this one does not take is as if nothing was set.
    Ok(kept
        .filter(|kept| kept.check().is_ok())
        .unwrap_or_else(usual))
}

fn write(open: &Open, settings: &NetworkSettings) -> Result<(), QnetError> {
    let text = serde_json::to_string(settings).map_err(|error| failed(&error))?;
    open.vault
        .db()
        .write(|tx| {
            let sql = "INSERT OR REPLACE INTO net_settings VALUES (1, ?1)";
            tx.execute(sql, [text])?;
            Ok::<_, webx_vault::Error>(())
        })
        .map_err(vault)?;
    // What others are told of this device.
    let peers = open.peers()?;
    let told = peers.settings().map_err(refused)?;
    let told = webx_peers::profile::Settings {
        roles: Roles {
            relay: settings.relay.is_some(),
            ..told.roles
        },
        metered: settings.metered,
        up: settings.rates.up,
        down: settings.rates.down,
        ..told
    };
    peers.set_settings(&told).map_err(refused)
}

/// The id of this device, whether it is on QNet or not.
async fn own_node(open: &Arc<Open>) -> Result<NodeId, QnetError> {
    let open = open.clone();
    blocking(move || {
        let record = Record::open(&open.vault).map_err(|error| failed(&error))?;
        let key = record.device_key().map_err(|error| failed(&error))?;
        Ok(NodeId(key.verifying_key().to_bytes()))
    })
    .await
}

/// What holds until the person says otherwise.
pub(super) fn usual() -> NetworkSettings {
    let usual = webx_overlay::Config::default();
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    NetworkSettings {
        neighbours: count(usual.max_neighbours),
        guests: count(usual.max_guests),
        control_budget: usual.control_budget,
        look_up: usual.table_serving,
        exchange: usual.exchange,
        // Strangers in a café need not learn of this node, unless its person wants to be found.
        lan_discovery: false,
        metered: None,
        hours: usual.hours.map(|hours| NetworkHours {
            from: hours.start,
            to: hours.end,
        }),
        rates: NetworkRates::default(),
        metered_rates: NetworkRates::default(),
        relay: None,
        last_resort: Vec::new(),
    }
}

/// The settings as the overlay knows them.
pub(super) fn overlay(settings: &NetworkSettings, metered: bool) -> webx_overlay::Config {
    let count = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
    let mut config = webx_overlay::Config::default();
    config.max_neighbours = count(settings.neighbours);
    config.max_guests = count(settings.guests);
    config.control_budget = settings.control_budget;
    config.table_serving = settings.look_up;
    config.exchange = settings.exchange;
    config.serves = settings.relay.is_some();
    config.metered = metered;
    config.hours = settings.hours.map(|hours| hours.from..hours.to);
    let named = last_resort::read(settings);
    config.last_resort = named.iter().map(NodeAddress::node).collect();
    config
}

/// The settings as streams and requests know them.
pub(super) fn comms(settings: &NetworkSettings, metered: bool) -> webx_comms::Config {
    webx_comms::Config {
        bandwidth: share(settings, metered),
        ..webx_comms::Config::default()
    }
}

/// What streams and requests may send together. A tenth of the limit stays for the overlay and for what the links add to every
/// packet, so that the queue which knows of shares and priorities is the one that fills.
fn share(settings: &NetworkSettings, metered: bool) -> Option<u64> {
    let rates = match metered {
        true => &settings.metered_rates,
        false => &settings.rates,
    };
    rates.up.map(|up| (up - up / 10).max(1))
}

/// The bandwidth as the links know it.
pub(super) fn rates(rates: &NetworkRates) -> Rates {
    Rates {
        up: rates.up.and_then(NonZeroU64::new),
        down: rates.down.and_then(NonZeroU64::new),
        peer_up: rates.peer_up.and_then(NonZeroU64::new),
        peer_down: rates.peer_down.and_then(NonZeroU64::new),
    }
}

/// The relay for others, if one is asked for. A node of this machine alone relays for this machine alone.
pub(super) fn relay(
    settings: &NetworkSettings,
    reach: Reach,
) -> anyhow::Result<Option<RelayConfig>> {
    let Some(asked) = &settings.relay else {
        return Ok(None);
    };
    let public: SocketAddr = asked
        .public
        .parse()
        .map_err(|_| anyhow!("{} is no address with a port", asked.public))?;
    let mut relay = match (reach, public) {
        (Reach::Any, SocketAddr::V4(_)) => {
            RelayConfig::at((Ipv4Addr::UNSPECIFIED, asked.port).into())
        }
        (Reach::Any, SocketAddr::V6(_)) => {
            RelayConfig::at((Ipv6Addr::UNSPECIFIED, asked.port).into())
        }
        _ => RelayConfig::at((Ipv4Addr::LOCALHOST, asked.port).into()),
    };
    relay.public = (reach == Reach::Any).then_some(public);
    relay.clients = usize::try_from(asked.clients).unwrap_or(usize::MAX);
    relay.rate = NonZeroU32::new(asked.rate).unwrap_or(relay.rate);
    Ok(Some(relay))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::transfers::Transfers;
    use super::*;

    /// An open home of somebody, as QNet needs it.
    fn open(data: &std::path::Path, network: &Network) -> Arc<Open> {
        let new = webx_vault::NewVault {
            passphrase: &webx_vault::Passphrase::new("correct horse battery").unwrap(),
            recovery_key: &webx_vault::Secret32::random().unwrap(),
            kdf: webx_vault::KdfCost::insecure_for_tests(),
        };
        let data = webx_vault::DataDir::open(data).unwrap();
        let vault = data.create(new).unwrap();
        let seed = webx_identity::RecoveryWords::generate(&[7; 32])
            .unwrap()
            .seed();
        Record::create(&vault, &seed, "Ann", "laptop").unwrap();
        let root = webx_vault::Secret32::random().unwrap();
        let clock = time::OffsetDateTime::now_utc;
        let drive = webx_drive::Drive::open(vault.clone(), root, clock).unwrap();
        let notifications = webx_services::Notifications::open(vault.db().clone()).unwrap();
        let changes = network.changes.clone();
        let db = vault.db().clone();
        Arc::new(Open {
            vault,
            drive: drive.clone(),
            notifications: notifications.clone(),
            guardians: super::super::guardians::Guardians::open(db.clone(), notifications.clone()),
            transfers: Transfers::open(db, drive, notifications, changes),
            offers: Arc::default(),
            peers: parking_lot::Mutex::default(),
        })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_limit_reaches_what_streams_share_when_it_changes_and_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Handle::current();
        let network = Network::new(Reach::Loopback, folder.path().to_owned(), runtime);
        let open = open(folder.path(), &network);
        *network.open.lock() = Some(open.clone());
        network.begin(&open).await.unwrap();
        let bandwidth = || network.now().unwrap().comms.bandwidth();
        assert_eq!(bandwidth(), None);
        let mut asked = network.load(&open).await.unwrap();
        asked.metered = Some(false);
        asked.rates.up = Some(1_000_000);
        asked.metered_rates.up = Some(10_000);
        network.set(asked.clone()).await.unwrap();
        assert_eq!(bandwidth(), Some(900_000));
        asked.metered = Some(true);
        network.set(asked.clone()).await.unwrap();
        assert_eq!(bandwidth(), Some(9_000));
        network.now().unwrap().end().await;
        network.begin(&open).await.unwrap();
        assert_eq!(bandwidth(), Some(9_000));
        asked.metered_rates.up = None;
        network.set(asked).await.unwrap();
        assert_eq!(bandwidth(), None);
        network.now().unwrap().end().await;
    }

    #[test]
    fn what_holds_without_settings_may_be_set_as_it_is() {
        let usual = usual();
        assert_eq!(usual.check(), Ok(()));
        assert_eq!(overlay(&usual, false), webx_overlay::Config::default());
    }

    #[test]
    fn streams_and_requests_share_what_the_person_allows_to_be_sent() {
        let mut settings = usual();
        assert_eq!(comms(&settings, false).bandwidth, None);
        settings.rates.up = Some(1_000_000);
        settings.metered_rates.up = Some(50_001);
        assert_eq!(comms(&settings, false).bandwidth, Some(900_000));
        assert_eq!(comms(&settings, true).bandwidth, Some(45_001));
        settings.rates.up = Some(1);
        assert_eq!(comms(&settings, false).bandwidth, Some(1));
    }

    #[test]
    fn a_relay_of_a_node_of_this_machine_listens_on_this_machine_alone() {
        let mut settings = usual();
        settings.relay = Some(webx_desktop::qnet::NetworkRelay {
            port: 8443,
            public: "203.0.113.7:443".into(),
            clients: 10,
            rate: 65536,
        });
        let here = relay(&settings, Reach::Loopback).ok().flatten();
        assert!(here.is_some_and(|relay| relay.bind.ip().is_loopback() && relay.public.is_none()));
        let any = relay(&settings, Reach::Any).ok().flatten();
        assert!(any.is_some_and(|relay| relay.tls && relay.public.is_some()));
        assert!(overlay(&settings, false).serves);
    }
}
