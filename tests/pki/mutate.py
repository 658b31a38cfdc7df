"""Mutations of valid PKI files through the reader: python -m tests.pki.mutate [COUNT [SEED]] (100,000 by default)."""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from v2g_tool.bench.pki.write import write_pki
from v2g_tool.hal.x509.contents import contents_of

PASSPHRASE = b"four words of bench"


def samples() -> list[bytes]:
    """Give valid files of each kind: PEM chains and keys, DER certificates, lists, OCSP responses, PKCS#12."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for faults in (
            (),
            ("second-leaf-ed448", "key-encrypted"),
            ("key-locked",),
            ("cert-file-der",),
            ("ocsp-delegate",),
        ):
            root = Path(folder) / "-".join(("tree", *faults))
            root.mkdir()
            write_pki(root, faults)
            kinds = (".pem", ".key", ".crl", ".crt", ".ocsp")
            places = (path for path in root.rglob("*") if path.is_file() and path.suffix in kinds)
            found += [path.read_bytes() for path in sorted(places)]
            chain = x509.load_pem_x509_certificates((root / "etc/v2g/certs/ocpp-chain.pem").read_bytes())
            key = load_pem_private_key((root / "etc/v2g/certs/ocpp.key").read_bytes(), None)
            bundle = pkcs12.serialize_key_and_certificates(
                b"ocpp",
                key,
                chain[0],
                chain[1:],
                BestAvailableEncryption(PASSPHRASE),  # type: ignore[arg-type]
            )
            found += [bundle, *(certificate.public_bytes(x509_der()) for certificate in chain)]
    return found


def x509_der() -> object:
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Give the bytes with one to four flips, cuts, repetitions or insertions."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(changed) + 1)
        kind = rng.randrange(5)
        if kind == 0 and changed:
            changed[at % len(changed)] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del changed[at : at + rng.choice((1, 2, 16, 400))]
        elif kind == 2:
            changed[at:at] = changed[at : at + rng.choice((1, 4, 64))]
        elif kind == 3:
            changed[at:at] = rng.randbytes(rng.choice((1, 2, 8)))
        elif changed:
            changed[at % len(changed)] = rng.choice((0x00, 0x30, 0x80, 0x84, 0xFF))
    return bytes(changed)


def campaign(count: int, seed: int) -> tuple[Counter[str], float]:
    """Read so many mutations; give what became of them, and the longest time of one in s."""
    rng, files = random.Random(seed), samples()
    became: Counter[str] = Counter()
    longest_s = 0.0
    for number in range(count):
        data = mutated(rng.choice(files), rng)
        # Opening a PKCS#12 takes thousands of rounds on purpose: with its passphrase only now and then.
        passphrase = PASSPHRASE if number % 50 == 0 else None
        began_s = time.perf_counter()
        contents = contents_of(data, passphrase)
        longest_s = max(longest_s, time.perf_counter() - began_s)
        became["damaged" if contents.damage else contents.encoding or "nothing"] += 1
    return became, longest_s


def main(words: list[str]) -> None:
    count, seed = int(words[0]) if words else 100_000, int(words[1]) if len(words) > 1 else 1
    before_kb, began_s = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    became, longest_s = campaign(count, seed)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb) / 1024
    print(f"{count:,} mutated files, no exception: {dict(became)}")
    whole_s = time.perf_counter() - began_s
    print(f"{whole_s:.0f} s, the longest {1000 * longest_s:.0f} ms, memory grew by {grown_mb:.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
