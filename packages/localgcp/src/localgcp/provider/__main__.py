"""Start the provider: `python -m localgcp.provider [--port N] [ENGINE_ADDRESS]`.

The first line of standard output is the port alone, as the engine expects of a plugin.
The engine's address is taken and not needed.
"""

import argparse
import signal
import threading

from .server import serve

GRACE_SECONDS = 5


def main() -> None:
    """Serve until the engine, or the person who started it, ends the process."""
    parser = argparse.ArgumentParser(prog="python -m localgcp.provider")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (0: a free one)")
    parser.add_argument("engine", nargs="?", help="address of the engine, as it passes it")
    arguments, _ = parser.parse_known_args()  # engines add flags such as --logtostderr
    server, port = serve(arguments.port)
    stopping = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stopping.set())
    print(port, flush=True)
    stopping.wait()
    server.stop(GRACE_SECONDS).wait()


if __name__ == "__main__":
    main()
