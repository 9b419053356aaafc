import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { cuda } from '../../../src/backends/cuda/cuda.ts';
import { hip } from '../../../src/backends/hip/hip.ts';
import { graphOf } from '../../conformance/backend.suite.ts';

const TARGETS = [
  {
    backend: cuda,
    arch: 'sm_90',
    wide: { load: /ld\.global\S*\.v4/, store: /st\.global\S*\.v4/ },
    product: 'mma.sync.aligned.m16n8k16',
  },
  {
    backend: hip,
    arch: 'gfx942',
    wide: { load: /global_load_dwordx4/, store: /global_store_dwordx4/ },
    product: 'v_mfma_f32_16x16x16',
  },
] as const;

const GOLDENS = [
  ['rmsnorm', 'bf16'],
  ['softmax', undefined],
  ['matmul', 'f32'],
  ['cumsum', undefined],
  ['sigrid_hash', undefined],
  ['pooled_embedding', 'f32'],
  ['linear_gelu', 'bf16'],
] as const;

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'ktune-simt-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe.each(TARGETS)('$backend.name:$arch', ({ backend, arch: archName, wide, product }) => {
  const arch = must(
    backend.archs.find((a) => a.name === archName),
    archName,
  );
  const emitted = (name: string, type: string | undefined): ReturnType<typeof backend.emit> =>
    backend.emit(graphOf(name, type), arch, {}, { dims: {} }, name);

  test.each(GOLDENS)('%s reads as it stands', async (name, type) => {
    const made = emitted(name, type);
    if (!made.ok) throw new Error(JSON.stringify(made.reasons));
    await expect(made.emitted.text).toMatchFileSnapshot(`../../golden/${name}/${archName}.${backend.extension}`);
  });

  test('the vendor’s compiler takes the default config, keeps it in registers and moves 16 bytes at a time', async (c) => {
    const { compile } = (await backend.readiness(arch)).levels;
    if (!compile.ok) return c.skip(`${compile.detail}; ${compile.fix ?? ''}`);
    for (const [name, type] of [
      ['rmsnorm', 'bf16'],
      ['softmax', undefined],
      ['adamw', undefined],
    ] as const) {
      const made = emitted(name, type);
      if (!made.ok) throw new Error(JSON.stringify(made.reasons));
      const taken = must(await backend.accept?.(arch, made.emitted, dir), 'an answer of the compiler');
      if (!taken.ok) throw new Error(taken.log);
      expect(taken.metrics.map((m) => m.spillBytes ?? 0).filter((n) => n > 0)).toEqual([]);
      const listing = readFileSync(must(taken.listing, 'a listing'), 'utf8');
      expect(listing).toMatch(wide.load);
      expect(listing).toMatch(wide.store);
    }
  }, 60_000);

  test('the vendor’s compiler takes products of 16-bit floats to the matrix unit, without spills', async (c) => {
    const { compile } = (await backend.readiness(arch)).levels;
    if (!compile.ok) return c.skip(`${compile.detail}; ${compile.fix ?? ''}`);
    for (const type of ['bf16', 'f16']) {
      const made = emitted('matmul', type);
      if (!made.ok) throw new Error(JSON.stringify(made.reasons));
      const taken = must(await backend.accept?.(arch, made.emitted, dir), 'an answer of the compiler');
      if (!taken.ok) throw new Error(taken.log);
      expect(taken.metrics.map((m) => m.spillBytes ?? 0).filter((n) => n > 0)).toEqual([]);
      const listing = readFileSync(must(taken.listing, 'a listing'), 'utf8');
      expect(listing).toContain(product);
      expect(listing).toMatch(wide.load);
    }
  }, 60_000);
});
