"""Shares and shamir-mnemonic, the reference implementation of SLIP-0039: each puts together what the other has split, and both refuse
what is too little, mixed or tampered with. Then the same with the node's own words. The seed is printed."""
import json, os, pathlib, random, subprocess, sys

from shamir_mnemonic import MnemonicError, combine_mnemonics, generate_mnemonics, wordlist

peer, webx, work = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
print(f"seed {seed}")
dice = random.Random(seed)


def ours(shares, passphrase: str) -> bytes | None:
    done = subprocess.run([peer, "combine", passphrase], input="\n".join(shares), capture_output=True, text=True)
    return bytes.fromhex(done.stdout) if done.returncode == 0 else None


def theirs(shares, passphrase: str) -> bytes | None:
    try:
        return combine_mnemonics(shares, passphrase.encode())
    except MnemonicError:
        return None


def a_policy():
    groups = []
    for _ in range(dice.randint(1, 4)):
        count = dice.randint(1, 6)
        groups.append((1, 1) if count == 1 else (dice.randint(2, count), count))
    return dice.randint(1, len(groups)), groups


def chosen(needed, groups, shares):
    """Exactly as many as are needed, of groups and members drawn at random; and the same with one less."""
    enough = []
    for group in sorted(dice.sample(range(len(groups)), needed)):
        enough += dice.sample(shares[group], groups[group][0])
    dice.shuffle(enough)
    return enough, enough[:-1]


for turn in range(60):
    secret, passphrase = dice.randbytes(dice.choice([16, 32])), dice.choice(["", "TREZOR", "a b~!"])
    (needed, groups), exponent, extendable = a_policy(), dice.randint(0, 1), dice.random() < 0.7
    made = generate_mnemonics(needed, groups, secret, passphrase.encode(), extendable=extendable, iteration_exponent=exponent)
    sizes = ",".join(f"{threshold}/{count}" for threshold, count in groups)
    split = [peer, "split", str(needed), sizes, str(exponent), str(extendable).lower(), passphrase, secret.hex()]
    lines = iter(subprocess.run(split, check=True, capture_output=True, text=True).stdout.split("\n"))
    our_shares = [[next(lines) for _ in range(count)] for _, count in groups]
    for shares, combine in ((made, ours), (our_shares, theirs), (our_shares, ours)):
        enough, few = chosen(needed, groups, shares)
        assert combine(enough, passphrase) == secret, (turn, combine.__name__)
        other = combine(enough, passphrase + "x")
        assert other is not None and other != secret, "another passphrase gives another secret"
        assert not few or combine(few, passphrase) is None
        words = enough[0].split(" ")
        place = dice.randrange(len(words))
        words[place] = dice.choice([word for word in wordlist.WORDLIST if word != words[place]])
        assert combine([" ".join(words), *enough[1:]], passphrase) is None
    mixed = [our_shares[0][0], made[0][-1]]
    assert ours(mixed, passphrase) is None and theirs(mixed, passphrase) is None


def node(data: str, *arguments) -> dict:
    done = subprocess.run([webx, "--data", str(work / data), "--json", *map(str, arguments)], check=True, capture_output=True)
    return json.loads(done.stdout)


def shares_file(name: str, shares) -> pathlib.Path:
    (work / name).write_text("\n".join(shares))
    return work / name


(work / "passphrase").write_text("correct horse battery staple")
secret = ("--passphrase-file", work / "passphrase")
born = node("born", "init", "--yes", *secret)
(work / "words").write_text(" ".join(born["words"]))
split = node("none", "id", "guardians", "split", "--threshold", 3, "--shares", 5, "--words-file", work / "words")
assert split["did"] == born["did"] and len(split["shares"]) == 5
entropy = combine_mnemonics(dice.sample(split["shares"], 3))
# What the reference gives is split by the reference, and brings the same person back here.
again = generate_mnemonics(1, [(3, 5)], entropy)[0]
back = node("back", "id", "recover", "--shares-file", shares_file("theirs", dice.sample(again, 3)), *secret)
assert back["did"] == born["did"] and back["words"] == born["words"]
few = [webx, "--data", str(work / "few"), "id", "recover", "--shares-file", shares_file("few-shares", again[:2]), *secret]
assert subprocess.run(few, capture_output=True).returncode == 1
