"""Secrets that are kept elsewhere on the way: `keyring:NAME` in a GNOME keyring, `redis:KEY` in a Redis."""

import base64
import contextlib
import dataclasses
import os
import pathlib
import re
import shlex
import subprocess
import time
import urllib.parse

import pytest

from checks import assert_failed
from conftest import CLIENT_ID, SECRET, SERVERS
from servers import redis
from servers.certificates import Authority
from servers.processes import free_port, serving
from servers.tokens import TokenEndpoint

OTHER = "鍵🔑 with, \"all\" that: it = takes ="


@pytest.fixture
def endpoint():
    with TokenEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def sent(token, endpoint):
    """Gets a token with the secret that a value refers to: (outcome, the secret as the endpoint saw it, or None)."""

    def run(value, **variables):
        asked = len(endpoint.requests)
        outcome = token(endpoint.url, secret=value, OAUTH_CLIENT_AUTH="basic-raw", **variables)
        if len(endpoint.requests) == asked:
            return outcome, None
        pair = base64.b64decode(endpoint.requests[-1][1]["Authorization"].removeprefix("Basic ")).decode()
        return outcome, pair.removeprefix(CLIENT_ID + ":")

    return run


@pytest.fixture
def is_refused(sent):
    """Checks that a value leads to a configuration error which names the setting, and to nothing else: what it says."""

    def run(value, *said, **variables):
        outcome, secret = sent(value, **variables)
        assert secret is None, "nothing is sent without the secret"
        assert_failed(outcome, {78}, SECRET)
        for text in ["OAUTH_CLIENT_SECRET", *said]:
            assert text in outcome.err
        for form in [redis.PASSWORD, urllib.parse.quote(redis.PASSWORD, safe=""), urllib.parse.quote(redis.PASSWORD)]:
            assert form not in outcome.err
        return outcome.err

    return run


# The keyring


@dataclasses.dataclass
class Keyring:
    """A session bus of its own with a GNOME keyring on it; `variables` lead programs there."""

    directory: pathlib.Path

    @property
    def variables(self):
        return {"DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.directory}/bus", "XDG_RUNTIME_DIR": str(self.directory / "runtime"),
                "XDG_DATA_HOME": str(self.directory / "data")}

    def run(self, *command, text=""):
        home = {"PATH": os.environ["PATH"], "HOME": str(self.directory / "home"), "LANG": "C.UTF-8"}
        subprocess.run(command, env=home | self.variables, input=text.encode(), check=True, capture_output=True, timeout=20)

    def store(self, name, secret):
        self.run("secret-tool", "store", "--label=ringdown", "service", "ringdown", "account", name, text=secret)

    def lock(self):
        self.run("dbus-send", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets",
                 "org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login")


@contextlib.contextmanager
def keyring_in(top, password="open sesame"):
    with serving(lambda _: [SERVERS / "keyring.sh", top, password], top / "log", is_ready=lambda _: (top / "ready").exists()):
        yield Keyring(top)


@pytest.fixture(scope="module")
def keyring(tmp_path_factory):
    with keyring_in(tmp_path_factory.mktemp("keyring")) as keyring:
        yield keyring


@pytest.mark.parametrize("secret", [SECRET, OTHER, "two\nlines", " edges "])
def test_the_keyring_gives_the_secret_as_it_is_stored(keyring, sent, secret):
    keyring.store("prod", secret)
    outcome, seen = sent("keyring:prod", **keyring.variables)
    assert (outcome.code, seen) == (0, secret), outcome.err
    assert secret not in outcome.out + outcome.err


def test_the_keyring_has_one_secret_for_each_name(keyring, sent):
    for name in ["one", "one:two", "o'ne;$(id)`id`&"]:
        keyring.store(name, f"the secret of {name}")
    for name in ["one", "one:two", "o'ne;$(id)`id`&"]:
        outcome, seen = sent(f"keyring:{name}", **keyring.variables)
        assert (outcome.code, seen) == (0, f"the secret of {name}"), outcome.err


@pytest.mark.parametrize("name", ["absent", "o'ne;$(id)"])
def test_a_secret_that_the_keyring_lacks_is_there_after_the_command_that_the_message_gives(keyring, sent, is_refused, name):
    command = "secret-tool store --label=ringdown service ringdown account "
    said = is_refused(f"keyring:{name}", command, **keyring.variables)
    line = next(line for line in said.splitlines() if command in line)
    words = shlex.split(line[line.index(command):])
    assert words[-1] == name, "as it stands, a shell takes it as it is meant"
    keyring.run(*words, text=SECRET)
    assert sent(f"keyring:{name}", **keyring.variables)[1] == SECRET


@pytest.mark.parametrize("value", ["keyring:", "keyring:-x", "keyring:--unlock"])
def test_what_is_no_name_in_the_keyring_is_refused(keyring, is_refused, value):
    assert "usage:" not in is_refused(value, **keyring.variables)


def test_a_secret_that_is_far_too_long_is_refused_and_does_not_hang(is_refused, tmp_path):
    """A stand-in for secret-tool: it stores 8 KiB at most, other programs more."""
    tool = tmp_path / "secret-tool"
    tool.write_text("#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x\n")
    tool.chmod(0o755)
    assert "secret-tool store" not in is_refused("keyring:long", PATH=f"{tmp_path}:{os.environ['PATH']}"), "it is there already"


def test_without_secret_tool_the_package_is_named(keyring, is_refused, tmp_path):
    is_refused("keyring:prod", "libsecret-tools", **keyring.variables | {"PATH": str(tmp_path)})


@pytest.mark.parametrize("variables, said", [({}, "D-Bus"), ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}, "connect")])
def test_without_a_session_bus_what_secret_tool_says_is_told(is_refused, variables, said):
    """Storing the secret would fail the same way: it is not advised."""
    assert "secret-tool store" not in is_refused("keyring:prod", said, **variables)


def test_without_a_keyring_on_the_bus_what_secret_tool_says_is_told(is_refused, tmp_path):
    with keyring_in(tmp_path, password="") as bus:
        assert "secret-tool store" not in is_refused("keyring:prod", "org.freedesktop.secrets", **bus.variables)


def test_a_keyring_that_is_locked_is_refused_at_once_where_nobody_can_be_asked(is_refused, tmp_path):
    with keyring_in(tmp_path) as keyring:
        keyring.store("prod", SECRET)
        keyring.lock()
        is_refused("keyring:prod", "locked", **keyring.variables)


@pytest.mark.parametrize("value", ["keyring:prod", "redis:ringdown:prod"])
def test_a_file_that_merely_lies_in_the_directory_names_no_secret_of_a_store(keyring, plain_redis, ringdown, endpoint, tmp_path, value):
    keyring.store("prod", SECRET)
    plain_redis.call("set", "ringdown:prod", SECRET)
    (tmp_path / ".env").write_text(f"OAUTH_TOKEN_URL={endpoint.url}\nOAUTH_CLIENT_ID=x\nOAUTH_CLIENT_SECRET={value}\n")
    outcome = ringdown("token", "--platform", "custom", RINGDOWN_REDIS_URL=plain_redis.url(), **keyring.variables)
    assert_failed(outcome, {78}, SECRET)
    assert not endpoint.requests


# Redis


@pytest.fixture
def guarded(guarded_redis, authority):
    """The variables that lead to the Redis with TLS and users, as the user who may read and nothing else."""
    return {"RINGDOWN_REDIS_URL": guarded_redis.url(user="reader"), "RINGDOWN_CA_FILE": authority.certificate}


@pytest.mark.parametrize("secret", [SECRET, OTHER, "two\nlines", " edges ", "x" * 40000])
def test_redis_gives_the_secret_as_it_is_stored(plain_redis, guarded_redis, guarded, sent, secret):
    for server, variables in [(plain_redis, {"RINGDOWN_REDIS_URL": plain_redis.url()}), (guarded_redis, guarded)]:
        server.call("set", "ringdown:the key: {1} 2", secret)
        outcome, seen = sent("redis:ringdown:the key: {1} 2", **variables)
        assert (outcome.code, seen) == (0, secret), outcome.err
        assert secret not in outcome.out + outcome.err


def test_the_path_of_the_url_is_the_number_of_the_database(plain_redis, sent):
    plain_redis.call("-n", "3", "set", "ringdown:third", SECRET)
    assert sent("redis:ringdown:third", RINGDOWN_REDIS_URL=plain_redis.url(database="/3"))[1] == SECRET
    for other in ["", "/", "/0"]:
        assert sent("redis:ringdown:third", RINGDOWN_REDIS_URL=plain_redis.url(database=other))[1] is None


def test_a_password_alone_is_that_of_the_default_user(plain_redis, sent):
    plain_redis.call("set", "ringdown:prod", SECRET)
    plain_redis.call("config", "set", "requirepass", redis.PASSWORD)
    try:
        address = f"{urllib.parse.quote(redis.PASSWORD, safe='')}@127.0.0.1:{plain_redis.port}"
        assert [sent("redis:ringdown:prod", RINGDOWN_REDIS_URL=f"redis://{user}:{address}")[1] for user in ["", "default"]] == [SECRET] * 2
    finally:
        subprocess.run(["redis-cli", "-s", plain_redis.directory / "socket", "--pass", redis.PASSWORD, "config", "set", "requirepass", ""],
                       check=True, capture_output=True)


def test_without_an_address_the_setting_for_it_is_named(is_refused):
    is_refused("redis:ringdown:prod", "RINGDOWN_REDIS_URL")


@pytest.mark.parametrize("url", ["", "redis://", "http://127.0.0.1", "127.0.0.1:6379", "redis://127.0.0.1:x", "redis://127.0.0.1:99999",
                                 "redis://127.0.0.1/x", "redis://127.0.0.1/-1", "redis://reader:%zz{password}@127.0.0.1", "redis://reader:{password}@",
                                 "redis://reader:{password}@127.0.0.1:6379:1", "redis://reader:{password}%0d%0aFLUSHALL@127.0.0.1:x"])
def test_an_address_that_is_none_is_named(is_refused, url):
    is_refused("redis:ringdown:prod", "RINGDOWN_REDIS_URL", RINGDOWN_REDIS_URL=url.format(password=urllib.parse.quote(redis.PASSWORD, safe="")))


def test_a_key_that_is_missing_or_holds_no_text_is_named(guarded_redis, guarded, is_refused):
    guarded_redis.call("del", "ringdown:absent", "ringdown:empty", "ringdown:list")
    guarded_redis.call("set", "ringdown:empty", "")
    guarded_redis.call("lpush", "ringdown:list", SECRET)
    is_refused("redis:ringdown:absent", "ringdown:absent", **guarded)
    is_refused("redis:ringdown:empty", "empty", **guarded)
    is_refused("redis:ringdown:list", "WRONGTYPE", **guarded)
    is_refused("redis:", **guarded)


def test_what_the_server_refuses_is_told_in_its_words(guarded_redis, guarded, is_refused):
    is_refused("redis:elsewhere", "NOPERM", **guarded)
    wrong = {"RINGDOWN_REDIS_URL": guarded_redis.url(user="reader", password="wr0ng!password")}
    assert "wr0ng!password" not in is_refused("redis:ringdown:prod", "WRONGPASS", **guarded | wrong)
    nameless = guarded_redis.url().replace(guarded_redis.url().partition("://")[2].rpartition("@")[0] + "@", "")
    is_refused("redis:ringdown:prod", "NOAUTH", **guarded | {"RINGDOWN_REDIS_URL": nameless})


def test_a_password_that_the_server_repeats_is_not_shown(tmp_path, is_refused):
    """Servers tell the arguments of commands that they do not know; old ones know neither HELLO nor AUTH with a user."""
    for command in ["auth", "hello"]:
        with redis.answering(f"-ERR unknown command `{command}`, with args beginning with: `3`, `AUTH`, `reader`, `{redis.PASSWORD}`, \r\n".encode()) as address:
            user = "reader:" + urllib.parse.quote(redis.PASSWORD, safe="")
            is_refused("redis:ringdown:prod", "unknown command", RINGDOWN_REDIS_URL=f"redis://{user}@{address}")


def test_a_server_that_is_not_the_one_meant_is_not_asked(guarded_redis, guarded, is_refused, tmp_path):
    other = Authority(tmp_path / "ca", "Other CA")
    is_refused("redis:ringdown:prod", "certificate", RINGDOWN_REDIS_URL=guarded_redis.url(), RINGDOWN_CA_FILE=other.certificate)
    is_refused("redis:ringdown:prod", RINGDOWN_REDIS_URL=guarded_redis.url().replace("rediss:", "redis:"))
    with redis.answering(b"-ERR unknown command\r\n") as address:
        is_refused("redis:ringdown:prod", **guarded | {"RINGDOWN_REDIS_URL": f"rediss://reader:password@{address}"})


def test_where_nobody_listens_the_address_is_told(is_refused):
    port = free_port()
    is_refused("redis:ringdown:prod", f"127.0.0.1:{port}", RINGDOWN_REDIS_URL=f"redis://reader:{urllib.parse.quote(redis.PASSWORD, safe='')}@127.0.0.1:{port}")


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", b"$5\r\nhel", b"$-2\r\n", b"$99999999999999999999\r\nx\r\n",
                                   b"$2000000000\r\nx\r\n", b"*2000000000\r\n", b"*1\r\n" * 100000, b":1\r\n", b"*-1\r\n", b"+OK\r\n", b"\x00\xff" * 5000,
                                   b"+" + b"x" * (8 << 20), b"-ERR \x1b[31m\x07" + b"x" * 5000 + b"\r\n", b"$5\r\nhelloXY"],
                         ids=lambda reply: repr(reply[:24]))
def test_an_answer_that_is_nonsense_is_refused(is_refused, reply):
    with redis.answering(reply) as address:
        is_refused("redis:ringdown:prod", RINGDOWN_REDIS_URL=f"redis://{address}")


def test_a_server_that_does_not_come_to_an_end_is_given_up(is_refused):
    with redis.answering(b"$1000\r\n", trickling=True) as address:
        start = time.monotonic()
        is_refused("redis:ringdown:prod", RINGDOWN_REDIS_URL=f"redis://{address}")
        assert time.monotonic() - start < 12


def test_commands_that_are_run_do_not_learn_where_the_secrets_are(plain_redis, binary, ringdown):
    url = f"redis://:{urllib.parse.quote(redis.PASSWORD, safe='')}@127.0.0.1:{plain_redis.port}"
    outcome = ringdown("simulate", "--", binary, "exec", "--platform", "genesys", "--", "env", RINGDOWN_REDIS_URL=url, RINGDOWN_CACHE="off")
    assert outcome.code == 0 and not re.search("^RINGDOWN_REDIS_URL=", outcome.out, re.MULTILINE), outcome.err
