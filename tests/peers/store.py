"""Stores and python-tuf, the reference implementation: it reads a store that we keep, and we read a repository
that it makes."""
import json, pathlib, shutil, subprocess, sys
from datetime import datetime, timedelta, timezone

from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import MetaFile, Metadata, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Updater

peer, work = sys.argv[1], pathlib.Path(sys.argv[2])
fixtures = pathlib.Path(__file__).resolve().parents[2] / "crates/wxa/tests/wxa/fixtures"


def run(*arguments) -> bytes:
    return subprocess.run([peer, *map(str, arguments)], check=True, capture_output=True).stdout


class Folder(FetcherInterface):
    def _fetch(self, url):
        from tuf.api.exceptions import DownloadHTTPError
        try:
            yield pathlib.Path(url).read_bytes()
        except FileNotFoundError as error:
            raise DownloadHTTPError("not found", 404) from error


def updater(store: pathlib.Path, state: pathlib.Path) -> Updater:
    state.mkdir(exist_ok=True)
    (work / "downloads").mkdir(exist_ok=True)
    root = (store / "metadata/1.root.json").read_bytes()
    return Updater(str(state), f"{store}/metadata/", str(work / "downloads"), f"{store}/targets/", Folder(), bootstrap=root)


def versioned(version: str) -> pathlib.Path:
    """A package of that version, packed by us."""
    tree = work / f"tree-{version}"
    if not tree.exists():
        tree.mkdir()
        manifest = {
            "format": 1, "api": "1", "id": "notes", "name": "Notes – größer \"als\" \\ vorher", "version": version,
            "category": "productivity", "description": "Short notes.", "icon": "icon.svg",
            "entry": {"builtin": {"module": "app.js"}}, "permissions": {"required": [{"kind": "notify", "reason": "Reminds you"}]},
        }
        (tree / "manifest.json").write_text(json.dumps(manifest))
        (tree / "icon.svg").write_text("<svg/>")
        (tree / "app.js").write_text(f"export default '{version}'")
    run("pack", tree, work / f"notes-{version}.wxa")
    return work / f"notes-{version}.wxa"


def they_read_ours():
    store, state = work / "ours", work / "their-state"
    run("keep", store, versioned("1.0.0"), fixtures / "full.wxa")
    client = updater(store, state)
    client.refresh()
    listed = json.loads(max((store / "metadata").glob("*.targets.json"), key=lambda p: int(p.name.split(".")[0])).read_text())
    assert listed["signed"]["targets"]
    for path in listed["signed"]["targets"]:
        info = client.get_targetinfo(path)
        got = pathlib.Path(client.download_target(info)).read_bytes()
        assert len(got) == info.length
    old = work / "ours-old"
    shutil.copytree(store, old)
    run("rotate", store)
    run("rotate", store)
    run("keep", store, versioned("1.1.0"))
    client = updater(store, state)
    client.refresh()
    path = next(path for path in json.loads((state / "targets.json").read_text())["signed"]["targets"] if path.endswith("1.1.0.wxa"))
    got = pathlib.Path(client.download_target(client.get_targetinfo(path))).read_bytes()
    assert got == (work / "notes-1.1.0.wxa").read_bytes()
    # An older state, under the keys of now, is refused by both.
    run("keep", store, versioned("1.2.0"))
    newer = work / "ours-newer"
    shutil.copytree(store, newer)
    out = work / "out-ours"
    out.mkdir()
    assert len(json.loads(run("read", store, work / "our-state", out))["apps"]) == 4
    updater(store, state).refresh()
    shutil.copy(old / "metadata/timestamp.json", store / "metadata/timestamp.json")
    assert "refused" in json.loads(run("read", store, work / "our-state", out))
    try:
        updater(store, state).refresh()
        raise AssertionError("python-tuf takes an old state")
    except RepositoryError:
        pass


class Repository:
    """A repository as python-tuf makes it: a key for each role, two for the root."""

    def __init__(self, folder: pathlib.Path, consistent: bool):
        self.folder, self.consistent = folder, consistent
        self.keys = {role: [CryptoSigner.generate_ed25519()] for role in ("timestamp", "snapshot", "targets")}
        self.keys["root"] = [CryptoSigner.generate_ed25519() for _ in range(2)]
        expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=10)
        self.root = Root(expires=expires, consistent_snapshot=consistent)
        self.targets, self.snapshot, self.timestamp = Targets(expires=expires), Snapshot(expires=expires), Timestamp(expires=expires)
        for role, signers in self.keys.items():
            for signer in signers:
                self.root.add_key(signer.public_key, role)
        self.root.roles["root"].threshold = 2
        (folder / "metadata").mkdir(parents=True)

    def write(self, role: str, signed, extra=()) -> bytes:
        metadata = Metadata(signed)
        for signer in [*self.keys[role], *extra]:
            metadata.sign(signer, append=True)
        numbered = role == "root" or (self.consistent and role != "timestamp")
        name = f"{signed.version}.{role}.json" if numbered else f"{role}.json"
        metadata.to_file(str(self.folder / "metadata" / name))
        return (self.folder / "metadata" / name).read_bytes()

    def write_root(self, extra=()):
        self.write("root", self.root, extra)

    def add(self, package: pathlib.Path):
        opened = json.loads(run("open", package))
        manifest = json.loads((work / f"tree-{package.stem.removeprefix('notes-')}" / "manifest.json").read_text())
        data = package.read_bytes()
        path = f"apps/{opened['app']}/{manifest['version']}.wxa"
        target = TargetFile.from_data(path, data, ["sha256", "sha512"])
        target.unrecognized_fields["custom"] = {
            "app": opened["app"], "version": manifest["version"], "name": manifest["name"], "category": manifest["category"],
            "description": manifest["description"], "languages": [], "permissions": manifest["permissions"], "icon": None,
            "screenshots": [], "publisher": {"did": opened["publisher"], "root": opened["publisher"]},
            "published": "2026-01-01T00:00:00Z",
        }
        self.targets.targets[path] = target
        folder = self.folder / "targets" / f"apps/{opened['app']}"
        folder.mkdir(parents=True, exist_ok=True)
        prefix = f"{target.hashes['sha256']}." if self.consistent else ""
        (folder / f"{prefix}{manifest['version']}.wxa").write_bytes(data)

    def publish(self):
        for role in (self.targets, self.snapshot, self.timestamp):
            role.version += 1
        targets = self.write("targets", self.targets)
        self.snapshot.meta["targets.json"] = MetaFile.from_data(self.targets.version, targets, ["sha256", "sha512"])
        self.write("snapshot", self.snapshot)
        self.timestamp.snapshot_meta = MetaFile(self.snapshot.version)
        self.write("timestamp", self.timestamp)


def we_read_theirs(consistent: bool):
    name = "consistent" if consistent else "plain"
    store, out, state = work / name, work / f"out-{name}", work / f"state-{name}"
    out.mkdir()
    repository = Repository(store, consistent)
    repository.write_root()
    repository.add(versioned("1.0.0"))
    repository.publish()
    seen = json.loads(run("read", store, state, out))
    assert [app["version"] for app in seen["apps"]] == ["1.0.0"], seen
    old = (store / "metadata/timestamp.json").read_bytes()
    repository.add(versioned("1.1.0"))
    repository.publish()
    # The root keys and the timestamp's key are changed.
    before = repository.keys["root"]
    for role in ("root", "timestamp"):
        for signer in repository.keys[role]:
            repository.root.revoke_key(signer.public_key.keyid, role)
        repository.keys[role] = [CryptoSigner.generate_ed25519() for _ in repository.keys[role]]
        for signer in repository.keys[role]:
            repository.root.add_key(signer.public_key, role)
    repository.root.version += 1
    repository.write_root(before)
    repository.publish()
    seen = json.loads(run("read", store, state, out))
    assert [app["version"] for app in seen["apps"]] == ["1.1.0", "1.0.0"], seen
    app = seen["apps"][0]["app"]
    assert (out / f"{app}-1.1.0.wxa").read_bytes() == (work / "notes-1.1.0.wxa").read_bytes()
    (store / "metadata/timestamp.json").write_bytes(old)
    refused = json.loads(run("read", store, state, out))
    assert refused.get("refused") == "store-signatures", refused
    repository.timestamp.version -= 1
    repository.write("timestamp", repository.timestamp)
    refused = json.loads(run("read", store, state, out))
    assert refused.get("refused") == "store-rollback", refused


they_read_ours()
we_read_theirs(True)
we_read_theirs(False)
