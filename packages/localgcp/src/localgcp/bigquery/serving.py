"""Listens for REST and for the storage API, and says on which ports if asked.

In place of local-bigquery's `serve`: that one shares its storage port with any other server that
asks for the same number, and cannot tell which port it got when it is given none.
"""

from __future__ import annotations

import concurrent.futures
import os
import socket
from pathlib import Path
from typing import Any

import grpc
import uvicorn
from local_bigquery.grpc.server import SERVICES
from local_bigquery.settings import settings

from localgcp import ports
from localgcp.loopback import KEEP_ALIVE_SECONDS

_STORAGE_THREADS = 16


def serve(app: Any) -> None:
    """Serve `app` and the storage API until SIGTERM; port 0 stands for one that is free.

    Raises OSError or RuntimeError when a port is taken.
    """
    host = settings.bigquery_host
    storage = grpc.server(
        concurrent.futures.ThreadPoolExecutor(max_workers=_STORAGE_THREADS),
        # Linux would let two servers share a port and hand each of them half of the calls.
        options=[("grpc.so_reuseport", 0)],
    )
    storage.add_generic_rpc_handlers(
        [grpc.method_handlers_generic_handler(name, calls) for name, calls in SERVICES.items()]
    )
    storage_port = storage.add_insecure_port(f"{host}:{settings.grpc_port}")
    storage.start()
    with socket.create_server((host, settings.bigquery_port)) as listening:
        asked_for = os.environ.get(ports.ANNOUNCED)
        if asked_for:
            ports.announce(Path(asked_for), listening.getsockname()[1], storage_port)
        config = uvicorn.Config(app, timeout_keep_alive=KEEP_ALIVE_SECONDS)
        uvicorn.Server(config).run(sockets=[listening])
    storage.stop(None)
