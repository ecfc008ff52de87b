"""What the death of a worker process costs the call after it."""

import statistics
import time

import tasks
from measure import main
from pools import load

DEATHS = {"smoke": 1, "quick": 2, "full": 7}
BETWEEN = 1


def measure(contender, scale):
    open_pool = load(contender)
    workers = 2 if contender == "joblib" else 1  # one worker would be the process itself
    pool = open_pool(workers)

    def check():
        if pool.gather([pool.submit(tasks.square, 20)]) != [400]:
            raise ValueError("wrong result")

    check()
    times = []
    for _ in range(DEATHS[scale]):
        time.sleep(BETWEEN)
        begin = time.perf_counter()
        if contender == "pyPool":  # its call never ends
            pool.submit(tasks.die, 0)
        else:
            try:
                pool.gather([pool.submit(tasks.die, 0)])
            except Exception as error:  # each package has a class of its own
                if "ProcessPool" not in type(error).__name__ and "Terminated" not in type(error).__name__:
                    raise
            else:
                raise ValueError("no error")
            pool = open_pool(workers)  # the old one is of no use any more
        check()
        times.append((time.perf_counter() - begin) * 1000)
    if contender == "pyPool":
        pool.pool.terminate()
    else:
        pool.close()
    return {"nextMs": statistics.median(times)}


if __name__ == "__main__":
    main(measure)
