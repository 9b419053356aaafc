"""PyTorch as a peer: a long-lived process that speaks JSON lines over stdio and times one call per request.

The driver interleaves these samples with its own. One pinned thread. Start it with the allocator settings of `tunedAllocator` (bench/peers/peer.ts) for
the peer at its best, without for the peer as users run it.

  {"op": "hello", "cpu": 1}                                          -> versions
  {"op": "prepare", "case": "rmsnorm", "dtype": "bf16", "dims": {...}, "inputs": {"x": path, ...}}  -> names of the forms
  {"op": "time", "form": "compile"}                                  -> {"ns": ...}
  {"op": "result", "form": "compile", "path": path}                  -> output as raw little-endian bytes
"""

import json
import os
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16, "i64": torch.int64, "u8": torch.uint8}
serial = 0


def load(path, dtype, shape):
    """The array in `path`, copied to an address at its own distance from a 2 MiB border: arrays a power of two apart compete for the same cache sets."""
    global serial
    serial += 1
    raw = torch.from_numpy(np.fromfile(path, dtype=np.uint8))
    skip = (serial * 43 % 251) * 4096 + (serial * 17 % 61 + 1) * 64
    room = torch.empty(raw.numel() + skip, dtype=torch.uint8)
    view = room[skip : skip + raw.numel()]
    view.copy_(raw)
    return view.view(DTYPES[dtype]).reshape(shape)


def rmsnorm(q):
    b, d = q["dims"]["B"], q["dims"]["D"]
    x = load(q["inputs"]["x"], q["dtype"], (b, d))
    w = load(q["inputs"]["w"], q["dtype"], (d,))
    eps = 1e-6

    def built_in(x, w):
        return F.rms_norm(x, (d,), w, eps)

    def written(x, w):
        v = x.float()
        return (v * torch.rsqrt((v * v).mean(-1, keepdim=True) + eps) * w.float()).to(x.dtype)

    return forms((x, w), built_in=built_in, written=written)


def pooled_embedding(q):
    """Weighted sum of table rows per bag; the C++ kernel behind EmbeddingBag."""
    v, d, n, b = (q["dims"][k] for k in ("V", "D", "N", "B"))
    table = load(q["inputs"]["table"], q["dtype"], (v, d))
    ids = load(q["inputs"]["ids"], "i64", (n,))
    offsets = load(q["inputs"]["off"], "i64", (b + 1,))
    weight = load(q["inputs"]["a"], q["dtype"], (n,)) if "a" in q["inputs"] else None

    def bag(ids, table, offsets, weight):
        return F.embedding_bag(ids, table, offsets, mode="sum", per_sample_weights=weight, include_last_offset=True)

    return forms((ids, table, offsets, weight), bag=bag)


def forms(args, **functions):
    """Each way to write the operator, eagerly and compiled."""
    out = {}
    for name, f in functions.items():
        out[f"eager {name}"] = lambda f=f: f(*args)
        compiled = torch.compile(f, dynamic=False)
        out[f"compile {name}"] = lambda f=compiled: f(*args)
    return out


CASES = {"rmsnorm": rmsnorm, "pooled_embedding": pooled_embedding}
current = {}


def serve(q):
    global current
    op = q["op"]
    if op == "hello":
        os.sched_setaffinity(0, {q["cpu"]})
        torch.set_num_threads(1)
        tuned = "MALLOC_MMAP_THRESHOLD_" in os.environ
        return {"torch": torch.__version__, "numpy": np.__version__, "python": sys.version.split()[0], "tuned": tuned}
    if op == "prepare":
        current = CASES[q["case"]](q)
        for f in current.values():
            for _ in range(3):
                f()
        return {"forms": list(current)}
    if op == "time":
        f = current[q["form"]]
        start = time.perf_counter_ns()
        f()
        return {"ns": time.perf_counter_ns() - start}
    if op == "result":
        current[q["form"]]().contiguous().view(torch.uint8).numpy().tofile(q["path"])
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
