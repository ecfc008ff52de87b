"""The contenders in Python behind one interface: submit, result, and the pool's own form of map."""

import concurrent.futures
import multiprocessing
import os
import time


class Missing(Exception):
    """A package that is not installed, by its name."""


def each(fn, items):
    return [fn(item) for item in items]


class Futures:
    """concurrent.futures, and what has its interface."""

    def __init__(self, executor):
        self.executor = executor

    def submit(self, fn, argument):
        return self.executor.submit(fn, argument)

    def gather(self, futures):
        return [future.result() for future in futures]

    def map(self, fn, items, chunk):
        if isinstance(self.executor, concurrent.futures.ThreadPoolExecutor):  # it ignores chunksize
            batches = [items[i : i + chunk] for i in range(0, len(items), chunk)]
            return [x for xs in self.executor.map(each, [fn] * len(batches), batches) for x in xs]
        return list(self.executor.map(fn, items, chunksize=chunk))

    def close(self):
        self.executor.shutdown()


class Pool:
    """multiprocessing.Pool."""

    def __init__(self, workers):
        self.pool = multiprocessing.Pool(workers)

    def submit(self, fn, argument):
        return self.pool.apply_async(fn, (argument,))

    def gather(self, results):
        return [result.get() for result in results]

    def map(self, fn, items, chunk):
        return self.pool.map(fn, items, chunk)

    def close(self):
        self.pool.close()
        self.pool.join()


class Joblib:
    """joblib has no submit: a call is a Parallel with one item, a flood is a Parallel over all."""

    def __init__(self, workers):
        import joblib

        self.delayed = joblib.delayed
        self.parallel = joblib.Parallel(n_jobs=workers, backend="loky")
        self.parallel.__enter__()

    def submit(self, fn, argument):
        return self.delayed(fn)(argument)

    def gather(self, calls):
        return self.parallel(calls)

    def map(self, fn, items, chunk):
        batches = (items[i : i + chunk] for i in range(0, len(items), chunk))
        return [x for xs in self.parallel(self.delayed(each)(fn, batch) for batch in batches) for x in xs]

    def close(self):
        self.parallel.__exit__(None, None, None)


def open_loky(workers):
    """loky's own executor, which loky.get_reusable_executor keeps alive; no idle timeout while measured."""
    import loky

    return Futures(loky.get_reusable_executor(max_workers=workers, timeout=600))


class Dask:
    """distributed.Client on a cluster of one process per worker."""

    def __init__(self, workers):
        from distributed import Client, LocalCluster

        self.cluster = LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=50
        )
        self.client = Client(self.cluster)

    def submit(self, fn, argument):
        return self.client.submit(fn, argument, pure=False)

    def gather(self, futures):
        return self.client.gather(futures)

    def map(self, fn, items, chunk):
        batches = [items[i : i + chunk] for i in range(0, len(items), chunk)]
        futures = [self.client.submit(each, fn, batch, pure=False) for batch in batches]
        return [value for values in self.client.gather(futures) for value in values]

    def close(self):
        self.client.close()
        self.cluster.close()


class Ray:
    """Ray on this machine; a function becomes remote once."""

    def __init__(self, workers):
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        # Workers import the functions from here.
        os.environ["PYTHONPATH"] = os.path.dirname(os.path.abspath(__file__))
        import ray

        self.ray = ray
        self.remote = {}
        ray.init(num_cpus=workers, include_dashboard=False, logging_level=50, log_to_driver=False)

    def submit(self, fn, argument):
        if fn not in self.remote:
            self.remote[fn] = self.ray.remote(fn)
        return self.remote[fn].remote(argument)

    def gather(self, references):
        return self.ray.get(references)

    def map(self, fn, items, chunk):
        remote = self.ray.remote(each)
        batches = [items[i : i + chunk] for i in range(0, len(items), chunk)]
        return [value for values in self.ray.get([remote.remote(fn, b) for b in batches]) for value in values]

    def close(self):
        self.ray.shutdown()


OPEN = {
    "pyProcesses": lambda workers: Futures(concurrent.futures.ProcessPoolExecutor(workers)),
    "pyThreads": lambda workers: Futures(concurrent.futures.ThreadPoolExecutor(workers)),
    "pyPool": Pool,
    "loky": open_loky,
    "joblib": Joblib,
    "dask": Dask,
    "ray": Ray,
}
PACKAGES = {"loky": "loky", "joblib": "joblib", "dask": "distributed", "ray": "ray"}


def load(contender):
    """Imports the contender's package and returns how to open it; raises Missing."""
    package = PACKAGES.get(contender)
    if package is not None:
        try:
            __import__(package)
        except ImportError as error:
            raise Missing(error.name or package) from error
    return OPEN[contender]


class Tree:
    """CPU time and memory of this process and its descendants, as far as the system tells (Linux)."""

    def __init__(self):
        self.tick = os.sysconf("SC_CLK_TCK")

    def processes(self):
        parents = {}
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open(f"/proc/{name}/stat", encoding="utf8") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            parents.setdefault(int(fields[1]), []).append((int(name), fields))
        found = []
        todo = [os.getpid()]
        while todo:
            for pid, fields in parents.get(todo.pop(), []):
                found.append((pid, fields))
                todo.append(pid)
        return found

    def cpu_seconds(self):
        if not os.path.isdir("/proc"):
            return None
        children = sum(int(fields[11]) + int(fields[12]) for _, fields in self.processes())
        return time.process_time() + children / self.tick

    def memory_mb(self):
        """Proportional set size: pages that processes share count once."""
        total = 0
        for pid in [os.getpid(), *(pid for pid, _ in self.processes())]:
            try:
                with open(f"/proc/{pid}/smaps_rollup", encoding="utf8") as file:
                    total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
            except OSError:
                continue  # it has ended, or there is no /proc
        return total * 1024 / 1e6 or None
