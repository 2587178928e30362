"""A token endpoint on loopback that returns a configurable response and records the requests."""

import http.server
import json
import ssl
import threading

TOKEN = "token-of-the-test-endpoint"


def reply(status=200, body=b"", kind="application/json", **headers):
    """Returns a function that writes this response to a client. `_` in a header name is replaced by `-`."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    def write(client):
        client.send_response(status)
        for name, value in {"Content_Type": kind, "Content_Length": len(content), **headers}.items():
            client.send_header(name.replace("_", "-"), str(value))
        client.end_headers()
        client.wfile.write(content)

    return write


GOOD = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.requests.append((self.path, dict(self.headers), self.body))
        self.server.answer(self)

    do_GET = do_POST

    def log_message(self, *_):
        pass


class TokenEndpoint(http.server.ThreadingHTTPServer):
    """Serves until the end of its `with` block. `answer` writes to the client; `requests` holds (path, headers, body)."""

    daemon_threads = True

    def __init__(self, answer=reply(body=GOOD), certificate=None, client_authority=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.requests = answer, []
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server_port}/oauth/token"
        if certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_authority)
            context.load_cert_chain(*certificate)
            context.verify_mode = ssl.CERT_REQUIRED if client_authority else ssl.CERT_NONE
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, *_):
        """Ignores clients that close the connection or fail the handshake, which some tests do on purpose."""

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
