import { simtBackend } from '../simt/backend.ts';
import type { Family } from '../simt/family.ts';
import { acceptHip, clangReadiness } from './accept.ts';
import { HIP_ARCHS } from './arch.ts';
import { HIP_FUNCTIONS } from './functions.ts';
import { BARE } from './bare.ts';

const family: Family = {
  name: 'hip',
  archs: HIP_ARCHS,
  extension: 'hip',
  head: (arch) => [
    `#define KT_WAVE ${arch.wave}`,
    '#ifdef __CLANG_HIP_RUNTIME_WRAPPER_H__',
    '#include <hip/hip_runtime.h>',
    '#define KT_LAUNCH(kernel, grid, block, shared, ...) kernel<<<grid, block, shared, (hipStream_t)stream>>>(__VA_ARGS__)',
    '#define KT_STATUS() (int)hipGetLastError()',
    '#else',
    ...BARE,
    '#endif',
    'static __device__ inline int kt_lane() { return __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0)); }',
  ],
  functions: HIP_FUNCTIONS,
  build: (arch) =>
    `Build with hipcc -std=c++17 --offload-arch=${arch.name}; the device's part needs no headers (clang++ -x hip --cuda-device-only -nogpuinc).`,
  accept: acceptHip,
  compile: clangReadiness,
};

/** HIP for AMD GPUs. */
export const hip = simtBackend(family);
