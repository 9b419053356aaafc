import { simtBackend } from '../simt/backend.ts';
import type { Family } from '../simt/family.ts';
import { acceptCuda, nvccReadiness } from './accept.ts';
import { CUDA_ARCHS } from './arch.ts';
import { CUDA_FUNCTIONS } from './functions.ts';

const family: Family = {
  name: 'cuda',
  archs: CUDA_ARCHS,
  extension: 'cu',
  head: (arch) => [
    `#define KT_WAVE ${arch.wave}`,
    '#ifndef __CUDACC_RTC__',
    '#define KT_LAUNCH(kernel, grid, block, shared, ...) kernel<<<grid, block, shared, (cudaStream_t)stream>>>(__VA_ARGS__)',
    '#define KT_STATUS() (int)cudaGetLastError()',
    '#endif',
  ],
  functions: CUDA_FUNCTIONS,
  build: (arch) => `Build with nvcc -std=c++17 -arch=${arch.name}, or with NVRTC for the device's part.`,
  accept: acceptCuda,
  compile: nvccReadiness,
};

/** CUDA C++ for NVIDIA GPUs. */
export const cuda = simtBackend(family);
