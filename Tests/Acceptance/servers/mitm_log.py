"""A mitmproxy addon that writes one line for each request to the file in MITM_LOG."""

import os


def request(flow):
    with open(os.environ["MITM_LOG"], "a") as log:
        print(flow.request.method, flow.request.pretty_url, flow.request.http_version, file=log)
