"""Chains grown at random before three judges: python -m tests.pki.campaign [COUNT [SEED]] (2,000 by default)."""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.pki import grown
from tests.pki.disagreements import GROWN_OF_CRYPTOGRAPHY, GROWN_OF_OPENSSL, Rows
from tests.pki.judges import HOLDS, asked, cryptographys, openssls, ours


def compared(root: Path, chain: grown.Chain) -> Iterator[tuple[Rows, tuple[str, str]]]:
    """Give the rows that apply and both verdicts: of rules and engine, of rules alone, and, of keys of the web, without
    revocation."""
    site = grown.written(root, chain)
    theirs = openssls(root, site, grown.NAME)
    yield GROWN_OF_OPENSSL, (ours(asked(root, site, "required"), grown.NAME), theirs)
    yield GROWN_OF_OPENSSL, (ours(asked(root, site, "wanted"), grown.NAME), theirs)
    if chain.kinds <= {*grown.WEB}:
        told = ours(asked(root, site, "no"), grown.NAME), cryptographys(root, site, grown.NAME)
        yield GROWN_OF_CRYPTOGRAPHY, told


def surprises(chain: grown.Chain) -> tuple[list[str], int]:
    """Give the disagreements that no row names, the rows that were agreements, and how much was compared."""
    found, count, key = [], 0, (chain.fault, chain.place)
    with tempfile.TemporaryDirectory() as folder:
        for rows, said in compared(Path(folder), chain):
            count += 1
            expected = rows[key][:2] == said if key in rows else (said[0] == HOLDS) is (said[1] == HOLDS)
            if not expected:
                found.append(f"{key}: {said}, row {rows.get(key)}, {chain}")
    return found, count


def main(words: list[str]) -> None:
    count, seed = int(words[0]) if words else 2000, int(words[1]) if len(words) > 1 else 1
    rng, compared_, faults, found = random.Random(seed), 0, Counter[str](), []
    for number in range(count):
        chain = grown.grown(rng, kinds=rng.choice((grown.KINDS, grown.WEB)))
        unexpected, more = surprises(chain)
        compared_ += more
        faults[f"{chain.fault} {chain.place}".strip()] += 1
        for each in unexpected:
            print(f"{number}: {each}")
        found += unexpected
    print(
        f"{count:,} chains, {compared_:,} comparisons, {len(found)} of them unexpected; {dict(sorted(faults.items()))}"
    )
    sys.exit(bool(found))


if __name__ == "__main__":
    main(sys.argv[1:])
