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


@triton.jit
def softmax_k0_y_peak(x, y, exp_row, B, D):
    part = tl.program_id(0).to(tl.int64)
    parts = tl.num_programs(0).to(tl.int64)
    B = tl.cast(B, tl.int64)
    D = tl.cast(D, tl.int64)
    size = D
    exp_row = exp_row + part * size
    b_lo = (B * part) // parts
    b_hi = (B * (part + 1)) // parts
    for i in range(b_lo, b_hi):
        b = tl.cast(i, tl.int64)
        # reduce y_peak[b]  [b:B] = max<f32>[d:D](x[b, d])
        acc = tl.full((), float("-inf"), tl.float32)
        for i_1 in range(D):
            d = tl.cast(i_1, tl.int64)
            acc = maximum(acc, tl.load(x + ((b * D) + d)))
        for i_2 in range(D):
            d = tl.cast(i_2, tl.int64)
            # exp_row[b, d_1] = exp(x[b, d_1] - y_peak[b])
            tl.store(exp_row + d, exp(tl.load(x + ((b * D) + d)) - acc).to(tl.float32))
            tl.debug_barrier()
        # reduce y_sum[b]  [b:B] = add<f32>[d_1_1:D](exp_row[b, d_1_1])
        acc_1 = tl.full((), 0.0, tl.float32)
        for i_3 in range(D):
            d = tl.cast(i_3, tl.int64)
            acc_1 = acc_1 + tl.load(exp_row + d)
        for i_4 in range(D):
            d = tl.cast(i_4, tl.int64)
            # y[b, d_2] = y_peak[b] == -inf ? 0.0 : exp_row[b, d_2] / y_sum[b]
            cond = acc == float("-inf")
            cond_1 = tl.where(cond, False, True)
            tl.store(y + ((b * D) + d), tl.where(cond, tl.full((), 0.0, tl.float32), tl.div_rn(tl.load(exp_row + d, mask=cond_1, other=0), acc_1)))


def softmax(x, y, B, D, programs=1024):
    """Launches all kernels. Arrays are contiguous; results are written in place."""
    x = x.view(torch.float32)
    y = y.view(torch.float32)
    exp_row = torch.empty(max(1, D) * programs, dtype=torch.float32, device=x.device)
    softmax_k0_y_peak[(programs,)](x, y, exp_row, B, D)
