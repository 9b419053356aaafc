# matmul for triton:sm_90, made by ktune.
# Matrix product with an f32 accumulator, rounded once.
#
#   graph matmul(M, K, N)
#     in    a: f16[M, K]
#     in    b: f16[K, N]
#     out   y: f16[M, N]
#     reduce y[m, n]  [m:M, n:N]
#         = add<f32>[k:K](a[m, k] * b[k, n])
#         then acc as f16
#
# Config: default.

import torch
import triton
import triton.language as tl


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


MATMUL_CONFIG = {
    "ROWS": 1,
    "BLOCK": 1024,
    "DEPTH": 32,
    "BLOCK_M": 64,
    "BLOCK_N": 64,
    "BLOCK_K": 32,
    "GROUP_M": 8,
    "launch": {"num_warps": 4, "num_stages": 2},
}


@triton.jit
def matmul_k0_y(
    a_ptr,
    b_ptr,
    y_ptr,
    M,
    K,
    N,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_K: tl.constexpr,
    GROUP_M: tl.constexpr,
):
    pid = tl.program_id(0).to(tl.int64)
    M = tl.cast(M, tl.int64)
    K = tl.cast(K, tl.int64)
    N = tl.cast(N, tl.int64)
    cols = tl.arange(0, BLOCK_N)[None, :].to(tl.int64)
    rows = tl.arange(0, BLOCK_M)[:, None].to(tl.int64)
    across = tl.arange(0, BLOCK_K)[None, :].to(tl.int64)
    down = tl.arange(0, BLOCK_K)[:, None].to(tl.int64)
    # y
    wide = tl.cdiv(N, BLOCK_N)
    tall = tl.cdiv(M, BLOCK_M)
    here = pid
    first = here // (GROUP_M * wide) * GROUP_M
    height = tl.minimum(tall - first, GROUP_M)
    m = (first + here % (GROUP_M * wide) % height) * BLOCK_M + rows
    in_m = m < M
    n = (here % (GROUP_M * wide) // height) * BLOCK_N + cols
    in_n = n < N
    sum = tl.full((BLOCK_M, BLOCK_N), 0.0, tl.float32)
    for k_0 in range(0, K, BLOCK_K):
        k_1 = k_0 + across
        k_2 = k_0 + down
        in_k_1 = k_1 < K
        in_k_2 = k_2 < K
        a = tl.load(a_ptr + m * K + k_1, mask=in_m & in_k_1, other=0)
        b = tl.load(b_ptr + k_2 * N + n, mask=in_n & in_k_2, other=0)
        sum = tl.dot(a, b, sum, input_precision="ieee")
    tl.store(y_ptr + m * N + n, sum.to(tl.float16), mask=in_n & in_m)


def matmul_launch(a, b, y, M, K, N, *, config=MATMUL_CONFIG, programs=1024):
    """Launches all kernels. Arrays are contiguous; results are written in place."""
    a = a.view(torch.float16)
    b = b.view(torch.float16)
    y = y.view(torch.float16)
    tiles = triton.cdiv(N, config["BLOCK_N"]) * triton.cdiv(M, config["BLOCK_M"])
    if tiles > 0:
        matmul_k0_y[(tiles,)](
            a,
            b,
            y,
            M,
            K,
            N,
            BLOCK_M=config["BLOCK_M"],
            BLOCK_N=config["BLOCK_N"],
            BLOCK_K=config["BLOCK_K"],
            GROUP_M=config["GROUP_M"],
            **config["launch"],
        )


def matmul(
    a: torch.Tensor, b: torch.Tensor, *, config: dict | None = None
) -> torch.Tensor:
    """Matrix product with an f32 accumulator, rounded once.

    Takes a: f16[M, K].
    Takes b: f16[K, N].
    Gives y: f16[M, N].
    Tensors are contiguous and on one device. config overrides sizes of blocks.
    """
    _check_tensor("a", a, torch.float16, 2)
    _check_tensor("b", b, torch.float16, 2)
    M = a.shape[0]
    K = a.shape[1]
    N = b.shape[1]
    _check_shape("a", a, (M, K), "(M, K)")
    _check_shape("b", b, (K, N), "(K, N)")
    y = torch.empty((M, N), dtype=torch.float16, device=a.device)
    matmul_launch(a, b, y, M, K, N, config={**MATMUL_CONFIG, **(config or {})})
    return y


def matmul_operator(library="ktune"):
    """Registers the operator with torch.library, so that torch.compile takes it; forward only. Call it once."""

    def run(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return matmul(a, b)

    def fake(a: torch.Tensor, b: torch.Tensor):
        _check_tensor("a", a, torch.float16, 2)
        _check_tensor("b", b, torch.float16, 2)
        M = a.shape[0]
        K = a.shape[1]
        N = b.shape[1]
        _check_shape("a", a, (M, K), "(M, K)")
        _check_shape("b", b, (K, N), "(K, N)")
        y = torch.empty((M, N), dtype=torch.float16, device=a.device)
        return y

    operator = torch.library.custom_op(f"{library}::matmul", mutates_args=())(run)
    operator.register_fake(fake)
    return operator
