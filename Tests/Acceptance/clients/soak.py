"""A typical hand-written client: requests its own tokens and makes a call every 5 minutes for argv[1] days. Prints a summary.

Requires `ringdown simulate --virtual-time`, where sleeps return immediately.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.request

if "RINGDOWN_TIME_FILE" not in os.environ:
    sys.exit("soak.py requires 'ringdown simulate --virtual-time'")
host = os.environ["GENESYS_API_URL"]
pair = os.environ["GENESYS_CLIENT_ID"] + ":" + os.environ["GENESYS_CLIENT_SECRET"]
basic = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
end = time.time() + float(sys.argv[1]) * 86400
expiry = calls = refused = 0
while time.time() < end:
    if time.time() > expiry - 60:
        request = urllib.request.Request(host + "/oauth/token", b"grant_type=client_credentials", basic)
        answer = json.load(urllib.request.urlopen(request, timeout=30))
        expiry = time.time() + answer["expires_in"]
    bearer = {"Authorization": "Bearer " + answer["access_token"]}
    try:
        urllib.request.urlopen(urllib.request.Request(host + "/api/v2/tokens/me", headers=bearer), timeout=30).read()
    except urllib.error.HTTPError:
        refused += 1
    calls += 1
    time.sleep(300)
journal = json.load(urllib.request.urlopen(os.environ["RINGDOWN_SIM_URL"] + "/_sim/journal"))
print(json.dumps({"calls": calls, "refused": refused, "journal": journal}))
