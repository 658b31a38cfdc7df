"""One run of libiperf through the package `iperf3`, in a process of its own: `python -m … '{"address": …}'`.

The package is made for nothing else than this: it redirects descriptor 1 of the whole process while it runs, cannot be
ended, closes foreign descriptors when it is freed, and waits for ever when its result exceeds the 64 KiB of a pipe that
nobody reads.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import sys
import threading
from collections.abc import Mapping
from typing import Any

_LIBRARY = "libiperf.so.0"
_CONNECT_MS = 5000
_PART_BYTES = 1 << 16


class _Drain(threading.Thread):
    """Reads the package's pipe while libiperf writes its result into it; sleeps when there is nothing."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(daemon=True)
        self._descriptor = descriptor
        self._over, self._end = os.pipe()
        self.content = bytearray()

    def run(self) -> None:
        """Read until it is told that no more comes, and the pipe is empty."""
        while self._descriptor in select.select([self._descriptor, self._over], [], [])[0]:
            self.content += os.read(self._descriptor, _PART_BYTES)

    def finish(self) -> bytes:
        """Give all that was in the pipe."""
        os.close(self._end)
        self.join()
        return bytes(self.content)


def run(task: Mapping[str, Any]) -> bytes:
    """Give the JSON text that libiperf makes of one run; `streams` is 1 unless given."""
    import iperf3  # the only place that may load it

    client = iperf3.Client(verbose=False, lib_name=_LIBRARY)
    client.server_hostname, client.port, client.protocol = task["address"], task["port"], "udp"
    client.blksize = task["datagram_bytes"]  # the package's own is 65507: one datagram, many fragments
    client.duration, client.bandwidth = task["seconds"], task["rate_bits_per_s"]
    client.num_streams = task.get("streams", 1)
    test = ctypes.c_void_p(client._test)  # a plain int would be cut to 32 bits
    client.lib.iperf_set_test_get_server_output(test, 1)
    client.lib.iperf_set_test_connect_timeout(test, _CONNECT_MS)
    return _drained(client)


def _drained(client: Any) -> bytes:  # noqa: ANN401 - the package has no types
    drain = _Drain(client._pipe_out)
    drain.start()
    try:
        said = client.run().error
    except ValueError:  # it parses what the drain has already taken
        said = "libiperf gave no result"
    _, brace, content = drain.finish().partition(b"{")  # some versions say more before it
    return brace + content if brace else json.dumps({"error": said or "libiperf gave no result"}).encode()


def main() -> None:
    """Run the task of the command line; the result goes to what standard output was at the start."""
    result = os.fdopen(os.dup(1), "wb")
    try:
        content = run(json.loads(sys.argv[1]))
    except (OSError, ImportError, AttributeError) as exc:
        content = json.dumps({"error": f"libiperf cannot be used: {exc}"}).encode()
    result.write(content)
    result.flush()
    os._exit(0)  # the package's clean-up may close descriptors that are not its own


if __name__ == "__main__":
    main()
