"""Checks for the program's standard error output."""

import base64
import json
import re
import urllib.parse


def forms_of(secret, identifier):
    """The encodings in which a secret can appear: plain, JSON, percent-encoded, and in a Basic header of each encoding."""
    yield json.dumps(secret)[1:-1]
    for encode in (str, urllib.parse.quote_plus, lambda text: urllib.parse.quote(text, safe="")):
        yield encode(secret)
        yield base64.b64encode(f"{encode(identifier)}:{encode(secret)}".encode()).decode()


def assert_discloses_nothing(text, secret, identifier="ringdown-acceptance"):
    for form in forms_of(secret, identifier):
        assert form.lower() not in text.lower()


def assert_short_and_printable(text):
    assert text.strip(), "the error message is empty"
    assert len(text.encode()) < 2048
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), "the message contains control characters"


def assert_failed(outcome, codes, secret, identifier="ringdown-acceptance"):
    """Expects one of the exit codes, no standard output, and a short error message without the secret."""
    assert outcome.code in codes, outcome
    assert outcome.out == ""
    assert_short_and_printable(outcome.err)
    assert_discloses_nothing(outcome.err, secret, identifier)
