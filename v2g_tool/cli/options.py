"""Options that several commands of both programs share: the same names and words everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
