#!/usr/bin/env python3
"""Judging certificate paths beside `openssl verify`, in one process each: the same files, the same verdicts.

- 1,000 leaves, each below two sub-CAs of its own, without and with revocation lists; and 1,000 leaves below two shared
  sub-CAs. Ours is all that `certs` does for a path: reading the files, finding the path, the engine's verdict.
- a revocation list of 10,000 entries, a folder of 2,000 files, 100 sub-CAs of one name.

Prints processor time (other programs on the machine do not count), ratios, and how much memory there was at most.
"""

import datetime
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from v2g_tool.hal.linux.pki_files import PkiReader
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.hal.x509.engine import Known, rule
from v2g_tool.hal.x509.paths import paths_of
from v2g_tool.model.pki import Cause

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
PEM = serialization.Encoding.PEM


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Entity:
    """A certificate with its key; it signs itself where it has no issuer."""

    def __init__(self, text, issuer=None, *, length=None, ca=True):
        self.key = ec.generate_private_key(ec.SECP256R1())
        signer = issuer or self
        builder = x509.CertificateBuilder(
            name(text) if signer is self else signer.subject,
            name(text),
            self.key.public_key(),
            x509.random_serial_number(),
            NOW - datetime.timedelta(days=1),
            NOW + datetime.timedelta(days=100),
        )
        usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
        for extension, critical in (
            (x509.BasicConstraints(ca, length), True),
            (usage, True),
            (x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()), False),
        ):
            builder = builder.add_extension(extension, critical)
        self.subject = name(text)
        self.certificate = builder.sign(signer.key, hashes.SHA256())
        self.pem = self.certificate.public_bytes(PEM)

    def crl(self, entries=0):
        builder = x509.CertificateRevocationListBuilder(self.subject, NOW, NOW + datetime.timedelta(days=30))
        builder = builder.add_extension(x509.CRLNumber(1), False)
        for serial in range(1, entries + 1):
            entry = x509.RevokedCertificateBuilder(serial, NOW).add_extension(
                x509.CRLReason(x509.ReasonFlags.superseded), False
            )
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(self.key, hashes.SHA256()).public_bytes(PEM)


def written(folder, shared):
    """Write the chains and their lists; `shared` is whether all leaves have the same sub-CAs."""
    root = Entity("Root")
    folder.mkdir()
    (folder / "root.pem").write_bytes(root.pem)
    (folder / "root.crl").write_bytes(root.crl())
    subs = sub_pems = lists = None
    for number in range(COUNT):
        if subs is None or not shared:
            first = Entity(f"Sub-CA 1 of {number}", root, length=1)
            subs = first, Entity(f"Sub-CA 2 of {number}", first, length=0)
            sub_pems, lists = subs[1].pem + subs[0].pem, b"".join(sub.crl() for sub in subs)
        leaf = Entity(f"Leaf {number}", subs[1], ca=False)
        (folder / f"leaf-{number:04}.pem").write_bytes(leaf.pem)
        (folder / f"subs-{number:04}.pem").write_bytes(sub_pems)
        (folder / f"lists-{number:04}.crl").write_bytes(lists)


def openssl_s(folder, *, lists, shared):
    """Give the processor time of one `openssl verify` over all leaves, which all must hold."""
    numbers = range(1) if shared else range(COUNT)
    for end, files in (("untrusted.pem", "subs-{:04}.pem"), ("all.crl", "lists-{:04}.crl")):
        (folder / end).write_bytes(b"".join((folder / files.format(number)).read_bytes() for number in numbers))
    with (folder / "all.crl").open("ab") as every:
        every.write((folder / "root.crl").read_bytes())
    revocation = ["-crl_check_all", "-CRLfile", folder / "all.crl"] if lists else []
    command = ["openssl", "verify", "-CAfile", folder / "root.pem", "-no-CApath", "-no-CAstore", *revocation]
    command += ["-untrusted", folder / "untrusted.pem", *sorted(folder.glob("leaf-*.pem"))]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert said.count(b": OK\n") == COUNT
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ours_s(folder, *, lists):
    """Give the processor time of reading, of finding the paths, and of the verdicts, which all must hold."""
    read_s = found_s = judged_s = 0.0
    anchors = contents_of((folder / "root.pem").read_bytes()).certificates
    top = contents_of((folder / "root.crl").read_bytes()).lists
    for number in range(COUNT):
        began_s = time.process_time()
        leaf = contents_of((folder / f"leaf-{number:04}.pem").read_bytes()).certificates[0]
        pool = contents_of((folder / f"subs-{number:04}.pem").read_bytes()).certificates
        own = contents_of((folder / f"lists-{number:04}.crl").read_bytes()).lists if lists else ()
        read = time.process_time()
        paths = paths_of(leaf, pool, anchors)
        found = time.process_time()
        ruling = rule(paths, Known([*own, *top]) if lists else None, NOW)
        judged = time.process_time()
        assert ruling.cause is Cause.NONE
        read_s, found_s, judged_s = read_s + read - began_s, found_s + found - read, judged_s + judged - found
    return read_s, found_s, judged_s


def compare(folder, title, *, lists, shared):
    peer_s = openssl_s(folder, lists=lists, shared=shared)
    parts = ours_s(folder, lists=lists)
    each = ", ".join(
        f"{1000 * part / COUNT:.2f} {what}" for part, what in zip(parts, ("reading", "paths", "engine"), strict=True)
    )
    print(
        f"{title:<52} openssl {1000 * peer_s / COUNT:5.2f} ms a chain, ours {1000 * sum(parts) / COUNT:5.2f} ({each})"
    )
    print(f"{'':<52} ratio {sum(parts) / peer_s:.1f}")


def timed(title, work):
    began_s = time.process_time()
    said = work()
    print(f"{title:<52} {1000 * (time.process_time() - began_s):7.0f} ms   {said}")


def long_list():
    root = Entity("Root of a long list")
    data = root.crl(10_000)
    leaf = contents_of(Entity("Leaf of a long list", root, ca=False).pem).certificates[0]
    anchors = contents_of(root.pem).certificates

    def work():
        found = contents_of(data).lists
        ruling = rule(paths_of(leaf, (), anchors), Known(found), NOW)
        return f"{len(found[0].revoked):,} entries read, {ruling.cause}"

    timed("a revocation list of 10,000 entries", work)


def many_files(folder):
    folder.mkdir()
    pem = Entity("One of many").pem
    for number in range(2000):
        (folder / f"{number:04}.pem").write_bytes(pem)
    timed("a folder of 2,000 certificate files", lambda: f"{len(PkiReader(folder).files('/')):,} files read")


def one_name():
    root = Entity("Root of one name")
    twins = [Entity("The same name", root, length=0) for _ in range(100)]
    leaf = contents_of(Entity("Leaf of one name", twins[57], ca=False).pem).certificates[0]
    pool = [certificate for twin in twins for certificate in contents_of(twin.pem).certificates]
    anchors = contents_of(root.pem).certificates

    def work():
        return str(rule(paths_of(leaf, pool, anchors), None, NOW).cause)

    timed("100 sub-CAs of one name", work)


def main():
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        written(folder / "own", shared=False)
        written(folder / "shared", shared=True)
        print(f"{COUNT:,} leaves below two sub-CAs below a root, P-256")
        compare(folder / "own", "sub-CAs of their own", lists=False, shared=False)
        compare(folder / "own", "sub-CAs of their own, with revocation lists", lists=True, shared=False)
        compare(folder / "shared", "shared sub-CAs", lists=False, shared=True)
        compare(folder / "shared", "shared sub-CAs, with revocation lists", lists=True, shared=True)
        long_list()
        many_files(folder / "many")
        one_name()
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


main()
