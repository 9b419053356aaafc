// cumsum for cpp:generic, made by ktune.
// Prefix sums of a row: inclusive, exclusive and reverse.
//
//   graph cumsum(N, D)
//     in    x: f32[N, D]
//     out   inc: f32[N, D]
//     out   exc: f32[N, D]
//     out   rev: f32[N, D]
//     scan inc[n, i]  [n:N, i:D]
//         = add<f32>[j:D where j <= i](x[n, j])
//     scan exc[n, i]  [n:N, i:D]
//         = add<f32>[j:D where j < i](x[n, j])
//     scan rev[n, i]  [n:N, i:D]
//         = add<f32>[j:D where j >= i](x[n, j])
//
// Config: default. Compile with -O2 -std=c++17 -ffp-contract=fast
// One phase; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.

typedef long long i64;
typedef float f32;

extern "C" void cumsum(const f32* __restrict x, f32* __restrict inc, f32* __restrict exc, f32* __restrict rev, i64 N, i64 D, i64 part, i64 parts) {
  const i64 n_lo = N * part / parts;
  const i64 n_hi = N * (part + 1) / parts;
  for (i64 n = n_lo; n < n_hi; ++n) {
    // scan inc[n, i]  [n:N, i:D] = add<f32>[j:D where j <= i](x[n, j])
    f32 acc = 0.0f;
    for (i64 i_step = 0; i_step < D; ++i_step) {
      acc += x[n * D + i_step];
      inc[n * D + i_step] = acc;
    }
    // scan exc[n, i_1]  [n:N, i_1:D] = add<f32>[j_1:D where j_1 < i_1](x[n, j_1])
    f32 acc_1 = 0.0f;
    for (i64 i_step_1 = 0; i_step_1 < D; ++i_step_1) {
      exc[n * D + i_step_1] = acc_1;
      acc_1 += x[n * D + i_step_1];
    }
    // scan rev[n, i_2]  [n:N, i_2:D] = add<f32>[j_2:D where j_2 >= i_2](x[n, j_2])
    f32 acc_2 = 0.0f;
    for (i64 i_step_2 = 0; i_step_2 < D; ++i_step_2) {
      const i64 i = D - 1 - i_step_2;
      acc_2 += x[n * D + i];
      rev[n * D + i] = acc_2;
    }
  }
}

// args[i] points at the array, or at the value of a dim, scalar or capacity.
extern "C" void cumsum_call(void* const* args, i64 part, i64 parts) {
  cumsum((const f32*)args[0], (f32*)args[1], (f32*)args[2], (f32*)args[3], *(const i64*)args[4], *(const i64*)args[5], part, parts);
}
