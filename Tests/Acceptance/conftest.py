"""Shared fixtures: the program in a clean environment, certificates, and local servers."""

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

# In the background or under nohup, these signals are ignored, and every program started here would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

HERE = pathlib.Path(__file__).parent
SERVERS = HERE / "servers"
CLIENT_ID = "ringdown-acceptance"
SECRET = "p:a+s/s%w&r=dé"


@dataclasses.dataclass
class Outcome:
    """The result of a program run."""

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
    """The release build if it exists, otherwise the debug build. Some tests take minutes with the debug build."""
    path = HERE.parents[1] / ".build/release/ringdown"
    return path if path.exists() else binary


@pytest.fixture
def clean_environment(tmp_path):
    """An environment without the machine's proxies, certificates, profiles and cache."""
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "RINGDOWN_CACHE": "off"}


@pytest.fixture
def ringdown(binary, clean_environment, tmp_path):
    """Runs the program with command-line arguments, and with environment variables as keyword arguments."""

    def run(*arguments, **variables):
        environment = clean_environment | {name: str(value) for name, value in variables.items()}
        done = subprocess.run([binary, *arguments], env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120)
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def token(ringdown):
    """Runs `ringdown token --platform custom` against a token endpoint, without retries."""

    def run(url, *arguments, secret=SECRET, **variables):
        credentials = {"OAUTH_TOKEN_URL": url, "OAUTH_CLIENT_ID": CLIENT_ID, "OAUTH_CLIENT_SECRET": secret, "RINGDOWN_MAX_WAIT": "0s"}
        return ringdown("token", "--platform", "custom", *arguments, **credentials | variables)

    return run


@pytest.fixture
def curl(clean_environment):
    """Runs curl to check a test server, and returns the Outcome."""

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
    """The certificate and key of a server on loopback."""
    return authority.issue("localhost")


@pytest.fixture
def tls_endpoint(certificate):
    """A token endpoint with TLS."""
    with TokenEndpoint(certificate=certificate) as endpoint:
        yield endpoint


@dataclasses.dataclass
class Glewlwyd:
    """A real authorization server."""

    url: str
    log: pathlib.Path

    def minted(self):
        """Returns the number of tokens issued so far."""
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
    """Starts forward proxies that require a password, with additional configuration lines, and returns the port."""
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
    """A forward proxy that intercepts TLS, as in corporate networks."""

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
                "--set", "upstream_cert=false", "--set", "connection_strategy=lazy",  # required to offer HTTP/2
                "--set", f"ssl_verify_upstream_trusted_ca={authority.certificate}", "-s", SERVERS / "mitm_log.py"]

    environment = {"PATH": os.environ["PATH"], "HOME": str(top), "LANG": "C.UTF-8", "MITM_LOG": str(log),
                   "PYTHONDONTWRITEBYTECODE": "1"}
    with serving(command, top / "output", environment=environment) as port:
        yield Mitmproxy(f"http://127.0.0.1:{port}", top / "mitmproxy-ca-cert.pem", log)


@pytest.fixture(scope="module")
def plain_redis(tmp_path_factory):
    """A Redis server with the default configuration: no TLS, no password."""
    with redis.running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def guarded_redis(tmp_path_factory, certificate):
    """A Redis server with TLS, and with users that have minimal permissions."""
    with redis.running(tmp_path_factory.mktemp("redis"), certificate) as server:
        yield server


@pytest.fixture
def simulated(binary, clean_environment, tmp_path):
    """Starts simulators that run until the end of the test, and returns the environment variables for clients."""
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
    """Runs the program at a pseudo-terminal and types an answer at each prompt. Returns the exit code and the terminal output."""

    def run(*arguments, answers=(), columns=80, **variables):
        answers, shown = list(answers), b""
        child, terminal = pty.fork()
        if child == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.chdir(tmp_path)
            os.execve(binary, [binary, *arguments], clean_environment | {"TERM": "xterm"} | variables)
        with contextlib.suppress(OSError):  # on Linux, reading from a closed terminal is an error
            while True:
                if not select.select([terminal], [], [], 30)[0]:
                    os.kill(child, signal.SIGKILL)
                    pytest.fail(f"no expected prompt within 30 s: {shown.decode()}")
                shown += os.read(terminal, 4096)
                if answers and shown.rstrip(b" ").endswith(answers[0][0].encode()):
                    os.write(terminal, (answers.pop(0)[1]).encode())
        os.close(terminal)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert not answers, f"no prompt for {answers}: {shown.decode()}"
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
