import type { Arch } from '../backend.ts';

/** A device that Triton compiles for, as its `GPUTarget` names it. */
export interface TritonArch extends Arch {
  readonly target: { readonly backend: 'cuda' | 'hip'; readonly arch: number | string; readonly wave: 32 | 64 };
}
const origin = 'triton.backends.compiler.GPUTarget';
const NVIDIA = 'CUDA C++ Programming Guide, compute capabilities: most shared memory of a block';
const AMD = 'AMD Instinct ISA guides: local data share of a compute unit';
const arch = (name: string, target: TritonArch['target'], shared: number): TritonArch => ({
  name,
  target,
  figures: {
    wave: { value: target.wave, unit: 'thread', origin },
    sharedBytes: { value: shared, unit: 'byte', origin: target.backend === 'cuda' ? NVIDIA : AMD },
  },
});

export const TRITON_ARCHS: readonly TritonArch[] = [
  arch('sm_80', { backend: 'cuda', arch: 80, wave: 32 }, 166_912),
  arch('sm_90', { backend: 'cuda', arch: 90, wave: 32 }, 232_448),
  arch('sm_100', { backend: 'cuda', arch: 100, wave: 32 }, 232_448),
  arch('gfx90a', { backend: 'hip', arch: 'gfx90a', wave: 64 }, 65_536),
  arch('gfx942', { backend: 'hip', arch: 'gfx942', wave: 64 }, 65_536),
  arch('gfx950', { backend: 'hip', arch: 'gfx950', wave: 64 }, 163_840),
];
