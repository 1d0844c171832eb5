//! What is said of the node and its network. It is in no IPFS network, so most of this is that there is nothing, and what
//! cannot be done without one is refused.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::answer::{Done, Failure};
use super::call::Call;
use super::key::{peer_id, shown};
use super::repo::VERSION;
use super::table;
use crate::store::{SELF, missing_key};

pub(super) fn version(call: &mut Call) -> Done {
    let answer = json!({
        "Version": call.host().version(),
        "Commit": "",
        "Repo": VERSION,
        "System": format!("{}/{}", std::env::consts::ARCH, std::env::consts::OS),
        "Golang": "",
    });
    call.out.line(&answer)
}

pub(super) fn id(call: &mut Call) -> Done {
    let key = call.store.key(SELF)?.ok_or_else(|| missing_key(SELF))?;
    let own = peer_id(&key.name());
    if let Some(other) = call.ask.args().first()
        && *other != own
    {
        return Err(Failure::offline());
    }
    let id = match call.ask.text("peerid-base").filter(|base| *base != "b58mh") {
        Some("") | None => own,
        Some(_) => shown(call, &key.name())?,
    };
    let answer = json!({
        "ID": id,
        "PublicKey": BASE64.encode(&key.public()),
        "Addresses": [],
        "AgentVersion": format!("webx/{}", call.host().version()),
        "Protocols": [],
    });
    call.out.line(&answer)
}

/// Needs other nodes.
pub(super) fn offline(_: &mut Call) -> Done {
    Err(Failure::offline())
}

pub(super) fn pubsub(_: &mut Call) -> Done {
    Err(Failure::new(
        "experimental pubsub feature not enabled. Run daemon with --enable-pubsub-experiment to use.",
    ))
}

pub(super) fn name_pubsub(_: &mut Call) -> Done {
    Err(Failure::new("IPNS pubsub subsystem is not enabled"))
}

pub(super) fn no_strings(call: &mut Call) -> Done {
    call.out.line(&super::list::strings(&[]))
}

pub(super) fn no_peers(call: &mut Call) -> Done {
    call.out.line(&json!({ "Peers": [] }))
}

pub(super) fn no_addresses(call: &mut Call) -> Done {
    call.out.line(&json!({ "Addrs": {} }))
}

pub(super) fn no_keys(call: &mut Call) -> Done {
    call.out.line(&json!({ "Keys": [] }))
}

pub(super) fn traffic(call: &mut Call) -> Done {
    call.out
        .line(&json!({ "TotalIn": 0, "TotalOut": 0, "RateIn": 0.0, "RateOut": 0.0 }))
}

pub(super) fn bitswap(call: &mut Call) -> Done {
    call.out.line(&json!({
        "Wantlist": [],
        "Peers": [],
        "BlocksReceived": 0,
        "DataReceived": 0,
        "BlocksSent": 0,
        "DataSent": 0,
        "DupBlksReceived": 0,
        "DupDataReceived": 0,
        "MessagesReceived": 0,
    }))
}

pub(super) fn system(call: &mut Call) -> Done {
    let answer = json!({
        "ipfs_version": call.host().version(),
        "net": { "online": false },
        "runtime": { "arch": std::env::consts::ARCH, "os": std::env::consts::OS },
        "diskinfo": {},
        "memory": {},
        "environment": {},
    });
    call.out.line(&answer)
}

pub(super) fn no_commands(call: &mut Call) -> Done {
    call.out.line(&json!([]))
}

pub(super) fn no_services(call: &mut Call) -> Done {
    call.out.line(&json!({ "RemoteServices": [] }))
}

pub(super) fn no_service(_: &mut Call) -> Done {
    Err(Failure::new("service not known"))
}

pub(super) fn no_new_service(_: &mut Call) -> Done {
    Err(Failure::new(
        "pins are kept on this node alone; other services are not asked",
    ))
}

pub(super) fn no_logs(_: &mut Call) -> Done {
    Err(Failure::new(
        "the log of this node is not changed or read through the RPC",
    ))
}

pub(super) fn no_mount(_: &mut Call) -> Done {
    Err(Failure::new(
        "content is not mounted, and names of the DNS are not looked up",
    ))
}

pub(super) fn shutdown(call: &mut Call) -> Done {
    call.host().shutdown().map_err(Failure::new)
}

pub(super) fn commands(call: &mut Call) -> Done {
    fn tree(name: &str, below: &[&str]) -> Value {
        let mut subcommands: Vec<Value> = Vec::new();
        let mut rest = below;
        while let Some(first) = rest.first() {
            let step = first.split('/').next().unwrap_or_default();
            let here = rest
                .iter()
                .take_while(|path| path.split('/').next() == Some(step))
                .count();
            let (these, later) = rest.split_at(here);
            let below: Vec<&str> = these
                .iter()
                .filter_map(|path| path.split_once('/').map(|(_, below)| below))
                .collect();
            subcommands.push(tree(step, &below));
            rest = later;
        }
        json!({ "Name": name, "Subcommands": subcommands, "Options": [] })
    }
    let mut names: Vec<&str> = table::names().collect();
    names.sort_unstable();
    call.out.line(&tree("ipfs", &names))
}
