"""What must hold for whatever the program writes to standard error."""

import base64
import json
import re
import urllib.parse


def forms_of(secret, identifier):
    """The secret as it may travel: plain, in JSON, form-encoded, and in a Basic header either way."""
    yield json.dumps(secret)[1:-1]
    for encode in (str, urllib.parse.quote_plus, lambda text: urllib.parse.quote(text, safe="")):
        yield encode(secret)
        yield base64.b64encode(f"{encode(identifier)}:{encode(secret)}".encode()).decode()


def assert_discloses_nothing(text, secret, identifier="ringdown-acceptance"):
    for form in forms_of(secret, identifier):
        assert form.lower() not in text.lower()


def assert_short_and_printable(text):
    assert text.strip(), "an error says something"
    assert len(text.encode()) < 2048
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), "control characters reach the terminal"


def assert_failed(outcome, codes, secret, identifier="ringdown-acceptance"):
    """The program failed as it should: one of the exit codes, nothing on stdout, a short and harmless message."""
    assert outcome.code in codes, outcome
    assert outcome.out == ""
    assert_short_and_printable(outcome.err)
    assert_discloses_nothing(outcome.err, secret, identifier)
