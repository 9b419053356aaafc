# sigrid_hash for triton:sm_90, made by ktune.
# Salted hash of the ids of ragged rows, reduced to 0 .. modulus - 1: feature hashing of sparse ids.
#
#   graph sigrid_hash(B; salt: i64, modulus: i64)
#     in    v: i64[off[B]]
#     in    off: i64[B + 1]  # offsets of L
#     out   o: i64[off[B]]
#     map o[off[b] + l]  [b:B, l:off[b + 1] - off[b]]
#         = (let hi = salt as u64 in let a_1 = ((let k = v[off[b] + l] as u64 in let a = ~k + (k << 21u64) in let b = a ^ (a >> 24u64) in let c…
#
# Config: default.

import torch
import triton
import triton.language as tl


@triton.jit
def floor_mod(a, b):
    """a - b * floor(a / b); 0 where b is 0."""
    d = tl.where(b == 0, 1, b)
    r = a - (a // d) * d
    r = tl.where((r != 0) & ((r < 0) != (d < 0)), r + d, r)
    return tl.where(b == 0, 0, r)


@triton.jit
def sigrid_hash_k0_o(v, off, o, B, salt, modulus):
    part = tl.program_id(0).to(tl.int64)
    parts = tl.num_programs(0).to(tl.int64)
    B = tl.cast(B, tl.int64)
    salt = tl.cast(salt, tl.int64)
    modulus = tl.cast(modulus, tl.int64)
    l_top = tl.maximum(tl.full((), 0, tl.int64), tl.load(off + B))
    l_lo = (l_top * part) // parts
    l_hi = (l_top * (part + 1)) // parts
    for i in range(l_lo, l_hi):
        l = tl.cast(i, tl.int64)
        # o[l] = (let hi = salt as u64 in let a_1 = ((let k = v[l] as u64 in let a = ~k + (k << 21u64) in let b_1 = a ^…
        hi = salt.to(tl.uint64)
        k = tl.load(v + l).to(tl.uint64)
        a = (k ^ 18446744073709551615) + (k << 21)
        b_1 = a ^ (a >> 24)
        c = (b_1 + (b_1 << 3)) + (b_1 << 8)
        d = c ^ (c >> 14)
        e = (d + (d << 2)) + (d << 4)
        f = e ^ (e >> 28)
        a_1 = ((f + (f << 31)) ^ hi) * 11376068507788127593
        b_1_1 = (hi ^ (a_1 ^ (a_1 >> 47))) * 11376068507788127593
        tl.store(o + l, floor_mod(((b_1_1 ^ (b_1_1 >> 47)) * 11376068507788127593).to(tl.int64), modulus))


def sigrid_hash(v, off, o, B, salt, modulus, programs=1024):
    """Launches all kernels. Arrays are contiguous; results are written in place."""
    v = v.view(torch.int64)
    off = off.view(torch.int64)
    o = o.view(torch.int64)
    sigrid_hash_k0_o[(programs,)](v, off, o, B, salt, modulus)
