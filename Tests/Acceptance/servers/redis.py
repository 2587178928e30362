"""Redis servers on loopback: real servers, and fake servers that send arbitrary bytes."""

import contextlib
import pathlib
import re
import socketserver
import subprocess
import threading
import urllib.parse

from servers.processes import serving

HERE = pathlib.Path(__file__).parent
PASSWORD = "p@ss:w/rd%41?#é"


class Redis:
    """A real server. A `guarded` server requires TLS and a user; see redis.sh."""

    def __init__(self, port, directory, guarded):
        self.port, self.directory, self.guarded = port, directory, guarded

    def url(self, user="ringdown", password=PASSWORD, database=""):
        user, password = (urllib.parse.quote(text, safe="") for text in (user, password))
        return (f"rediss://{user}:{password}@127.0.0.1:{self.port}" if self.guarded else f"redis://127.0.0.1:{self.port}") + database

    def call(self, *arguments):
        """Returns the output of redis-cli as bytes, without the final line break."""
        user = ["--user", "tests", "--pass", PASSWORD, "--no-auth-warning"] if self.guarded else []
        done = subprocess.run(["redis-cli", "-s", self.directory / "socket", "--raw", *user, *arguments], capture_output=True, check=True)
        return done.stdout.removesuffix(b"\n")

    def keys(self):
        return self.call("--scan").splitlines()

    def value(self, key):
        return self.call({b"string": "get", b"hash": "hgetall"}[self.call("type", key)], key)

    @contextlib.contextmanager
    def observed(self):
        """Yields an observer of all commands that the server receives from now on."""
        user = ["--user", "tests", "--pass", PASSWORD, "--no-auth-warning"] if self.guarded else []
        with subprocess.Popen(["redis-cli", "-s", self.directory / "socket", *user, "monitor"], stdout=subprocess.PIPE) as monitor:
            assert monitor.stdout.readline() == b"OK\n"
            limit = threading.Timer(60, monitor.kill)
            limit.start()
            try:
                yield Observer(self, monitor.stdout)
            finally:
                limit.cancel()
                monitor.kill()


class Observer:
    def __init__(self, server, lines):
        self.server, self.lines, self.commands = server, lines, []

    def so_far(self):
        """Returns all commands so far, as lines of MONITOR."""
        self.server.call("echo", "the end of what is observed")
        self.read(lambda line: b"the end of what is observed" in line)
        return self.commands[:-1]

    def wait_for_clients(self, number, word=b""):
        """Returns once this number of clients have sent commands that contain the word."""
        clients = set()

        def is_last(line):
            client = re.match(rb"[\d.]+ \[\d+ (127[^]]+)\]", line)
            if client and word in line:
                clients.add(client[1])
            return len(clients) >= number

        self.read(is_last)

    def read(self, is_last):
        for line in self.lines:
            self.commands.append(line)
            if is_last(line):
                return
        raise TimeoutError(b"".join(self.commands[-20:]).decode(errors="replace"))


@contextlib.contextmanager
def running(directory, certificate=None):
    """Runs a server until the end of the block. With a certificate, the server is guarded."""
    def command(port):
        return [HERE / "redis.sh", directory / str(port), str(port), *([PASSWORD, *certificate] if certificate else [])]

    with serving(command, directory / "log") as port:
        yield Redis(port, directory / str(port), bool(certificate))


@contextlib.contextmanager
def answering(reply, trickling=False):
    """Runs a server that answers the first request with these bytes, and yields its address.

    It then closes the connection or, if `trickling`, continues to send single bytes. With None, it never answers.
    """
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError):
                self.request.recv(65536)
                if reply is None:
                    over.wait()
                else:
                    self.request.sendall(reply)
                while trickling and not over.wait(0.3):
                    self.request.sendall(b"x")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_):
            """Ignores clients that close the connection, which some tests do on purpose."""

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            over.set()
            server.shutdown()
