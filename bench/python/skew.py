"""One slow item among a thousand."""

import statistics
import time

import tasks
from measure import main
from pools import load

WORKERS = 2
ITEMS = 1000
SLOW_AT = 500
SMALL = {"smoke": 20, "quick": 150, "full": 500}
CALLS = {"smoke": 1, "quick": 1, "full": 5}


def measure(contender, scale):
    pool = load(contender)(WORKERS)
    small = SMALL[scale]
    work = [small * ITEMS if i == SLOW_AT else small for i in range(ITEMS)]
    wanted = [tasks.busy(n) for n in work]
    ratios = []
    for call in range(CALLS[scale] + 1):
        begin = time.perf_counter()
        results = pool.gather([pool.submit(tasks.busy, n) for n in work])
        wall = time.perf_counter() - begin
        if results != wanted:
            raise ValueError("wrong results")
        begin = time.perf_counter()
        for n in work:
            tasks.busy(n)
        limit = (time.perf_counter() - begin) / WORKERS
        if call > 0:
            ratios.append(wall / limit)
    pool.close()
    return {"overLimit": statistics.median(ratios)}


if __name__ == "__main__":
    main(measure)
