"""CPU time, wall time and peak memory of this process, and the JSON line of a peer."""

import json
import time


class Stopwatch:
    """Measures a `with` block: `cpu_s` (user and system) and `wall_s`."""

    def __enter__(self):
        self._wall = time.perf_counter()
        self._cpu = time.process_time()
        return self

    def __exit__(self, *_):
        self.cpu_s = time.process_time() - self._cpu
        self.wall_s = time.perf_counter() - self._wall


def peak_rss_mb():
    """Return the peak resident memory in megabytes (10^6 bytes), None outside Linux.

    `getrusage` would count the program that started this one as well.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024 / 1e6
    except FileNotFoundError:
        pass
    return None


def print_report(**fields):
    """Print the fields as one JSON line."""
    print(json.dumps(fields), flush=True)
