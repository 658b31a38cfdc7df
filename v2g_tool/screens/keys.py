"""`keys init`: a new signing key, told to the person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from v2g_tool.errors import RequestError
from v2g_tool.report.page import show_lines
from v2g_tool.report.signing.keys import init_key, key_directory


def make_key(name: str, passphrase: Callable[[str], bytes], *, ask_twice: bool) -> None:
    """Make the key and print where it lies and its fingerprint; raises RequestError when the passphrases differ."""
    secret = passphrase("New passphrase for the signing key (8 characters or more)")
    if ask_twice and passphrase("The same passphrase again") != secret:
        raise RequestError("the two passphrases differ; no key was made", todo="Run the command again.")
    files = init_key(key_directory(), name, secret, datetime.now(UTC))
    show_lines(
        f"Signing key for {name}",
        f"  key          {files.key} (encrypted; keep a copy of the passphrase, it cannot be recovered)",
        f"  certificate  {files.certificate}",
        f"  fingerprint  {files.fingerprint}",
        "→ Give the fingerprint to the utility over another channel; they verify with --trust FINGERPRINT.",
        mark="✓ ",
        whole=True,
    )
