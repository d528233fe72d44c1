"""Which process counts as the engine that holds a lock."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bqstack import engine_lock

SLEEP = "import sys, time; print('ready', flush=True); time.sleep(60)"


@pytest.fixture
def process():
    """Starts a program with arguments; ended at the end."""
    started = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", SLEEP, *arguments]
        one = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(one)
        assert one.stdout.readline() == "ready\n"
        return one

    yield start
    for one in started:
        one.kill()
        one.wait()
        one.stdout.close()


def test_a_pulumi_that_runs_is_alive(process):
    assert engine_lock.is_alive(process("pulumi", "up").pid)


def test_another_program_with_the_number_is_not_the_engine(process):
    assert not engine_lock.is_alive(process("something else").pid)


def test_an_engine_that_ended_is_dead_before_and_after_its_parent_looks(process):
    one = process("pulumi", "up")
    one.kill()
    os.waitid(os.P_PID, one.pid, os.WEXITED | os.WNOWAIT)
    assert not engine_lock.is_alive(one.pid), "a zombie"
    one.wait()
    assert not engine_lock.is_alive(one.pid)
