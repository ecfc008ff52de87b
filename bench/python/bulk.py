"""A million items that cost nothing, in the pool's own form of map with chunks."""

import statistics
import time

import tasks
from measure import main
from pools import Tree, load

WORKERS = 2
COUNT = {"smoke": 20000, "quick": 200000, "full": 1000000}
CALLS = {"smoke": 1, "quick": 2, "full": 5}
CHUNKS = (4096, 65536)


def measure(contender, scale):
    pool = load(contender)(WORKERS)
    items = list(range(COUNT[scale]))
    samples = [steady(pool, items, chunk, CALLS[scale]) for chunk in CHUNKS]
    pool.close()
    return min(samples, key=lambda sample: sample["wallMs"])


def steady(pool, items, chunk, calls):
    """Medians of a few calls after one that warms up."""
    tree = Tree()
    walls, cpus = [], []
    for call in range(calls + 1):
        cpu, begin = tree.cpu_seconds(), time.perf_counter()
        results = pool.map(tasks.square, items, chunk)
        wall = time.perf_counter() - begin
        if len(results) != len(items) or results[-1] != (len(items) - 1) ** 2:
            raise ValueError("wrong results")
        if call > 0:
            walls.append(wall * 1000)
            cpus.append(None if cpu is None else (tree.cpu_seconds() - cpu) * 1000)
    return {"wallMs": statistics.median(walls), "cpuMs": None if cpus[0] is None else statistics.median(cpus)}


if __name__ == "__main__":
    main(measure)
