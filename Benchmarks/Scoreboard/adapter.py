"""The command loop of the Python clients. Reads one command per line from standard input, and answers each with a line of JSON.

A client has `token()`, which raises an exception if it cannot get a valid token, and `call(url)`, which returns the status.
"""

import json
import os
import re
import sys
import threading
import time

TOKEN_URL = os.environ.get("OAUTH_TOKEN_URL")
CLIENT_ID, SECRET = os.environ.get("OAUTH_CLIENT_ID"), os.environ.get("OAUTH_CLIENT_SECRET")
API_URL = os.environ.get("GENESYS_API_URL")


def failure(action):
    """The text of the exception that the action raises, or None."""
    try:
        action()
    except Exception as error:
        return str(error) or repr(error)


def repeat(action, count, together):
    if not together:
        return [failure(action) for _ in range(count)]
    errors, barrier = [], threading.Barrier(count)

    def work():
        barrier.wait()
        errors.append(failure(action))

    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def call(client):
    status = client.call(API_URL + "/api/v2/tokens/me")
    if status != 200:
        raise RuntimeError(f"HTTP {status}")


def run(create):
    client, answers = None, sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        command = re.fullmatch(r"(token|call) ([1-9][0-9]*)( together)?", line.strip())
        if command:
            client = client or create()
            action = client.token if command[1] == "token" else lambda: call(client)
            errors = repeat(action, int(command[2]), command[3])
            texts = [error for error in errors if error is not None]
            answer = {"succeeded": len(errors) - len(texts), "failed": len(texts), "error": texts[0] if texts else None}
        elif line.strip() == "time":
            answer = {"time": time.time()}
        else:
            answer = {"error": "unknown command"}
        print(json.dumps(answer), file=answers, flush=True)
