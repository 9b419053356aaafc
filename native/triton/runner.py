"""Runs emitted Triton modules in Triton's interpreter, speaking the runner protocol: one JSON object a line.

Arrays lie between canary bytes, programs of a grid are taken forward and backward in turn, and a kernel that runs too long is left.
"""

import ctypes
import hashlib
import importlib.util
import json
import os
import signal
import struct
import sys
import time

os.environ["TRITON_INTERPRET"] = "1"
# Whatever libraries print must not reach the protocol.
PROTOCOL = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

import patches  # noqa: E402
import torch  # noqa: E402
import triton.runtime.interpreter as interpreter  # noqa: E402

patches.apply()

CANARY = 64
CANARY_BYTE = 0xA5
PROGRAMS = 3


class Refused(Exception):
    """A request that cannot be served."""


class Late(Exception):
    """The limit of a run is over."""


class Buffer:
    def __init__(self, size, access):
        self.size = size
        self.access = access
        self.memory = bytearray([CANARY_BYTE]) * (size + 2 * CANARY)
        self.data = memoryview(self.memory)[CANARY : CANARY + size]

    def tensor(self, dtype):
        dtype = getattr(torch, dtype)
        count = self.size // dtype.itemsize
        if count == 0:
            return torch.empty(0, dtype=dtype)
        return torch.frombuffer(self.memory, dtype=dtype, count=count, offset=CANARY)

    def damage(self):
        for where, start in (("before", 0), ("after", CANARY + self.size)):
            zone = self.memory[start : start + CANARY]
            for k, byte in enumerate(zone):
                if byte != CANARY_BYTE:
                    return where, (k - CANARY if where == "before" else self.size + k)
        return None


buffers = {}
libraries = {}
state = {"runs": 0}


class Backward:
    """Takes the programs of a grid in the other order."""

    original = interpreter.InterpreterBuilder.set_grid_idx

    @staticmethod
    def set_grid_idx(self, x, y, z):
        if state["runs"] % 2 == 1:
            x = self.grid_dim[0] - 1 - x
        Backward.original(self, x, y, z)


interpreter.InterpreterBuilder.set_grid_idx = Backward.set_grid_idx


def buffer(name):
    if name not in buffers:
        raise Refused(f"no buffer {name}")
    return buffers[name]


def load(request):
    path = request["path"]
    spec = importlib.util.spec_from_file_location(f"ktune_{hashlib.sha1(path.encode()).hexdigest()}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for entry in request["entries"]:
        if entry not in module.ENTRIES:
            raise Refused(f"{path} lacks the entry {entry}")
    libraries[request["lib"]] = module
    return {}


def alloc(request):
    b = Buffer(request["bytes"], request["access"])
    buffers[request["buf"]] = b
    return {"address": f"{ctypes.addressof(ctypes.c_char.from_buffer(b.memory)) + CANARY:x}"}


def free(request):
    for name in request["bufs"]:
        buffers.pop(name, None)
    return {}


def fill(request):
    b = buffer(request["buf"])
    source = request["from"]
    kind = source["kind"]
    if kind == "file":
        with open(source["path"], "rb") as f:
            f.seek(source["offset"])
            data = f.read(b.size)
        if len(data) != b.size:
            raise Refused(f"{source['path']} is too short")
        b.data[:] = data
    elif kind == "byte":
        b.data[:] = bytes([source["value"]]) * b.size
    elif kind == "copy":
        b.data[:] = buffer(source["buf"]).data
    else:
        raise Refused(f"no fill {kind}")
    return {}


FORMATS = {"int64": "<q", "uint64": "<Q", "int32": "<i", "uint32": "<I", "int16": "<h", "uint16": "<H", "int8": "<b", "uint8": "<B", "float64": "<d", "float32": "<f", "float16": "<e"}


def argument(arg, spec):
    kind, dtype = spec
    if "buf" in arg:
        return buffer(arg["buf"]).tensor(dtype)
    if "bytes" in arg:
        data = bytes.fromhex(arg["bytes"])
        if kind == "bfloat16":
            return struct.unpack("<f", b"\0\0" + data[:2])[0]
        return struct.unpack_from(FORMATS[dtype], data)[0]
    raise Refused("tables of arrays are not supported")


def late(_signal, _frame):
    raise Late


def run(request):
    call = request["call"]
    module = libraries.get(call["lib"])
    if module is None:
        raise Refused(f"no library {call['lib']}")
    function, specs = module.ENTRIES[call["entry"]]
    given = call["sets"][0]
    arrays = {a["buf"]: buffer(a["buf"]) for a in given if "buf" in a}
    inputs = {name: hashlib.sha1(b.data).digest() for name, b in arrays.items() if b.access == "in"}
    args = [argument(a, s) for a, s in zip(given, specs)]
    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, request["limitMs"] / 1000)
    started = time.perf_counter()
    try:
        # The programs of a grid share the work, whatever parts the caller asks for.
        function(*args, programs=PROGRAMS)
    except Late:
        return {"fault": {"kind": "timeout", "ms": request["limitMs"]}}
    except Exception as error:  # noqa: BLE001
        signal.setitimer(signal.ITIMER_PROF, 0)
        cause = error.__cause__ or error
        return {"fault": {"kind": "kernel", "message": f"{type(cause).__name__}: {cause}"[:400]}}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        state["runs"] += 1
    elapsed = time.perf_counter() - started
    for name, b in arrays.items():
        damage = b.damage()
        if damage is not None:
            return {"fault": {"kind": "guard", "buffer": name, "offset": damage[1], "where": damage[0]}}
    for name, digest in inputs.items():
        if hashlib.sha1(arrays[name].data).digest() != digest:
            return {"fault": {"kind": "kernel", "message": f"wrote to the input {name}"}}
    return {"ns": elapsed * 1e9}


def deliver(data, request):
    if "path" in request:
        with open(request["path"], "wb") as f:
            f.write(data)
        return {}
    return {"data": bytes(data).hex()}


def read(request):
    b = buffer(request["buf"])
    at, size = request["offset"], request["bytes"]
    if at < 0 or at + size > b.size:
        raise Refused(f"{request['buf']} has {b.size} bytes")
    return deliver(b.data[at : at + size], request)


def gather(request):
    b = buffer(request["buf"])
    return deliver(b"".join(bytes(b.data[at : at + size]) for at, size in request["ranges"]), request)


OPS = {
    "hello": lambda _: {"version": 1, "pid": os.getpid(), "cpu": 0, "pageBytes": 4096, "hugePages": False, "simd": "triton interpreter", "probes": []},
    "load": load,
    "unload": lambda r: libraries.pop(r["lib"], None) and {} or {},
    "alloc": alloc,
    "free": free,
    "fill": fill,
    "run": run,
    "read": read,
    "gather": gather,
    "hash": lambda r: {"hashes": [hashlib.sha256(buffer(n).data).hexdigest() for n in r["bufs"]]},
    "lock": lambda _: {"held": True, "waitedMs": 0},
    "unlock": lambda _: {},
}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        op = request["op"]
        reply = {"id": request["id"], "ok": True, "result": {}}
        if op != "quit":
            try:
                if op not in OPS:
                    raise Refused(f"kernels of this target are not timed here ({op})")
                result = OPS[op](request)
                if "fault" in result:
                    reply = {"id": request["id"], "ok": False, "fault": result["fault"]}
                else:
                    reply["result"] = result
            except Exception as error:  # noqa: BLE001
                reply = {"id": request["id"], "ok": False, "fault": {"kind": "refused", "message": str(error)[:400]}}
        PROTOCOL.write(json.dumps(reply, separators=(",", ":")) + "\n")
        PROTOCOL.flush()
        if op == "quit":
            return


main()
