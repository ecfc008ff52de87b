"""Locks, turns and queues between two threads: `threading` and `queue`."""

import queue
import statistics
import threading
import time

from measure import main

PAIRS = {"smoke": 10_000, "quick": 100_000, "full": 500_000}
TURNS = {"smoke": 100, "quick": 3000, "full": 20_000}
ITEMS = {"smoke": 2000, "quick": 50_000, "full": 200_000}
RUNS = 6


def seconds(first, second):
    """Median time of both sides in two threads; the first third of the runs warms up."""
    times = []
    for _ in range(RUNS):
        threads = [threading.Thread(target=side) for side in (first, second)]
        begin = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[RUNS // 3 :])


def lock_ns(lock, count):
    acquire, release = lock.acquire, lock.release
    times = []
    for _ in range(9):
        begin = time.perf_counter_ns()
        for _ in range(count):
            acquire()
            release()
        times.append((time.perf_counter_ns() - begin) / count)
    return {"lockNs": statistics.median(times[3:])}


def turns(count):
    there, back = threading.Semaphore(0), threading.Semaphore(0)

    def first():
        for _ in range(count):
            there.release()
            back.acquire()

    def second():
        for _ in range(count):
            there.acquire()
            back.release()

    return seconds(first, second)


def condition_turns(count):
    changed = threading.Condition(threading.Lock())
    turn = [0]

    def side(mine):
        for _ in range(count):
            with changed:
                changed.wait_for(lambda: turn[0] == mine)
                turn[0] = 1 - mine
                changed.notify()

    return seconds(lambda: side(0), lambda: side(1))


def event_turns(count):
    there, back = threading.Event(), threading.Event()

    def first():
        for _ in range(count):
            there.set()
            back.wait()
            back.clear()

    def second():
        for _ in range(count):
            there.wait()
            there.clear()
            back.set()

    return seconds(first, second)


def barrier_rounds(count):
    barrier = threading.Barrier(2)

    def side():
        for _ in range(count):
            barrier.wait()

    return seconds(side, side)


def through(items, count):
    def produce():
        for i in range(count):
            items.put(i)

    def consume():
        total = 0
        for _ in range(count):
            total += items.get()
        if total != count * (count - 1) // 2:
            raise ValueError("wrong result")

    return {"perSecond": count / seconds(produce, consume)}


def measure(contender, scale):
    locks = {"pyLock": threading.Lock, "pyRLock": threading.RLock, "pySemaphore": threading.Semaphore}
    if contender in locks:
        return lock_ns(locks[contender](), PAIRS[scale])
    count = TURNS[scale]
    hand_overs = {"pyTurns": turns, "pyCondition": condition_turns, "pyEvents": event_turns}
    if contender in hand_overs:
        return {"handOverUs": hand_overs[contender](count) * 1e6 / (2 * count)}
    if contender == "pyBarrier":
        return {"roundsPerSecond": count / barrier_rounds(count)}
    return through(queue.Queue(1024) if contender == "pyQueue" else queue.SimpleQueue(), ITEMS[scale])


if __name__ == "__main__":
    main(measure)
