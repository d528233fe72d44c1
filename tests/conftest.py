"""One process holds the tests of Pulumi's protocol and those of Google's clients.

Both ship the message google.rpc.Status, and protobuf takes a message once: the second import
would fail. They are the same, so Pulumi's module stands aside.

Commands that tests run write their logs to a folder that goes with the test run. They can be
interrupted, also where the test run itself was started in the background, as `make test &` is: a
shell without job control makes that one ignore SIGINT, and everything that it starts.
"""

import os
import signal
import sys
import tempfile

import pytest
from google.rpc import status_pb2

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
sys.modules.setdefault("pulumi.runtime.proto.status_pb2", status_pb2)


@pytest.fixture(autouse=True, scope="session")
def log_folder():
    """EROS_LOG_DIR away from the project's own logs."""
    with tempfile.TemporaryDirectory(prefix="eros-logs-") as folder:
        os.environ["EROS_LOG_DIR"] = folder
        yield folder
