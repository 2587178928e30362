"""A proxy on loopback that answers in place of internet hosts."""

import contextlib
import ssl

from servers import tokens


class Handler(tokens.Handler):
    """Answers direct requests as itself, and requests after a CONNECT as the requested `host`."""

    host = None

    def do_CONNECT(self):
        self.server.connections.append(self.path)
        if not self.server.context:
            return self.send_error(403)
        self.send_response(200)
        self.end_headers()
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.setup()
        self.host, self.close_connection = self.path.removesuffix(":443"), False

    def finish(self):
        with contextlib.suppress(OSError):
            super().finish()
        if self.host:
            self.request.close()


class Hosts(tokens.TokenEndpoint):
    """A server that is also a proxy. `connections` holds the targets of CONNECT. Without a certificate, it refuses CONNECT."""

    def __init__(self, answer=tokens.reply(501), certificate=None):
        super().__init__(answer)
        self.RequestHandlerClass = Handler
        self.connections, self.context = [], None
        self.root = f"http://127.0.0.1:{self.server_port}"
        if certificate:
            self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self.context.load_cert_chain(*certificate)
