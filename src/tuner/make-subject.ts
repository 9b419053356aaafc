import { createHash } from 'node:crypto';
import type { Arch, Backend } from '../backends/backend.ts';
import { evaluate } from '../backends/reference/evaluate.ts';
import type { StageGraph } from '../codegen/ir/stage.ts';
import type { Tol } from '../dsl/ast.ts';
import type { Case } from '../verify/case.ts';
import { compareOutputs } from '../verify/compare.ts';
import { caseData } from '../verify/data.ts';
import { callInputs } from '../verify/execute.ts';
import { resolveSizes } from '../verify/sizes.ts';
import type { Output } from '../backends/reference/outputs.ts';
import { DTYPES } from '../dsl/dtypes.ts';
import { createWorkload } from '../measure/workload.ts';
import type { ArraySpec } from '../measure/workload.ts';
import type { Emitted } from '../codegen/program.ts';
import type { OutputReader, Subject, Verdict } from './subject.ts';

/** Rows of each result that the reference evaluates at the tuned shape. */
const SAMPLED_ROWS = 24;

/**
 * A subject with drawn data and the reference's values for a sample of its results. `sized` gives dims, row lengths and scalars; sizes
 * that no call can have are answered with the reason.
 */
export function makeSubject(parts: {
  readonly graph: StageGraph;
  readonly backend: Backend;
  readonly arch: Arch;
  readonly sized: Case;
  readonly tolerances: Readonly<Record<string, Tol>>;
}): { readonly ok: true; readonly subject: Subject } | { readonly ok: false; readonly problem: string } {
  const { graph, sized } = parts;
  const sizes = resolveSizes(graph, sized);
  if (typeof sizes === 'string') return { ok: false, problem: sizes };
  const data = caseData(graph, sized, sizes);
  const buffers = Object.fromEntries(
    graph.buffers.flatMap((b) => {
      const list = data.tensors.get(b.id);
      const only = list?.[0];
      if (list === undefined) return [];
      return [[b.id, b.list === undefined && only !== undefined ? only : list] as const];
    }),
  );
  const evaluation = evaluate(
    graph,
    { dims: Object.fromEntries(sizes.dims), scalars: Object.fromEntries(data.scalars), buffers },
    { sample: { count: SAMPLED_ROWS, seed: sized.seed } },
  );
  if (!evaluation.ok) return { ok: false, problem: evaluation.problems.map((p) => p.text).join('; ') };
  const { outputs: expected } = evaluation;
  const capacities = Object.fromEntries(
    graph.buffers.flatMap((b) => {
      const needed = expected[b.id]?.[0]?.needed;
      return b.capacity === undefined || needed === undefined ? [] : [[b.capacity.ragged, needed] as const];
    }),
  );
  const inputs = callInputs(graph, sizes, data, capacities);

  // Large results are compared in the same memory again and again.
  const rooms = new Map<string, Uint8Array>();
  const room = (array: ArraySpec): Uint8Array => {
    const known = rooms.get(array.name) ?? new Uint8Array(array.bytes);
    rooms.set(array.name, known);
    return known;
  };
  const verify = async (run: { readonly emitted: Emitted; readonly outputs: OutputReader }): Promise<Verdict> => {
    const got = new Map<string, Uint8Array[]>();
    for (const array of createWorkload(run.emitted.abi, inputs).arrays) {
      if (array.role === 'in') continue;
      const id = array.name.replace(/\{\d+\}$/, '');
      const list = got.get(id) ?? [];
      got.set(id, [...list, await readCovered(run.outputs, array, expected[id]?.[list.length], room)]);
    }
    const c = compareOutputs(expected, got, got, parts.tolerances);
    if (c.mismatch !== undefined) {
      const m = c.mismatch;
      return {
        ok: false,
        detail: `${m.buffer}[${m.index.join(', ')}] is ${m.got}, not ${m.expected}${m.bound === undefined ? '' : ` ± ${m.bound}`}; ${m.count} of ${m.of} elements are wrong`,
      };
    }
    return {
      ok: true,
      detail: `${c.elements} elements within the bound, at most ${(100 * c.used).toFixed(1)} % of it used`,
    };
  };
  return {
    ok: true,
    subject: {
      op: graph.name,
      graphHash: hashOf(graph),
      graph,
      backend: parts.backend,
      arch: parts.arch,
      hint: { dims: scalarDims(sizes.dims) },
      inputs,
      verify,
    },
  };
}

/** The parts of an array that the reference knows, in their places; the rest is zero and is not looked at. */
async function readCovered(
  outputs: OutputReader,
  array: ArraySpec,
  expected: Output | undefined,
  room: (array: ArraySpec) => Uint8Array,
): Promise<Uint8Array> {
  const width = DTYPES[array.dtype].bytes;
  const covered = expected?.covered?.map(({ start, end }) => [start * width, (end - start) * width] as const);
  const ranges = covered ?? [[0, array.bytes] as const];
  const data = await outputs.read(array.name, ranges);
  if (covered === undefined) return data;
  const whole = room(array);
  let at = 0;
  for (const [offset, bytes] of ranges) {
    whole.set(data.subarray(at, at + bytes), offset);
    at += bytes;
  }
  return whole;
}

function scalarDims(dims: ReadonlyMap<string, number | readonly number[]>): Readonly<Record<string, number>> {
  return Object.fromEntries([...dims].flatMap(([k, v]) => (typeof v === 'number' ? [[k, v] as const] : [])));
}

/** Content hash of a graph; places in the source do not count. */
export function hashOf(graph: StageGraph): string {
  const text = JSON.stringify(graph, (key, v: unknown) =>
    key === 'span' || key === 'doc' ? undefined : typeof v === 'bigint' ? `${v}n` : v,
  );
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
