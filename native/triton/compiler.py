"""Compiles emitted Triton modules for devices that need not be there: one JSON request a line, one answer a line.

A request names a module, its entry and a target. The launcher is called with arguments of the right types, what it launches is compiled, not run.
"""

import contextlib
import inspect
import io
import json
import importlib.util
import os
import random
import re
import subprocess
import sys
import time

os.environ.pop("TRITON_INTERPRET", None)
# Compilers print whole programs where they fail; nothing of that may reach the protocol.
PROTOCOL = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

import torch  # noqa: E402
import triton  # noqa: E402
from triton.backends.compiler import GPUTarget  # noqa: E402
from triton.compiler import ASTSource  # noqa: E402
from triton.runtime.jit import JITFunction  # noqa: E402

EXTENT = 300
TRIES = 40
POINTERS = {
    "float32": "*fp32", "float64": "*fp64", "float16": "*fp16", "bfloat16": "*bf16", "int64": "*i64", "int32": "*i32", "int16": "*i16",
    "int8": "*i8", "uint8": "*u8", "uint16": "*u16", "uint32": "*u32", "uint64": "*u64", "bool": "*i1",
}


def sample(kind, dtype, size):
    if kind == "buffer":
        # Offsets are all the same: rows are empty, totals are not.
        return torch.full((4096,), EXTENT if dtype == "int64" else 0, dtype=torch.int64).to(getattr(torch, dtype))
    if kind == "size":
        return size
    return 1.0 if dtype.startswith(("float", "bfloat")) or kind == "bfloat16" else 1


def load(path):
    spec = importlib.util.spec_from_file_location(f"m{abs(hash(path))}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def launches(module, entry):
    """Kernels that a call launches, with their arguments: in blocks of whole rows, and in pieces."""
    found = {}

    def record(self, *args, grid, warmup=False, **kwargs):
        if self.fn.__name__ not in found:
            found[self.fn.__name__] = (self, args, kwargs)

    run = JITFunction.run
    JITFunction.run = record
    try:
        function, specs = module.ENTRIES[entry]
        draw = random.Random(1)
        name = entry.removesuffix("_call")
        wanted = [n for n, f in vars(module).items() if n.startswith(f"{name}_k") and isinstance(f, JITFunction)]
        # Where results would be empty at sizes that are all the same, at others they are not.
        for attempt in range(TRIES):
            args = [sample(*s, EXTENT if attempt == 0 else draw.choice((3, 20, EXTENT))) for s in specs]
            with contextlib.suppress(RuntimeError):
                function(*args)
                if "most" in inspect.signature(function).parameters:
                    function(*args, most=0)
            if all(k in found for k in wanted):
                break
    finally:
        JITFunction.run = run
    return found


def source_of(fn, args, kwargs):
    names = fn.arg_names
    options = {k: v for k, v in kwargs.items() if k not in names}
    bound = dict(zip(names, args)) | {k: v for k, v in kwargs.items() if k in names}
    signature, constexprs, attrs = {}, {}, {}
    for n, name in enumerate(names):
        value = bound[name]
        if isinstance(value, torch.Tensor):
            signature[name] = POINTERS[str(value.dtype).removeprefix("torch.")]
            attrs[(n,)] = [["tt.divisibility", 16]]
        elif fn.params[n].is_constexpr:
            signature[name] = "constexpr"
            constexprs[(n,)] = value
        else:
            signature[name] = "fp32" if isinstance(value, float) else "i64" if abs(value) >= 2**31 else "i32"
    return ASTSource(fn, signature, constexprs, attrs), options


def number(pattern, text, otherwise=None):
    found = re.findall(pattern, text)
    return int(found[0]) if found else otherwise


def bundled(name):
    return os.path.join(os.path.dirname(triton.__file__), "backends", "nvidia", "bin", name)


def metrics(kernel, backend, base):
    out = {"sharedBytes": int(kernel.metadata.shared)}
    if backend == "hip":
        text = kernel.asm["amdgcn"]
        out["registers"] = number(r"\.vgpr_count:\s+(\d+)", text)
        out["accumulators"] = number(r"\.agpr_count:\s+(\d+)", text, 0)
        out["spillBytes"] = 4 * number(r"\.vgpr_spill_count:\s+(\d+)", text, 0)
        out["occupancy"] = number(r"; Occupancy: (\d+)", text)
        return {k: v for k, v in out.items() if v is not None}
    with open(f"{base}.cubin", "wb") as f:
        f.write(kernel.asm["cubin"])
    said = subprocess.run([bundled("cuobjdump"), "-res-usage", f"{base}.cubin"], capture_output=True, text=True)
    text = said.stdout + said.stderr
    out["registers"] = number(r"REG:(\d+)", text)
    # What does not fit into registers lies on the stack.
    out["spillBytes"] = number(r"STACK:(\d+)", text, 0)
    return {k: v for k, v in out.items() if v is not None}


def compile_module(request):
    target = request["target"]
    gpu = GPUTarget(target["backend"], target["arch"], target["wave"])
    found = launches(load(request["path"]), request["entry"])
    kernels, listings = [], []
    for name, (fn, args, kwargs) in found.items():
        source, options = source_of(fn, args, kwargs)
        base = f"{request['out']}_{name}"
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
                kernel = triton.compile(source, target=gpu, options=options)
        except Exception as error:  # noqa: BLE001
            return {"ok": False, "log": f"{name}: {type(error).__name__}: {error}"[-6000:]}
        limit = target.get("shared")
        if limit is not None and kernel.metadata.shared > limit:
            return {"ok": False, "log": f"{name}: {kernel.metadata.shared} bytes of shared memory, {limit} are there"}
        kernels.append({"kernel": name, **metrics(kernel, target["backend"], base)})
        hip = target["backend"] == "hip"
        binary, listing = f"{base}.{'hsaco' if hip else 'cubin'}", f"{base}.{'s' if hip else 'ptx'}"
        with open(binary, "wb") as f:
            f.write(kernel.asm["hsaco" if hip else "cubin"])
        with open(listing, "w") as f:
            f.write(kernel.asm["amdgcn" if hip else "ptx"])
        listings.append((binary, listing))
    if not listings:
        return {"ok": False, "log": "the launcher launches nothing"}
    return {"ok": True, "binary": listings[0][0], "listing": listings[0][1], "metrics": kernels}


def main():
    for line in sys.stdin:
        request = json.loads(line)
        started = time.perf_counter()
        try:
            answer = compile_module(request)
        except Exception as error:  # noqa: BLE001
            answer = {"ok": False, "log": f"{type(error).__name__}: {error}"[:4000]}
        answer["ms"] = (time.perf_counter() - started) * 1e3
        PROTOCOL.write(json.dumps(answer) + "\n")
        PROTOCOL.flush()


main()
