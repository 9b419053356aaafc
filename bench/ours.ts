import { join } from 'node:path';
import { readFileSync, rmSync } from 'node:fs';
import { must } from '../src/assert.ts';
import type { Emitted } from '../src/codegen/program.ts';
import { install } from '../src/measure/install.ts';
import type { Answer, Call, Op } from '../src/measure/protocol.ts';
import type { Runner } from '../src/measure/runner-client.ts';
import { createWorkload } from '../src/measure/workload.ts';
import type { Subject } from '../src/tuner/subject.ts';

/** Emitted variants in a runner. Arrays are staggered, on huge pages, and allocated once. */
export interface Ours {
  /** Milliseconds of one call of variant `k`; short kernels are called until `minMs` have passed. */
  sample(k: number, minMs: number): Promise<number>;
  /** Runs variant `k` and returns what is in its outputs, by name. */
  outputs(k: number): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** The result of a request; a fault is thrown. */
export const good = <O extends Op>(answer: Answer<O>): Extract<Answer<O>, { ok: true }>['result'] => {
  if (answer.ok) return answer.result;
  throw new Error(`runner: ${JSON.stringify(answer.fault)}`);
};

/** Compiles `variants` as one object, loads it and allocates what they need. */
export async function loadOurs(
  runner: Runner,
  { backend, arch, inputs }: Subject,
  variants: readonly Emitted[],
  dir: string,
): Promise<Ours> {
  const compiled = await backend.compile(arch, variants, join(dir, 'lib'));
  if (!compiled.ok) throw new Error(compiled.log);
  const { path, entries } = compiled.compiled;
  good(await runner.request({ op: 'load', lib: 'ours', path, entries }));
  const workload = createWorkload(must(variants[0], 'variant').abi, inputs);
  const installation = await install(runner, workload, { scratch: dir, place: 'stagger', cold: false });
  if (!installation.ok) throw new Error(installation.problem.message);
  const calls: Call[] = [];
  for (const [k, v] of variants.entries()) {
    const prepared = await installation.installed.call('ours', must(entries[k], 'entry'), v.abi);
    if (!prepared.ok) throw new Error(`runner: ${JSON.stringify(prepared.fault)}`);
    calls.push(prepared.call);
  }
  // Each variant sized the workspaces for itself: all of them share the largest.
  const wanted = variants.map((v) => workload.bind(v.abi).workspaces);
  for (let i = 0; wanted.some((w) => i < w.length); i++) {
    const bytes = Math.max(...wanted.map((w) => w[i] ?? 0));
    good(
      await runner.request({ op: 'alloc', buf: `workspace${i}`, bytes, access: 'out', place: 'stagger', align: 64 }),
    );
  }
  return {
    async sample(k, minMs) {
      const call = must(calls[k], 'call');
      const r = good(
        await runner.request({ op: 'time', calls: [call], order: [0], minNs: minMs * 1e6, limitMs: 60_000 }),
      );
      return must(r.samples[0], 'sample') / 1e6;
    },
    async outputs(k) {
      good(await runner.request({ op: 'run', call: must(calls[k], 'call'), limitMs: 60_000 }));
      const out = new Map<string, Uint8Array>();
      for (const a of workload.arrays.filter((x) => x.role !== 'in')) {
        const file = join(dir, 'ours.bin');
        good(await runner.request({ op: 'read', buf: a.name, offset: 0, bytes: a.bytes, path: file }));
        out.set(a.name, new Uint8Array(readFileSync(file)));
        rmSync(file);
      }
      return out;
    },
  };
}
