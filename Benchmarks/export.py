"""Exports all users of an organisation with Ringdown, curl (which discards the pages), requests and the official SDK in turn."""

import os
import statistics
import subprocess
import sys
import time

rounds, ringdown = int(sys.argv[1]), sys.argv[2]
users, page_size = int(sys.argv[3]), 100
python = sys.executable
host = os.environ["GENESYS_API_URL"]
token = subprocess.run([ringdown, "token", "--platform", "genesys"], check=True, capture_output=True, text=True).stdout.strip()

BY_HAND = """
import os, requests, sys
session = requests.Session()
session.headers["Authorization"] = "Bearer " + os.environ["TOKEN"]
page, out = 1, open(os.devnull, "w")
import json
while True:
    body = session.get(f"{os.environ['GENESYS_API_URL']}/api/v2/users?pageSize=100&pageNumber={page}").json()
    for user in body["entities"]: out.write(json.dumps(user) + "\\n")
    if page >= body["pageCount"]: break
    page += 1
"""
SDK = """
import os, json, PureCloudPlatformClientV2 as sdk
sdk.configuration.host = os.environ["GENESYS_API_URL"]
sdk.configuration.access_token = os.environ["TOKEN"]
api, page, out = sdk.UsersApi(), 1, open(os.devnull, "w")
while True:
    body = api.get_users(page_size=100, page_number=page)
    for user in body.entities: out.write(user.id + "\\n")
    if page >= body.page_count: break
    page += 1
"""


def curl():
    # Header fields and URLs are not arguments, because other users can read arguments.
    config = f'header = "Authorization: Bearer {token}"\nurl = "{host}/api/v2/users?pageSize={page_size}&pageNumber=[1-{users // page_size}]"\noutput = "/dev/null"\nsilent\n'
    subprocess.run(["curl", "--config", "-"], input=config.encode(), check=True)


def program(text):
    return lambda: subprocess.run([python, "-c", text], env=os.environ | {"TOKEN": token}, check=True, stdout=subprocess.DEVNULL)


def ours(*arguments):
    return lambda: subprocess.run([ringdown, *arguments, "--platform", "genesys"], check=True, stdout=subprocess.DEVNULL)


def has(module):
    return subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode == 0


runs = {"curl, discarded": (curl, rounds), "ringdown users, NDJSON": (ours("users", "--output", "ndjson"), rounds),
        "ringdown users, CSV": (ours("users", "--output", "csv"), rounds)}
if has("requests"):
    runs["requests and json"] = (program(BY_HAND), max(1, rounds // 3))
if has("PureCloudPlatformClientV2"):
    runs["the official SDK"] = (program(SDK), 1)

times = {name: [] for name in runs}
for turn in range(rounds):
    for name, (run, count) in runs.items():
        if turn < count:
            start = time.monotonic()
            run()
            times[name].append(time.monotonic() - start)
print(f"{users} users, {page_size} per page, one process each (median of up to {rounds} rounds, alternating)")
print(f"{'':>24} {'seconds':>8} {'x curl':>7} {'x ours':>7}")
base, own = (statistics.median(times[name]) for name in ("curl, discarded", "ringdown users, NDJSON"))
for name, measured in times.items():
    middle = statistics.median(measured)
    print(f"{name:>24} {middle:>8.2f} {middle / base:>7.2f} {middle / own:>7.2f}")
