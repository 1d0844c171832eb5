//! Which commands there are, and what each is given.

use super::answer::Done;
use super::call::Call;
use super::{block, config, dag, files, key, list, name, network, object, pin, read, repo, write};

/// A command.
pub(super) struct Command {
    /// How many arguments it takes, at least and at most.
    pub(super) args: (usize, usize),
    /// What its first argument is called.
    pub(super) arg: &'static str,
    /// Whether it takes files.
    pub(super) files: bool,
    pub(super) run: fn(&mut Call) -> Done,
}

/// Most arguments of a command that takes any number.
const MANY: usize = 1024;

type Row = (
    &'static str,
    (usize, usize),
    &'static str,
    fn(&mut Call) -> Done,
);

/// Commands that take files.
const UPLOADS: &[Row] = &[
    ("add", (0, 0), "path", write::add),
    ("block/put", (0, 0), "data", block::put),
    ("config/replace", (0, 0), "file", config::replace),
    ("dag/import", (0, 0), "path", dag::import),
    ("dag/put", (0, 0), "object data", dag::put),
    ("files/write", (1, 1), "path", files::write),
    ("key/import", (1, 1), "name", key::import),
    ("pubsub/pub", (0, MANY), "topic", network::pubsub),
    ("routing/put", (0, MANY), "key", network::offline),
];

const OTHERS: &[Row] = &[
    ("bitswap/stat", (0, 0), "", network::bitswap),
    ("bitswap/wantlist", (0, 0), "", network::no_keys),
    ("block/get", (1, 1), "cid", block::get),
    ("block/rm", (1, MANY), "cid", block::rm),
    ("block/stat", (1, 1), "cid", block::stat),
    ("bootstrap", (0, 0), "", config::bootstrap),
    ("bootstrap/add", (1, MANY), "peer", config::bootstrap_add),
    ("bootstrap/list", (0, 0), "", config::bootstrap),
    ("bootstrap/rm", (0, MANY), "peer", config::bootstrap_rm),
    ("bootstrap/rm/all", (0, 0), "", config::bootstrap_rm),
    ("cat", (1, MANY), "ipfs-path", read::cat),
    ("commands", (0, 0), "", network::commands),
    ("config", (1, 2), "key", config::config),
    ("config/profile/apply", (1, 1), "profile", config::profile),
    ("config/show", (0, 0), "", config::show),
    ("dag/export", (1, 1), "root", dag::export),
    ("dag/get", (1, 1), "ref", dag::get),
    ("dag/resolve", (1, 1), "ref", dag::resolve),
    ("dag/stat", (1, MANY), "root", dag::stat),
    ("dht/query", (1, 1), "peerID", network::offline),
    ("diag/cmds", (0, 0), "", network::no_commands),
    ("diag/net", (0, 0), "", network::offline),
    ("diag/sys", (0, 0), "", network::system),
    ("dns", (0, MANY), "", network::no_mount),
    ("files/chcid", (0, 1), "path", files::chcid),
    ("files/cp", (2, 2), "source", files::cp),
    ("files/flush", (0, 1), "path", files::flush),
    ("files/ls", (0, 1), "path", files::ls),
    ("files/mkdir", (1, 1), "path", files::mkdir),
    ("files/mv", (2, 2), "source", files::mv),
    ("files/read", (1, 1), "path", files::read),
    ("files/rm", (1, MANY), "path", files::rm),
    ("files/stat", (1, 1), "path", files::stat),
    ("get", (1, 1), "ipfs-path", read::get),
    ("id", (0, 1), "peerid", network::id),
    ("key/export", (1, 1), "name", key::export),
    ("key/gen", (1, 1), "name", key::generate),
    ("key/list", (0, 0), "", key::list),
    ("key/ls", (0, 0), "", key::list),
    ("key/rename", (2, 2), "name", key::rename),
    ("key/rm", (1, MANY), "name", key::rm),
    ("log/level", (0, 2), "", network::no_logs),
    ("log/ls", (0, 0), "", network::no_strings),
    ("log/tail", (0, 0), "", network::no_logs),
    ("ls", (1, MANY), "ipfs-path", list::ls),
    ("mount", (0, 0), "", network::no_mount),
    ("name/publish", (1, 1), "ipfs-path", name::publish),
    ("name/pubsub/cancel", (0, 1), "", network::name_pubsub),
    ("name/pubsub/state", (0, 0), "", network::name_pubsub),
    ("name/pubsub/subs", (0, 0), "", network::name_pubsub),
    ("name/resolve", (0, 1), "name", name::resolve),
    ("object/patch/add-link", (3, 3), "root", object::add_link),
    ("object/patch/rm-link", (2, 2), "root", object::rm_link),
    ("pin/add", (1, MANY), "ipfs-path", pin::add),
    ("pin/ls", (0, MANY), "ipfs-path", pin::ls),
    ("pin/remote/add", (0, MANY), "", network::no_service),
    ("pin/remote/ls", (0, MANY), "", network::no_service),
    ("pin/remote/rm", (0, MANY), "", network::no_service),
    (
        "pin/remote/service/add",
        (0, MANY),
        "",
        network::no_new_service,
    ),
    ("pin/remote/service/ls", (0, 0), "", network::no_services),
    ("pin/remote/service/rm", (0, MANY), "", network::no_service),
    ("pin/rm", (1, MANY), "ipfs-path", pin::rm),
    ("pin/update", (2, 2), "from-path", pin::update),
    ("pin/verify", (0, 0), "", pin::verify),
    ("ping", (1, MANY), "peer ID", network::offline),
    ("provide/stat", (0, 0), "", network::offline),
    ("pubsub/ls", (0, 0), "", network::pubsub),
    ("pubsub/peers", (0, 1), "", network::pubsub),
    ("pubsub/sub", (1, 1), "topic", network::pubsub),
    ("refs", (1, MANY), "ipfs-path", list::refs),
    ("refs/local", (0, 0), "", list::refs_local),
    ("repo/gc", (0, 0), "", repo::gc),
    ("repo/stat", (0, 0), "", repo::stat),
    ("repo/verify", (0, 0), "", repo::verify),
    ("repo/version", (0, 0), "", repo::version),
    ("resolve", (1, 1), "name", list::resolve),
    ("routing/findpeer", (1, MANY), "peerID", network::offline),
    ("routing/findprovs", (1, MANY), "key", network::offline),
    ("routing/get", (1, MANY), "key", network::offline),
    ("routing/provide", (1, MANY), "key", network::offline),
    ("shutdown", (0, 0), "", network::shutdown),
    ("stats/bitswap", (0, 0), "", network::bitswap),
    ("stats/bw", (0, 0), "", network::traffic),
    ("stats/dht", (0, MANY), "", network::offline),
    ("stats/provide", (0, 0), "", network::offline),
    ("stats/repo", (0, 0), "", repo::stat),
    ("swarm/addrs", (0, 0), "", network::no_addresses),
    ("swarm/addrs/local", (0, 0), "", network::no_strings),
    ("swarm/connect", (1, MANY), "address", network::offline),
    ("swarm/disconnect", (1, MANY), "address", network::offline),
    ("swarm/peers", (0, 0), "", network::no_peers),
    ("version", (0, 0), "", network::version),
];

/// The command at a path.
pub(super) fn find(path: &str) -> Option<Command> {
    let rows = UPLOADS.iter().map(|row| (row, true));
    let mut rows = rows.chain(OTHERS.iter().map(|row| (row, false)));
    let ((_, args, arg, run), files) = rows.find(|((known, ..), _)| *known == path)?;
    Some(Command {
        args: *args,
        arg,
        files,
        run: *run,
    })
}

/// The paths of all commands.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    UPLOADS.iter().chain(OTHERS).map(|(path, ..)| *path)
}
