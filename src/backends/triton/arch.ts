import type { Arch } from '../backend.ts';

/** A device that Triton compiles for, as its `GPUTarget` names it. */
export interface TritonArch extends Arch {
  readonly target: { readonly backend: 'cuda' | 'hip'; readonly arch: number | string; readonly wave: 32 | 64 };
}
const origin = 'triton.backends.compiler.GPUTarget';
const arch = (name: string, target: TritonArch['target']): TritonArch => ({
  name,
  target,
  figures: { wave: { value: target.wave, unit: 'thread', origin } },
});

export const TRITON_ARCHS: readonly TritonArch[] = [
  arch('sm_80', { backend: 'cuda', arch: 80, wave: 32 }),
  arch('sm_90', { backend: 'cuda', arch: 90, wave: 32 }),
  arch('sm_100', { backend: 'cuda', arch: 100, wave: 32 }),
  arch('gfx90a', { backend: 'hip', arch: 'gfx90a', wave: 64 }),
  arch('gfx942', { backend: 'hip', arch: 'gfx942', wave: 64 }),
  arch('gfx950', { backend: 'hip', arch: 'gfx950', wave: 64 }),
];
