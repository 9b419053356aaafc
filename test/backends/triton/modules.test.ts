import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { acceptTriton } from '../../../src/backends/triton/accept.ts';
import { formatted, python, ruff } from '../../../src/backends/triton/toolchain.ts';
import { archNamed, graphOf, moduleOf } from './graphs.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'ktune-triton-'));
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

const SIX: readonly (readonly [name: string, type?: string])[] = [
  ['softmax', 'f32'],
  ['rmsnorm', 'f16'],
  ['linear_gelu', 'f16'],
  ['attention', 'f32'],
  ['pooled_embedding', 'f16'],
  ['sigrid_hash'],
];

test(
  'six modules and the example of the page run in a plain script and pass opcheck',
  { timeout: 240_000 },
  async () => {
    for (const [name, type] of SIX) writeFileSync(join(dir, `${name}.py`), moduleOf(graphOf(name, type)).text);
    const script = fileURLToPath(new URL('plain.py', import.meta.url));
    const page = readFileSync(new URL('../../../docs/triton.md', import.meta.url), 'utf8');
    writeFileSync(join(dir, 'example.py'), must(/```python\n([\s\S]*?)```/.exec(page)?.[1], 'example'));
    const ran = await execa(python(), [script, dir], { reject: false, all: true });
    const said = [...SIX.map(([name]) => `${name}: right, refuses, opcheck passes`), 'example: right'];
    // NumPy warns of what lanes beyond a row compute; nobody reads that.
    expect(ran.stdout.split('\n'), ran.failed ? (ran.all ?? '').slice(-2000) : '').toEqual(said);
  },
);

test('ruff finds nothing in modules, and nothing to lay out once it has', { timeout: 60_000 }, async () => {
  const modules: readonly (readonly [name: string, type?: string])[] = [
    ...SIX,
    ['conv2d', 'bf16'],
    ['cumsum'],
    ['bucketize_sparse'],
    ['adamw'],
    ['topk_gate'],
    ['add_rmsnorm_quant_f8', 'bf16'],
  ];
  const files: string[] = [];
  for (const [name, type] of modules) {
    const file = join(dir, `${name}_laid_out.py`);
    writeFileSync(file, await formatted(moduleOf(graphOf(name, type)).text));
    files.push(file);
  }
  const check = await execa(ruff(), ['check', '--isolated', ...files], { reject: false, all: true });
  expect(check.all).toBe('All checks passed!');
  const format = await execa(ruff(), ['format', '--isolated', '--check', ...files], { reject: false, all: true });
  expect(format.all).toBe(`${files.length} files already formatted`);
});

test.each(['sm_90', 'sm_100', 'gfx942'])('modules compile for %s', { timeout: 120_000 }, async (name) => {
  for (const [op, type, config] of [
    ['softmax', 'f32', {}],
    ['sigrid_hash', undefined, {}],
    ['matmul', 'bf16', { block_m: 32, block_n: 32 }],
  ] as const) {
    const arch = archNamed(name);
    const taken = await acceptTriton(arch, moduleOf(graphOf(op, type), config, arch), dir);
    if (!taken.ok) throw new Error(taken.log);
    for (const m of taken.metrics) {
      expect(m.registers).toBeGreaterThan(8);
      expect(m.spillBytes).toBe(0);
    }
    // A block of whole rows, and pieces of rows behind it.
    expect(taken.metrics.length).toBe(op === 'softmax' ? 2 : 1);
  }
});

test('what a device has too little memory for is refused with figures', { timeout: 60_000 }, async () => {
  const arch = archNamed('gfx90a');
  const config = { block_m: 128, block_n: 128, block_k: 64, num_stages: 4 };
  const taken = await acceptTriton(arch, moduleOf(graphOf('matmul', 'f32'), config, arch), dir);
  expect(taken.ok ? '' : taken.log).toMatch(
    /matmul_k0_y: .*(?:\d+ bytes of shared memory, 65536 are there|OutOfResources)/,
  );
});

test('what the compiler does not take is named, and the next module compiles', { timeout: 60_000 }, async () => {
  const right = moduleOf(graphOf('sigrid_hash'));
  const wrong = { ...right, body: right.body.replace('tl.store(', 'tl.stor(') };
  const refused = await acceptTriton(archNamed('sm_90'), wrong, dir);
  expect(refused.ok ? '' : refused.log).toMatch(/^sigrid_hash_k0_o: .*/);
  expect(refused.ok ? '' : refused.log).toContain('stor');
  expect((await acceptTriton(archNamed('sm_90'), right, dir)).ok).toBe(true);
});
