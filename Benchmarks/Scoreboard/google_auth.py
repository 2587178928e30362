"""google-auth: google.oauth2.credentials.Credentials with an AuthorizedSession.

The platform has no refresh tokens, and google-auth does not support the client credentials grant. The callable that sends
the library's requests converts one grant to the other. Cache, expiry and retries are those of the library.
`token` prepares a request as AuthorizedSession does.
"""

from urllib.parse import parse_qsl, urlencode

from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2.credentials import Credentials

from adapter import API_URL, CLIENT_ID, SECRET, TOKEN_URL, run


class ClientCredentialsRequest(Request):
    def __call__(self, url, method="GET", body=None, **arguments):
        form = dict(parse_qsl(body.decode())) | {"grant_type": "client_credentials"}
        del form["refresh_token"]
        return super().__call__(url, method=method, body=urlencode(form).encode(), **arguments)


class GoogleAuth:
    def __init__(self):
        self.credentials = Credentials(None, refresh_token="none", token_uri=TOKEN_URL, client_id=CLIENT_ID,
                                       client_secret=SECRET)
        self.request = ClientCredentialsRequest()
        self.session = AuthorizedSession(self.credentials, auth_request=self.request)

    def token(self):
        self.credentials.before_request(self.request, "GET", API_URL, {})
        return self.credentials.token

    def call(self, url):
        return self.session.get(url).status_code


run(GoogleAuth)
