"""Tokens in files: the cache commands, damaged files, and file system errors."""

import json
import subprocess

import pytest


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


@pytest.fixture
def simulated(ringdown, binary, cache):
    """Runs a shell script under a simulator, with a file cache. $R is the program."""

    def run(script, *options, **variables):
        return ringdown("simulate", *options, "--", "sh", "-c", script, R=binary, RINGDOWN_CACHE="file",
                        RINGDOWN_CACHE_DIR=cache, **variables)

    return run


def records(cache):
    return [path for path in cache.iterdir() if len(path.name) == 32]


def test_the_token_list_and_the_request_log_contain_no_tokens(simulated):
    outcome = simulated("$R token --platform genesys; $R token --platform cxone >/dev/null; $R tokens --output json; $R tokens log --output json")
    token, tokens, requests = outcome.out.splitlines()
    assert token not in tokens + requests
    assert [entry["account"].split()[:2] for entry in json.loads(tokens)] in ([["cxone", "na1"], ["genesys", "us-east-1"]],
                                                                             [["genesys", "us-east-1"], ["cxone", "na1"]])
    assert [(request["reason"], request["outcome"], request["callers"]) for request in json.loads(requests)] == [("cold", "granted", 1)] * 2


def test_the_plan_contains_the_refresh_window_and_the_number_of_requests(ringdown):
    plan = json.loads(ringdown("tokens", "plan", "--lifetime", "86400", "--replicas", "40", "--output", "json").out)
    assert (plan["refresh_from"], plan["refresh_until"], plan["requests_a_day"]) == (82200, 82800, 80)
    assert ringdown("tokens", "plan").code == 64


def test_verify_detects_damaged_files_and_the_next_token_replaces_them(simulated, cache):
    script = "$R token --platform genesys >/dev/null; $R cache verify --output json; for f in $D/????????????????????????????????; do echo x > $f; done; $R cache verify; $R token --platform genesys > /dev/null && $R cache verify --output json"
    outcome = simulated(script, D=cache)
    good, bad, summary, repaired = outcome.out.splitlines()
    assert json.loads(good)["ok"] and json.loads(repaired)["ok"]
    assert bad.startswith("bad") and "clear" in summary


def test_clear_deletes_only_the_tokens(simulated, cache):
    assert simulated("$R token --platform genesys >/dev/null; $R cache clear").out == "1 token deleted\n"
    assert records(cache) == []
    assert (cache / "key").exists() and (cache / "requests").exists()


@pytest.mark.parametrize("damage", ["chmod 500 $D", "echo junk > $D/key", "rm -rf $D; ln -s /dev/null $D", "rm -rf $D; touch $D",
                                    "chmod 777 $D", "for f in $D/????????????????????????????????; do : > $f; done"])
def test_a_damaged_store_does_not_prevent_a_token(simulated, cache, damage):
    outcome = simulated(f"$R token --platform genesys > /dev/null; {damage}; $R token --platform genesys", D=cache)
    assert (outcome.code, len(outcome.out.strip())) == (0, 86), outcome.err


def test_a_file_size_limit_does_not_prevent_a_token(simulated):
    outcome = simulated("ulimit -f 0; $R token --platform genesys | cat")
    assert len(outcome.out.strip()) == 86, outcome.err


@pytest.mark.skipif(subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
                    reason="this user may not mount file systems")
def test_a_full_disk_does_not_prevent_a_token(simulated, cache):
    """The disk is full before the key is written, then before the token is written."""
    full = "dd if=/dev/zero of=$D/full bs=4k count=64 2>/dev/null"
    disk = "mkdir -p $D; chmod 700 $D; mount -t tmpfs -o size=32k,mode=700 tmpfs $D"
    make = "$R token --platform cxone >/dev/null"
    for before in [full, f"{make}; {full}"]:
        outcome = simulated(f"unshare -m sh -c '{disk}; {before}; $R token --platform genesys; echo $(df --output=avail $D)'", D=cache)
        token, room = outcome.out.strip().split("\n")
        assert len(token) == 86 and room.endswith(" 0"), outcome.err
        assert "is not cached" in outcome.err


@pytest.mark.parametrize("hours", [-0.17, 0.17, -24, 24])
def test_a_clock_change_does_not_prevent_a_token(ringdown, binary, cache, hours):
    program = f"""
import os, subprocess
def token(**more):
    return subprocess.run([{str(binary)!r}, "token", "--platform", "genesys"], env=os.environ | more, capture_output=True, text=True).stdout
import mmap, struct
file = open(os.environ["RINGDOWN_TIME_FILE"], "r+b")
memory = mmap.mmap(file.fileno(), 0)
def move(hours):
    memory[:8] = struct.pack("q", struct.unpack("q", memory[:8])[0] + int(hours * 3600e9))
move(48)  # the uptime of a machine is never negative
first = token()
record, = [name for name in os.listdir({str(cache)!r}) if len(name) == 32]
move({hours})
print(len(first.strip()), len(token().strip()))
"""
    outcome = ringdown("simulate", "--virtual-time", "--", "python3", "-c", program, RINGDOWN_CACHE="file", RINGDOWN_CACHE_DIR=cache)
    assert outcome.out.split() == ["86", "86"], outcome.err


def test_killing_the_lock_holder_hardly_delays_other_processes(simulated, binary, tmp_path):
    program = tmp_path / "kill.py"
    program.write_text(f"""
import os, signal, subprocess, time, urllib.request, json
def start():
    return subprocess.Popen([{str(binary)!r}, "token", "--platform", "genesys"], stdout=subprocess.PIPE, text=True)
def held():
    return len(json.load(urllib.request.urlopen(os.environ["RINGDOWN_SIM_URL"] + "/_sim/journal"))) > 0
holder = start()
while not held():
    pass
others = [start() for _ in range(5)]
holder.send_signal(signal.SIGKILL)
killed = time.monotonic()
print([len(other.communicate()[0].strip()) for other in others])
print(time.monotonic() - killed)
""")
    outcome = simulated(f"python3 {program}", "--fault", "path=/oauth/token,latency=600,times=1")
    tokens, delay = outcome.out.splitlines()
    assert json.loads(tokens) == [86] * 5, outcome.err
    assert float(delay) < 5  # well below the 30 s of the lock; the benchmark measures the exact delay
