"""A map inside of a map."""

import statistics
import time

import tasks
from measure import main
from pools import load

OUTER = 8
INNER = 16
WORKERS = 2
ITERATIONS = {"smoke": 200, "quick": 5000, "full": 5000}
CALLS = {"smoke": 1, "quick": 2, "full": 5}


def inner_futures(iterations):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(WORKERS) as pool:
        return sum(pool.map(tasks.busy, [iterations] * INNER))


def inner_joblib(iterations):
    import joblib

    return sum(joblib.Parallel(n_jobs=WORKERS)(joblib.delayed(tasks.busy)(iterations) for _ in range(INNER)))


def inner_dask(iterations):
    from distributed import worker_client

    with worker_client() as client:
        return sum(client.gather(client.map(tasks.busy, [iterations] * INNER, pure=False)))


def inner_ray(iterations):
    import ray

    remote = ray.remote(tasks.busy)
    return sum(ray.get([remote.remote(iterations) for _ in range(INNER)]))


INSIDE = {"pyProcesses": inner_futures, "joblib": inner_joblib, "dask": inner_dask, "ray": inner_ray}


def measure(contender, scale):
    pool = load(contender)(WORKERS)
    iterations = ITERATIONS[scale]
    wanted = [INNER * tasks.busy(iterations)] * OUTER
    ratios = []
    for call in range(CALLS[scale] + 1):
        begin = time.perf_counter()
        if pool.gather([pool.submit(INSIDE[contender], iterations) for _ in range(OUTER)]) != wanted:
            raise ValueError("wrong results")
        wall = time.perf_counter() - begin
        begin = time.perf_counter()
        for _ in range(OUTER * INNER):
            tasks.busy(iterations)
        limit = (time.perf_counter() - begin) / WORKERS
        if call > 0:
            ratios.append(wall / limit)
    pool.close()
    return {"overLimit": statistics.median(ratios)}


if __name__ == "__main__":
    main(measure)
