# ruff: noqa: PLR0124
# softmax for triton:sm_90, made by ktune.
# Softmax over the last axis, arithmetic in f32. A row of nothing but -inf is 0; +inf or NaN anywhere makes the row NaN.
#
#   graph softmax(B, D)
#     in    x: f32[B, D]
#     out   y: f32[B, D]
#     temp  y_peak: f32[B]
#     temp  y_sum: f32[B]
#     reduce y_peak[b]  [b:B]
#         = max<f32>[d:D](x[b, d])
#     reduce y_sum[b]  [b:B]
#         = add<f32>[d:D](exp(x[b, d] - y_peak[b]))
#     map y[b, d]  [b:B, d:D]
#         = y_peak[b] == -inf ? 0.0 : exp(x[b, d] - y_peak[b]) / y_sum[b]
#
# Config: default.

import torch
import triton
import triton.language as tl


@triton.jit
def maximum(a, b):
    """NaN of either propagates."""
    return tl.where(a != a, a, tl.where(b != b, b, tl.where(a > b, a, b)))


@triton.jit
def exp(a):
    x = a.to(tl.float64)
    return tl.exp(x)


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


SOFTMAX_CONFIG = {
    "ROWS": 1,
    "BLOCK": 1024,
    "DEPTH": 32,
    "launch": {"num_warps": 4, "num_stages": 2},
}


@triton.jit
def softmax_k0_y_peak(x_ptr, y_ptr, B, D, BLOCK: tl.constexpr):
    pid = tl.program_id(0).to(tl.int64)
    B = tl.cast(B, tl.int64)
    D = tl.cast(D, tl.int64)
    cols = tl.arange(0, BLOCK).to(tl.int64)
    b = pid
    # reduce y_peak[b]  [b:B] = max<f32>[d:D](x[b, d])
    acc = tl.full((BLOCK,), float("-inf"), tl.float32)
    in_d = cols < D
    x = tl.load(x_ptr + b * D + cols, mask=in_d, other=0)
    acc = tl.where(in_d, maximum(acc, x), acc)
    fold = tl.reduce(acc, 0, maximum)
    # exp_row[b, d_1] = exp(x[b, d_1] - y_peak[b])
    exp_row = exp(x - fold).to(tl.float32)
    # reduce y_sum[b]  [b:B] = add<f32>[d_1_1:D](exp_row[b, d_1_1])
    acc_1 = tl.full((BLOCK,), 0.0, tl.float32)
    acc_1 = tl.where(in_d, acc_1 + exp_row, acc_1)
    fold_1 = tl.sum(acc_1, axis=0)
    # y[b, d_2] = y_peak[b] == -inf ? 0.0 : exp_row[b, d_2] / y_sum[b]
    cond = fold == float("-inf")
    tl.store(
        y_ptr + b * D + cols,
        tl.where(cond, tl.full((), 0.0, tl.float32), tl.div_rn(exp_row, fold_1)),
        mask=in_d,
    )


@triton.jit
def softmax_k0_y_peak_long(x_ptr, y_ptr, exp_row_ptr, B, D, BLOCK: tl.constexpr):
    pid = tl.program_id(0).to(tl.int64)
    B = tl.cast(B, tl.int64)
    D = tl.cast(D, tl.int64)
    cols = tl.arange(0, BLOCK).to(tl.int64)
    exp_row_ptr = exp_row_ptr + pid * (D)
    for tile in range(pid, B, tl.num_programs(0)):
        b = tl.cast(tile, tl.int64)
        # reduce y_peak[b]  [b:B] = max<f32>[d:D](x[b, d])
        acc = tl.full((BLOCK,), float("-inf"), tl.float32)
        for d_0 in range(0, D, BLOCK):
            d = d_0 + cols
            in_d = d < D
            x = tl.load(x_ptr + b * D + d, mask=in_d, other=0)
            acc = tl.where(in_d, maximum(acc, x), acc)
        fold = tl.reduce(acc, 0, maximum)
        # exp_row[b, d_1] = exp(x[b, d_1] - y_peak[b])
        tl.debug_barrier()
        for d_1_0 in range(0, D, BLOCK):
            d_1 = d_1_0 + cols
            in_d_1 = d_1 < D
            x_1 = tl.load(x_ptr + b * D + d_1, mask=in_d_1, other=0)
            exp_row = exp(x_1 - fold).to(tl.float32)
            tl.store(exp_row_ptr + d_1, exp_row, mask=in_d_1)
        tl.debug_barrier()
        # reduce y_sum[b]  [b:B] = add<f32>[d_1_1:D](exp_row[b, d_1_1])
        acc_1 = tl.full((BLOCK,), 0.0, tl.float32)
        for d_2_0 in range(0, D, BLOCK):
            d_2 = d_2_0 + cols
            in_d_2 = d_2 < D
            exp_row_1 = tl.load(exp_row_ptr + d_2, mask=in_d_2, other=0)
            acc_1 = tl.where(in_d_2, acc_1 + exp_row_1, acc_1)
        fold_1 = tl.sum(acc_1, axis=0)
        # y[b, d_2] = y_peak[b] == -inf ? 0.0 : exp_row[b, d_2] / y_sum[b]
        for d_3_0 in range(0, D, BLOCK):
            d_3 = d_3_0 + cols
            in_d_3 = d_3 < D
            cond = fold == float("-inf")
            cond_1 = tl.where(cond, False, True)
            exp_row_2 = tl.load(exp_row_ptr + d_3, mask=in_d_3 & cond_1, other=0)
            tl.store(
                y_ptr + b * D + d_3,
                tl.where(
                    cond, tl.full((), 0.0, tl.float32), tl.div_rn(exp_row_2, fold_1)
                ),
                mask=in_d_3,
            )


def softmax_launch(x, y, B, D, *, config=SOFTMAX_CONFIG, programs=1024, most=32768):
    """Launches all kernels. Arrays are contiguous; results are written in place."""
    x = x.view(torch.float32)
    y = y.view(torch.float32)
    block = triton.next_power_of_2(max(1, D))
    if block <= most:
        tiles = B
        if tiles > 0:
            softmax_k0_y_peak[(tiles,)](x, y, B, D, BLOCK=block, **config["launch"])
    else:
        tiles = min(programs, B)
        if tiles > 0:
            exp_row = torch.empty(
                max(1, D * tiles), dtype=torch.float32, device=x.device
            )
            softmax_k0_y_peak_long[(tiles,)](
                x, y, exp_row, B, D, BLOCK=config["BLOCK"], **config["launch"]
            )


def softmax(x: torch.Tensor, *, config: dict | None = None) -> torch.Tensor:
    """Softmax over the last axis, arithmetic in f32. A row of nothing but -inf is 0; +inf or NaN anywhere makes the row NaN.

    Takes x: f32[B, D].
    Gives y: f32[B, D].
    Tensors are contiguous and on one device. config overrides sizes of blocks.
    """
    _check_tensor("x", x, torch.float32, 2)
    B = x.shape[0]
    D = x.shape[1]
    _check_shape("x", x, (B, D), "(B, D)")
    y = torch.empty((B, D), dtype=torch.float32, device=x.device)
    softmax_launch(x, y, B, D, config={**SOFTMAX_CONFIG, **(config or {})})
    return y


def softmax_operator(library="ktune"):
    """Registers the operator with torch.library, so that torch.compile takes it; forward only. Call it once."""

    def run(x: torch.Tensor) -> torch.Tensor:
        return softmax(x)

    def fake(x: torch.Tensor):
        _check_tensor("x", x, torch.float32, 2)
        B = x.shape[0]
        D = x.shape[1]
        _check_shape("x", x, (B, D), "(B, D)")
        y = torch.empty((B, D), dtype=torch.float32, device=x.device)
        return y

    operator = torch.library.custom_op(f"{library}::softmax", mutates_args=())(run)
    operator.register_fake(fake)
    return operator
