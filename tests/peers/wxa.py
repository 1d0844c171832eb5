"""Packages seen and made by others: unzip, bsdtar, 7z and zipfile unpack what we write; securesystemslib and
in-toto verify our signature; a package written and signed here, from docs/wxa.md alone, opens in our reader."""
import base64, hashlib, io, json, os, pathlib, struct, subprocess, sys, zipfile, zlib

import jsonschema
from in_toto.models.metadata import Envelope as InTotoEnvelope
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner, SSlibKey

peer, work = sys.argv[1], pathlib.Path(sys.argv[2])
root = pathlib.Path(__file__).resolve().parents[2]
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58(data: bytes) -> str:
    number, out = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        out = ALPHABET[digit] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def unbase58(text: str) -> bytes:
    number = 0
    for char in text:
        number = number * 58 + ALPHABET.index(char)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def canonical(value) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def ours(path) -> dict:
    return json.loads(subprocess.run([peer, "open", path], check=True, capture_output=True).stdout)


def tree(folder: pathlib.Path) -> dict:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256(path.read_bytes()) for path in files}


def the_same_tree(package: pathlib.Path):
    """Every tool that unpacks archives finds the files that our reader lists, and only them."""
    want = ours(package)["files"]
    with zipfile.ZipFile(package) as archive:
        assert archive.testzip() is None
        seen = {name: sha256(archive.read(name)) for name in archive.namelist()}
    for tool, command in {
        "unzip": lambda to: ["unzip", "-q", package, "-d", to],
        "bsdtar": lambda to: ["bsdtar", "-x", "-C", to, "-f", package],
        "7z": lambda to: ["7z", "x", "-bd", f"-o{to}", package],
    }.items():
        to = work / f"{package.stem}-{tool}"
        to.mkdir()
        subprocess.run(list(map(str, command(to))), check=True, stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})
        assert tree(to) == seen, (tool, tree(to), seen)
    files = {name: digest for name, digest in seen.items() if not name.startswith("META/")}
    assert files == want, (files, want)


def they_verify_us(package: pathlib.Path):
    with zipfile.ZipFile(package) as archive:
        envelope = json.loads(archive.read("META/sig.dsse.json"))
        content = {name: archive.read(name) for name in archive.namelist()}
        before = package.read_bytes()[: archive.getinfo("META/sig.dsse.json").header_offset]
    key_id = envelope["signatures"][0]["keyid"]
    raw = unbase58(key_id.split("#")[0].removeprefix("did:key:z"))
    assert raw[:2] == b"\xed\x01"
    key_dict = {"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": raw[2:].hex()}}
    key = SSlibKey(key_id, "ed25519", "ed25519", {"public": raw[2:].hex()})
    assert Envelope.from_dict(json.loads(json.dumps(envelope))).verify([key], 1)
    InTotoEnvelope.from_dict(json.loads(json.dumps(envelope))).verify_signature({"keyid": key_id, **key_dict})
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    for subject in statement["subject"]:
        assert subject["digest"]["sha256"] == sha256(content[subject["name"]]), subject
    assert statement["predicate"]["archive"] == {"length": len(before), "sha256": sha256(before)}
    for name, item in json.loads(content["META/content.json"]).items():
        assert item == {"size": len(content[name]), "sha256": sha256(content[name])}, name
    schema = json.loads((root / "docs/wxa.schema.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(json.loads(content["manifest.json"]))


class Writer:
    """The canonical ZIP of docs/wxa.md."""

    def __init__(self):
        self.out, self.directory, self.count = bytearray(), bytearray(), 0

    def add(self, name: str, content: bytes, store=False):
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        data = deflate.compress(content) + deflate.flush()
        stored = store or len(data) >= len(content) or len(content) > 200 * len(data)
        data = content if stored else data
        path = name.encode()
        common = struct.pack(
            "<HHHHHIIIHH", 10 if stored else 20, 0x800, 0 if stored else 8, 0, 0x21,
            zlib.crc32(content), len(data), len(content), len(path), 0,
        )
        offset = len(self.out)
        self.out += b"PK\x03\x04" + common + path + data
        self.directory += b"PK\x01\x02" + struct.pack("<H", 0x0314) + common + bytes(6) + struct.pack("<II", 0o100644 << 16, offset) + path
        self.count += 1

    def bytes(self) -> bytes:
        end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, self.count, self.count, len(self.directory), len(self.out), 0)
        return bytes(self.out + self.directory + end)


def we_open_theirs():
    signer = CryptoSigner.generate_ed25519()
    public = bytes.fromhex(signer.public_key.keyval["public"])
    name = "z" + base58(b"\xed\x01" + public)
    did = f"did:key:{name}"
    signer.public_key.keyid = f"{did}#{name}"
    manifest = {
        "format": 1, "api": "1", "id": "python", "name": "Made in Python", "version": "0.1.0", "category": "developer",
        "description": "Written by somebody else.", "icon": "icon.svg", "entry": {"iframe": {"start": "/"}}, "permissions": {},
    }
    files = {
        "manifest.json": json.dumps(manifest, indent=1).encode(),
        "icon.svg": b"<svg/>",
        "web/index.html": b"<p>" + b"Hello. " * 5000 + "größer".encode(),
        "web/zero.bin": bytes(100_000),
        "web/größe.txt": b"",
    }
    content = canonical({path: {"size": len(data), "sha256": sha256(data)} for path, data in files.items()})
    writer = Writer()
    entries = {**files, "META/content.json": content}
    for path in sorted(entries, key=lambda path: (path != "manifest.json", path.encode())):
        writer.add(path, entries[path])
    before = bytes(writer.out)
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": path, "digest": {"sha256": sha256(entries[path])}} for path in ("manifest.json", "META/content.json")
        ],
        "predicateType": "urn:webx:wxa:package:v1",
        "predicate": {
            "archive": {"length": len(before), "sha256": sha256(before)},
            "id": "python", "publisher": did, "version": "0.1.0",
        },
    }
    envelope = Envelope(canonical(statement), "application/vnd.in-toto+json", {})
    envelope.sign(signer)
    writer.add("META/sig.dsse.json", canonical(envelope.to_dict()), store=True)
    package = work / "python.wxa"
    package.write_bytes(writer.bytes())
    opened = ours(package)
    assert opened["publisher"] == did
    assert opened["files"] == {path: sha256(data) for path, data in files.items()}
    hashed = base64.b32encode(hashlib.sha256(did.encode()).digest()[:10]).decode().lower()
    assert opened["app"] == f"{hashed}.python"
    the_same_tree(package)
    they_verify_us(package)
    # An ordinary archive of the same files is none of ours.
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        for path, data in entries.items():
            archive.writestr(path, data)
    (work / "plain.wxa").write_bytes(plain.getvalue())
    refused = subprocess.run([peer, "open", work / "plain.wxa"], capture_output=True)
    assert refused.returncode != 0, "a package needs the canonical form"


for fixture in sorted((root / "crates/wxa/tests/wxa/fixtures").glob("*.wxa")):
    the_same_tree(fixture)
    they_verify_us(fixture)
we_open_theirs()
