"""Authlib's OAuth2Session for requests. It calls `fetch_token` once; then the session renews the token.

For this grant the session renews only with `token_endpoint` and `grant_type`. `token` does what the session does before
each request. The client authenticates with `client_secret_basic`, the default. No shim.
"""

from authlib.integrations.requests_client import OAuth2Session

from adapter import CLIENT_ID, SECRET, TOKEN_URL, run


class Authlib:
    def __init__(self):
        self.session = OAuth2Session(CLIENT_ID, SECRET, token_endpoint=TOKEN_URL, grant_type="client_credentials")

    def log_in(self):
        if not self.session.token:
            self.session.fetch_token()

    def token(self):
        self.log_in()
        self.session.token_auth.ensure_active_token()
        return self.session.token["access_token"]

    def call(self, url):
        self.log_in()
        return self.session.get(url).status_code


run(Authlib)
