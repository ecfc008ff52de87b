"""What the Python contenders run."""

import os
import signal


def noop(x):
    return x


def square(x):
    return x * x


def busy(iterations):
    """As many steps of xorshift32 as the tasks in JavaScript do."""
    x = 1
    for _ in range(iterations):
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
    return x


def length(array):
    return len(array)


def private_mb(array):
    """The worker, and the megabytes of its own that it has while it holds the array and has read all of it (Linux)."""
    if len(array) > 0 and array[::256].sum() == 0:
        raise ValueError("an array of zeros has come")
    with open("/proc/self/status", encoding="utf8") as file:
        anon = next(int(line.split()[1]) for line in file if line.startswith("RssAnon:"))
    return os.getpid(), anon * 1024 / 1e6


def die(_):
    """Kills its worker."""
    os.kill(os.getpid(), signal.SIGKILL)
