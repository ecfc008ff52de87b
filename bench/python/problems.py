"""The real problems on joblib, vectorised with NumPy: `problems.py <problem> <scale>`.

Loops over shared arrays run on joblib's threads, as NumPy lets go of the interpreter; the others on its processes.
"""

import statistics
import time
from collections import Counter

from measure import main
from pools import Missing

WORKERS = 2
ROUNDS = {"smoke": 1, "quick": 1, "full": 5}
ITERATIONS = 10


def load():
    try:
        import joblib
        import numpy
    except ImportError as error:
        raise Missing(error.name) from error
    return joblib, numpy


def ranges(n, pieces=16):
    return [(n * p // pieces, n * (p + 1) // pieces) for p in range(pieces)]


def ep_blocks(first, last):
    """Some blocks of NPB EP: powers of the multiplier once, then each block's numbers in one multiplication."""
    import numpy as np

    mask = np.uint64((1 << 46) - 1)
    count = 2 * 65536
    powers = np.ones(1, dtype=np.uint64)
    power = 1220703125
    while len(powers) < count:  # products wrap modulo 2^64, which 2^46 divides
        powers = np.concatenate([powers, powers * np.uint64(power) & mask])
        power = power * power % (1 << 46)
    powers = powers * np.uint64(1220703125) & mask
    sx = sy = 0.0
    for block in range(first, last):
        state = 271828183 * pow(1220703125, count * block, 1 << 46) % (1 << 46)
        numbers = (powers * np.uint64(state) & mask).astype(np.float64) * (2 * 2.0**-46) - 1
        x, y = numbers[0::2], numbers[1::2]
        t = x * x + y * y
        keep = t <= 1
        x, y, t = x[keep], y[keep], t[keep]
        factor = np.sqrt(-2 * np.log(t) / t)
        sx += float((x * factor).sum())
        sy += float((y * factor).sum())
    return sx, sy


class Ep:
    processes = True

    def __init__(self, scale):
        self.calls = [(ep_blocks, range_) for range_ in ranges(256, 32)]

    def finish(self, results):
        return {"sx": sum(x for x, _ in results), "sy": sum(y for _, y in results)}


BODIES = (
    (0, 0, 0, 0, 0, 0, 1),
    (4.8414314424647209, -1.16032004402742839, -1.03622044471123109e-1, 1.66007664274403694e-3,
     7.69901118419740425e-3, -6.90460016972063023e-5, 9.54791938424326609e-4),
    (8.34336671824457987, 4.12479856412430479, -4.03523417114321e-1, -2.76742510726411e-3,
     4.99852801234917238e-3, 2.3041729757376393e-5, 2.85885980666130812e-4),
    (1.2894369562139131e1, -1.51111514016986312e1, -2.23307578892655734e-1, 2.96460137564761618e-3,
     2.3784717395948095e-3, -2.96589568540237556e-5, 4.36624404335156298e-5),
    (1.53796971148509165e1, -2.59193146099879641e1, 1.79258772950371181e-1, 2.68067772490389322e-3,
     1.62824170038242295e-3, -9.5159225451971587e-5, 5.15138902046611451e-5),
)  # fmt: skip


def nbody_systems(first, last, years):
    """Systems side by side in arrays; the energy of each after 1,000 steps."""
    import numpy as np

    count = last - first
    table = np.array(BODIES).T[:, :, None].repeat(count, axis=2)
    position, velocity, mass = table[0:3].copy(), table[3:6] * 365.24, table[6] * (4 * np.pi**2)
    velocity[:, 1, :] *= 1 + np.arange(first, last) * 5e-4
    velocity[:, 0, :] = -(velocity * mass).sum(axis=1) / (4 * np.pi**2)
    pairs = [(i, j) for i in range(5) for j in range(i + 1, 5)]
    after_1000 = None
    for step in range(1, years * 100 + 1):
        for i, j in pairs:
            d = position[:, i] - position[:, j]
            square = (d * d).sum(axis=0)
            pull = 0.01 / (square * np.sqrt(square))
            velocity[:, i] -= d * (mass[j] * pull)
            velocity[:, j] += d * (mass[i] * pull)
        position += 0.01 * velocity
        if step == 1000:
            after_1000 = 0.5 * (mass * (velocity * velocity).sum(axis=0)).sum(axis=0)
            for i, j in pairs:
                d = position[:, i] - position[:, j]
                after_1000 -= mass[i] * mass[j] / np.sqrt((d * d).sum(axis=0))
    return float(after_1000[0])


class Nbody:
    processes = True

    def __init__(self, scale):
        years = {"smoke": 10, "quick": 30, "full": 400}[scale]
        # Fewer and wider pieces: the cost is per operation, hardly per system.
        self.calls = [(nbody_systems, (first, last, years)) for first, last in ranges(32, WORKERS)]

    def finish(self, results):
        return {"energy": results[0]}


def mandelbrot_rows(first, last, side, steps):
    import numpy as np

    x = -2.25 + (np.arange(side) + 0.5) / side * 3
    inside = 0
    for row in range(first, last):
        cx, cy = x, 1.25 - (row + 0.5) / side * 2.5
        re, im = np.zeros(side), np.zeros(side)
        for _ in range(steps):
            re2, im2 = re * re, im * im
            stays = re2 + im2 <= 4
            if not stays.all():
                cx, re, im, re2, im2 = cx[stays], re[stays], im[stays], re2[stays], im2[stays]
                if len(cx) == 0:
                    break
            im = 2 * re * im + cy
            re = re2 - im2 + cx
        inside += len(cx)
    return inside


class Mandelbrot:
    processes = True

    def __init__(self, scale):
        side = {"smoke": 200, "quick": 400, "full": 1200}[scale]
        self.calls = [(mandelbrot_rows, (*rows, side, 1000)) for rows in ranges(side, side // 4)]

    def finish(self, results):
        return {"inside": sum(results)}


def count_words(text):
    return Counter(text.split(" "))


class Words:
    processes = True

    def __init__(self, scale):
        count = {"smoke": 500, "quick": 10000, "full": 40000}[scale]
        self.calls = [(count_words, (self.piece(p, count),)) for p in range(64)]

    @staticmethod
    def piece(piece, count):
        words, state = [], piece * 977
        for _ in range(count):
            state = (state * 25173 + 13849) & 0xFFFF
            words.append(f"w{((state >> 4) * state) % 5000}")
        return " ".join(words)

    def finish(self, results):
        total = Counter()
        for counts in results:
            total.update(counts)
        return {"total": sum(total.values())}


class Arrays:
    """Loops over arrays that all threads see; `phases` are run one after the other, each in parallel."""

    processes = False

    def phases(self):
        raise NotImplementedError


def grid(scale):
    return {"smoke": 128, "quick": 1000, "full": 2000}[scale]


class Stencil(Arrays):
    def __init__(self, scale):
        _, np = load()
        self.n = grid(scale)
        i = np.arange(self.n, dtype=float)
        self.start = i[:, None] + i
        self.reset()

    def reset(self):
        self.input, self.out = self.start.copy(), self.start * 0

    def rows(self, first, last):
        n, a = self.n, self.input
        first, last = max(2, first), min(n - 2, last)
        self.out[first:last, 2:-2] += 0.25 * (
            a[first:last, 3:-1] - a[first:last, 1:-3] + a[first + 1 : last + 1, 2:-2] - a[first - 1 : last - 1, 2:-2]
        ) + 0.125 * (a[first:last, 4:] - a[first:last, :-4] + a[first + 2 : last + 2, 2:-2] - a[first - 2 : last - 2, 2:-2])

    def add(self, first, last):
        self.input[first:last] += 1

    def phases(self):
        return [(work, ranges(self.n)) for _ in range(ITERATIONS) for work in (self.rows, self.add)]

    def finish(self, _):
        return {"norm": float(abs(self.out).sum()) / (self.n - 4) ** 2}


class Transpose(Arrays):
    def __init__(self, scale):
        _, np = load()
        self.n = grid(scale)
        self.start = np.arange(float(self.n) ** 2).reshape(self.n, self.n)
        self.reset()

    def reset(self):
        self.a, self.b = self.start.copy(), self.start * 0

    def rows(self, first, last):
        self.b[first:last] += self.a[:, first:last].T
        self.a[:, first:last] += 1

    def phases(self):
        return [(self.rows, ranges(self.n))] * ITERATIONS

    def finish(self, _):
        wanted = ITERATIONS * self.start.T + ITERATIONS * (ITERATIONS - 1) / 2
        return {"error": float(abs(self.b - wanted).sum())}


class Nstream(Arrays):
    def __init__(self, scale):
        _, np = load()
        self.n = {"smoke": 2**14, "quick": 2**20, "full": 2**22}[scale]
        self.np = np
        self.reset()

    def reset(self):
        self.a, self.b, self.c = (self.np.full(self.n, value) for value in (0.0, 2.0, 2.0))

    def part(self, first, last):
        self.a[first:last] += self.b[first:last] + 3 * self.c[first:last]

    def phases(self):
        return [(self.part, ranges(self.n))] * ITERATIONS

    def finish(self, _):
        return {"mean": float(self.a.mean())}


class Image(Arrays):
    def __init__(self, scale):
        _, np = load()
        self.np = np
        self.side = {"smoke": 128, "quick": 1500, "full": 3000}[scale]
        i = np.arange(self.side)
        self.ramp = 0.5 * i + 0.25 * i[:, None]
        self.wave = 100 * np.cos(0.3 * i) * np.cos(0.2 * i)[:, None]
        self.image = (self.ramp + self.wave).astype("f4")
        self.reset()

    def reset(self):
        self.out = self.np.zeros_like(self.image)

    def rows(self, first, last):
        first, last = max(2, first), min(self.side - 2, last)
        a = self.image[first - 2 : last + 2]
        across = a[:, :-4] + a[:, 4:] + 4 * (a[:, 1:-3] + a[:, 3:-1]) + 6 * a[:, 2:-2]
        total = across[:-4] + across[4:] + 4 * (across[1:-3] + across[3:-1]) + 6 * across[2:-2]
        self.out[first:last, 2:-2] = total / 256

    def phases(self):
        return [(self.rows, ranges(self.side))]

    def finish(self, _):
        cos = self.np.cos
        factor = 1.0
        for w in (0.3, 0.2):
            factor *= (6 + 8 * cos(w) + 2 * cos(2 * w)) / 16
        error = abs(self.out - (self.ramp + factor * self.wave))[2:-2, 2:-2]
        return {"error": float(error.max())}


PROBLEMS = {
    "ep": Ep,
    "nbody": Nbody,
    "mandelbrot": Mandelbrot,
    "words": Words,
    "stencil": Stencil,
    "transpose": Transpose,
    "nstream": Nstream,
    "image": Image,
}


def timed(problem, run_once):
    """Milliseconds without reset and checks, and the values to be checked."""
    if not problem.processes:
        problem.reset()
    begin = time.perf_counter()
    results = run_once()
    if problem.processes:  # adding up is part of the problem; of arrays it is the check
        values = problem.finish(results)
    ms = (time.perf_counter() - begin) * 1000
    return ms, values if problem.processes else problem.finish(results)


def serial(problem):
    if problem.processes:
        return [fn(*arguments) for fn, arguments in problem.calls]
    for work, pieces in problem.phases():
        for piece in pieces:
            work(*piece)
    return None


def parallel(problem, pool, delayed):
    if problem.processes:
        return pool(delayed(fn)(*arguments) for fn, arguments in problem.calls)
    for work, pieces in problem.phases():
        pool(delayed(work)(*piece) for piece in pieces)
    return None


def measure(name, scale):
    joblib, _ = load()
    problem = PROBLEMS[name](scale)
    one, two = [], []
    values = {}
    prefer = "processes" if problem.processes else "threads"
    with joblib.Parallel(n_jobs=WORKERS, prefer=prefer) as pool:
        pool(joblib.delayed(abs)(i) for i in range(WORKERS))  # the workers are there
        for _ in range(ROUNDS[scale]):
            one.append(timed(problem, lambda: serial(problem))[0])
            timed(problem, lambda: parallel(problem, pool, joblib.delayed))  # idle cores take a while to come back
            ms, values = timed(problem, lambda: parallel(problem, pool, joblib.delayed))
            two.append(ms)
    return {"serialMs": statistics.median(one), "wallMs": statistics.median(two), **values}


if __name__ == "__main__":
    main(measure)
