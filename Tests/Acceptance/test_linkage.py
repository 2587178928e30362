"""The libraries of the binary: no Foundation, no ICU, and some libraries that are loaded only on demand."""

import pathlib
import re
import subprocess

import pytest

REPOSITORY = pathlib.Path(__file__).parent.parent.parent
STATIC_LIMIT_IN_MIB = 16


def needed(program):
    """All libraries that the dynamic linker loads for a program, including indirect dependencies."""
    listing = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^\s*(\S+)", listing, re.MULTILINE)


@pytest.mark.parametrize("library", ["Foundation", "ICU", "libcurl", "libmicrohttpd", "libssl", "libcrypto"])
def test_the_program_does_not_load(binary, library):
    assert not [name for name in needed(binary) if library.lower() in name.lower()]


def test_the_release_binary_is_static_and_small():
    release = REPOSITORY / ".build" / "release" / "ringdown"
    if not release.exists():
        pytest.skip("the release binary does not exist: run `make build`")
    assert release.stat().st_size < STATIC_LIMIT_IN_MIB << 20
    names = needed(release)
    assert not [name for name in names if "swift" in name or "Foundation" in name or "icu" in name.lower()]


def test_libcurl_is_not_loaded_for_a_cached_token(ringdown, binary, tmp_path):
    script = """
    "$0" token --platform genesys > /dev/null
    LD_DEBUG=files "$0" token --platform genesys 2>&1 >/dev/null | grep -c 'calling init.*\\(libcurl\\|libmicrohttpd\\)'
    LD_DEBUG=files "$0" token --platform genesys --force 2>&1 >/dev/null | grep -c 'calling init.*libcurl\\.'
    """
    outcome = ringdown("simulate", "--", "sh", "-c", script, binary, RINGDOWN_CACHE="file", RINGDOWN_CACHE_DIR=tmp_path / "cache")
    assert outcome.out.split() == ["0", "1"], outcome
