"""Emitted modules in a plain Python script: no compiler of ktune, the interpreter of Triton as it comes. Prints a line for each module that is right."""

import importlib.util
import os
import sys

os.environ["TRITON_INTERPRET"] = "1"

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.manual_seed(1)


def module(name):
    spec = importlib.util.spec_from_file_location(name, os.path.join(sys.argv[1], f"{name}.py"))
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def sigrid(v, salt, modulus):
    k = 0x9DDFEA08EB382D69
    out = []
    for x in v.tolist():
        low = twang(x)
        a = ((low ^ salt) * k) % 2**64
        b = ((salt ^ (a ^ (a >> 47))) * k) % 2**64
        h = ((b ^ (b >> 47)) * k) % 2**64
        out.append((h - 2**64 if h >= 2**63 else h) % modulus)
    return torch.tensor(out)


def twang(x):
    """The 64-bit mix of one id, in Python's integers."""
    m = 2**64
    k = x % m
    a = ((m - 1 - k) + (k << 21)) % m
    b = a ^ (a >> 24)
    c = (b + (b << 3) + (b << 8)) % m
    d = c ^ (c >> 14)
    e = (d + (d << 2) + (d << 4)) % m
    f = e ^ (e >> 28)
    return (f + (f << 31)) % m


def pooled(w, ids, off):
    rows = [w[ids[a:b].clamp(0, w.shape[0] - 1)].float().sum(0) for a, b in zip(off.tolist(), off.tolist()[1:])]
    return torch.stack(rows)


off = torch.tensor([0, 3, 3, 10])
half = torch.float16
CASES = {
    "softmax": ((torch.randn(5, 37),), lambda x: torch.softmax(x, -1), 1e-5),
    "rmsnorm": ((torch.randn(4, 50).to(half), torch.randn(50).to(half)), lambda x, w: F.rms_norm(x.float(), (50,), w.float(), 1e-6), 2e-3),
    "linear_gelu": (
        (torch.randn(9, 33).to(half), torch.randn(18, 33).to(half), torch.randn(18).to(half)),
        lambda x, w, b: F.gelu(F.linear(x.float(), w.float(), b.float())),
        4e-2,
    ),
    "attention": (
        (torch.randn(1, 2, 7, 16), torch.randn(1, 2, 19, 16), torch.randn(1, 2, 19, 8), 0.25),
        lambda q, k, v, s: F.scaled_dot_product_attention(q, k, v, scale=s),
        1e-4,
    ),
    "pooled_embedding": ((torch.randn(11, 24).to(half), torch.tensor([4, 1, 0, 10, 9, 9, 3, 2, 5, 8]), off), pooled, 1e-2),
    "sigrid_hash": ((torch.randint(-(2**62), 2**62, (10,)), off, 7, 1009), lambda v, off, salt, modulus: sigrid(v, salt, modulus), 0),
}


def refused(function, args, what):
    try:
        function(*args)
    except (TypeError, ValueError) as error:
        assert what in str(error), str(error)
    else:
        raise AssertionError(f"{what} was not refused")


for name, (args, reference, tolerance) in CASES.items():
    loaded = module(name)
    function = getattr(loaded, name)
    found, wanted = function(*args), reference(*args)
    torch.testing.assert_close(found.to(wanted.dtype), wanted, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(function(*args, config={"num": 1}), found, rtol=0, atol=0)
    refused(function, (args[0].double() if args[0].is_floating_point() else args[0].int(), *args[1:]), "must be torch.")
    refused(function, (args[0][None], *args[1:]), "axes")
    operator = getattr(loaded, f"{name}_operator")("ktune_test")
    torch.library.opcheck(operator, args)
    print(f"{name}: right, refuses, opcheck passes", flush=True)

sys.path.insert(0, sys.argv[1])
with open(os.path.join(sys.argv[1], "example.py")) as f:
    exec(compile(f.read(), "example.py", "exec"), {})
print("example: right")
