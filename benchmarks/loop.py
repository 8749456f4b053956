"""The yardstick: gets every list of a namespace, one after the other, and parses it: ``python benchmarks/loop.py HOST/PATH``."""

import json
import sys

import httpx


def main() -> None:
    """Walk the namespace named by the only argument, on one connection."""
    host, _, root = sys.argv[1].partition("/")
    paths = [root]
    with httpx.Client(base_url=f"http://{host}/v2/") as client:
        while paths:
            path = paths.pop()
            answer = client.get(f"{path}/tags/list?n=10000".removeprefix("/"))
            paths.extend(f"{path}/{child}".removeprefix("/") for child in json.loads(answer.raise_for_status().content)["child"])


if __name__ == "__main__":
    main()
