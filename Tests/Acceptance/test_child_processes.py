"""A command under the simulator is an ordinary process: it receives signals, and its exit code is returned."""

import os
import signal
import subprocess

import pytest


@pytest.fixture
def start(binary, clean_environment, tmp_path):
    """Starts the simulator with a command in a new process group."""
    started = []

    def run(*arguments):
        process = subprocess.Popen([binary, "simulate", *arguments], env=clean_environment, cwd=tmp_path, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_no_signal_is_blocked_in_the_command(ringdown):
    outcome = ringdown("simulate", "--", "grep", "SigBlk", "/proc/self/status")
    assert int(outcome.out.split()[1], 16) == 0


def test_a_shell_can_wait_for_its_own_children(ringdown):
    assert ringdown("simulate", "--", "sh", "-c", "true & wait; echo done").out == "done\n"


@pytest.mark.parametrize("name, code", [("TERM", 143), ("INT", 130), ("KILL", 137), ("HUP", 129)])
def test_a_signal_that_ends_the_command_determines_the_exit_code(ringdown, name, code):
    assert ringdown("simulate", "--", "sh", "-c", f"kill -{name} $$").code == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_to_the_simulator_is_forwarded_to_the_command(start, number):
    process = start("--", "sh", "-c", "echo ready; exec sleep 60")
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.wait(timeout=10) == 128 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_simulator_without_a_command_stops_on_a_signal(start, number):
    process = start()
    assert process.stdout.readline().startswith("GENESYS_CLIENT_ID=")
    process.send_signal(number)
    assert process.wait(timeout=10) == 0


def test_a_port_in_use_is_reported(start, ringdown, tmp_path):
    process = start()
    lines = [process.stdout.readline().strip() for _ in range(13)]
    port = next(line for line in lines if line.startswith("GENESYS_API_URL=")).rsplit(":", 1)[1]
    outcome = ringdown("simulate", "--port", port, "--", "true")
    assert outcome.code == 78
    assert f"127.0.0.1:{port}" in outcome.err and "in use" in outcome.err


def test_a_failed_write_to_standard_output_is_an_error(binary, clean_environment):
    with open("/dev/full", "w") as full:
        done = subprocess.run([binary, "version"], env=clean_environment, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "cannot write standard output: No space left" in done.stderr
    done = subprocess.run(["sh", "-c", '"$0" version >&-', binary], env=clean_environment, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1 and "cannot write" in done.stderr


def test_a_closed_pipe_causes_no_error_message(ringdown, binary):
    outcome = ringdown("simulate", "--users", "5000", "--", "sh", "-c",
                       f"'{binary}' users --platform genesys --output ndjson | head -n 1 | wc -l")
    assert (outcome.out.strip(), outcome.err) == ("1", "")


def test_a_signal_ignored_by_nohup_stays_ignored(binary, clean_environment):
    script = "trap '' HUP; exec \"$0\" simulate -- grep SigIgn /proc/self/status"
    done = subprocess.run(["sh", "-c", script, binary], env=clean_environment, capture_output=True, text=True)
    assert int(done.stdout.split()[1], 16) & 1 << (signal.SIGHUP - 1)
