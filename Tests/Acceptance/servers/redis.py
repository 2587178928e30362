"""Redis servers on loopback: real ones, and ones that misbehave."""

import contextlib
import pathlib
import socketserver
import subprocess
import threading
import urllib.parse

from servers.processes import serving

HERE = pathlib.Path(__file__).parent
PASSWORD = "p@ss:w/rd%41?#é"


class Redis:
    """A real server. `guarded` ones speak TLS and know users; see redis.sh."""

    def __init__(self, port, directory, guarded):
        self.port, self.directory, self.guarded = port, directory, guarded

    def url(self, user="ringdown", password=PASSWORD, database=""):
        user, password = (urllib.parse.quote(text, safe="") for text in (user, password))
        return (f"rediss://{user}:{password}@127.0.0.1:{self.port}" if self.guarded else f"redis://127.0.0.1:{self.port}") + database

    def call(self, *arguments):
        """What redis-cli prints, as bytes, without the line break at the end."""
        user = ["--user", "tests", "--pass", PASSWORD, "--no-auth-warning"] if self.guarded else []
        done = subprocess.run(["redis-cli", "-s", self.directory / "socket", "--raw", *user, *arguments], capture_output=True, check=True)
        return done.stdout.removesuffix(b"\n")

    def keys(self):
        return self.call("--scan").splitlines()

    def value(self, key):
        return self.call({b"string": "get", b"hash": "hgetall"}[self.call("type", key)], key)

    @contextlib.contextmanager
    def observed(self):
        """Gives a list that has, after the block, every command the server was sent in it, as a line of MONITOR."""
        user = ["--user", "tests", "--pass", PASSWORD, "--no-auth-warning"] if self.guarded else []
        commands = []
        with subprocess.Popen(["redis-cli", "-s", self.directory / "socket", *user, "monitor"], stdout=subprocess.PIPE) as monitor:
            assert monitor.stdout.readline() == b"OK\n"
            yield commands
            self.call("echo", "the end of what is observed")
            for line in monitor.stdout:
                if b"the end of what is observed" in line:
                    break
                commands.append(line)
            monitor.kill()


@contextlib.contextmanager
def running(directory, certificate=None):
    """A server that is there until the end of the block: guarded where there is a certificate for it."""
    def command(port):
        return [HERE / "redis.sh", directory / str(port), str(port), *([PASSWORD, *certificate] if certificate else [])]

    with serving(command, directory / "log") as port:
        yield Redis(port, directory / str(port), bool(certificate))


@contextlib.contextmanager
def answering(reply):
    """A server that answers the first thing it is sent with these bytes and hangs up; None is silence. Gives its address."""
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                self.request.recv(65536)
                if reply is None:
                    over.wait()
                else:
                    self.request.sendall(reply)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_):
            """A client that hangs up is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            over.set()
            server.shutdown()
