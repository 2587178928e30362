"""Measures the simulator against a bare libmicrohttpd server with constant responses of the same size. Compare the ratios."""

import base64
import json
import os
import re
import statistics
import subprocess
import sys
import urllib.request

rounds, constant_server = int(sys.argv[1]), sys.argv[2]
host = os.environ["GENESYS_API_URL"]


def load(url, token):
    command = ["wrk", "-t1", "-c32", "-d1", "-H", f"Authorization: Bearer {token}", url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in output:
        sys.exit(f"{url}: responses other than 2xx: {output}")
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", output)[1])


pair = base64.b64encode(f"{os.environ['GENESYS_CLIENT_ID']}:{os.environ['GENESYS_CLIENT_SECRET']}".encode()).decode()
request = urllib.request.Request(host + "/oauth/token", b"grant_type=client_credentials", {"Authorization": "Basic " + pair})
token = json.load(urllib.request.urlopen(request))["access_token"]

print(f"GET on loopback, 32 connections of wrk, requests per second (median of {rounds} rounds, alternating);")
print("bare libmicrohttpd has one thread, the simulator as many as there are processors, up to four")
print(f"{'answer':>28} {'bytes':>6} {'bare':>8} {'simulator':>10} {'ratio':>6}   each round")
for path in ["/api/v2/tokens/me", "/api/v2/users?pageSize=25"]:
    with urllib.request.urlopen(urllib.request.Request(host + path, headers={"Authorization": f"Bearer {token}"})) as answer:
        size = len(answer.read())
    with subprocess.Popen([constant_server, str(size)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as bare:
        constant = f"http://127.0.0.1:{bare.stdout.readline().strip()}/"
        load(constant, token), load(host + path, token)
        pairs = [(load(constant, token), load(host + path, token)) for _ in range(rounds)]
        bare.stdin.close()
    ratios = [ours / bare for bare, ours in pairs]
    first, second = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    print(f"{path:>28} {size:>6} {first:>8.0f} {second:>10.0f} {statistics.median(ratios):>6.2f}  ",
          *(f"{ratio:.2f}" for ratio in ratios))
