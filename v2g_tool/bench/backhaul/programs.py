"""The programs that the backhaul is made of, and which packages bring them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from v2g_tool.bench.namespace import Missing, inside

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where the tools of an administrator are; the PATH of an ordinary user leaves it out."""
PACKAGES = {"iperf3": "iperf3", "nft": "nftables", "ip": "iproute2", "tc": "iproute2", "setpriv": "util-linux"}
"""The package of Debian and Ubuntu for each program."""

_LONGEST_S = 10.0


def require_programs() -> None:
    """See that all programs are installed.

    Raises:
        Missing: some are not; the text names the packages.
    """
    absent = [name for name in PACKAGES if not _found(name)]
    if absent:
        packages = " ".join(dict.fromkeys(PACKAGES[name] for name in absent))
        verb, them = ("is", "it") if len(absent) == 1 else ("are", "them")
        raise Missing(f"{' and '.join(absent)} {verb} missing; install {them}: sudo apt-get install {packages}")


def command(name: str, *arguments: str) -> list[str]:
    """Give the command line of an installed program."""
    return [_found(name) or name, *arguments]


def run_inside(network: int, line: Sequence[str], text: str = "", descriptors: Sequence[int] = ()) -> str:
    """Run a program in a network to its end; give what it printed.

    Raises:
        Missing: it failed; the text holds what it said.
    """
    try:
        with inside(network):
            done = subprocess.run(
                line, input=text, text=True, check=True, capture_output=True, timeout=_LONGEST_S, pass_fds=descriptors
            )
    except subprocess.CalledProcessError as error:
        raise Missing(f"{line[0]} says: {' '.join(error.stderr.split())}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{line[0]} does not run: {error}") from error
    return done.stdout


def _found(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), SBIN]))
