"""Distribution: the program installs, runs from its destination, and uninstalls completely."""

import pathlib
import re
import shutil
import subprocess

import pytest

SCRIPTS = pathlib.Path(__file__).parents[2] / "Scripts"


def test_an_installed_program_runs_with_its_time_library_and_uninstalls_completely(binary, clean_environment, tmp_path):
    install = SCRIPTS / "install-files"
    subprocess.run([install, binary, tmp_path, "/opt/ringdown"], check=True)
    root = tmp_path / "opt/ringdown"
    done = subprocess.run([root / "bin/ringdown", "simulate", "--virtual-time", "--", "sh", "-c", "sleep 5000; echo awake"],
                          env=clean_environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stdout == "awake\n", done.stderr
    pages = {path.name for path in (root / "share/man/man1").iterdir()}
    assert {"ringdown.1", "ringdown-token.1", "ringdown-conversations.1"} <= pages
    subprocess.run([install, "--remove", tmp_path, "/opt/ringdown"], check=True)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "ringdown" in path.name]


@pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is not installed")
def test_the_archive_and_the_package_are_complete(release, clean_environment, tmp_path):
    subprocess.run([SCRIPTS / "make-distribution", release, tmp_path / "dist"], check=True, cwd=SCRIPTS.parent, capture_output=True)
    sums = (tmp_path / "dist/SHA256SUMS").read_text().split()
    assert len(sums) == 4
    assert subprocess.run(["sha256sum", "--check", "--status", "SHA256SUMS"], cwd=tmp_path / "dist").returncode == 0
    subprocess.run(["dpkg-deb", "--extract", next((tmp_path / "dist").glob("*.deb")), tmp_path / "root"], check=True)
    done = subprocess.run([tmp_path / "root/usr/bin/ringdown", "--version"], env=clean_environment, capture_output=True, text=True)
    assert done.stdout.startswith("ringdown ")
    # All files that the Dockerfile copies are in its directory.
    copied = re.findall(r"^COPY (\S+)", (tmp_path / "dist/Dockerfile").read_text(), re.MULTILINE)
    assert copied and all(list((tmp_path / "dist").glob(pattern)) for pattern in copied)
    assert (tmp_path / "root/usr/bin/ringdown").stat().st_size < 20 << 20
