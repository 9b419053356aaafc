import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { must } from '../../../src/assert.ts';
import { describeArch } from '../../../src/backends/cpp/arch.ts';
import { cpp } from '../../../src/backends/cpp/cpp.ts';
import { batchText } from '../../../src/backends/clike/file.ts';
import { compile } from '../../../src/compile.ts';
import type { Config } from '../../../src/codegen/space/space.ts';
import type { Emitted } from '../../../src/codegen/program.ts';
import { matmul, pooledEmbedding, rmsnorm, sigridHash } from '../../fixtures/graphs.ts';
import type { StageGraph } from '../../../src/codegen/ir/stage.ts';

const archNamed = (name: string) =>
  must(
    cpp.archs.find((a) => a.name === name),
    name,
  );
function emit(graph: StageGraph, arch: string, config: Config = {}, entry = graph.name): Emitted {
  const result = cpp.emit(graph, archNamed(arch), config, { dims: {} }, entry);
  if (!result.ok) throw new Error(JSON.stringify(result.reasons));
  return result.emitted;
}

describe('emitted text', () => {
  const all = [rmsnorm(), rmsnorm('f32'), sigridHash(), pooledEmbedding(), matmul()];
  test.each(all)('$name includes nothing and defines no function that it does not use', (graph) => {
    for (const config of [{}, { vector: 0 }]) {
      const { text } = emit(graph, 'avx2', config);
      expect(text).not.toContain('#include');
      const flags = [
        '-std=c++17',
        '-fsyntax-only',
        '-mavx2',
        '-Wno-psabi',
        '-Werror=unused-function',
        '-x',
        'c++',
        '-',
      ];
      // Unused inline functions are not worth a warning to a compiler; others are.
      const input = text.replaceAll('static inline', 'static');
      expect(() => execFileSync('g++', flags, { input, stdio: ['pipe', 'ignore', 'pipe'] })).not.toThrow();
    }
  });

  test('is the same for the same config and differs between configs', () => {
    expect(emit(rmsnorm(), 'avx2').text).toBe(emit(rmsnorm(), 'avx2').text);
    expect(emit(rmsnorm(), 'avx2', { unroll: 1 }).body).not.toBe(emit(rmsnorm(), 'avx2').body);
  });

  test('divides a row by a scalar through its reciprocal, unless the division is strict or the tier is 1', () => {
    const rows = (quotient: string): StageGraph => {
      const text = `op over(x: f32[N, D], s: f32[N]) -> (y: f32[N, D]) { y[n, d] = ${quotient}; }`;
      const made = compile({ text, file: 'over.ktune', op: 'over', backend: cpp, arch: archNamed('avx2') });
      if (!made.ok) throw new Error(made.stage);
      return made.graph;
    };
    expect(emit(rows('x[n, d] / s[n]'), 'avx2').text).toContain('divide_f32_x8(');
    expect(emit(rows('strict(x[n, d] / s[n])'), 'avx2').text).not.toContain('divide_f32_x8(');
    expect(emit(rows('x[n, d] / s[n]'), 'avx2', { math: 1 }).text).not.toContain('divide_f32_x8(');
  });

  test('shares helpers between the variants of a batch and keeps their own names apart', () => {
    const variants = [emit(rmsnorm(), 'avx2', {}, 'first'), emit(rmsnorm(), 'avx2', { unroll: 1 }, 'second')];
    const text = batchText(variants);
    expect(text.match(/static inline f32 bf16_to_f32\(/g)).toHaveLength(1);
    expect(text.match(/extern "C" void (first|second)_call\(/g)).toHaveLength(2);
  });

  test('describes how it is called', () => {
    const { abi } = emit(rmsnorm(), 'avx2');
    expect(abi.params.map((p) => ('name' in p ? p.name : p.kind))).toEqual(['x', 'w', 'y', 'B', 'D', 'eps']);
    expect(abi.phases).toBe(1);
    expect(emit(rmsnorm(), 'avx2', { plan: 'apart' }).abi).toMatchObject({ phases: 2 });
  });

  test.each(cpp.archs.map((a) => a.name))(
    'for %s compiles with the instruction set it is meant for',
    (name) => {
      const dir = mkdtempSync(join(tmpdir(), 'ktune-isa-'));
      try {
        const variants = all.map((g, k) => emit(g, name, {}, `${g.name}_${k}`));
        writeFileSync(join(dir, 'k.cpp'), batchText(variants));
        const flags = ['-std=c++17', '-O1', '-w', '-fno-math-errno', '-fwrapv', ...describeArch(archNamed(name)).flags];
        const run = () =>
          execFileSync('g++', [...flags, '-c', join(dir, 'k.cpp'), '-o', join(dir, 'k.o')], { stdio: 'pipe' });
        expect(run).not.toThrow();
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
    60_000,
  );
});
