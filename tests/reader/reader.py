#!/usr/bin/env python3
"""Reads a drive from its 24 words and an archive of `webx drive rescue`, written from docs/format.md and
docs/protocol/identity.md alone. Usage: reader.py WORDS-FILE ARCHIVE.car FOLDER"""
import hashlib
import hmac
import sys
from pathlib import Path

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROOT = bytes.fromhex("00000000000070008000000000000001")
TRASH = bytes.fromhex("00000000000070008000000000000002")
SEGMENT = 1_048_560


def hkdf(key, salt, info, length):
    prk = hmac.new(salt or bytes(32), key, hashlib.sha256).digest()
    out = block = b""
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([len(out) // 32 + 1]), hashlib.sha256).digest()
        out += block
    return out[:length]


def cbor(data, at=0):
    """One DAG-CBOR item: its value and where it ends."""
    major, value = data[at] >> 5, data[at] & 31
    at += 1
    if value >= 24:
        size = {24: 1, 25: 2, 26: 4, 27: 8}[value]
        value = int.from_bytes(data[at:at + size], "big")
        at += size
    if major == 0:
        return value, at
    if major == 1:
        return -1 - value, at
    if major in (2, 3):
        raw = data[at:at + value]
        assert len(raw) == value
        return (raw if major == 2 else raw.decode()), at + value
    if major == 4:
        items = []
        for _ in range(value):
            item, at = cbor(data, at)
            items.append(item)
        return items, at
    if major == 5:
        items = {}
        for _ in range(value):
            key, at = cbor(data, at)
            items[key], at = cbor(data, at)
        return items, at
    assert major == 6 and value == 42, "only links have a tag"
    return cbor(data, at)


def varint(file):
    value = shift = 0
    while True:
        byte = file.read(1)
        if not byte:
            return None
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
        shift += 7


class Archive:
    """Where each block lies in a CAR."""

    def __init__(self, path):
        self.file = open(path, "rb")
        header, _ = cbor(self.file.read(varint(self.file)))
        assert header["version"] == 1
        (root,) = header["roots"]
        self.root = root[5:]  # a zero byte, then version, codec and multihash of the CID
        self.places = {}
        while (size := varint(self.file)) is not None:
            cid = self.file.read(36)
            assert cid[:4] == bytes([1, 0x55, 0x1E, 32]), "a block of a drive is raw and named by BLAKE3"
            self.places[cid[4:]] = (self.file.tell(), size - 36)
            self.file.seek(size - 36, 1)

    def block(self, digest):
        at, size = self.places[digest]
        self.file.seek(at)
        block = self.file.read(size)
        assert blake3(block).digest() == digest, "a block is damaged"
        return block


def digest(multihash):
    assert multihash[:2] == bytes([0x1E, 32]) and len(multihash) == 34
    return multihash[2:]


def gcm(key, nonce, sealed, aad=None):
    return AESGCM(key).decrypt(nonce, sealed, aad)


def record(key, label, sealed):
    """Opens a sealed record."""
    salt, commitment = sealed[:16], sealed[16:32]
    keys = hkdf(key, salt, label, 48)
    assert hmac.compare_digest(keys[32:], commitment), "the key is another one"
    return gcm(keys[:32], bytes(12), sealed[32:])


def framed(key, label, sealed):
    """Opens a sealed record whose plaintext is a length, CBOR and zeros."""
    plaintext = record(key, label, sealed)
    size = int.from_bytes(plaintext[:4], "little")
    assert not any(plaintext[4 + size:])
    value, end = cbor(plaintext[4:4 + size])
    assert end == size and value["v"] == 1
    return value


def unwrap(under, wrapped, label, node, generation):
    return gcm(under, wrapped[:12], wrapped[12:], label + node + generation.to_bytes(4, "little"))


def segments(archive, key, sealed):
    manifest = framed(key, b"webx/manifest/v1", sealed)
    if "segs" in manifest:
        yield from manifest["segs"]
    for page, _ in manifest.get("pages", []):
        yield from framed(key, b"webx/page/v1", archive.block(digest(page)))["segs"]


def content(archive, key, size, form, rest):
    """The bytes of a file, piece by piece."""
    if form == 1:
        bundle, _, offset, length = rest
        yield record(key, b"webx/small/v1", archive.block(digest(bundle))[offset:offset + length])
    elif form in (2, 3):
        sealed = rest[0] if form == 2 else archive.block(digest(rest[0]))
        for name, salt, length in segments(archive, key, sealed):
            opened = gcm(hkdf(key, salt, b"webx/seg/v1", 32), bytes(12), archive.block(digest(name)))
            assert length <= SEGMENT
            yield opened[:length]
    else:
        assert form == 0 and size == 0


def main(words, car, target):
    words = " ".join(Path(words).read_text().split()).lower()
    seed = hashlib.pbkdf2_hmac("sha512", words.encode(), b"mnemonic", 2048)
    root_key = hkdf(seed, b"webx/identity/v1", b"drive-root-key", 32)
    key = hkdf(root_key, b"", b"webx/catalogue/v1", 32)

    archive = Archive(car)
    root = framed(key, b"webx/catalogue/root/v1", archive.block(archive.root[-32:]))
    entries = {}
    for name in root["lists"]:
        for page in framed(key, b"webx/catalogue/list/v1", archive.block(digest(name)))["pages"]:
            for entry in framed(key, b"webx/catalogue/page/v1", archive.block(digest(page)))["nodes"]:
                entries[entry[0]] = entry
    assert len(entries) == root["nodes"]

    def node_key(node):
        if node in (ROOT, TRASH):
            return root_key
        entry = entries[node]
        return unwrap(node_key(entry[1]), entry[7], b"webx/key/child/v1", node, entry[6])

    def path(node):
        if node == ROOT:
            return Path(target)
        if node == TRASH:
            return None
        above = path(entries[node][1])
        name = entries[node][2]
        assert "/" not in name and name not in (".", "..")
        return above and above / name

    files = 0
    for node, entry in entries.items():
        to = path(node)
        if to is None:
            continue
        if len(entry) == 9:
            to.mkdir(parents=True, exist_ok=True)
            continue
        wrapped, size, _, form, *rest = entry[9]
        file_key = unwrap(node_key(node), wrapped, b"webx/key/file/v1", node, entry[6])
        to.parent.mkdir(parents=True, exist_ok=True)
        with open(to, "wb") as out:
            for piece in content(archive, file_key, size, form, rest):
                out.write(piece)
            assert out.tell() == size, f"{to} has another size"
        files += 1
    print(f"{files} files")


main(*sys.argv[1:])
