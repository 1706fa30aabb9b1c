"""Timing several candidates in turns, so that other work on the machine falls on all alike."""

import csv
import os
import platform
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path

PAUSE = 0.005


def time_in_turns(
    candidates: dict[str, Callable[[], object]], seconds: float, most: int = 50
) -> dict[str, dict[str, float]]:
    """Runs every candidate once a round, in an order that rotates, and turns around.

    Everyone follows everyone else equally often, after a pause: a library's threads that still
    wait actively for more work would take a core from whoever comes next.

    Args:
        candidates: Name to a function that does the work once.
        seconds: About how long to go on, for all of them together.
        most: The most rounds; at least five are run.

    Returns:
        For each name, milliseconds: `median`, `best` (the mean of the fastest tenth) and `cpu`,
        the median processor time over all threads, which other work on the machine moves least.
    """
    for run in candidates.values():
        run()
        run()
    times: dict[str, list[float]] = {name: [] for name in candidates}
    busy: dict[str, list[float]] = {name: [] for name in candidates}
    names, start = list(candidates), time.perf_counter()
    for turn in range(most):
        if turn >= 5 and time.perf_counter() - start > seconds:
            break
        for place in range(len(names)):
            name = names[(turn + (place if turn % 2 else -place)) % len(names)]
            time.sleep(PAUSE)
            begin, busy_begin = time.perf_counter(), time.process_time()
            candidates[name]()
            times[name].append((time.perf_counter() - begin) * 1000)
            busy[name].append((time.process_time() - busy_begin) * 1000)
    return {
        name: {
            "median": statistics.median(taken),
            "best": statistics.mean(sorted(taken)[: max(1, len(taken) // 10)]),
            "cpu": statistics.median(busy[name]),
        }
        for name, taken in times.items()
    }


def hardware() -> dict[str, object]:
    """What the numbers were taken on, and how busy it was."""
    model = platform.processor() or platform.machine()
    described = Path("/proc/cpuinfo")
    if described.exists():
        found = re.search(r"model name\s*:\s*(.+)", described.read_text())
        model = found.group(1).strip() if found else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
    }


def file_name(benchmark: str, precision: str) -> str:
    """A results file's name, with the hardware and the precision in it."""
    machine = hardware()
    slug = re.sub(r"[^a-z0-9]+", "-", str(machine["processor"]).lower()).strip("-")
    return f"{benchmark}-{slug}-{machine['cores']}-cores-{precision}.csv"


def write_csv(path: Path, rows: list[dict]) -> None:
    """Writes records that need not have the same fields."""
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"wrote {path}")
