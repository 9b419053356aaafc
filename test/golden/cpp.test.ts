import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { must } from '../../src/assert.ts';
import { cpp } from '../../src/backends/cpp/cpp.ts';
import type { Config } from '../../src/codegen/space/space.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import { compile, examplesText, languageText, smallConsts } from '../fixtures/programs.ts';

const ops = (name: string): string => readFileSync(new URL(`../../ops/${name}.ktune`, import.meta.url), 'utf8');

interface Golden {
  readonly op: string;
  readonly text: string;
  /** Instance by its type, where there are several. */
  readonly type?: string;
  readonly arch: string;
  readonly config?: Config;
  readonly dims?: Readonly<Record<string, number>>;
}
const GOLDENS: readonly Golden[] = [
  { op: 'rmsnorm', text: ops('rmsnorm'), type: 'bf16', arch: 'avx2', dims: { B: 4096, D: 4096 } },
  { op: 'rmsnorm', text: ops('rmsnorm'), type: 'f32', arch: 'avx512', dims: { B: 4096, D: 4096 } },
  { op: 'sigrid_hash', text: ops('sigrid_hash'), arch: 'avx2' },
  { op: 'pooled_embedding', text: ops('pooled_embedding'), type: 'f32', arch: 'avx2', dims: { B: 2048, D: 64, V: 1000000 }, config: { unroll: 8 } },
  { op: 'attention_causal', text: ops('attention'), type: 'bf16', arch: 'avx2', config: { assume: false } },
  { op: 'matmul', text: ops('matmul'), type: 'f32', arch: 'avx2', dims: { M: 64, N: 64, K: 64 }, config: { assume: false } },
  { op: 'softmax', text: languageText, arch: 'avx2', config: { assume: false } },
  { op: 'transpose', text: ops('transpose'), type: 'f32', arch: 'avx2', config: { assume: false } },
  { op: 'cumsum', text: examplesText, arch: 'generic' },
  { op: 'bucketize_sparse', text: languageText, arch: 'avx2' },
  { op: 'quantize_packed', text: examplesText, arch: 'generic', config: { vector: 0 } },
  { op: 'sort_rows', text: examplesText, arch: 'avx2' },
  { op: 'lstm_layer2', text: examplesText, arch: 'avx2', config: { vector: 0 } },
];

/** Emitted kernels as a reviewer reads them: a change of the generator shows here as a change of code. */
test.each(GOLDENS)('$op on cpp:$arch', async (g) => {
  const instance = must(
    compile(g.text).find((o) => o.name === g.op && (g.type === undefined || Object.values(o.types).some((t) => t === g.type))),
    g.op,
  );
  const lowered = lower(instance, smallConsts(instance));
  if (!lowered.ok) throw new Error(JSON.stringify(lowered.refusals));
  const arch = must(cpp.archs.find((a) => a.name === g.arch), 'arch');
  const result = cpp.emit(lowered.graph, arch, g.config ?? {}, { dims: g.dims ?? {} }, g.op);
  if (!result.ok) throw new Error(JSON.stringify(result.reasons));
  const suffix = g.type === undefined ? '' : `-${g.type}`;
  await expect(result.emitted.text).toMatchFileSnapshot(`./${g.op}/${g.arch}${suffix}.cpp`);
});
