"""Start the provider: `python -m localgcp.provider [--port N] [ENGINE_ADDRESS]`.

The first line of standard output is the port alone, as the engine expects of a plugin. With
an engine's address the process is that engine's plugin and ends when the engine does, also
when the engine is killed; without one it serves until it is stopped.
"""

import argparse
import os
import select
import signal
import threading
import time

from .servicer import serve

GRACE_SECONDS = 5
_WATCH_SECONDS = 1.0


def main() -> None:
    """Serve until the engine, or the person who started it, ends the process."""
    parser = argparse.ArgumentParser(prog="python -m localgcp.provider")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (0: a free one)")
    parser.add_argument("engine", nargs="?", help="address of the engine, as it passes it")
    arguments, _ = parser.parse_known_args()  # engines add flags such as --logtostderr
    parent = os.getppid()
    stopping = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda *_: stopping.set())
    server, port = serve(arguments.port)
    if arguments.engine:
        threading.Thread(target=_follow, args=(parent, stopping), daemon=True).start()
    print(port, flush=True)
    stopping.wait()
    server.stop(GRACE_SECONDS).wait(GRACE_SECONDS + 1)
    # A call that hangs in a thread of its own must not keep the process.
    os._exit(0)


def _follow(parent: int, stopping: threading.Event) -> None:
    """Set `stopping` once the process that started this one has ended."""
    try:
        watched = os.pidfd_open(parent)
    except (AttributeError, OSError):  # not Linux, or the engine is gone already
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
    else:
        if os.getppid() == parent:
            select.select([watched], [], [])
    stopping.set()


if __name__ == "__main__":
    main()
