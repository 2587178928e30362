"""A mitmproxy addon: one line for each request that came through, to the file named in MITM_LOG."""

import os


def request(flow):
    with open(os.environ["MITM_LOG"], "a") as log:
        print(flow.request.method, flow.request.pretty_url, flow.request.http_version, file=log)
