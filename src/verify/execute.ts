import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BufId, StageGraph } from '../codegen/ir/stage.ts';
import type { Scalar, Tensor } from '../codegen/numeric/tensor.ts';
import type { Abi } from '../codegen/program.ts';
import { install } from '../measure/install.ts';
import type { Installed } from '../measure/install.ts';
import type { Fault, Placement } from '../measure/protocol.ts';
import type { Runner } from '../measure/runner-client.ts';
import { must } from '../assert.ts';
import { createWorkload } from '../measure/workload.ts';
import type { Inputs, Workload } from '../measure/workload.ts';
import type { CaseData } from './data.ts';
import type { Sizes } from './sizes.ts';

/** A kernel in a library that a runner has loaded. */
export interface Loaded {
  readonly lib: string;
  readonly abi: Abi;
}
export interface ExecuteOptions {
  readonly scratch: string;
  readonly place: Placement;
  /** Calls of the kernel that share the work. */
  readonly parts: number;
  /** Room for ragged results, in items, by ragged axis; what they need if absent. */
  readonly capacities: Readonly<Record<string, number>>;
  readonly limitMs: number;
}

/** What a kernel left in its outputs, under two poisons. */
export type Execution =
  | {
      readonly ok: true;
      /** Bytes of each `out` and `inout` buffer, one for each element of a list. */
      readonly outputs: ReadonlyMap<BufId, readonly Uint8Array[]>;
      /** The same after another run, over other poison or in another order of threads: what differs was not written, or was not computed from the inputs alone. */
      readonly again: ReadonlyMap<BufId, readonly Uint8Array[]>;
    }
  | { readonly ok: false; readonly fault: Fault };

/** Bytes that outputs hold before a run: all ones is a NaN in every float type, the other is a plausible finite value. */
const POISONS = [0xff, 0x3b];

/** Runs a kernel on the inputs of a case, twice at least and in each order of its threads, each time into poisoned outputs. */
export async function execute(
  runner: Runner,
  graph: StageGraph,
  kernel: Loaded,
  sizes: Sizes,
  data: CaseData,
  options: ExecuteOptions,
): Promise<Execution> {
  const [only] = await executeAll(runner, graph, [kernel], sizes, data, options);
  return must(only, 'an execution');
}

/** The same for several kernels of one graph, whose inputs are installed once; in their order. */
export async function executeAll(
  runner: Runner,
  graph: StageGraph,
  kernels: readonly Loaded[],
  sizes: Sizes,
  data: CaseData,
  options: ExecuteOptions,
): Promise<readonly Execution[]> {
  const [first] = kernels;
  if (first === undefined) return [];
  const workload = createWorkload(first.abi, callInputs(graph, sizes, data, options.capacities));
  const installation = await install(runner, workload, { scratch: options.scratch, place: options.place, cold: false });
  if (!installation.ok) {
    const fault = { kind: 'refused', message: installation.problem.message } as const;
    return kernels.map(() => ({ ok: false, fault }));
  }
  const done: Execution[] = [];
  try {
    for (const kernel of kernels) done.push(await runTwice(runner, kernel, workload, installation.installed, options));
  } finally {
    await installation.installed.release();
  }
  return done;
}

async function runTwice(
  runner: Runner,
  kernel: Loaded,
  workload: Workload,
  installed: Installed,
  options: ExecuteOptions,
): Promise<Execution> {
  const prepared = await installed.call(kernel.lib, `${kernel.abi.entry}_call`, kernel.abi, options.parts);
  if (!prepared.ok) return prepared;
  const written = workload.arrays.filter((a) => a.role !== 'in');
  const runs: ReadonlyMap<BufId, readonly Uint8Array[]>[] = [];
  // Each order of threads has a run, at least one of them over either poison.
  for (let k = 0; k < Math.max(POISONS.length, kernel.abi.orders ?? 0); k++) {
    const poison = must(POISONS[k % POISONS.length], 'poison');
    for (const array of written) {
      const from =
        array.role === 'out'
          ? ({ kind: 'byte', value: poison } as const)
          : ({ kind: 'copy', buf: `${array.name}!` } as const);
      const filled = await runner.request({ op: 'fill', buf: array.name, from });
      if (!filled.ok) return filled;
    }
    // What another kernel left there must not help this one.
    for (const buf of prepared.workspaces) {
      const filled = await runner.request({ op: 'fill', buf, from: { kind: 'byte', value: poison } });
      if (!filled.ok) return filled;
    }
    const ran = await runner.request({ op: 'run', call: prepared.call, limitMs: options.limitMs });
    if (!ran.ok) return ran;
    const outputs = new Map<BufId, Uint8Array[]>();
    for (const array of written) {
      const path = join(options.scratch, 'out.bin');
      const got = await runner.request({ op: 'read', buf: array.name, offset: 0, bytes: array.bytes, path });
      if (!got.ok) return got;
      const id = array.name.replace(/\{\d+\}$/, '');
      const list = outputs.get(id) ?? [];
      list.push(new Uint8Array(readFileSync(path)));
      outputs.set(id, list);
      rmSync(path, { force: true });
    }
    runs.push(outputs);
  }
  const [outputs, again, ...more] = runs;
  if (outputs === undefined || again === undefined) throw new Error('internal: two runs');
  const other = more.find((run, k) => !sameBytes(run, must(runs[k % POISONS.length], 'run')));
  return { ok: true, outputs, again: other ?? again };
}

const sameBytes = (
  x: ReadonlyMap<BufId, readonly Uint8Array[]>,
  y: ReadonlyMap<BufId, readonly Uint8Array[]>,
): boolean => [...x].every(([id, list]) => list.every((a, k) => Buffer.compare(a, must(y.get(id)?.[k], id)) === 0));

const bytesOf = (t: Tensor): Uint8Array => new Uint8Array(t.data.buffer, t.data.byteOffset, t.data.byteLength);

/** A case as the runner takes it; capacities also under the name of the offsets buffer, which shapes mention. */
export function callInputs(
  graph: StageGraph,
  sizes: Sizes,
  data: CaseData,
  capacities: Readonly<Record<string, number>>,
): Inputs {
  const lists = new Set(graph.buffers.filter((b) => b.list !== undefined).map((b) => b.id));
  const arrays = Object.fromEntries(
    [...data.tensors].map(([id, list]) => {
      const bytes = list.map(bytesOf);
      return [id, lists.has(id) ? bytes : (bytes[0] ?? new Uint8Array())];
    }),
  );
  const byOffsets = graph.buffers.flatMap((b) => {
    const room = b.offsetsOf === undefined || b.role !== 'out' ? undefined : capacities[b.offsetsOf];
    return room === undefined ? [] : [[b.id, room] as const];
  });
  return {
    dims: Object.fromEntries(sizes.dims),
    scalars: Object.fromEntries(data.scalars) as Record<string, Exclude<Scalar, never>>,
    arrays,
    capacities: { ...capacities, ...Object.fromEntries(byOffsets) },
  };
}
