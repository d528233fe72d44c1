"""Google's analyser, a WebAssembly module, compiled once per machine.

zetasql's own client compiles the module at each start (half a minute) and moves bytes one
at a time; here the compiled form is kept in the user's cache folder and mapped at start.
The file is native code: the folder is the user's own, closed to others, and its name
carries the versions and the processor that it was made for.
"""

from __future__ import annotations

import ctypes
import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import tzdata
from google.protobuf.message import Message
from wasmtime import (
    Config,
    Engine,
    Func,
    Linker,
    Module,
    SharedMemory,
    Store,
    Trap,
    WasiConfig,
)
from zetasql.wasi import get_wasm_path

from bqstack.analysis.user_cache import cache_file

Reply = TypeVar("Reply", bound=Message)
_POINTER_BYTES = 4


class CallFailed(Exception):
    """The analyser answered with an error; `str()` is its message."""


class Aborted(Exception):
    """The module stopped for good; this instance answers no more."""


class Machine:
    """A running instance of the module."""

    def __init__(self, on_compile: Callable[[], None] | None = None) -> None:
        """Start it; `on_compile` is called first when the module must be compiled."""
        config = Config()
        config.shared_memory = True
        engine = Engine(config)
        module = load_module(engine, on_compile)
        wasi = WasiConfig()
        # Whatever the module prints is a warning of its own library.
        wasi.inherit_stderr()
        zones = Path(tzdata.__file__).parent / "zoneinfo"
        wasi.preopen_dir(str(zones), "/usr/share/zoneinfo")
        self._store = Store(engine)
        self._store.set_wasi(wasi)
        linker = Linker(engine)
        linker.define_wasi()
        self._exports = linker.instantiate(self._store, module).exports(self._store)
        self._do("_initialize")
        memory = self._exports["memory"]
        if not isinstance(memory, SharedMemory):
            raise TypeError(f"the module's memory is a {type(memory).__name__}, not shared")
        self._base = ctypes.addressof(memory.data_ptr().contents)

    def call(self, method: str, request: Message, reply: type[Reply]) -> Reply:
        """Call a method of ZetaSqlLocalService; raises CallFailed or Aborted."""
        data = request.SerializeToString()
        try:
            return self._call(method, data, reply)
        except Trap as error:
            raise Aborted(str(error).splitlines()[-1].strip()) from None

    def _call(self, method: str, data: bytes, reply: type[Reply]) -> Reply:
        at = self._do("wasm_malloc", max(len(data), 1))
        size_at = self._do("wasm_malloc", _POINTER_BYTES)
        ctypes.memmove(self._base + at, data, len(data))
        answer = self._do(f"ZetaSqlLocalService_{method}", at, len(data), size_at)
        size = int.from_bytes(self._read(size_at, _POINTER_BYTES), "little")
        self._do("wasm_free", at)
        self._do("wasm_free", size_at)
        if answer == 0:
            raise CallFailed(self._last_error())
        result = self._read(answer, size)
        self._do("wasm_free", answer)
        return reply.FromString(result)

    def _last_error(self) -> str:
        size = self._do("wasm_get_last_error_size")
        return self._read(self._do("wasm_get_last_error"), size).decode() if size else "no message"

    def _read(self, at: int, size: int) -> bytes:
        return ctypes.string_at(self._base + at, size)

    def _do(self, function: str, *arguments: int) -> Any:
        exported = self._exports[function]
        if not isinstance(exported, Func):
            raise TypeError(f"{function} is a {type(exported).__name__}, not a function")
        return exported(self._store, *arguments)


def load_module(engine: Engine, on_compile: Callable[[], None] | None) -> Module:
    """The compiled analyser of this machine.

    Where the user's cache cannot be written, a home that is read-only, it is compiled each time.
    """
    path = cache_file()
    if path.is_file():
        return Module.deserialize_file(engine, str(path))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Tests run in several processes: one compiles, the others wait for its file.
        with path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.is_file():
                unfinished = path.with_suffix(".new")
                unfinished.touch(mode=0o600)
                module = _compiled(engine, on_compile)
                unfinished.write_bytes(module.serialize())
                unfinished.replace(path)
    except OSError:
        # Before the half minute, not after it: the file is made first.
        return _compiled(engine, on_compile)
    return Module.deserialize_file(engine, str(path))


def _compiled(engine: Engine, on_compile: Callable[[], None] | None) -> Module:
    if on_compile:
        on_compile()
    return Module.from_file(engine, str(get_wasm_path()))
