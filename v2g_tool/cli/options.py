"""Options that several commands of both programs share: the same names and words everywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from v2g_tool.errors import RequestError

SiteFile = Annotated[
    Path | None, typer.Option("--site", help="Site file; else $V2G_SITE, ./site.toml, /etc/v2g/site.toml.")
]
Out = Annotated[Path, typer.Option(help="Folder in which the report's folder is made.")]
Json = Annotated[bool, typer.Option("--json", help="Print report.json on standard output, and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no report on the terminal.")]
Unsigned = Annotated[bool, typer.Option("--unsigned", help="Do not sign; the result is at best 'not judged'.")]
PassphraseFd = Annotated[
    int | None, typer.Option(help="File descriptor to read the key's passphrase from; else it is asked for.")
]


def mbit_of(rate: str) -> float:
    """Give in Mbit/s a rate as iperf3 spells it: 10M, 500K, 1G, or plain bits per second."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([KMG]?)", rate, re.IGNORECASE)
    mbit = float(found[1]) * {"": 1, "K": 1e3, "M": 1e6, "G": 1e9}[found[2].upper()] / 1e6 if found else 0.0
    if not 0.01 <= mbit <= 10_000:
        raise typer.BadParameter(f"'{rate}' is no rate from 10K to 10G; write for example 10M, 2.5M or 64000")
    return mbit


def no_value(pair: str) -> None:
    """Refuse a kernel setting given by hand, as `sysctl -w KEY=VALUE` does: no document would stand behind it."""
    if pair:
        raise RequestError(
            f"'-w {pair}' is not set: values come from the kernel profile, with the document that asks for them",
            why="A value from the command line has no source that a report could name.",
            todo="Set the profile's values with --apply; give others as a profile of your own: --profile FILE",
        )
