// sigrid_hash: tile IR in a CUDA-like dialect.

typedef long long i64;
typedef float f32;
typedef unsigned long long u64;

static __device__ inline i64 floor_mod_i64(i64 a, i64 b) {
  if (b == 0 || b == -1) return 0;
  const i64 r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

extern "C" __global__ void __launch_bounds__(256) k0_o(const i64* __restrict__ v, i64* __restrict__ o, i64 N, i64 salt, i64 modulus) {
  // o[n] = (let k = v[n] as u64 in let a = ~k + (k << 21i32) in let b = a ^ (a >> 24i32) in let c = b + (b << 3i3…
  for (i64 n = (i64)blockIdx.x * blockDim.x + threadIdx.x; n < N; n += (i64)gridDim.x * blockDim.x) {
    const u64 k = (u64)v[n];
    const u64 a = ~k + (k << 21);
    const u64 b = a ^ (a >> 24);
    const u64 c = b + (b << 3) + (b << 8);
    const u64 d = c ^ (c >> 14);
    const u64 e = d + (d << 2) + (d << 4);
    const u64 f = e ^ (e >> 28);
    const u64 lo = f + (f << 31);
    const u64 t = (u64)salt;
    const u64 g = (lo ^ t) * 0x9ddfea08eb382d69ull;
    const u64 h = (t ^ (g ^ (g >> 47))) * 0x9ddfea08eb382d69ull;
    o[n] = floor_mod_i64((i64)((h ^ (h >> 47)) * 0x9ddfea08eb382d69ull), modulus);
  }
}
