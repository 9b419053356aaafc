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


def _check_tensor(name, x, dtype, rank):
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"{name} must be a tensor, not {type(x).__name__}")
    if x.dtype != dtype:
        raise TypeError(f"{name} must be {dtype}, not {x.dtype}")
    if x.dim() != rank:
        raise ValueError(f"{name} must have {rank} axes, not {x.dim()}")
    if not x.is_contiguous():
        raise ValueError(f"{name} must be contiguous: pass {name}.contiguous()")


def _check_shape(name, x, shape, text):
    if tuple(x.shape) != shape:
        raise ValueError(
            f"{name} must have the shape {text} = {shape}, not {tuple(x.shape)}"
        )


SIGRID_HASH_CONFIG = {
    "ROWS": 1,
    "BLOCK": 1024,
    "DEPTH": 32,
    "launch": {"num_warps": 4, "num_stages": 2},
}


@triton.jit
def sigrid_hash_k0_o(v_ptr, off_ptr, o_ptr, B, salt, modulus, BLOCK: tl.constexpr):
    pid = tl.program_id(0).to(tl.int64)
    B = tl.cast(B, tl.int64)
    salt = tl.cast(salt, tl.int64)
    modulus = tl.cast(modulus, tl.int64)
    cols = tl.arange(0, BLOCK).to(tl.int64)
    # o[l] = (let hi = salt as u64 in let a_1 = ((let k = v[l] as u64 in let a = ~k + (k << 21u64) in let b_1 = a ^…
    off = tl.load(off_ptr + B)
    for tile in range(
        pid,
        (tl.cdiv(tl.maximum(tl.full((), 0, tl.int64), off), BLOCK)),
        tl.num_programs(0),
    ):
        l_ = tl.cast(tile, tl.int64) * BLOCK + cols
        in_l_ = l_ < tl.maximum(tl.full((), 0, tl.int64), off)
        hi = salt.to(tl.uint64)
        v = tl.load(v_ptr + l_, mask=in_l_, other=0)
        k = v.to(tl.uint64)
        a = (k ^ 18446744073709551615) + (k << 21)
        b_1 = a ^ (a >> 24)
        c = b_1 + (b_1 << 3) + (b_1 << 8)
        d = c ^ (c >> 14)
        e = d + (d << 2) + (d << 4)
        f = e ^ (e >> 28)
        a_1 = ((f + (f << 31)) ^ hi) * 11376068507788127593
        b_1_1 = (hi ^ (a_1 ^ (a_1 >> 47))) * 11376068507788127593
        tl.store(
            o_ptr + l_,
            floor_mod(
                ((b_1_1 ^ (b_1_1 >> 47)) * 11376068507788127593).to(tl.int64), modulus
            ),
            mask=in_l_,
        )


def sigrid_hash_launch(
    v, off, o, B, salt, modulus, *, config=SIGRID_HASH_CONFIG, programs=1024
):
    """Launches all kernels. Arrays are contiguous; results are written in place."""
    v = v.view(torch.int64)
    off = off.view(torch.int64)
    o = o.view(torch.int64)
    tiles = programs
    if tiles > 0:
        sigrid_hash_k0_o[(tiles,)](
            v, off, o, B, salt, modulus, BLOCK=config["BLOCK"], **config["launch"]
        )


def sigrid_hash(
    v: torch.Tensor,
    off: torch.Tensor,
    salt: int,
    modulus: int,
    *,
    config: dict | None = None,
) -> torch.Tensor:
    """Salted hash of the ids of ragged rows, reduced to 0 .. modulus - 1: feature hashing of sparse ids.

    Takes v: i64[off[B]].
    Takes off: i64[B + 1].
    Gives o: i64[off[B]].
    Tensors are contiguous and on one device. config overrides sizes of blocks.
    """
    _check_tensor("v", v, torch.int64, 1)
    _check_tensor("off", off, torch.int64, 1)
    B = off.shape[0] - 1
    _check_shape("v", v, (v.shape[0],), "(off[B],)")
    _check_shape("off", off, (B + 1,), "(B + 1,)")
    o = torch.empty((v.shape[0],), dtype=torch.int64, device=v.device)
    sigrid_hash_launch(
        v, off, o, B, salt, modulus, config={**SIGRID_HASH_CONFIG, **(config or {})}
    )
    return o


def sigrid_hash_operator(library="ktune"):
    """Registers the operator with torch.library, so that torch.compile takes it; forward only. Call it once."""

    def run(
        v: torch.Tensor, off: torch.Tensor, salt: int, modulus: int
    ) -> torch.Tensor:
        return sigrid_hash(v, off, salt, modulus)

    def fake(v: torch.Tensor, off: torch.Tensor, salt: int, modulus: int):
        _check_tensor("v", v, torch.int64, 1)
        _check_tensor("off", off, torch.int64, 1)
        B = off.shape[0] - 1
        _check_shape("v", v, (v.shape[0],), "(off[B],)")
        _check_shape("off", off, (B + 1,), "(B + 1,)")
        o = torch.empty((v.shape[0],), dtype=torch.int64, device=v.device)
        return o

    operator = torch.library.custom_op(f"{library}::sigrid_hash", mutates_args=())(run)
    operator.register_fake(fake)
    return operator
