"""64 MB to a worker: pickled, and in the library's own shared memory."""

import statistics
import time
from multiprocessing import shared_memory

import tasks
from measure import main
from pools import Missing, load

WORKERS = 2
LENGTH = {"smoke": 2**14, "quick": 2**23, "full": 2**23}
CALLS = {"smoke": 1, "quick": 2, "full": 5}


def attach(description):
    """Length of an array in a shared block; a worker keeps what it has attached to."""
    import numpy

    name, length = description
    block = shared_memory.SharedMemory(name=name)
    try:
        return len(numpy.ndarray((length,), dtype="f8", buffer=block.buf))
    finally:
        block.close()


def measure(contender, scale):
    try:
        import numpy
    except ImportError as error:
        raise Missing("numpy") from error
    pool = load(contender)(WORKERS)
    length = LENGTH[scale]
    pool.gather([pool.submit(tasks.noop, 1)])

    def timed(fn, argument):
        begin = time.perf_counter()
        if pool.gather([pool.submit(fn, argument)]) != [length]:
            raise ValueError("wrong result")
        return (time.perf_counter() - begin) * 1000

    copies = [timed(tasks.length, numpy.full(length, 1.5)) for _ in range(CALLS[scale])]
    sample = {}
    if contender == "pyThreads":  # nothing is copied
        sample["shareMs"] = statistics.median(copies)
    else:
        sample["copyMs"] = statistics.median(copies)
    if contender == "ray":  # its object store
        reference = pool.ray.put(numpy.full(length, 1.5))
        sample["shareMs"] = statistics.median(timed(tasks.length, reference) for _ in range(CALLS[scale]))
    if contender in ("pyProcesses", "pyPool", "joblib"):
        block = shared_memory.SharedMemory(create=True, size=8 * length)
        try:
            numpy.ndarray((length,), dtype="f8", buffer=block.buf)[:] = 1.5
            shares = [timed(attach, (block.name, length)) for _ in range(CALLS[scale])]
            sample["shareMs"] = statistics.median(shares)
        finally:
            block.close()
            block.unlink()
    pool.close()
    return sample


if __name__ == "__main__":
    main(measure)
