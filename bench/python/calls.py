"""What a call costs: start, round trip, floods of calls that do nothing, memory after them."""

import statistics
import time

import tasks
from measure import main
from pools import PACKAGES, Tree, load

WORKERS = 2
TRIPS = {"smoke": 20, "quick": 100, "full": 1000}
# Ray and Dask take most of a second for a thousand calls: a flood of theirs is smaller.
FLOOD = {"smoke": 200, "quick": 1000, "full": 50000}
SLOW_FLOOD = {"smoke": 50, "quick": 500, "full": 10000}


def measure(contender, scale):
    loading = time.perf_counter()
    open_pool = load(contender)
    start = time.perf_counter()
    pool = open_pool(WORKERS)
    if pool.gather([pool.submit(tasks.square, 20)]) != [400]:
        raise ValueError("wrong result")
    start_ms = (time.perf_counter() - start) * 1000
    times = []
    for i in range(TRIPS[scale]):
        begin = time.perf_counter()
        pool.gather([pool.submit(tasks.noop, i)])
        times.append((time.perf_counter() - begin) * 1e6)
    count = (SLOW_FLOOD if contender in ("dask", "ray") else FLOOD)[scale]
    tree = Tree()
    floods = [flood(pool, count, tree) for _ in range(3)][1:]
    memory = tree.memory_mb()
    pool.close()
    sample = {
        "importMs": (start - loading) * 1000 if contender in PACKAGES else None,
        "startMs": start_ms,
        "tripUs": statistics.median(times[len(times) // 4 :]),
        "rssMb": memory,
        "perSecond": statistics.median(one["perSecond"] for one in floods),
        "perCallUs": 1e6 / statistics.median(one["perSecond"] for one in floods),
        "submitUs": statistics.median(one["submitUs"] for one in floods),
    }
    if floods[0]["cpuUs"] is not None:
        sample["cpuUs"] = statistics.median(one["cpuUs"] for one in floods)
    if contender == "joblib":  # its calls are made and run in one step
        del sample["submitUs"]
    return sample


def flood(pool, count, tree):
    cpu = tree.cpu_seconds()
    begin = time.perf_counter()
    calls = [pool.submit(tasks.noop, i) for i in range(count)]
    submitted = time.perf_counter()
    if pool.gather(calls) != list(range(count)):
        raise ValueError("wrong results")
    wall = time.perf_counter() - begin
    return {
        "perSecond": count / wall,
        "submitUs": (submitted - begin) / count * 1e6,
        "cpuUs": None if cpu is None else (tree.cpu_seconds() - cpu) / count * 1e6,
    }


if __name__ == "__main__":
    main(measure)
