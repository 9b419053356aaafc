"""PyTorch and NumPy as peers: a long-lived process that speaks JSON lines over stdio and times one form of one operator per request.

The driver interleaves these samples with its own. One thread, pinned. Start it with the allocator settings of `tunedAllocator` (bench/peers/peer.ts) for
the peers at their best, without for the peers as users run them.

  {"op": "hello", "cpu": 1}                                       -> versions
  {"op": "prepare", "inputs": [{name, dtype, shape, path}], "values": {...}, "setup": text, "forms": [{name, body, how}], "minMs": 1}
                                                                  -> {"forms": [{"name", "ok", "ms", "message"}]}
  {"op": "time", "form": name}                                    -> {"ns": ...}, the mean of as many calls as last `minMs`
  {"op": "result", "form": name, "paths": [path, ...]}            -> outputs as raw little-endian bytes

A body is an expression, or statements that end in `return`; its free names are the inputs, what `setup` defines, and the values. `how` says how it
runs: `eager`; `compile`; `into` (compiled, results written to arrays that exist); `numpy` (inputs are NumPy arrays).
"""

import json
import os
import sys
import textwrap
import time

import numpy as np
import torch
import torch.nn.functional as F

DTYPES = {
    "f64": torch.float64, "f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16, "bool": torch.bool,
    "i8": torch.int8, "i16": torch.int16, "i32": torch.int32, "i64": torch.int64, "u8": torch.uint8,
}  # fmt: skip
arrays = 0
forms = {}


def staggered(shape, dtype):
    """An array at its own distance from a 2 MiB border: arrays a power of two apart compete for the same cache sets."""
    global arrays
    arrays += 1
    count = 1
    for n in shape:
        count *= n
    size = count * dtype.itemsize
    skip = (arrays * 43 % 251) * 4096 + (arrays * 17 % 61 + 1) * 64
    room = torch.empty(size + skip + 64, dtype=torch.uint8)
    start = skip + (-(room.data_ptr() + skip)) % 64
    return room[start : start + size].view(dtype).reshape(shape)


def load(spec):
    t = staggered(spec["shape"], DTYPES[spec["dtype"]])
    t.reshape(-1).view(torch.uint8).copy_(torch.from_numpy(np.fromfile(spec["path"], dtype=np.uint8)))
    return t


def results(r):
    return tuple(r) if isinstance(r, (tuple, list)) else (r,)


def define(name, parameters, body, scope):
    text = body if "return" in body else f"return {body}"
    exec(f"def {name}({', '.join(parameters)}):\n{textwrap.indent(textwrap.dedent(text), '    ')}\n", scope)
    return scope[name]


def writes_into(f, n):
    """`f` with its first `n` arguments as the arrays its results go to."""

    def into(*args):
        for out, value in zip(args[:n], results(f(*args[n:]))):
            out.copy_(value)

    return into


def make(form, index, tensors, scope):
    how = form["how"]
    args = [t.numpy() for t in tensors.values()] if how == "numpy" else list(tensors.values())
    f = define(f"form{index}", list(tensors), form["body"], scope)
    if how == "compile":
        f = torch.compile(f, dynamic=False)
    if how == "into":
        outs = [staggered(list(r.shape), r.dtype) for r in results(f(*args))]
        g = torch.compile(writes_into(f, len(outs)), dynamic=False)

        def into():
            g(*outs, *args)
            return outs

        return into
    return lambda: f(*args)


def prepare(q):
    forms.clear()
    torch._dynamo.reset()
    tensors = {spec["name"]: load(spec) for spec in q["inputs"]}
    scope = {"torch": torch, "np": np, "F": F, "staggered": staggered, **q["values"], **tensors}
    before = set(scope)
    exec(textwrap.dedent(q["setup"]), scope)
    tensors.update({k: v for k, v in scope.items() if k not in before and isinstance(v, torch.Tensor)})
    told = []
    for index, form in enumerate(q["forms"]):
        try:
            # NumPy has no bf16: such inputs reach its forms through `setup` only.
            mine = tensors if form["how"] != "numpy" else {k: v for k, v in tensors.items() if v.dtype != torch.bfloat16}
            f = make(form, index, mine, scope)
            # The first call compiles; later ones warm up, unless they take seconds.
            for call in range(3):
                start = time.perf_counter_ns()
                f()
                ms = (time.perf_counter_ns() - start) / 1e6
                if call > 0 and ms > 2000:
                    break
            forms[form["name"]] = (f, max(1, min(1000, round(q["minMs"] / max(ms, 1e-3)))))
            told.append({"name": form["name"], "ok": True, "ms": ms})
        except Exception as error:
            message = f"{type(error).__name__}: {error}".strip().splitlines()
            told.append({"name": form["name"], "ok": False, "message": message[0][:300]})
    return {"forms": told}


def serve(q):
    op = q["op"]
    if op == "hello":
        os.sched_setaffinity(0, {q["cpu"]})
        torch.set_num_threads(1)
        tuned = "MALLOC_MMAP_THRESHOLD_" in os.environ
        return {"torch": torch.__version__, "numpy": np.__version__, "python": sys.version.split()[0], "tuned": tuned}
    if op == "prepare":
        return prepare(q)
    if op == "time":
        f, calls = forms[q["form"]]
        start = time.perf_counter_ns()
        for _ in range(calls):
            f()
        return {"ns": (time.perf_counter_ns() - start) / calls}
    if op == "result":
        f, _ = forms[q["form"]]
        for r, path in zip(results(f()), q["paths"]):
            t = r if isinstance(r, torch.Tensor) else torch.from_numpy(np.ascontiguousarray(r))
            t.contiguous().reshape(-1).view(torch.uint8).numpy().tofile(path)
        return {}
    raise ValueError(f"unknown request {op}")


def main():
    # Libraries print to stdout; the protocol keeps the real one.
    wire = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with torch.no_grad():
        for line in sys.stdin:
            try:
                reply = {"ok": True, "result": serve(json.loads(line))}
            except Exception as error:
                reply = {"ok": False, "message": f"{type(error).__name__}: {error}"}
            print(json.dumps(reply), file=wire, flush=True)


main()
