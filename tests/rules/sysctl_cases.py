"""What two programs made of sysctl files: seen with systemd-sysctl 252 and procps-ng 4.0.2, start value 500.

The rules are held against these as literals (tests/rules/test_sysctl_files.py); tests/bench/test_sysctl_judges.py puts
each of them before the programs that are installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from v2g_tool.model.sysctl import ConfigFile

KEY = "net.v2g.islanding_timeout"
START = "500"


class Link(NamedTuple):
    """A symbolic link."""

    target: str


class Case(NamedTuple):
    """Files, and the value of the key after each program ran."""

    title: str
    files: Mapping[str, str | Link]
    boot: str
    system: str


def sets(value: int | str) -> str:
    return f"{KEY}={value}\n"


CONF, D, RUN = "etc/sysctl.conf", "etc/sysctl.d/", "run/sysctl.d/"
LOCAL, USR = "usr/local/lib/sysctl.d/", "usr/lib/sysctl.d/"
LINKED = {CONF: sets(200), D + "99-sysctl.conf": Link("../sysctl.conf")}
GLOB = "net.v2g.*"

TABLE = [
    Case("sysctl.conf with Debian's link", LINKED, "200", "200"),
    Case("and a drop-in behind the link", {**LINKED, D + "99-v2g.conf": sets(300)}, "300", "200"),
    Case("the same without the link", {CONF: sets(200), D + "99-v2g.conf": sets(300)}, "300", "200"),
    Case(
        "and a namesake in /run", {**LINKED, D + "99-v2g.conf": sets(300), RUN + "99-v2g.conf": sets(400)}, "300", "200"
    ),
    Case("masked", {RUN + "99-v2g.conf": sets(400), D + "99-v2g.conf": Link("/dev/null")}, "500", "500"),
    Case("plain string order", {D + "10-a.conf": sets(210), D + "9-b.conf": sets(220)}, "220", "220"),
    Case("no suffix", {D + "99-v2g": sets(210), D + "99-v2g.conf.bak": sets(220)}, "500", "500"),
    Case("sysctl.conf without the link", {CONF: sets(200)}, "500", "200"),
]

FOLDERS_AND_NAMES = [
    Case("/run over /usr/local/lib", {RUN + "a.conf": sets(1), LOCAL + "a.conf": sets(2)}, "1", "1"),
    Case("/usr/local/lib over /usr/lib", {LOCAL + "a.conf": sets(1), USR + "a.conf": sets(2)}, "1", "1"),
    Case("a later name in the lowest folder", {D + "a.conf": sets(1), USR + "b.conf": sets(2)}, "2", "2"),
    Case("an empty file masks", {D + "a.conf": "", USR + "a.conf": sets(2)}, "500", "500"),
    Case("a comment masks too", {D + "a.conf": "# off\n", USR + "a.conf": sets(2)}, "500", "500"),
    Case("a link to nowhere masks", {D + "a.conf": Link("/nowhere"), USR + "a.conf": sets(2)}, "500", "500"),
    Case("a link to itself masks", {D + "a.conf": Link("a.conf"), USR + "a.conf": sets(2)}, "500", "500"),
    Case("a link to a folder masks", {D + "a.conf": Link("/etc"), USR + "a.conf": sets(2)}, "500", "500"),
    Case("99-sysctl.conf masked", {CONF: sets(1), D + "99-sysctl.conf": Link("/dev/null")}, "500", "1"),
    Case("a chain of links", {D + "b.conf": Link("c"), D + "c": Link("/etc/d"), "etc/d": sets(3)}, "3", "3"),
    Case("hidden files", {D + ".h.conf": sets(1), D + ".conf": sets(2)}, "500", "1"),
    Case("another case of the suffix", {D + "a.CONF": sets(1)}, "500", "500"),
    Case("capitals first", {D + "a.conf": sets(1), D + "B.conf": sets(2)}, "1", "1"),
    Case("dash before dot before underscore", {D + f"a{c}.conf": sets(n) for n, c in enumerate(("-b", "", "_b"))},
         "2", "2"),
    Case("letters beyond ASCII last", {D + "ä.conf": sets(1), D + "z.conf": sets(2)}, "1", "1"),
]  # fmt: skip


def one(title: str, text: str, boot: str, system: str) -> Case:
    return Case(title, {D + "50.conf": text}, boot, system)


SYNTAX = [
    one("the last line wins", sets(1) + sets(2) + sets(1), "1", "1"),
    one("slashes", "net/v2g/islanding_timeout=1\n", "1", "1"),
    one("slash first, dots belong to names", "net/v2g.islanding_timeout=1\n", "500", "500"),
    one("white space", f"\t {KEY} \t= 1  \n", "1", "1"),
    one("a value of two words", sets("1 \t2"), "1 \t2", "1 \t2"),
    one("what looks like a comment", sets("1 # trip"), "1 # trip", "1 # trip"),
    one("comments", f"# {KEY}=1\n ; {KEY}=2\n", "500", "500"),
    one("an empty value", sets(1) + sets(""), "", ""),
    one("a second equals sign", sets("1=2"), "1=2", "1=2"),
    one("errors ignored", f"-{KEY}=1\n", "1", "1"),
    one("carriage return at the end", f"{KEY}=1\r\n", "1", "1"),
    one("no newline at the end", f"{KEY}=1", "1", "1"),
    one("a line that is no assignment", f"{KEY} 1\n{KEY}=2\n", "2", "2"),
    one("backslash does not continue", f"{KEY}=1\\\n2\n", "1\\", "1\\"),
    one("byte order mark", f"\ufeff{KEY}=1\n", "500", "500"),
    one("no-break space is no white space", f"{KEY}=1\u00a0\n", "1\u00a0", "1\u00a0"),
    one("surplus separators", "/net//v2g/./islanding_timeout=1\n", "1", "1"),
    one("a separator at the end", f"{KEY}.=1\n", "1", "500"),
    one("a way out and back", "net/core/../v2g/islanding_timeout=1\n", "500", "1"),
    one("white space behind the dash", f"- {KEY}=1\n", "1", "500"),
    one("two dashes", f"--{KEY}=1\n", "500", "1"),
    one("three dashes", f"---{KEY}=1\n", "500", "500"),
    one("a carriage return inside", f"net.core.busy_poll=1\r{KEY}=2\n", "2", "500"),
    one("NUL inside", f"{KEY}=1\0{KEY}=2\n", "2", "1"),
    one("vertical tab and form feed", f"\v{KEY}\f=1\n", "500", "1"),
]

GLOBS = [
    one("a glob", f"{GLOB}=1\n", "1", "1"),
    one("an assignment beats a later glob", sets(1) + f"{GLOB}=2\n", "1", "1"),
    one("an exclusion keeps a glob off", f"{GLOB}=2\n-{KEY}\n", "500", "500"),
    one("an exclusion takes back only at boot", sets(1) + f"-{KEY}\n", "500", "1"),
    one("an assignment behind an exclusion", f"-{KEY}\n{KEY}=1\n", "1", "1"),
    one("an exclusion between assignment and glob", sets(1) + f"-{KEY}\n{GLOB}=9\n", "500", "1"),
    one("an excluded glob is taken back only at boot", f"{GLOB}=1\n-{GLOB}\n", "500", "1"),
    one("a glob behind its exclusion", f"-{GLOB}\n{GLOB}=1\n", "1", "1"),
    one("the last glob wins", f"{GLOB}=1\nnet.*.islanding_timeout=2\n", "2", "2"),
    one("repeated with the same value", f"{GLOB}=1\nnet.*.islanding_timeout=2\n{GLOB}=1\n", "2", "1"),
    one("repeated with another value", f"{GLOB}=1\nnet.*.islanding_timeout=2\n{GLOB}=3\n", "3", "3"),
    one("surplus separators and a glob", f"/net/v2g/islanding_timeout=1\n{GLOB}=2\n", "1", "2"),
    one("excluded with surplus separators", f"-net//v2g/islanding_timeout\n{GLOB}=2\n", "500", "2"),
    one("no glob crosses a separator", "net.*=1\n", "500", "500"),
    one("sets, questions, classes", "n[a-e]t.v?g.[!a-h]s[[:lower:]]anding[_x]timeout=1\n", "1", "1"),
    one("a set with nothing in it", "net.v2g.[z-a]slanding*=1\n", "500", "500"),
    one("a set without end", "net.v2g.[i*=1\n", "500", "500"),
    one("a backslash only inside a glob", "net.v2*.\\islanding_timeout=1\nnet.v2g.\\islanding_timeout=2\n", "1", "1"),
    Case("excluded in sysctl.conf, set elsewhere", {CONF: f"-{KEY}\n", D + "a.conf": sets(1)}, "1", "1"),
    Case("excluded in sysctl.conf, glob elsewhere", {CONF: f"-{KEY}\n", D + "a.conf": f"{GLOB}=1\n"}, "1", "500"),
    Case("excluded in a later file", {D + "a.conf": sets(1), D + "b.conf": f"-{KEY}\n"}, "500", "1"),
    Case("a glob in sysctl.conf", {CONF: f"{GLOB}=7\n", D + "a.conf": f"{GLOB}=1\n"}, "1", "7"),
    Case("a glob in sysctl.conf, set elsewhere", {CONF: f"{GLOB}=7\n", D + "a.conf": sets(1)}, "1", "1"),
]

CASES = [*TABLE, *FOLDERS_AND_NAMES, *SYNTAX, *GLOBS]


def as_read(files: Mapping[str, str | Link]) -> tuple[ConfigFile, ...]:
    """Give the files as a reader would, links followed."""
    return tuple(ConfigFile(f"/{path}", _text(files, path, 9) or None) for path in files)


def _text(files: Mapping[str, str | Link], path: str, hops: int) -> str:
    found = files.get(path, "")
    if isinstance(found, str) or not hops:
        return found if isinstance(found, str) else ""
    folder = [] if found.target.startswith("/") else path.split("/")[:-1]
    for part in found.target.strip("/").split("/"):
        folder = folder[:-1] if part == ".." else [*folder, part]
    return _text(files, "/".join(folder), hops - 1)
