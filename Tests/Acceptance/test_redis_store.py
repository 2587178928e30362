"""Tokens in Redis, shared by machines: encrypted and requested once. A failure of Redis never prevents a token."""

import contextlib
import dataclasses
import re
import signal
import subprocess
import threading
import time
import urllib.parse

import pytest

from checks import assert_discloses_nothing, assert_short_and_printable
from conftest import CLIENT_ID, SECRET
from servers import redis
from servers.processes import free_port
from servers.tokens import GOOD, TOKEN, TokenEndpoint, reply

KEY = "a key for the tests' tokens"


class CountingEndpoint(TokenEndpoint):
    """Returns a new token for each request. While `gate` is closed, it does not answer; `is_asked` is set once a client waits."""

    def __init__(self, **members):
        super().__init__(self.give)
        self.gate, self.is_asked, self.members = threading.Event(), threading.Event(), members
        self.gate.set()

    def give(self, client):
        number = len(self.requests)
        self.is_asked.set()
        self.gate.wait(60)
        with contextlib.suppress(OSError):
            reply(body=GOOD | {"access_token": f"{TOKEN}-{number}"} | self.members)(client)

    def __exit__(self, *exception):
        self.gate.set()
        super().__exit__(*exception)


@pytest.fixture
def endpoint():
    with CountingEndpoint() as endpoint:
        yield endpoint


@dataclasses.dataclass
class Store:
    server: redis.Redis
    variables: dict


@pytest.fixture
def open_store(plain_redis):
    plain_redis.call("flushall")
    return Store(plain_redis, {"RINGDOWN_CACHE": plain_redis.url(), "RINGDOWN_CACHE_KEY": KEY})


@pytest.fixture
def guarded_store(guarded_redis, authority):
    guarded_redis.call("flushall")
    return Store(guarded_redis, {"RINGDOWN_CACHE": guarded_redis.url(), "RINGDOWN_CACHE_KEY": KEY, "RINGDOWN_CA_FILE": str(authority.certificate)})


@pytest.fixture(params=["open", "guarded"])
def store(request):
    """An empty Redis server and its variables: with the default configuration, and with TLS for a user restricted to ringdown:*."""
    return request.getfixturevalue(f"{request.param}_store")


@pytest.fixture
def machine(binary, clean_environment, tmp_path, endpoint):
    """Starts `ringdown token` on simulated machines, each with its own home directory."""
    with contextlib.ExitStack() as running:

        def start(name, variables, secret=SECRET, **more):
            home = tmp_path / "machines" / str(name)
            home.mkdir(parents=True, exist_ok=True)
            credentials = {"OAUTH_TOKEN_URL": endpoint.url, "OAUTH_CLIENT_ID": CLIENT_ID, "OAUTH_CLIENT_SECRET": secret}
            process = running.enter_context(subprocess.Popen(
                [binary, "token", "--platform", "custom"], env=clean_environment | credentials | variables | {"HOME": str(home)} | more,
                cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
            running.callback(process.kill)
            return process

        yield start


@pytest.fixture
def token_of(machine):
    """Returns the token that a machine prints, and expects no output on standard error."""

    def run(*arguments, **more):
        out, err = machine(*arguments, **more).communicate(timeout=60)
        assert err == "" and out.startswith(TOKEN)
        return out.rstrip("\n")

    return run


@pytest.fixture
def noted(machine, endpoint):
    """Expects a machine to request its own token and to print a note on one line. Returns the note."""

    def run(*arguments, **more):
        asked = len(endpoint.requests)
        process = machine(*arguments, **more)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, f"{TOKEN}-{asked + 1}\n"), err
        assert len(endpoint.requests) == asked + 1
        assert_short_and_printable(err)
        assert len(err.splitlines()) == 1, err
        assert_discloses_nothing(err, SECRET)
        for form in [redis.PASSWORD, urllib.parse.quote(redis.PASSWORD, safe=""), KEY]:
            assert form not in err
        return err

    return run


def test_another_machine_uses_the_stored_token(store, token_of, endpoint, tmp_path):
    assert token_of("one", store.variables) == token_of("other", store.variables) == f"{TOKEN}-1"
    assert len(endpoint.requests) == 1
    left = [path for path in (tmp_path / "machines").rglob("*") if path.is_file() and re.fullmatch("[0-9a-f]{32}.*|key", path.name)]
    assert not left, "a machine stores a token or a key locally"


def test_fifty_processes_without_a_token_make_one_token_request(store, machine, endpoint):
    endpoint.gate.clear()
    with store.server.observed() as observer:
        processes = [machine(number % 7, store.variables) for number in range(50)]
        observer.wait_for_clients(50)
        assert endpoint.is_asked.wait(30)
    start = time.monotonic()
    endpoint.gate.set()
    outcomes = [process.communicate(timeout=60) for process in processes]
    assert outcomes == [(f"{TOKEN}-1\n", "")] * 50
    assert len(endpoint.requests) == 1
    assert time.monotonic() - start < 6, "a process waited for a lease to expire"


def test_each_account_has_its_own_token(open_store, token_of):
    other = open_store.variables | {"OAUTH_SCOPE": "two"}
    assert token_of("one", open_store.variables) != token_of("one", other)
    assert token_of("two", open_store.variables) != token_of("two", other)


def test_neither_tokens_nor_client_ids_are_stored_in_plain_text(guarded_store, token_of, machine, endpoint):
    with guarded_store.server.observed() as observer:
        token = token_of("one", guarded_store.variables)
        assert token_of("two", guarded_store.variables) == token
        endpoint.answer = reply(401, {"error": "invalid_client"})
        machine("three", guarded_store.variables, secret="another " + SECRET).wait()
        commands = observer.so_far()
    content = [(key, guarded_store.server.value(key)) for key in guarded_store.server.keys()]
    assert content and commands
    for text in [part for pair in content for part in pair] + commands:
        for secret in [token, TOKEN, SECRET, KEY]:
            assert_discloses_nothing(text.decode("latin-1"), secret, CLIENT_ID)
            assert_discloses_nothing(text.decode("utf-8", "replace"), secret, CLIENT_ID)
        assert CLIENT_ID.encode() not in text and endpoint.url.encode() not in text


def test_every_key_has_the_ringdown_prefix_and_expires(guarded_store, token_of, machine, endpoint):
    endpoint.members = {"expires_in": 120}
    token_of("one", guarded_store.variables)
    endpoint.answer = reply(401, {"error": "invalid_client"})
    machine("two", guarded_store.variables, secret="another").wait()
    keys = guarded_store.server.keys()
    assert keys
    for key in keys:
        assert key.startswith(b"ringdown:")
        assert 0 < int(guarded_store.server.call("pttl", key)) <= 24 * 3600_000
    longest = max(keys, key=lambda key: len(guarded_store.server.value(key)))
    assert int(guarded_store.server.call("pttl", longest)) <= 120_000, "the record outlives the token"


def test_the_database_number_is_used(open_store, token_of):
    token_of("one", open_store.variables | {"RINGDOWN_CACHE": open_store.server.url(database="/5")})
    assert open_store.server.keys() == [] and open_store.server.call("-n", "5", "dbsize") != b"0"


def test_a_missing_encryption_key_is_an_error_before_any_request(guarded_store, machine, endpoint):
    process = machine("one", {name: value for name, value in guarded_store.variables.items() if name != "RINGDOWN_CACHE_KEY"})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (78, "") and "RINGDOWN_CACHE_KEY" in err
    assert not endpoint.requests and not guarded_store.server.keys()


def test_encryption_keys_can_be_rotated_machine_by_machine(open_store, token_of):
    def with_keys(keys):
        return open_store.variables | {"RINGDOWN_CACHE_KEY": keys}

    first = token_of("one", with_keys("old"))
    assert token_of("two", with_keys("new,old")) == first
    assert token_of("three", with_keys("new")) != first
    assert token_of("four", with_keys("old,new")) == first


def test_a_record_copied_to_another_account_is_rejected(open_store, token_of, machine):
    token_of("one", open_store.variables)
    mine = {key: open_store.server.call("dump", key) for key in open_store.server.keys()}
    other = open_store.variables | {"OAUTH_SCOPE": "two"}
    token_of("one", other)
    for theirs in set(open_store.server.keys()) - set(mine):
        for key in mine:
            open_store.server.call("copy", key, theirs, "replace")
    assert machine("one", other).communicate(timeout=60)[0] == f"{TOKEN}-3\n"


# Every failure of the store is a cache miss


@pytest.fixture
def unusable(guarded_store):
    """The variables for an unusable Redis server, by the kind of failure."""
    server = guarded_store.server

    @contextlib.contextmanager
    def store(matter):
        variables = guarded_store.variables.copy()
        answers = {"closes the connection": b"", "is a web server": b"HTTP/1.1 400 Bad Request\r\n\r\n",
                   "sends an endless reply": b"*1\r\n" * 1000000, "does not answer": None}
        with contextlib.ExitStack() as running:
            match matter:
                case "is down":
                    variables["RINGDOWN_CACHE"] = server.url().replace(str(server.port), str(free_port()))
                case "refuses the password":
                    variables["RINGDOWN_CACHE"] = server.url(password="wr0ng!password")
                case "requires a password":
                    variables["RINGDOWN_CACHE"] = f"rediss://127.0.0.1:{server.port}"
                case "denies the commands":
                    variables["RINGDOWN_CACHE"] = server.url(user="reader")
                case "has an unknown certificate":
                    del variables["RINGDOWN_CA_FILE"]
                case "requires TLS":
                    variables["RINGDOWN_CACHE"] = server.url().replace("rediss:", "redis:")
                case _:
                    variables["RINGDOWN_CACHE"] = "redis://" + running.enter_context(redis.answering(answers[matter]))
            yield variables

    return store


@pytest.mark.parametrize("matter", ["is down", "refuses the password", "requires a password", "denies the commands", "has an unknown certificate",
                                    "requires TLS", "closes the connection", "is a web server", "sends an endless reply"])
def test_an_unusable_redis_causes_one_note(unusable, noted, matter):
    with unusable(matter) as variables:
        assert "wr0ng!password" not in noted("one", variables)


def test_a_redis_that_does_not_answer_causes_one_note_and_a_short_delay(unusable, noted):
    with unusable("does not answer") as variables:
        start = time.monotonic()
        noted("one", variables)
        assert time.monotonic() - start < 10


def test_a_redis_that_restarts_without_data_causes_one_note(noted, token_of, tmp_path, endpoint):
    with redis.running(tmp_path) as server:
        variables = {"RINGDOWN_CACHE": server.url(), "RINGDOWN_CACHE_KEY": KEY}
        token_of("one", variables)
    noted("one", variables)
    with redis.running(tmp_path) as server:
        variables["RINGDOWN_CACHE"] = server.url()
        assert token_of("one", variables) == token_of("two", variables) == f"{TOKEN}-3"


def test_a_redis_that_lost_its_data_is_filled_again(guarded_store, token_of, endpoint):
    token_of("one", guarded_store.variables)
    guarded_store.server.call("flushall")
    assert token_of("one", guarded_store.variables) == token_of("two", guarded_store.variables) == f"{TOKEN}-2"


def test_data_loss_during_the_request_does_not_affect_the_token(guarded_store, machine, endpoint):
    endpoint.gate.clear()
    holder = machine("one", guarded_store.variables)
    assert endpoint.is_asked.wait(30)
    guarded_store.server.call("flushall")
    endpoint.gate.set()
    out, err = holder.communicate(timeout=60)
    assert (out, err) == (f"{TOKEN}-1\n", "")
    assert machine("two", guarded_store.variables).communicate(timeout=60)[0].startswith(TOKEN)


def test_a_redis_that_stops_during_the_request_does_not_affect_the_token(machine, endpoint, tmp_path):
    with redis.running(tmp_path) as server:
        endpoint.gate.clear()
        holder = machine("one", {"RINGDOWN_CACHE": server.url(), "RINGDOWN_CACHE_KEY": KEY})
        assert endpoint.is_asked.wait(30)
    endpoint.gate.set()
    out, err = holder.communicate(timeout=60)
    assert (holder.returncode, out) == (0, f"{TOKEN}-1\n")
    assert len(err.splitlines()) == 1, err


@pytest.mark.parametrize("garbage", [["set", "{key}", "garbage"], ["set", "{key}", ""], ["lpush", "{key}", "garbage"], ["hset", "{key}", "v", "garbage", "f", "x"],
                                     ["hset", "{key}", "f", "99999999999999999999"]], ids=" ".join)
def test_garbage_in_redis_is_a_cache_miss(open_store, machine, token_of, garbage):
    token_of("one", open_store.variables)
    keys = [key.decode() for key in open_store.server.keys()]
    for key in keys:
        open_store.server.call("del", key)
        open_store.server.call(*[word.format(key=key) for word in garbage])
        open_store.server.call("pexpire", key, "8000")
    process = machine("one", open_store.variables)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, f"{TOKEN}-2\n"), err
    assert len(err.splitlines()) <= 1, err


def test_a_damaged_record_is_a_cache_miss_and_is_replaced(open_store, machine, token_of):
    token_of("one", open_store.variables)
    for key in open_store.server.keys():
        if open_store.server.call("type", key) == b"string":
            length = int(open_store.server.call("strlen", key))
            open_store.server.call("setrange", key, str(length // 2), "x")
        elif open_store.server.call("type", key) == b"hash":
            for field in open_store.server.call("hkeys", key).splitlines():
                if int(open_store.server.call("hstrlen", key, field)) > 40:
                    open_store.server.call("hset", key, field, "x" * 60)
    out, err = machine("one", open_store.variables).communicate(timeout=60)
    assert out == f"{TOKEN}-2\n" and len(err.splitlines()) <= 1, err
    assert token_of("two", open_store.variables) == f"{TOKEN}-2"


# The lock


def lock_of(server):
    """Returns the key of the held lock, which must be the only stored key."""
    key, = server.keys()
    return key


def test_the_lock_of_a_killed_process_delays_others_until_its_lease_expires(store, machine, endpoint):
    endpoint.gate.clear()
    holder = machine("one", store.variables)
    assert endpoint.is_asked.wait(30)
    lock = lock_of(store.server)
    assert 0 < int(store.server.call("pttl", lock)) <= 10_000, "the lease is longer than 10 s"
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    endpoint.is_asked.clear()
    with store.server.observed() as observer:
        others = [machine(number, store.variables) for number in range(5)]
        observer.wait_for_clients(5, word=lock)
    assert len(endpoint.requests) == 1, "a process did not wait for the lock"
    store.server.call("pexpire", lock, "50")
    start = time.monotonic()
    assert endpoint.is_asked.wait(30)
    assert time.monotonic() - start < 3
    endpoint.gate.set()
    assert [other.communicate(timeout=60) for other in others] == [(f"{TOKEN}-2\n", "")] * 5
    assert len(endpoint.requests) == 2


def test_a_lock_is_renewed_after_a_third_of_its_lease(guarded_store, machine, endpoint):
    endpoint.gate.clear()
    holder = machine("one", guarded_store.variables)
    assert endpoint.is_asked.wait(30)
    lock = lock_of(guarded_store.server)
    before = int(guarded_store.server.call("pttl", lock))
    deadline = time.monotonic() + 4
    while (left := int(guarded_store.server.call("pttl", lock))) <= before:
        assert 0 < left and time.monotonic() < deadline, "the lock was not renewed"
        before = left
    endpoint.gate.set()
    assert holder.communicate(timeout=60)[0] == f"{TOKEN}-1\n"


def test_a_lock_of_another_process_is_not_released(guarded_store, machine, endpoint):
    endpoint.gate.clear()
    holder = machine("one", guarded_store.variables)
    assert endpoint.is_asked.wait(30)
    lock = lock_of(guarded_store.server)
    guarded_store.server.call("set", lock, "another's", "px", "5000")
    endpoint.gate.set()
    assert holder.communicate(timeout=60)[0] == f"{TOKEN}-1\n"
    assert guarded_store.server.call("get", lock) == b"another's"


def test_the_lock_is_released_before_the_program_exits(guarded_store, token_of):
    for number in range(15):
        guarded_store.server.call("flushall")
        token_of(number, guarded_store.variables)
        assert not [key for key in guarded_store.server.keys() if b"lock" in key]


# Refused secrets


def test_a_refused_secret_is_cached_for_all_machines(guarded_store, machine, endpoint):
    endpoint.answer = reply(401, {"error": "invalid_client"})
    for number in range(3):
        process = machine(number, guarded_store.variables)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (4, ""), err
    assert len(endpoint.requests) == 1
    endpoint.answer = endpoint.give
    assert machine("other", guarded_store.variables, secret="the new one").communicate(timeout=60)[0] == f"{TOKEN}-2\n"


# Settings


@pytest.mark.parametrize("url", ["redis://", "rediss://", "redis:", "redis:/", "redis://:{password}@", "redis://u:{password}@127.0.0.1:x", "redis://u:{password}@127.0.0.1:99999",
                                 "redis://u:{password}%zz@127.0.0.1", "redis://u:{password}@127.0.0.1/x", "redis://u:{password}@127.0.0.1/-1",
                                 "redis://u:{password}@127.0.0.1 2", "redis://u:{password}@[127.0.0.1", "redis+tls://u:{password}@127.0.0.1"])
def test_an_invalid_redis_url_is_a_configuration_error(machine, endpoint, url):
    process = machine("one", {"RINGDOWN_CACHE": url.format(password="pa55wOrd"), "RINGDOWN_CACHE_KEY": KEY})
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (78, ""), err
    assert "RINGDOWN_CACHE" in err and "pa55wOrd" not in err and not endpoint.requests
    assert_short_and_printable(err)


def test_a_dotenv_file_cannot_redirect_the_token_store(open_store, machine, endpoint, tmp_path):
    home = tmp_path / "machines/one"
    home.mkdir(parents=True)
    (home / ".env").write_text(f"RINGDOWN_CACHE={open_store.server.url()}\nRINGDOWN_CACHE_KEY=known to others\n")
    process = machine("one", {"RINGDOWN_CACHE": ""})
    _, err = process.communicate(timeout=60)
    assert "RINGDOWN_CACHE" in err and "OAUTH_CLIENT_SECRET" in err


def test_child_commands_do_not_receive_the_redis_password(open_store, binary, ringdown):
    url = open_store.server.url().replace("redis://", "redis://:pa55wOrd@")
    outcome = ringdown("simulate", "--", binary, "exec", "--platform", "genesys", "--", "env", RINGDOWN_CACHE=url, RINGDOWN_CACHE_KEY=KEY)
    assert outcome.code == 0 and "pa55wOrd" not in outcome.out, outcome.err


def test_commands_for_file_caches_are_rejected_with_redis(open_store, ringdown):
    for command in [["cache", "verify"], ["cache", "clear"], ["tokens"]]:
        outcome = ringdown(*command, **open_store.variables)
        assert outcome.code == 78 and "RINGDOWN_CACHE" in outcome.err, (command, outcome)
