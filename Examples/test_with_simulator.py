"""Tests a Python program without an account. Usage:

    ringdown simulate -- python3 -m unittest Examples/test_with_simulator.py

The environment contains the addresses of both platforms. The test uses RINGDOWN_SIM_URL/_sim/ to set faults and count requests.
"""

import base64
import json
import os
import unittest
import urllib.error
import urllib.request

SIMULATOR = os.environ["RINGDOWN_SIM_URL"] + "/_sim/"


def call(url, data=None, method=None, **headers):
    request = urllib.request.Request(url, data=data and data.encode(), method=method, headers=headers)
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read() or b"null")


def token():
    """The program under test: a typical token request without a library."""
    pair = f"{os.environ['GENESYS_CLIENT_ID']}:{os.environ['GENESYS_CLIENT_SECRET']}"
    basic = base64.b64encode(pair.encode()).decode()
    url = os.environ["GENESYS_LOGIN_URL"] + "/oauth/token"
    return call(url, "grant_type=client_credentials", Authorization=f"Basic {basic}")["access_token"]


class TokenTests(unittest.TestCase):
    def setUp(self):
        call(SIMULATOR + "reset", method="POST")
        call(SIMULATOR + "mark", method="POST")

    def test_one_token_takes_one_request(self):
        self.assertTrue(token())
        self.assertEqual(call(SIMULATOR + "count?path=/oauth/token&expect=1"), {"count": 1})

    def test_an_outage_is_an_error_and_then_over(self):
        call(SIMULATOR + "faults", json.dumps({"path": "/oauth/token", "status": 503, "times": 1}))
        with self.assertRaises(urllib.error.HTTPError):
            token()
        self.assertTrue(token())

    def test_a_token_ends_after_a_day(self):
        headers = {"Authorization": f"Bearer {token()}"}
        url = os.environ["GENESYS_API_URL"] + "/api/v2/tokens/me"
        self.assertTrue(call(url, **headers)["organization"]["id"])
        call(SIMULATOR + "clock", json.dumps({"advance": 86400}))
        with self.assertRaises(urllib.error.HTTPError):
            call(url, **headers)


if __name__ == "__main__":
    unittest.main()
