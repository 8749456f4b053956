"""Serves a namespace from a file on loopback until it is interrupted: ``python -m benchmarks.replay FILE.jsonl.xz``.

The first line printed is the namespace to give to gcrsync, the last one the requests answered, by kind,
and the bytes of their bodies, as JSON.
"""

import json
import signal
import sys
from argparse import ArgumentParser
from pathlib import Path

from benchmarks.namespaces.answers import GoogleRegistry, Kind, PlainRegistry
from benchmarks.namespaces.recorded import read_namespace
from benchmarks.namespaces.server import RegistryServer

_ENDS = {signal.SIGINT, signal.SIGTERM}


def main() -> None:
    """Read the arguments, and serve."""
    parser = ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("file", type=Path, help="a recorded or generated namespace, FILE.jsonl.xz")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1; any free one by default")
    parser.add_argument("--plain", action="store_true", help="list as ordinary registries do, not as Google's")
    chosen = parser.parse_args()
    namespace = read_namespace(chosen.file)
    registry = PlainRegistry(namespace) if chosen.plain else GoogleRegistry(namespace)
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)
    with RegistryServer(registry, chosen.port) as server:
        _say(f"{server.address}/{namespace.path}".removesuffix("/"))
        signal.sigwait(_ENDS)
        counts, sent = server.counts(), sum(request.sent for request in server.requests)
    _say(json.dumps({**{kind: counts[kind] for kind in Kind}, "bytes": sent}))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
