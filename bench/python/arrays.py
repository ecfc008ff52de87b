"""100 MB to each of two worker processes, and back; and what that takes of their own memory."""

import statistics
import time
from multiprocessing import shared_memory

import tasks
from measure import main
from pools import Missing, load

WORKERS = 2
LENGTH = {"smoke": 2**14, "quick": 12500000, "full": 12500000}
CALLS = {"smoke": 1, "quick": 2, "full": 5}
ATTEMPTS = 5


def attached(task, description):
    """Calls a task with an array in a shared block."""
    import numpy

    name, length = description
    block = shared_memory.SharedMemory(name=name)
    try:
        array = numpy.ndarray((length,), dtype="f8", buffer=block.buf)
        result = task(array)
        del array
        return result
    finally:
        block.close()


def attached_length(description):
    return attached(tasks.length, description)


def attached_memory(description):
    return attached(tasks.private_mb, description)


def measure(contender, scale):
    try:
        import numpy
    except ImportError as error:
        raise Missing("numpy") from error
    sharing = contender == "pySharedMemory"
    pool = load("pyProcesses" if sharing else contender)(WORKERS)
    length = LENGTH[scale]
    pool.gather([pool.submit(tasks.noop, i) for i in range(100)])

    def both(fn, argument):
        return pool.gather([pool.submit(fn, argument) for _ in range(WORKERS)])

    def workers_mb(fn, argument):
        """Both tasks can end up on one worker: then they say nothing."""
        for _ in range(ATTEMPTS):
            answers = both(fn, argument)
            if len({pid for pid, _ in answers}) == WORKERS:
                return sum(mb for _, mb in answers)
        return None

    def timed(fn, argument, check):
        begin = time.perf_counter()
        answers = both(fn, argument)
        wall = time.perf_counter() - begin
        for answer in answers:
            if not check(answer):
                raise ValueError("wrong result")
        return wall * 1000

    sample = {}
    empty = workers_mb(tasks.private_mb, numpy.zeros(0))
    if sharing:
        block = shared_memory.SharedMemory(create=True, size=8 * length)
        try:
            numpy.ndarray((length,), dtype="f8", buffer=block.buf)[:] = 1.5
            description = (block.name, length)
            full = workers_mb(attached_memory, description)
            times = [timed(attached_length, description, lambda n: n == length) for _ in range(CALLS[scale])]
            sample["inMs"] = statistics.median(times)
        finally:
            block.close()
            block.unlink()
    else:
        full = workers_mb(tasks.private_mb, numpy.full(length, 1.5))
        into, back = [], []
        for i in range(CALLS[scale] + 1):
            array = numpy.full(length, i + 0.5)
            into.append(timed(tasks.length, array, lambda n: n == length))
            value = i + 0.5
            back.append(
                timed(tasks.noop, array, lambda a: len(a) == length and a[0] == value and a[-1] == value)
            )
        sample["inMs"] = statistics.median(into[1:])
        sample["inOutMs"] = statistics.median(back[1:])
    if empty is not None and full is not None:
        sample["workersMb"] = max(0, full - empty)
    pool.close()
    return sample


if __name__ == "__main__":
    main(measure)
