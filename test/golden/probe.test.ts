import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { verifyTile } from '../../src/codegen/ir/tile-verify.ts';
import type { TileProgram } from '../../src/codegen/ir/tile.ts';
import { planNamed } from '../../src/codegen/plan/planner.ts';
import { lowerProgram } from '../../src/codegen/tile/program.ts';
import { SCALAR } from '../../src/codegen/tile/vectorise.ts';
import { matmul, rmsnorm, sigridHash } from '../fixtures/graphs.ts';
import { cudaText } from './probe/cuda.ts';
import { tiledMatmul } from './probe/matmul.ts';

const blocks = (graph: Parameters<typeof planNamed>[0]): TileProgram =>
  lowerProgram(planNamed(graph, 'fused'), { outer: { kind: 'grid', dim: 0, flat: false }, schedule: () => ({ ...SCALAR, block: 256 }) });

const PROBES: readonly (readonly [name: string, program: TileProgram])[] = [
  ['rmsnorm', blocks(rmsnorm('f32'))],
  ['sigrid_hash', blocks(sigridHash())],
  ['dot_rows', blocks(matmul())],
  ['matmul', tiledMatmul()],
];
const hasNvcc = spawnSync('nvcc', ['--version']).status === 0;

/** Tile IR must carry GPU targets: the same lowering, bound to blocks and lanes, printed by the same printer. */
describe('seam probe: tile IR in a CUDA-like dialect', () => {
  test.each(PROBES)('%s is sound and prints', async (name, program) => {
    expect(verifyTile(program)).toEqual([]);
    await expect(cudaText(program)).toMatchFileSnapshot(`./${name}/probe.cu`);
  });

  test.runIf(hasNvcc).each(PROBES)('nvcc compiles %s for sm_90', (_, program) => {
    const dir = mkdtempSync(join(tmpdir(), 'ktune-probe-'));
    try {
      writeFileSync(join(dir, 'k.cu'), cudaText(program));
      const run = () => execFileSync('nvcc', ['-std=c++17', '-arch=sm_90', '-cubin', '-o', join(dir, 'k.cubin'), join(dir, 'k.cu')], { stdio: 'pipe' });
      expect(run).not.toThrow();
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
