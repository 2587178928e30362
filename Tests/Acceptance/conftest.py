"""Fixtures: the program in a clean environment, certificates, and the servers it talks to."""

import contextlib
import dataclasses
import fcntl
import os
import pathlib
import pty
import select
import shutil
import signal
import struct
import subprocess
import termios

import pytest
from playwright.sync_api import expect, sync_playwright

pytest.register_assert_rewrite("checks")

from servers import redis
from servers.certificates import Authority
from servers.processes import serving
from servers.tokens import TokenEndpoint

# Who runs the tests in the background or behind nohup has these ignored, which every program started here would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

HERE = pathlib.Path(__file__).parent
SERVERS = HERE / "servers"
CLIENT_ID = "ringdown-acceptance"
SECRET = "p:a+s/s%w&r=dé"


@dataclasses.dataclass
class Outcome:
    """How a run of the program ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def binary():
    path = pathlib.Path(os.environ.get("RINGDOWN") or HERE.parents[1] / ".build/debug/ringdown").absolute()
    if not path.exists():
        pytest.fail(f"{path.name} is not built: run `swift build`, or set RINGDOWN", pytrace=False)
    return path


@pytest.fixture(scope="session")
def release(binary):
    """The optimised build, where there is one: for what takes minutes with the other."""
    path = HERE.parents[1] / ".build/release/ringdown"
    return path if path.exists() else binary


@pytest.fixture
def clean_environment(tmp_path):
    """Nothing of the machine's own: no proxy, no certificates, no profile, no cache."""
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "RINGDOWN_CACHE": "off"}


@pytest.fixture
def ringdown(binary, clean_environment, tmp_path):
    """Runs the program: arguments as such, variables by name."""

    def run(*arguments, **variables):
        environment = clean_environment | {name: str(value) for name, value in variables.items()}
        done = subprocess.run([binary, *arguments], env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120)
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def token(ringdown):
    """`ringdown token --platform custom` for a token endpoint."""

    def run(url, *arguments, secret=SECRET, **variables):
        credentials = {"OAUTH_TOKEN_URL": url, "OAUTH_CLIENT_ID": CLIENT_ID, "OAUTH_CLIENT_SECRET": secret}
        return ringdown("token", "--platform", "custom", *arguments, **credentials | variables)

    return run


@pytest.fixture
def curl(clean_environment):
    """Runs curl, to check what a server of ours does: (exit code, stdout, stderr)."""

    def run(*arguments, **variables):
        done = subprocess.run(["curl", "--silent", "--show-error", *arguments], env=clean_environment | variables,
                              capture_output=True, text=True, timeout=60)
        return Outcome(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority") / "ca", "Acceptance CA")


@pytest.fixture(scope="session")
def certificate(authority):
    """Certificate and key of a server on loopback."""
    return authority.issue("localhost")


@pytest.fixture
def tls_endpoint(certificate):
    """A token endpoint behind TLS."""
    with TokenEndpoint(certificate=certificate) as endpoint:
        yield endpoint


@dataclasses.dataclass
class Glewlwyd:
    """A real authorization server."""

    url: str
    log: pathlib.Path

    def minted(self):
        """How many tokens it has given so far."""
        return self.log.read_text().count("Access token generated")


@pytest.fixture(scope="module")
def glewlwyd(tmp_path_factory):
    top = tmp_path_factory.mktemp("glewlwyd")

    def command(port):
        return [SERVERS / "glewlwyd.sh", top / str(port), str(port), CLIENT_ID, SECRET, "one two"]

    with serving(command, top / "log", is_ready=lambda port: (top / str(port) / "ready").exists()) as port:
        yield Glewlwyd(f"http://127.0.0.1:{port}/api/oidc/token", top / str(port) / "glewlwyd.log")


@pytest.fixture
def tinyproxy(tmp_path):
    """Starts forward proxies that want a password: gives the port of one, with further lines for its configuration."""
    with contextlib.ExitStack() as running:

        def start(*lines, user="wanda", password="pa-ss.w0rd"):
            configuration = tmp_path / "tinyproxy.conf"

            def command(port):
                configuration.write_text("\n".join([f"Port {port}", "Listen 127.0.0.1", "Allow 127.0.0.1",
                                                    f"BasicAuth {user} {password}", *lines, ""]))
                return ["tinyproxy", "-d", "-c", configuration]

            return running.enter_context(serving(command, tmp_path / "tinyproxy.log"))

        yield start


@dataclasses.dataclass
class Mitmproxy:
    """A forward proxy that opens TLS, as companies run them."""

    url: str
    authority: pathlib.Path
    log: pathlib.Path

    def requests(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture(scope="module")
def mitmproxy(tmp_path_factory, authority):
    top = tmp_path_factory.mktemp("mitmproxy")
    log = top / "requests"

    def command(port):
        return ["mitmdump", "--listen-host", "127.0.0.1", "--listen-port", str(port), "--set", f"confdir={top}",
                "--set", "upstream_cert=false", "--set", "connection_strategy=lazy",  # so that it offers HTTP/2
                "--set", f"ssl_verify_upstream_trusted_ca={authority.certificate}", "-s", SERVERS / "mitm_log.py"]

    environment = {"PATH": os.environ["PATH"], "HOME": str(top), "LANG": "C.UTF-8", "MITM_LOG": str(log),
                   "PYTHONDONTWRITEBYTECODE": "1"}
    with serving(command, top / "output", environment=environment) as port:
        yield Mitmproxy(f"http://127.0.0.1:{port}", top / "mitmproxy-ca-cert.pem", log)


@pytest.fixture(scope="module")
def plain_redis(tmp_path_factory):
    """A Redis as it comes: no TLS, no password."""
    with redis.running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def guarded_redis(tmp_path_factory, certificate):
    """A Redis behind TLS whose users may only do what they must."""
    with redis.running(tmp_path_factory.mktemp("redis"), certificate) as server:
        yield server


@pytest.fixture
def simulated(binary, clean_environment, tmp_path):
    """Starts simulators that serve until the test is over: gives the variables by which programs find one."""
    with contextlib.ExitStack() as running:

        def start(*options):
            process = running.enter_context(subprocess.Popen(
                [binary, "simulate", *options], env=clean_environment, cwd=tmp_path, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True))
            running.callback(process.terminate)
            variables = {}
            while "RINGDOWN_SIM_URL" not in variables or ("--intercept" in options and "no_proxy" not in variables):
                name, value = process.stdout.readline().rstrip("\n").split("=", 1)
                variables[name] = value
            return variables

        yield start


@pytest.fixture
def at_terminal(binary, clean_environment, tmp_path):
    """Runs the program at a terminal of its own, typing an answer behind each prompt: (exit code, everything shown)."""

    def run(*arguments, answers=(), columns=80, **variables):
        answers, shown = list(answers), b""
        child, terminal = pty.fork()
        if child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.chdir(tmp_path)
            os.execve(binary, [binary, *arguments], clean_environment | {"TERM": "xterm"} | variables)
        with contextlib.suppress(OSError):  # the end of a terminal is an error on Linux
            while True:
                if not select.select([terminal], [], [], 30)[0]:
                    os.kill(child, signal.SIGKILL)
                    pytest.fail(f"it waits for something else: {shown.decode()}")
                shown += os.read(terminal, 4096)
                if answers and shown.rstrip(b" ").endswith(answers[0][0].encode()):
                    os.write(terminal, (answers.pop(0)[1]).encode())
        os.close(terminal)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert not answers, f"nobody asked for {answers}: {shown.decode()}"
        return code, shown.decode().replace("\r\n", "\n")

    return run


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        expect.set_options(timeout=20_000)
        yield browser
        browser.close()
