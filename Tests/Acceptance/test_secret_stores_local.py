"""Secrets in local stores: `keyring:NAME` in a GNOME keyring, `redis:KEY` in Redis."""

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
    """Requests a token with a secret reference: (outcome, the secret that the endpoint received, or None)."""

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
    """Expects a configuration error that names the setting, and no request. Returns the error message."""

    def run(value, *said, **variables):
        outcome, secret = sent(value, **variables)
        assert secret is None, "a request was sent without the secret"
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
    """A session bus with a GNOME keyring. `variables` make programs use this bus."""

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
def test_the_keyring_returns_the_stored_secret_unchanged(keyring, sent, secret):
    keyring.store("prod", secret)
    outcome, seen = sent("keyring:prod", **keyring.variables)
    assert (outcome.code, seen) == (0, secret), outcome.err
    assert secret not in outcome.out + outcome.err


def test_each_keyring_name_has_its_own_secret(keyring, sent):
    for name in ["one", "one:two", "o'ne;$(id)`id`&"]:
        keyring.store(name, f"the secret of {name}")
    for name in ["one", "one:two", "o'ne;$(id)`id`&"]:
        outcome, seen = sent(f"keyring:{name}", **keyring.variables)
        assert (outcome.code, seen) == (0, f"the secret of {name}"), outcome.err


@pytest.mark.parametrize("name", ["absent", "o'ne;$(id)"])
def test_the_suggested_command_stores_a_missing_keyring_secret(keyring, sent, is_refused, name):
    command = "secret-tool store --label=ringdown service ringdown account "
    said = is_refused(f"keyring:{name}", command, **keyring.variables)
    line = next(line for line in said.splitlines() if command in line)
    words = shlex.split(line[line.index(command):])
    assert words[-1] == name, "the suggested command is not quoted correctly"
    keyring.run(*words, text=SECRET)
    assert sent(f"keyring:{name}", **keyring.variables)[1] == SECRET


@pytest.mark.parametrize("value", ["keyring:", "keyring:-x", "keyring:--unlock"])
def test_an_invalid_keyring_name_is_rejected(keyring, is_refused, value):
    assert "usage:" not in is_refused(value, **keyring.variables)


def test_an_oversized_keyring_secret_is_rejected_without_hanging(is_refused, tmp_path):
    """Uses a fake secret-tool: the real one stores at most 8 KiB, but other programs may store more."""
    tool = tmp_path / "secret-tool"
    tool.write_text("#!/bin/sh\nhead -c 1000000 /dev/zero | tr '\\0' x\n")
    tool.chmod(0o755)
    assert "secret-tool store" not in is_refused("keyring:long", PATH=f"{tmp_path}:{os.environ['PATH']}"), "the secret exists"


def test_a_missing_secret_tool_is_reported_with_its_package(keyring, is_refused, tmp_path):
    is_refused("keyring:prod", "libsecret-tools", **keyring.variables | {"PATH": str(tmp_path)})


@pytest.mark.parametrize("variables, said", [({}, "D-Bus"), ({"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}, "connect")])
def test_without_a_session_bus_the_error_quotes_secret_tool(is_refused, variables, said):
    """Storing the secret would also fail, so the hint does not suggest it."""
    assert "secret-tool store" not in is_refused("keyring:prod", said, **variables)


def test_without_a_keyring_on_the_bus_the_error_quotes_secret_tool(is_refused, tmp_path):
    with keyring_in(tmp_path, password="") as bus:
        assert "secret-tool store" not in is_refused("keyring:prod", "org.freedesktop.secrets", **bus.variables)


def test_a_locked_keyring_without_a_prompt_is_an_immediate_error(is_refused, tmp_path):
    with keyring_in(tmp_path) as keyring:
        keyring.store("prod", SECRET)
        keyring.lock()
        is_refused("keyring:prod", "locked", **keyring.variables)


@pytest.mark.parametrize("value", ["keyring:prod", "redis:ringdown:prod"])
def test_a_dotenv_file_may_not_contain_a_reference(keyring, plain_redis, ringdown, endpoint, tmp_path, value):
    keyring.store("prod", SECRET)
    plain_redis.call("set", "ringdown:prod", SECRET)
    (tmp_path / ".env").write_text(f"OAUTH_TOKEN_URL={endpoint.url}\nOAUTH_CLIENT_ID=x\nOAUTH_CLIENT_SECRET={value}\n")
    outcome = ringdown("token", "--platform", "custom", RINGDOWN_REDIS_URL=plain_redis.url(), **keyring.variables)
    assert_failed(outcome, {78}, SECRET)
    assert not endpoint.requests


# Redis


@pytest.fixture
def guarded(guarded_redis, authority):
    """The variables for the Redis server with TLS and users, as a read-only user."""
    return {"RINGDOWN_REDIS_URL": guarded_redis.url(user="reader"), "RINGDOWN_CA_FILE": authority.certificate}


@pytest.mark.parametrize("secret", [SECRET, OTHER, "two\nlines", " edges ", "x" * 40000])
def test_redis_returns_the_stored_secret_unchanged(plain_redis, guarded_redis, guarded, sent, secret):
    for server, variables in [(plain_redis, {"RINGDOWN_REDIS_URL": plain_redis.url()}), (guarded_redis, guarded)]:
        server.call("set", "ringdown:the key: {1} 2", secret)
        outcome, seen = sent("redis:ringdown:the key: {1} 2", **variables)
        assert (outcome.code, seen) == (0, secret), outcome.err
        assert secret not in outcome.out + outcome.err


def test_the_path_of_the_url_is_the_database_number(plain_redis, sent):
    plain_redis.call("-n", "3", "set", "ringdown:third", SECRET)
    assert sent("redis:ringdown:third", RINGDOWN_REDIS_URL=plain_redis.url(database="/3"))[1] == SECRET
    for other in ["", "/", "/0"]:
        assert sent("redis:ringdown:third", RINGDOWN_REDIS_URL=plain_redis.url(database=other))[1] is None


def test_a_password_without_a_user_is_that_of_the_default_user(plain_redis, sent):
    plain_redis.call("set", "ringdown:prod", SECRET)
    plain_redis.call("config", "set", "requirepass", redis.PASSWORD)
    try:
        address = f"{urllib.parse.quote(redis.PASSWORD, safe='')}@127.0.0.1:{plain_redis.port}"
        assert [sent("redis:ringdown:prod", RINGDOWN_REDIS_URL=f"redis://{user}:{address}")[1] for user in ["", "default"]] == [SECRET] * 2
    finally:
        subprocess.run(["redis-cli", "-s", plain_redis.directory / "socket", "--pass", redis.PASSWORD, "config", "set", "requirepass", ""],
                       check=True, capture_output=True)


def test_a_missing_redis_url_names_the_setting(is_refused):
    is_refused("redis:ringdown:prod", "RINGDOWN_REDIS_URL")


@pytest.mark.parametrize("url", ["", "redis://", "http://127.0.0.1", "127.0.0.1:6379", "redis://127.0.0.1:x", "redis://127.0.0.1:99999",
                                 "redis://127.0.0.1/x", "redis://127.0.0.1/-1", "redis://reader:%zz{password}@127.0.0.1", "redis://reader:{password}@",
                                 "redis://reader:{password}@127.0.0.1:6379:1", "redis://reader:{password}%0d%0aFLUSHALL@127.0.0.1:x"])
def test_an_invalid_redis_url_names_the_setting(is_refused, url):
    is_refused("redis:ringdown:prod", "RINGDOWN_REDIS_URL", RINGDOWN_REDIS_URL=url.format(password=urllib.parse.quote(redis.PASSWORD, safe="")))


def test_a_missing_empty_or_non_string_key_is_reported(guarded_redis, guarded, is_refused):
    guarded_redis.call("del", "ringdown:absent", "ringdown:empty", "ringdown:list")
    guarded_redis.call("set", "ringdown:empty", "")
    guarded_redis.call("lpush", "ringdown:list", SECRET)
    is_refused("redis:ringdown:absent", "ringdown:absent", **guarded)
    is_refused("redis:ringdown:empty", "empty", **guarded)
    is_refused("redis:ringdown:list", "WRONGTYPE", **guarded)
    is_refused("redis:", **guarded)


def test_a_redis_error_is_quoted(guarded_redis, guarded, is_refused):
    is_refused("redis:elsewhere", "NOPERM", **guarded)
    wrong = {"RINGDOWN_REDIS_URL": guarded_redis.url(user="reader", password="wr0ng!password")}
    assert "wr0ng!password" not in is_refused("redis:ringdown:prod", "WRONGPASS", **guarded | wrong)
    nameless = guarded_redis.url().replace(guarded_redis.url().partition("://")[2].rpartition("@")[0] + "@", "")
    is_refused("redis:ringdown:prod", "NOAUTH", **guarded | {"RINGDOWN_REDIS_URL": nameless})


def test_a_password_echoed_by_the_server_is_not_printed(tmp_path, is_refused):
    """Servers echo the arguments of unknown commands. Old servers support neither HELLO nor AUTH with a user."""
    for command in ["auth", "hello"]:
        with redis.answering(f"-ERR unknown command `{command}`, with args beginning with: `3`, `AUTH`, `reader`, `{redis.PASSWORD}`, \r\n".encode()) as address:
            user = "reader:" + urllib.parse.quote(redis.PASSWORD, safe="")
            is_refused("redis:ringdown:prod", "unknown command", RINGDOWN_REDIS_URL=f"redis://{user}@{address}")


def test_a_server_with_a_wrong_certificate_or_protocol_is_rejected(guarded_redis, guarded, is_refused, tmp_path):
    other = Authority(tmp_path / "ca", "Other CA")
    is_refused("redis:ringdown:prod", "certificate", RINGDOWN_REDIS_URL=guarded_redis.url(), RINGDOWN_CA_FILE=other.certificate)
    is_refused("redis:ringdown:prod", RINGDOWN_REDIS_URL=guarded_redis.url().replace("rediss:", "redis:"))
    with redis.answering(b"-ERR unknown command\r\n") as address:
        is_refused("redis:ringdown:prod", **guarded | {"RINGDOWN_REDIS_URL": f"rediss://reader:password@{address}"})


def test_a_refused_connection_names_the_address(is_refused):
    port = free_port()
    is_refused("redis:ringdown:prod", f"127.0.0.1:{port}", RINGDOWN_REDIS_URL=f"redis://reader:{urllib.parse.quote(redis.PASSWORD, safe='')}@127.0.0.1:{port}")


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", b"$5\r\nhel", b"$-2\r\n", b"$99999999999999999999\r\nx\r\n",
                                   b"$2000000000\r\nx\r\n", b"*2000000000\r\n", b"*1\r\n" * 100000, b":1\r\n", b"*-1\r\n", b"+OK\r\n", b"\x00\xff" * 5000,
                                   b"+" + b"x" * (8 << 20), b"-ERR \x1b[31m\x07" + b"x" * 5000 + b"\r\n", b"$5\r\nhelloXY"],
                         ids=lambda reply: repr(reply[:24]))
def test_a_malformed_reply_is_rejected(is_refused, reply):
    with redis.answering(reply) as address:
        is_refused("redis:ringdown:prod", RINGDOWN_REDIS_URL=f"redis://{address}")


def test_an_endless_reply_times_out(is_refused):
    with redis.answering(b"$1000\r\n", trickling=True) as address:
        start = time.monotonic()
        is_refused("redis:ringdown:prod", RINGDOWN_REDIS_URL=f"redis://{address}")
        assert time.monotonic() - start < 12


def test_child_commands_do_not_receive_the_redis_url(plain_redis, binary, ringdown):
    url = f"redis://:{urllib.parse.quote(redis.PASSWORD, safe='')}@127.0.0.1:{plain_redis.port}"
    outcome = ringdown("simulate", "--", binary, "exec", "--platform", "genesys", "--", "env", RINGDOWN_REDIS_URL=url, RINGDOWN_CACHE="off")
    assert outcome.code == 0 and not re.search("^RINGDOWN_REDIS_URL=", outcome.out, re.MULTILINE), outcome.err
