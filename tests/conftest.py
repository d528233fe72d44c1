"""One process holds the tests of Pulumi's protocol and those of Google's clients.

Both ship the message google.rpc.Status, and protobuf takes a message once: the second import
would fail. They are the same, so Pulumi's module stands aside.
"""

import sys

from google.rpc import status_pb2

sys.modules.setdefault("pulumi.runtime.proto.status_pb2", status_pb2)
