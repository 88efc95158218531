"""The simulation of one dealing rank against what queues must do in the limits."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "postprocess"))
from dispatch_simulation import end_of_nap, shortest_chunk, simulate  # noqa: E402

FAILURES = []


def check(what, is_true):
    if not is_true:
        FAILURES.append(what)


def near(a, b, relative):
    return abs(a - b) <= relative * abs(b)


# Empty chunks: rank 0 never idles and deals one in each service time.
busy, rate = simulate(200, 0.0, 2e-6, 1e-6, 0.0, 50)
check("saturated rate", near(rate, 5e5, 0.01))

# More workers than it can feed: one round of all takes N services, of which a worker computes one chunk.
busy, rate = simulate(10001, 4e-3, 2e-6, 1e-6, 0.0, 50)
check("share of computing when saturated", near(busy, 4e-3 / (10000 * 2e-6), 0.05))

# A chunk that is longer than the way to rank 0 and back hides it: only the first order is waited for.
busy, rate = simulate(2, 1e-3, 2e-6, 1e-6, 0.0, 100, naps=False)
check("prefetch hides the latency", near(1 - busy, 4e-6 / (100 * 1e-3), 1e-3))

# A chunk that is shorter does not: each takes the way there, the service and the way back.
busy, rate = simulate(2, 1e-6, 2e-6, 5e-6, 0.0, 1000, naps=False)
check("latency bound", near(rate, 1 / 12e-6, 0.01))

# Naps: none while it looks, then the end of the sleep that is under way; never longer than 1 ms late.
check("no nap", end_of_nap(0.0, 40e-6) == 40e-6)
check("first nap", near(end_of_nap(0.0, 60e-6), 100e-6, 1e-9))
check("third nap", near(end_of_nap(0.0, 210e-6), 400e-6, 1e-9))
for event in (0.9e-3, 1.7e-3, 5.0001e-3, 3.3):
    late = end_of_nap(0.0, event) - event
    check(f"late by {late} at {event}", 0 <= late <= 1e-3 + 1e-12)

# The chunk that keeps N workers busy for a share s: N services each s of the time, where naps are short.
options = {"service": 100e-6, "latency": 1e-6, "spread": 0.0, "per_rank": 200}
check("shortest chunk", near(shortest_chunk(501, 0.8, options), 0.8 * 500 * 100e-6, 0.1))

print("\n".join(FAILURES))
sys.exit(bool(FAILURES))
