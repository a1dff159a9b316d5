"""Run one command and tell what it took; from a process so small that the command seems no larger.

    weigh.py DESCRIPTOR COMMAND...

Law: what a child takes at most begins with what its parent has, at the moment of its start. So a
benchmark, which may have imported the whole program, starts nothing itself. The figures are a JSON
object on the descriptor: seconds, processor seconds with all children, the largest process, status.
"""

import json
import os
import sys
import time


def main() -> None:
    """Run it."""
    descriptor, command = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(descriptor, False)
    began_s = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.perf_counter() - began_s
    peak_mb = usage.ru_maxrss / (1024 if sys.platform == "linux" else 1024 * 1024)
    with os.fdopen(descriptor, "w") as told:
        json.dump({"wall_s": wall_s, "cpu_s": usage.ru_utime + usage.ru_stime,
                   "peak_mb": peak_mb, "status": os.waitstatus_to_exitcode(status)}, told)


if __name__ == "__main__":
    main()
