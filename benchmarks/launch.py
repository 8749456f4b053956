"""Runs the command in its arguments without its output, and prints wall and processor seconds, peak and exit code, in one line.

A process of its own, since the peak of a child is never less than the memory of its parent: nothing is imported here that is
not needed.
"""

import os
import sys
import time


def main() -> None:
    """Run the command and wait for it; the peak is in the system's own unit."""
    command, quiet = sys.argv[1:], [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    started = time.perf_counter()
    _, status, usage = os.wait4(os.posix_spawnp(command[0], command, os.environ, file_actions=quiet), 0)
    wall = time.perf_counter() - started
    sys.stdout.write(f"{wall} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss} {os.waitstatus_to_exitcode(status)}\n")


if __name__ == "__main__":
    main()
