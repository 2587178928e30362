"""A crashed process leaves no file that contains a secret."""

import resource
import signal
import subprocess

import pytest


def unlimited_core_files():
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def test_a_process_that_aborts_leaves_no_core_file(binary, clean_environment, tmp_path):
    subprocess.run(["sh", "-c", "kill -ABRT $$"], cwd=tmp_path, preexec_fn=unlimited_core_files)
    control = list(tmp_path.glob("core*"))
    if not control:
        pytest.skip("this system writes no core files into the working directory")
    for path in control:
        path.unlink()
    process = subprocess.Popen([binary, "simulate"], cwd=tmp_path, env=clean_environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, preexec_fn=unlimited_core_files)
    try:
        assert process.stdout.readline()
        process.send_signal(signal.SIGABRT)
        assert process.wait(timeout=60) == -signal.SIGABRT
    finally:
        process.kill()
        process.wait()
    assert not list(tmp_path.glob("core*"))
