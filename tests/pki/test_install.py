"""`certs install` puts a root into the system's store as programs look for it, or leaves all as it was.

`openssl verify` says what programs find, and the real `update-ca-certificates` builds the store.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.bounds import HANG_S
from tests.pki.computer import Computer, new_key, pem, programs_find, rebuilt, root_certificate, snapshot
from tests.system.test_sysctl import as_anybody
from v2g_tool.bench.pki.plan import SYSTEM_SOURCES, SYSTEM_STORE
from v2g_tool.bench.pki.write import write_pki
from v2g_tool.pki.procedure import Certs, InstallRoot

CHANGED = ["ca-store.intent", "ca-store.write", "ca-store.outcome", "ca-store.built", "ca-store.done"]
UNDONE = [*CHANGED[:3], "ca-store.restored", "ca-store.recovered"]


def openssl_fingerprint(file: Path) -> str:
    words = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", str(file)]
    return subprocess.run(words, capture_output=True, text=True, timeout=HANG_S, check=True).stdout.strip()


def test_with_the_fingerprint_as_openssl_prints_it_the_root_is_found_by_programs(computer: Computer) -> None:
    printed = openssl_fingerprint(computer.received)
    assert ":" in printed
    assert not programs_find(computer, computer.received)

    done = computer.command("certs", "install", str(computer.received), "--fingerprint", printed, "--quiet")

    assert done.returncode == 0, done.stderr
    assert programs_find(computer, computer.received)
    assert computer.installed.read_bytes() == computer.received.read_bytes()
    assert computer.installed.stat().st_mode & 0o777 == 0o644
    assert computer.open_intents() == []


def test_the_evidence_tells_the_intent_before_the_write_and_the_proof_after_it(computer: Computer) -> None:
    done = computer.install()

    assert (done.status, done.kinds) == (0, CHANGED)
    ((verdict, statement),) = done.findings("CERT-INSTALL-001")
    assert verdict == "pass"
    assert "found in the store that was built anew; its fingerprint is the one that was given" in statement


def test_a_root_that_the_site_file_pins_needs_no_fingerprint(computer: Computer) -> None:
    computer.edit("pins = [", f'pins = ["{computer.fingerprint}", ')

    done = computer.install(computer.received)

    assert done.status == 0
    assert "among the pins of the site file" in done.findings("CERT-INSTALL-001")[0][1]
    assert programs_find(computer, computer.received)


def test_a_script_that_gives_no_fingerprint_is_refused_and_nothing_is_written(computer: Computer) -> None:
    before = snapshot(computer.folder, times=True)

    done = computer.command("certs", "install", str(computer.received))

    assert done.returncode == 2
    assert "nobody vouches" in done.stderr
    assert computer.fingerprint in "".join(done.stderr.split())
    assert snapshot(computer.folder, times=True) == before


def test_a_person_who_compares_the_fingerprint_and_agrees_has_it_installed(computer: Computer) -> None:
    pairs = openssl_fingerprint(computer.received).partition("=")[2]

    status, shown = computer.typed(["y"], "certs", "install", str(computer.received), "--quiet")

    assert status == 0
    assert pairs[:32] in shown
    assert programs_find(computer, computer.received)


def test_a_person_who_says_no_has_nothing_installed_and_what_was_cut_off_brought_back(computer: Computer) -> None:
    computer.installed.write_bytes(pem(root_certificate("Older")))
    rebuilt(computer.tree)
    before = snapshot(computer.tree)
    computer.killed(4)
    assert snapshot(computer.tree) != before

    status, _ = computer.typed(["n"], "certs", "install", str(computer.received), "--quiet")

    assert status == 3
    assert snapshot(computer.tree) == before
    assert computer.open_intents() == []


@pytest.mark.parametrize("fingerprint", ["0" * 64, "AB:CD", "ü" * 64])
def test_another_fingerprint_is_refused(fingerprint: str, computer: Computer) -> None:
    before = snapshot(computer.folder, times=True)

    done = computer.install(computer.received, fingerprint)

    assert done.status == 2
    assert "fingerprint" in done.said
    assert snapshot(computer.folder, times=True) == before


def sub_ca(tree: Path) -> bytes:
    return (tree / "etc/v2g/certs/cpo-sub-ca-2.pem").read_bytes()


def leaf(tree: Path) -> bytes:
    chain = x509.load_pem_x509_certificates((tree / "etc/v2g/certs/ocpp-chain.pem").read_bytes())
    return pem(chain[0])


WRONG: Mapping[str, tuple[Callable[[Path], bytes], str]] = {
    "a leaf": (leaf, "does not say that it is a CA"),
    "a sub-CA": (sub_ca, "it is a sub-CA, and belongs in a chain file"),
    "signed by another key": (lambda _: pem(root_certificate(signer=new_key())), "it is a sub-CA"),
    "expired": (lambda _: pem(root_certificate(life=(-20, -10))), "is valid from"),
    "not yet valid": (lambda _: pem(root_certificate(life=(10, 20))), "is valid from"),
    "may not sign": (lambda _: pem(root_certificate(cert_sign=False)), "may not sign certificates"),
    "short RSA": (lambda _: pem(root_certificate(key=rsa.generate_private_key(65537, 1024))), "RSA key of only 1024"),
    "two": (lambda _: pem(root_certificate()) + pem(root_certificate()), "it holds 2 certificates"),
    "garbage": (lambda _: bytes(range(256)) * 40, "it holds no certificate"),
    "broken": (lambda _: pem(root_certificate())[:300], "it holds no certificate"),
    "nothing": (lambda _: b"", "it holds no certificate"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_root_is_refused_with_the_reason(kind: str, computer: Computer) -> None:
    make, said = WRONG[kind]
    file = computer.folder / "root.crt"
    file.write_bytes(make(computer.tree))
    before = snapshot(computer.folder, times=True)

    done = computer.install(file)

    assert done.status == 2
    assert said in done.said
    assert "Ask the utility" in done.said
    assert snapshot(computer.folder, times=True) == before


def test_a_file_with_a_private_key_is_refused_and_the_key_is_told_to_nobody(computer: Computer) -> None:
    key = new_key()
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = computer.folder / "root.crt"
    file.write_bytes(pem(root_certificate(key=key)) + locked)

    done = computer.command("certs", "install", str(file), "--fingerprint", computer.fingerprint)

    assert done.returncode == 2
    assert "private key" in done.stderr
    scalar = f"{key.private_numbers().private_value:064x}"
    assert scalar not in done.stderr.lower() + done.stdout.lower()
    assert not any(line in done.stderr + done.stdout for line in locked.decode().splitlines()[1:-1])
    assert not (computer.folder / "reports").exists()


def test_a_key_that_lay_in_the_place_of_the_root_gets_into_no_evidence(computer: Computer) -> None:
    locked = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    computer.installed.write_bytes(pem(root_certificate("Older")) + locked)

    done = computer.install()

    assert done.status == 0
    assert done.folder is not None
    written = b"".join(path.read_bytes() for path in done.folder.iterdir())
    assert not any(line in written for line in locked.splitlines()[1:-1])
    assert computer.open_intents() == []


def pipe(place: Path) -> None:
    os.mkfifo(place)


def huge(place: Path) -> None:
    place.touch()
    os.truncate(place, 8 << 30)


ODD: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "missing": (lambda _place: None, "No such file"),
    "a pipe": (pipe, "it is no regular file"),
    "a device": (lambda place: place.symlink_to("/dev/zero"), "it is no regular file"),
    "a folder": (Path.mkdir, "it is a folder"),
    "a circle": (lambda place: place.symlink_to(place), "symbolic links"),
    "huge": (huge, "it is larger than"),
}


@pytest.mark.parametrize("kind", ODD)
def test_what_is_no_file_is_refused_without_waiting_for_it(kind: str, computer: Computer) -> None:
    make, said = ODD[kind]
    place = computer.folder / "root.crt"
    make(place)

    done = computer.install(place)

    assert done.status == 2
    assert said in done.said
    assert not (computer.folder / "reports").exists()


@pytest.mark.parametrize("name", ["v2g/v2g-root", "mo/mo-root", "csms/csms-root"])
def test_a_root_of_the_sites_own_stores_belongs_there(name: str, computer: Computer) -> None:
    file = computer.tree / f"etc/v2g/trust/{name}.pem"

    done = computer.install(file, computer.pki.fingerprints[name.partition("/")[2]])

    assert done.status == 2
    assert f"{computer.tree}/etc/v2g/trust/v2g/" in done.said


def test_a_v2g_root_is_known_by_its_name_where_no_site_file_is(computer: Computer) -> None:
    computer.site_file.write_text('[site]\nname = "bare"\n')
    file = computer.tree / "etc/v2g/trust/v2g/v2g-root.pem"

    done = computer.install(file, computer.pki.fingerprints["v2g-root"], root=computer.tree)

    assert done.status == 2
    assert f"sudo install -m 644 {file} {computer.tree}/etc/v2g/trust/v2g/" in done.said


def test_der_becomes_pem(computer: Computer) -> None:
    certificate = x509.load_pem_x509_certificate(computer.received.read_bytes())
    file = computer.folder / "root.der"
    file.write_bytes(certificate.public_bytes(Encoding.DER))

    done = computer.install(file, computer.fingerprint)

    assert done.status == 0
    assert computer.installed.read_bytes() == pem(certificate)
    assert programs_find(computer, computer.received)


def test_without_a_place_in_the_site_file_it_is_called_as_its_file_is(computer: Computer) -> None:
    computer.edit(f'utility_root = "{computer.pki.utility_root}"', "")
    file = computer.folder / "näme (2) of the root.pem"
    file.write_bytes(computer.received.read_bytes())

    done = computer.install(file, computer.fingerprint)

    assert done.status == 0
    assert (computer.tree / SYSTEM_SOURCES[1:] / "n-me-2-of-the-root.crt").exists()
    assert programs_find(computer, computer.received)


def test_an_older_file_of_the_same_name_is_replaced(computer: Computer) -> None:
    older = computer.folder / "older.crt"
    older.write_bytes(pem(root_certificate("Older")))
    shutil.copyfile(older, computer.installed)
    rebuilt(computer.tree)

    done = computer.install()

    assert done.status == 0
    assert programs_find(computer, computer.received)
    assert not programs_find(computer, older)


def test_a_second_run_writes_nothing(computer: Computer) -> None:
    computer.install()
    before = snapshot(computer.tree, times=True)

    done = computer.install()

    assert (done.status, done.kinds) == (0, [])
    assert "installed already" in done.findings("CERT-INSTALL-001")[0][1]
    assert snapshot(computer.tree, times=True) == before


def test_a_root_that_somebody_copied_without_building_the_store_is_put_right(computer: Computer) -> None:
    shutil.copyfile(computer.received, computer.installed)
    assert not programs_find(computer, computer.received)

    done = computer.install()

    assert done.status == 0
    assert programs_find(computer, computer.received)


def test_a_root_that_lies_there_under_another_name_too_is_installed_and_then_left(computer: Computer) -> None:
    shutil.copyfile(computer.received, computer.installed.with_name("a-by-hand.crt"))
    rebuilt(computer.tree)

    done = computer.install()

    assert (done.status, done.findings("CERT-STORE-003")) == (0, [])
    assert computer.installed.exists()
    assert programs_find(computer, computer.received)
    assert computer.install().kinds == []


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(computer: Computer) -> None:
    before = snapshot(computer.tree, times=True)

    done = computer.install(computer.received, dry_run=True)

    ((verdict, statement),) = done.findings("CERT-INSTALL-001")
    assert verdict == "skipped"
    assert computer.pki.utility_root in statement
    assert snapshot(computer.tree, times=True) == before
    assert done.kinds == []

    # And what it says can be typed.
    shutil.copyfile(computer.received, computer.installed)
    command = statement.partition("then sudo ")[2].removesuffix(".")
    subprocess.run(["sh", "-euc", command], capture_output=True, timeout=HANG_S, check=True)
    assert programs_find(computer, computer.received)


@pytest.mark.parametrize("older", [False, True])
def test_a_rebuild_that_fails_leaves_everything_as_it_was(older: bool, computer: Computer) -> None:
    if older:
        computer.installed.write_bytes(b"an older root, and no sound one\n")
        computer.installed.chmod(0o640)
    in_the_way = computer.built / "ca-certificates.crt.new"
    in_the_way.mkdir()
    before = snapshot(computer.tree)
    files = {path: path.stat().st_mtime_ns for path in computer.tree.rglob("*") if path.is_file()}

    done = computer.install()

    assert (done.status, done.kinds) == (3, UNDONE)
    assert snapshot(computer.tree) == before
    assert {path: path.stat().st_mtime_ns for path in files} == files, "else the store would look old"
    ((verdict, statement),) = done.findings("CERT-INSTALL-001")
    assert verdict == "inconclusive"
    assert "ended with status" in statement
    in_the_way.rmdir()
    assert computer.install().status == 0
    assert programs_find(computer, computer.received)


def test_a_store_with_links_that_only_the_host_can_follow_is_brought_back_link_by_link(computer: Computer) -> None:
    shutil.rmtree(computer.tree)
    computer.tree.mkdir()
    planted = replace(computer, pki=write_pki(computer.tree, ["store-no-utility-root"]))
    planted.describe()
    assert any(str(path.readlink()).startswith("/") for path in planted.built.iterdir() if path.is_symlink())
    (planted.built / "ca-certificates.crt.new").mkdir()
    before = snapshot(planted.tree)

    done = planted.install()

    assert done.status == 3
    assert snapshot(planted.tree) == before


def test_a_root_that_the_rebuild_passes_over_is_not_left_half_installed(computer: Computer) -> None:
    # Given: two names that update-ca-certificates makes one of; the other one comes last and wins.
    computer.edit(computer.pki.utility_root, f"{SYSTEM_SOURCES}/utility root.crt")
    (computer.tree / SYSTEM_SOURCES[1:] / "utility_root.crt").write_bytes(pem(root_certificate("Other")))
    rebuilt(computer.tree)
    before = snapshot(computer.tree)

    done = computer.install()

    assert done.status == 3
    assert "no link with its hash" in done.findings("CERT-INSTALL-001")[0][1]
    assert snapshot(computer.tree) == before
    assert not programs_find(computer, computer.received)


def test_what_a_rebuild_that_was_cut_off_left_over_gets_into_no_bundle(computer: Computer) -> None:
    stranger = root_certificate("Stranger")
    (computer.built / "ca-certificates.crt.new").write_bytes(pem(stranger))

    assert computer.install().status == 0

    assert pem(stranger) not in (computer.built / "ca-certificates.crt").read_bytes()


@pytest.mark.parametrize("position", range(2, 7))
def test_after_a_kill_the_next_installation_finishes(position: int, computer: Computer) -> None:
    computer.killed(position)
    left = snapshot(computer.tree, times=True)
    cut_off = position in (3, 4, 5)

    computer.describe(credentials=True)
    for look in (computer.run(Certs()), computer.install(dry_run=True)):
        told = [verdict for verdict, _ in look.findings("CERT-INSTALL-002")]
        assert told == (["inconclusive"] if cut_off else [])
    assert snapshot(computer.tree, times=True) == left, "a mere look changes nothing"

    computer.describe()
    done = computer.install()
    assert done.status == 0
    assert [verdict for verdict, _ in done.findings("CERT-INSTALL-002")] == (["pass"] if cut_off else [])
    assert programs_find(computer, computer.received)
    assert computer.open_intents() == []


def test_after_a_kill_all_is_brought_back_even_where_the_store_can_no_longer_be_built(computer: Computer) -> None:
    before = snapshot(computer.tree)
    computer.killed(5)
    in_the_way = computer.built / "ca-certificates.crt.new"
    in_the_way.mkdir()

    done = computer.install()

    assert done.status == 3
    assert [verdict for verdict, _ in done.findings("CERT-INSTALL-002")] == ["pass"]
    in_the_way.rmdir()
    assert snapshot(computer.tree) == before
    assert computer.open_intents() == []


def test_after_a_kill_in_the_midst_of_the_rebuild_the_next_installation_finishes(computer: Computer) -> None:
    words = ("certs", "install", str(computer.received), "--fingerprint", computer.fingerprint)
    with computer.held_rebuild() as held, computer.start(*words) as child:
        held.wait_until_it_stands()
        builder = int(Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()[0])
        ended = os.pidfd_open(builder)
        child.kill()
    # What builds the store outlives the program; its end is awaited.
    wait_for(ended)

    done = computer.install()

    assert done.status == 0
    assert [verdict for verdict, _ in done.findings("CERT-INSTALL-002")] == ["pass"]
    assert programs_find(computer, computer.received)


def wait_for(process: int) -> None:
    poll = select.poll()
    poll.register(process, select.POLLIN)
    assert poll.poll(HANG_S * 1000)
    os.close(process)


def test_a_stop_in_the_midst_of_the_rebuild_leaves_everything_as_it_was(computer: Computer) -> None:
    before = snapshot(computer.tree)
    words = ("certs", "install", str(computer.received), "--fingerprint", computer.fingerprint, "--quiet")
    with computer.start(*words) as child:
        with computer.held_rebuild() as held:
            held.wait_until_it_stands()
            child.send_signal(signal.SIGINT)
        _, stderr = child.communicate(timeout=HANG_S)

    assert child.returncode == 4, stderr
    assert "Traceback" not in stderr
    assert snapshot(computer.tree) == before
    assert computer.open_intents() == []


def test_of_two_installations_at_once_the_second_is_refused(computer: Computer) -> None:
    words = ("certs", "install", str(computer.received), "--fingerprint", computer.fingerprint, "--quiet")
    with computer.start(*words) as child:
        with computer.held_rebuild() as held:
            held.wait_until_it_stands()
            second = computer.install()
        child.communicate(timeout=HANG_S)

    assert second.status == 3
    assert f"in use by process {child.pid}" in second.said
    assert child.returncode == 0
    assert programs_find(computer, computer.received)


def test_what_cannot_be_brought_back_is_told_and_brought_back_by_the_next_run(computer: Computer) -> None:
    sources = computer.installed.parent
    words = ("certs", "install", str(computer.received), "--fingerprint", computer.fingerprint, "--json")
    with computer.start(*words) as child:
        with computer.held_rebuild() as held:
            held.wait_until_it_stands()
            sources.rename(sources.with_name("away"))
            child.send_signal(signal.SIGINT)
        stdout, _ = child.communicate(timeout=HANG_S)
    assert child.returncode == 4
    assert "could not be brought back" in stdout
    assert len(computer.open_intents()) == 1

    sources.with_name("away").rename(sources)
    done = computer.install()

    assert done.status == 0
    assert [verdict for verdict, _ in done.findings("CERT-INSTALL-002")] == ["pass"]
    assert programs_find(computer, computer.received)


def test_without_the_right_to_write_nothing_is_written_and_sudo_is_named(computer: Computer) -> None:
    folders = [computer.tree / path[1:] for path in (SYSTEM_SOURCES, SYSTEM_STORE)]
    for folder in folders:
        folder.chmod(0o555)
    before = snapshot(computer.tree, times=True)
    words = ("certs", "install", str(computer.received), "--fingerprint", computer.fingerprint)

    done = computer.command(*words, program=as_anybody())

    assert done.returncode == 3, done.stderr
    assert f"{SYSTEM_SOURCES} is not writable for this user" in done.stderr
    assert "with sudo" in done.stderr
    assert snapshot(computer.tree, times=True) == before


@pytest.mark.parametrize("folder", [SYSTEM_SOURCES, SYSTEM_STORE])
def test_a_folder_that_is_not_there_is_named(folder: str, computer: Computer) -> None:
    shutil.rmtree(computer.tree / folder[1:])

    done = computer.install()

    assert done.status == 3
    assert f"there is no {folder}" in done.findings("CERT-INSTALL-001")[0][1]


def image_of(computer: Computer) -> Computer:
    """Give an image with absolute links, as distributions have them, under a name with a blank."""
    image = replace(computer, tree_name="an image")
    computer.tree.rename(image.tree)
    up = "../../.."
    for link in [path for path in image.built.iterdir() if path.is_symlink()]:
        target = str(link.readlink())
        link.unlink()
        link.symlink_to(target.removeprefix(up))
    assert not any(path.exists() for path in image.built.glob("*.pem")), "from outside they lead nowhere"
    image.site_file.write_text('[site]\nname = "bare"\nbench = true\n')
    return image


def test_an_image_is_built_with_links_that_lead_to_its_own_files_and_none_of_its_hooks_run(computer: Computer) -> None:
    image = image_of(computer)
    hook = image.tree / "etc/ca-certificates/update.d/hook"
    hook.parent.mkdir(parents=True)
    hook.write_text(f"#!/bin/sh\ntouch '{image.folder}/ran'\n")
    hook.chmod(0o755)

    # An image beside it, which the first half of this one's name names, has a link that leads nowhere from here.
    neighbour = image.folder / "an" / "link"
    neighbour.parent.mkdir()
    for link in (neighbour, image.built / "gone.pem"):
        link.symlink_to("/nowhere")

    done = image.run(InstallRoot(image.received, image.fingerprint, image.tree))

    assert done.status == 0, done
    assert neighbour.is_symlink()
    links = [path for path in image.built.iterdir() if path.is_symlink()]
    assert len(links) == 8
    assert all(path.resolve(strict=True).is_relative_to(image.tree) for path in links)
    assert programs_find(image, image.received)
    assert all(programs_find(image, root) for root in sorted((image.tree / "usr/share").rglob("*.crt")))
    assert not (image.folder / "ran").exists()


def test_an_image_whose_folders_are_links_is_changed_inside_and_this_computer_is_not(computer: Computer) -> None:
    image, outside = image_of(computer), computer.folder / "outside"
    (outside / "certs").mkdir(parents=True)
    (image.tree / str(outside)[1:]).mkdir(parents=True)
    (image.tree / SYSTEM_STORE[1:]).rename(image.tree / str(outside / "certs")[1:])
    (image.tree / SYSTEM_STORE[1:]).symlink_to(outside / "certs")
    before = snapshot(outside, times=True)

    done = image.run(InstallRoot(image.received, image.fingerprint, image.tree))

    assert done.status == 0, done
    assert snapshot(outside, times=True) == before
    inner = image.tree / str(outside / "certs")[1:]
    assert all(path.exists() for path in inner.iterdir())
    assert image.received.read_bytes() in (inner / "ca-certificates.crt").read_bytes()


@pytest.mark.parametrize("folder", [SYSTEM_SOURCES, SYSTEM_STORE])
def test_an_image_with_links_that_only_it_can_follow_is_left_alone(folder: str, computer: Computer) -> None:
    image = image_of(computer)
    own = image.tree / "opt/own-root.crt"
    own.parent.mkdir()
    own.write_bytes(pem(root_certificate("Own")))
    (image.tree / folder[1:] / "own.crt").symlink_to("/opt/own-root.crt")
    before = snapshot(image.tree, times=True)

    done = image.run(InstallRoot(image.received, image.fingerprint, image.tree))

    assert done.status == 3
    assert f"only from inside the tree {folder}/own.crt can be followed" in done.findings("CERT-INSTALL-001")[0][1]
    assert snapshot(image.tree, times=True) == before


def test_a_link_in_the_place_of_the_root_is_not_written_through(computer: Computer) -> None:
    other = computer.folder / "other"
    other.write_bytes(b"somebody else's\n")
    computer.installed.symlink_to(other)

    done = computer.install()

    assert done.status == 3
    assert other.read_bytes() == b"somebody else's\n"
    assert computer.installed.is_symlink()
