"""The code that programs typically contain if they use `requests` without an OAuth library.

POST, and cache the token until `expires_in` has passed. No lock, no margin, no shim.
"""

import time

import requests

from adapter import CLIENT_ID, SECRET, TOKEN_URL, run


class ByHand:
    def __init__(self):
        self.access_token, self.expires_at = None, 0

    def token(self):
        if self.access_token is None or time.time() >= self.expires_at:
            response = requests.post(TOKEN_URL, data={"grant_type": "client_credentials"}, auth=(CLIENT_ID, SECRET))
            response.raise_for_status()
            answer = response.json()
            self.access_token = answer["access_token"]
            self.expires_at = time.time() + answer["expires_in"]
        return self.access_token

    def call(self, url):
        return requests.get(url, headers={"Authorization": f"Bearer {self.token()}"}).status_code


run(ByHand)
