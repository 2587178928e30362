"""Runs programs alternately and prints the ratio of their results for each round."""

import statistics
import subprocess
import sys

rounds, url, bare, ours = int(sys.argv[1]), *sys.argv[2:5]


def figure(program, in_flight, count, *mode):
    command = [program, url, str(in_flight), str(count), *mode]
    return int(subprocess.run(command, check=True, capture_output=True).stdout)


print("GET of 60 bytes on loopback, requests per second (median of", rounds, "rounds, alternating)")
print(f"{'in flight':>10} {'tasks on':>20} {'bare libcurl':>13} {'transport':>10} {'ratio':>6}   each round")
for in_flight, count in [(1, 10_000), (64, 40_000)]:
    for mode, title in [("thread", "transport's thread"), ("pool", "system's pool")]:
        figure(bare, in_flight, count // 10), figure(ours, in_flight, count // 10, mode)
        pairs = [(figure(bare, in_flight, count), figure(ours, in_flight, count, mode)) for _ in range(rounds)]
        ratios = [b / a for a, b in pairs]
        a, b = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        print(f"{in_flight:>10} {title:>20} {a:>13.0f} {b:>10.0f} {statistics.median(ratios):>6.2f}  ",
              *(f"{ratio:.2f}" for ratio in ratios))
