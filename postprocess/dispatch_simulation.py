#!/usr/bin/env python3
"""How many ranks one dealing rank can keep busy: a discrete-event simulation of src/schedule.

Rank 0 answers requests one after another, `service` seconds each. While none is there it looks for 50 us
without pause, then sleeps 50 us, doubling to 1 ms, and a request that comes meanwhile waits for the end of
that sleep. A worker asks for its next chunk before it computes the present one, and waits for an answer that
is late in the same manner. The cost of an answer is measured by tests/bench_dispatch.c (line `empty`, CPU time
of rank 0 a chunk, with many ranks); the latency is that of the network.

What is lost: the share of the workers' time in which they wait for an order. The end of a study costs more,
about one chunk out of those each rank gets, whoever deals.

    python3 postprocess/dispatch_simulation.py
    python3 postprocess/dispatch_simulation.py --service-us 3 --ranks 1000 --chunk-ms 50 200
"""
import argparse
import heapq
import math
import random

SPIN, NAP_FIRST, NAP_LAST = 50e-6, 50e-6, 1e-3  # s, src/schedule/backoff.c


def end_of_nap(idle_since, event):
    """When a rank that has waited since `idle_since` notices what came at `event`, s."""
    look, nap = idle_since + SPIN, NAP_FIRST
    if event <= look:
        return event
    while look < event:
        if nap == NAP_LAST:
            return look + math.ceil((event - look) / nap) * nap
        look, nap = look + nap, min(2 * nap, NAP_LAST)
    return look


def simulate(ranks, chunk, service, latency, spread, per_rank, naps=True, seed=1):
    """Run `per_rank` chunks of `chunk` seconds on average a worker.

    Returns the share of their time that workers compute, and the chunks dealt a second.
    """
    workers, dealt = ranks - 1, (ranks - 1) * per_rank
    rng, sigma = random.Random(seed), math.sqrt(math.log1p(spread**2))
    notice = end_of_nap if naps else (lambda since, event: event)
    free, work, wait, served = 0.0, 0.0, 0.0, 0
    done = [0.0] * workers  # when each has finished the chunk in hand
    requests = [(latency, w) for w in range(workers)]  # arrivals at rank 0, a heap
    while served < dealt:
        asked, w = requests[0]
        start = asked if asked > free else free
        if asked > free:
            start = notice(free, asked)
        free = start + service
        served += 1
        answer, begin = free + latency, done[w]
        if answer > begin:  # late: the worker has waited since it finished
            begin = notice(done[w], answer)
            wait += begin - done[w]
        length = chunk * rng.lognormvariate(-0.5 * sigma * sigma, sigma) if sigma else chunk
        work += length
        done[w] = begin + length
        heapq.heapreplace(requests, (begin + latency, w))
    return work / (work + wait), served / free


def shortest_chunk(ranks, wanted, options):
    """Mean length of a chunk, s, from which on the share of computing reaches `wanted`; to 5 %."""
    low, high = 1e-5, 1e-4
    while simulate(ranks, high, **options)[0] < wanted:
        low, high = high, 4 * high
    while high / low > 1.05:
        middle = math.sqrt(low * high)
        if simulate(ranks, middle, **options)[0] < wanted:
            low = middle
        else:
            high = middle
    return high


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--service-us", type=float, default=4.0, help="cost of an answer (4)")
    parser.add_argument("--latency-us", type=float, default=2.0, help="of a message, one way (2)")
    parser.add_argument("--spread", type=float, default=0.3, help="sd of chunk times by their mean (0.3)")
    parser.add_argument("--per-rank", type=int, default=30, help="chunks a rank (30)")
    parser.add_argument("--wanted", type=float, default=0.95, help="share of computing (0.95)")
    parser.add_argument("--ranks", type=int, nargs="+", default=[100, 1000, 10000, 100000])
    parser.add_argument("--chunk-ms", type=float, nargs="+", default=[50.0, 500.0, 2000.0])
    return parser.parse_args()


def main():
    arguments = read_arguments()
    options = {"service": 1e-6 * arguments.service_us, "latency": 1e-6 * arguments.latency_us,
               "spread": arguments.spread, "per_rank": arguments.per_rank}
    print(f"rank 0 deals at most {1 / options['service']:.0f} chunks/s")
    heads = [f"busy at {ms:g} ms" for ms in arguments.chunk_ms]
    print(f"{'ranks':>7}  {'chunk for ' + format(100 * arguments.wanted, 'g') + ' %':>15}  " + "  ".join(heads))
    for ranks in arguments.ranks:
        shortest = shortest_chunk(ranks, arguments.wanted, options)
        busy = [simulate(ranks, 1e-3 * ms, **options)[0] for ms in arguments.chunk_ms]
        cells = [f"{100 * share:{len(head) - 2}.1f} %" for share, head in zip(busy, heads)]
        print(f"{ranks:7d}  {1e3 * shortest:12.3g} ms  " + "  ".join(cells), flush=True)


if __name__ == "__main__":
    main()
