"""MSAL for Python: one ConfidentialClientApplication, `acquire_token_for_client` for each use.

MSAL requires https and an authority with OpenID discovery. `http_client`, its documented hook, answers the discovery and
sends the token request to the endpoint under test. Like MSAL's own session it retries a connection once. MSAL does not
send API requests, so calls send its token in a Bearer header.
"""

import json

import msal
import requests

from adapter import CLIENT_ID, SECRET, TOKEN_URL, run

AUTHORITY = "https://login.example/tenant"
DISCOVERY = {"issuer": AUTHORITY, "authorization_endpoint": AUTHORITY + "/authorize",
             "token_endpoint": AUTHORITY + "/token"}


class HTTPClient:
    def __init__(self):
        self.session = requests.Session()
        self.session.mount("http://", requests.adapters.HTTPAdapter(max_retries=1))

    def get(self, url, **_):
        response = requests.Response()
        response.status_code, response._content = 200, json.dumps(DISCOVERY).encode()
        return response

    def post(self, url, **arguments):
        return self.session.post(TOKEN_URL, **arguments)

    def close(self):
        self.session.close()


class MSAL:
    def __init__(self):
        self.application = msal.ConfidentialClientApplication(
            CLIENT_ID, client_credential=SECRET, authority=AUTHORITY, instance_discovery=False,
            http_client=HTTPClient())

    def token(self):
        result = self.application.acquire_token_for_client(scopes=["https://api.example/.default"])
        if "access_token" not in result:
            raise RuntimeError(result.get("error_description") or json.dumps(result))
        return result["access_token"]

    def call(self, url):
        return requests.get(url, headers={"Authorization": f"Bearer {self.token()}"}).status_code


run(MSAL)
