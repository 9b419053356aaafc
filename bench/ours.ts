import { must } from '../src/assert.ts';
import type { Arch } from '../src/backends/backend.ts';
import { cpp } from '../src/backends/cpp/cpp.ts';
import type { Emitted } from '../src/codegen/program.ts';
import type { Answer, Call, Op } from '../src/measure/protocol.ts';
import type { Runner } from '../src/measure/runner-client.ts';
import { createWorkload } from '../src/measure/workload.ts';
import type { Inputs } from '../src/measure/workload.ts';

/** Emitted variants in a runner: one timed call per sample. Arrays are staggered, on huge pages, and allocated once. */
export interface Ours {
  /** Nanoseconds of one call of variant `k`; the kernels read every input and write every output each time. */
  sample(k: number): Promise<number>;
  /** Runs variant `k` and returns the bytes of the output `name`. */
  output(k: number, name: string, path: string): Promise<void>;
}

const good = <O extends Op>(answer: Answer<O>): Extract<Answer<O>, { ok: true }>['result'] => {
  if (answer.ok) return answer.result;
  throw new Error(`runner: ${JSON.stringify(answer.fault)}`);
};

/** Compiles `variants` as one object, loads it and allocates what they need. */
export async function loadOurs(
  runner: Runner,
  arch: Arch,
  variants: readonly Emitted[],
  inputs: Inputs,
  cacheDir: string,
): Promise<Ours> {
  const compiled = await cpp.compile(arch, variants, cacheDir);
  if (!compiled.ok) throw new Error(compiled.log);
  const { path, entries } = compiled.compiled;
  good(await runner.request({ op: 'load', lib: 'ours', path, entries }));
  const workload = createWorkload(must(variants[0], 'variant').abi, inputs);
  const files: Record<string, string> = {};
  for (const a of workload.arrays) {
    const access = a.role;
    good(await runner.request({ op: 'alloc', buf: a.name, bytes: a.bytes, access, place: 'stagger', align: 64 }));
    if (a.contents !== undefined) {
      const file = must(inputFile(a.name, cacheDir), a.name);
      files[a.name] = file;
      good(await runner.request({ op: 'fill', buf: a.name, from: { kind: 'file', path: file, offset: 0 } }));
    } else good(await runner.request({ op: 'fill', buf: a.name, from: { kind: 'byte', value: 0 } }));
  }
  const bound = variants.map((v) => workload.bind(v.abi));
  const rooms = bound.flatMap((x) => x.workspaces.map((bytes, i) => ({ name: `workspace${i}`, bytes })));
  for (const name of new Set(rooms.map((r) => r.name))) {
    const bytes = Math.max(...rooms.filter((r) => r.name === name).map((r) => r.bytes));
    good(await runner.request({ op: 'alloc', buf: name, bytes, access: 'out', place: 'stagger', align: 64 }));
  }
  const calls = bound.map((x, k): Call => ({ lib: 'ours', entry: must(entries[k], 'entry'), sets: [x.args] }));
  return {
    async sample(k) {
      const call = must(calls[k], 'call');
      const r = good(await runner.request({ op: 'time', calls: [call], order: [0], minNs: 0, limitMs: 60_000 }));
      return must(r.samples[0], 'sample');
    },
    async output(k, name, path_) {
      good(await runner.request({ op: 'run', call: must(calls[k], 'call'), limitMs: 60_000 }));
      const bytes = must(
        workload.arrays.find((a) => a.name === name),
        name,
      ).bytes;
      good(await runner.request({ op: 'read', buf: name, offset: 0, bytes, path: path_ }));
    },
  };
}

/** Where the input `name` lies for the runner and for peers. */
export const inputFile = (name: string, cacheDir: string): string => `${cacheDir}/${name}.bin`;
