# ruff: noqa: PLR0124
# rmsnorm for triton:sm_90, made by ktune.
# Root-mean-square normalisation over the last axis, in any float type; arithmetic is f32.
#
#   graph rmsnorm(B, D; eps: f32 = 0.000001)
#     in    x: bf16[B, D]
#     in    w: bf16[D]
#     out   y: bf16[B, D]
#     temp  r: f32[B]
#     reduce r[b]  [b:B]
#         = mean<f32>[d:D](x[b, d] * x[b, d])
#         then rsqrt(acc + eps)
#     map y[b, d]  [b:B, d:D]
#         = (x[b, d] * r[b] * w[d]) as bf16
#
# Config: default.

import torch
import triton
import triton.language as tl


@triton.jit
def bf16_decode(bits):
    return (bits.to(tl.uint32) << 16).to(tl.float32, bitcast=True)


@triton.jit
def bf16_encode(x):
    """Nearest, ties to even; NaN stays NaN."""
    u = x.to(tl.uint32, bitcast=True)
    r = (u + 0x7FFF + ((u >> 16) & 1)) >> 16
    return tl.where(x != x, (u >> 16) | 0x40, r).to(tl.uint16)


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


RMSNORM_CONFIG = {
    "ROWS": 1,
    "BLOCK": 1024,
    "DEPTH": 32,
    "launch": {"num_warps": 4, "num_stages": 2},
}


@triton.jit
def rmsnorm_k0_r(x_ptr, w_ptr, y_ptr, B, D, eps, BLOCK: tl.constexpr):
    pid = tl.program_id(0).to(tl.int64)
    B = tl.cast(B, tl.int64)
    D = tl.cast(D, tl.int64)
    eps = tl.cast(eps, tl.float32)
    cols = tl.arange(0, BLOCK).to(tl.int64)
    b = pid
    # reduce r[b]  [b:B] = mean<f32>[d:D](x[b, d] * x[b, d]) then rsqrt(acc + eps)
    acc = tl.full((BLOCK,), 0.0, tl.float32)
    in_d = cols < D
    x = tl.load(x_ptr + b * D + cols, mask=in_d, other=0)
    x_at = bf16_decode(x)
    acc = tl.where(in_d, acc + x_at * x_at, acc)
    fold = tl.sum(acc, axis=0)
    cond = D == 0
    acc_1 = tl.where(
        cond, tl.full((), 0.0, tl.float32), tl.div_rn(fold, D.to(tl.float32))
    )
    r_1 = tl.div_rn(tl.full((), 1.0, tl.float32), tl.sqrt_rn(acc_1 + eps))
    # y[b, d_1] = (x[b, d_1] * r[b] * w[d_1]) as bf16
    w = tl.load(w_ptr + cols, mask=in_d, other=0)
    tl.store(
        y_ptr + b * D + cols,
        bf16_encode((bf16_decode(x) * r_1) * bf16_decode(w)),
        mask=in_d,
    )


@triton.jit
def rmsnorm_k0_r_long(x_ptr, w_ptr, y_ptr, B, D, eps, BLOCK: tl.constexpr):
    pid = tl.program_id(0).to(tl.int64)
    B = tl.cast(B, tl.int64)
    D = tl.cast(D, tl.int64)
    eps = tl.cast(eps, tl.float32)
    cols = tl.arange(0, BLOCK).to(tl.int64)
    b = pid
    # reduce r[b]  [b:B] = mean<f32>[d:D](x[b, d] * x[b, d]) then rsqrt(acc + eps)
    acc = tl.full((BLOCK,), 0.0, tl.float32)
    for d_0 in range(0, D, BLOCK):
        d = d_0 + cols
        in_d = d < D
        x = tl.load(x_ptr + b * D + d, mask=in_d, other=0)
        x_at = bf16_decode(x)
        acc = tl.where(in_d, acc + x_at * x_at, acc)
    fold = tl.sum(acc, axis=0)
    cond = D == 0
    acc_1 = tl.where(
        cond, tl.full((), 0.0, tl.float32), tl.div_rn(fold, D.to(tl.float32))
    )
    r_1 = tl.div_rn(tl.full((), 1.0, tl.float32), tl.sqrt_rn(acc_1 + eps))
    # y[b, d_1] = (x[b, d_1] * r[b] * w[d_1]) as bf16
    for d_1_0 in range(0, D, BLOCK):
        d_1 = d_1_0 + cols
        in_d_1 = d_1 < D
        x_1 = tl.load(x_ptr + b * D + d_1, mask=in_d_1, other=0)
        w = tl.load(w_ptr + d_1, mask=in_d_1, other=0)
        tl.store(
            y_ptr + b * D + d_1,
            bf16_encode((bf16_decode(x_1) * r_1) * bf16_decode(w)),
            mask=in_d_1,
        )


def rmsnorm_launch(
    x, w, y, B, D, eps, *, config=RMSNORM_CONFIG, programs=1024, most=32768
):
    """Launches all kernels. Arrays are contiguous; results are written in place."""
    x = x.view(torch.uint16)
    w = w.view(torch.uint16)
    y = y.view(torch.uint16)
    block = triton.next_power_of_2(max(1, D))
    if block <= most:
        tiles = B
        if tiles > 0:
            rmsnorm_k0_r[(tiles,)](x, w, y, B, D, eps, BLOCK=block, **config["launch"])
    else:
        tiles = B
        if tiles > 0:
            rmsnorm_k0_r_long[(tiles,)](
                x, w, y, B, D, eps, BLOCK=config["BLOCK"], **config["launch"]
            )


def rmsnorm(
    x: torch.Tensor,
    w: torch.Tensor,
    eps: float = 9.999999974752427e-7,
    *,
    config: dict | None = None,
) -> torch.Tensor:
    """Root-mean-square normalisation over the last axis, in any float type; arithmetic is f32.

    Takes x: bf16[B, D].
    Takes w: bf16[D].
    Gives y: bf16[B, D].
    Tensors are contiguous and on one device. config overrides sizes of blocks.
    """
    _check_tensor("x", x, torch.bfloat16, 2)
    _check_tensor("w", w, torch.bfloat16, 1)
    B = x.shape[0]
    D = x.shape[1]
    _check_shape("x", x, (B, D), "(B, D)")
    _check_shape("w", w, (D,), "(D,)")
    y = torch.empty((B, D), dtype=torch.bfloat16, device=x.device)
    rmsnorm_launch(x, w, y, B, D, eps, config={**RMSNORM_CONFIG, **(config or {})})
    return y


def rmsnorm_operator(library="ktune"):
    """Registers the operator with torch.library, so that torch.compile takes it; forward only. Call it once."""

    def run(
        x: torch.Tensor, w: torch.Tensor, eps: float = 9.999999974752427e-7
    ) -> torch.Tensor:
        return rmsnorm(x, w, eps)

    def fake(x: torch.Tensor, w: torch.Tensor, eps: float = 9.999999974752427e-7):
        _check_tensor("x", x, torch.bfloat16, 2)
        _check_tensor("w", w, torch.bfloat16, 1)
        B = x.shape[0]
        D = x.shape[1]
        _check_shape("x", x, (B, D), "(B, D)")
        _check_shape("w", w, (D,), "(D,)")
        y = torch.empty((B, D), dtype=torch.bfloat16, device=x.device)
        return y

    operator = torch.library.custom_op(f"{library}::rmsnorm", mutates_args=())(run)
    operator.register_fake(fake)
    return operator
