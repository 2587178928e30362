"""Authlib's OAuth2Session for requests: `fetch_token` at first, from then on the session renews by itself.

It does so for this grant where it knows `token_endpoint` and `grant_type`. `token` does what the session does before
each request. The client authenticates by `client_secret_basic`, the default. No shim.
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
