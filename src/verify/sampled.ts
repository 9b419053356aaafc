import { evaluate } from '../backends/reference/evaluate.ts';
import type { Evaluation } from '../backends/reference/evaluate.ts';
import type { Inputs as ReferenceInputs } from '../backends/reference/inputs.ts';
import type { Output } from '../backends/reference/outputs.ts';
import type { StageGraph } from '../codegen/ir/stage.ts';
import { DTYPES } from '../dsl/dtypes.ts';
import type { Tol } from '../dsl/ast.ts';
import { compareOutputs } from './compare.ts';
import type { Mismatch } from './compare.ts';
import type { CaseData } from './data.ts';
import type { Sizes } from './sizes.ts';
import { must } from '../assert.ts';

/** Inputs of a case as the reference takes them. */
export function referenceInputs(graph: StageGraph, sizes: Sizes, data: CaseData): ReferenceInputs {
  const lists = new Set(graph.buffers.filter((b) => b.list !== undefined).map((b) => b.id));
  return {
    dims: Object.fromEntries(sizes.dims),
    scalars: Object.fromEntries(data.scalars),
    buffers: Object.fromEntries([...data.tensors].map(([id, list]) => [id, lists.has(id) ? list : must(list[0], id)])),
  };
}

/**
 * Items that each ragged result needs, or a share of them where the kernel is told its room. Where only the offsets of deeper rows are that
 * long, the kernel is not told: there is always enough.
 */
export function neededRoom(
  graph: StageGraph,
  outputs: Readonly<Record<string, readonly Output[]>>,
  share = 1,
): Readonly<Record<string, number>> {
  const room: Record<string, number> = {};
  for (const b of graph.buffers) {
    if (b.capacity === undefined) continue;
    const needed = Math.max(0, ...(outputs[b.id] ?? []).map((o) => o.needed ?? 0));
    room[b.capacity.ragged] = Math.max(room[b.capacity.ragged] ?? 0, Math.ceil(needed * share));
  }
  for (const id of untold(graph)) {
    const offsets = graph.buffers.filter((b) => b.offsetsOf === id && b.role === 'out');
    const last = offsets.flatMap((b) => (outputs[b.id] ?? []).map((o) => Number(o.tensor.data.at(-1) ?? 0)));
    room[id] = Math.max(0, ...last);
  }
  return room;
}

/** Ragged results whose items no array holds: what is of that length are offsets of deeper rows. */
export function untold(graph: StageGraph): readonly string[] {
  const told = new Set(graph.buffers.flatMap((b) => (b.capacity === undefined ? [] : [b.capacity.ragged])));
  const results = graph.buffers.flatMap((b) => (b.offsetsOf === undefined || b.role !== 'out' ? [] : [b.offsetsOf]));
  return [...new Set(results)].filter((id) => !told.has(id));
}

/** Large shapes: the reference on a sample of rows, computed once; kernels are compared on those rows. */
export interface SampledOracle {
  readonly expected: Extract<Evaluation, { ok: true }>;
  readonly room: Readonly<Record<string, number>>;
  /** Elements that are compared. */
  readonly elements: number;
  /** Compares the outputs, whose ranges `read` gives one behind the other; `undefined` if they are right. */
  compare(
    read: (buf: string, ranges: readonly (readonly [offset: number, bytes: number])[]) => Promise<Uint8Array>,
  ): Promise<{ readonly mismatch?: Mismatch; readonly used: number; readonly elements: number }>;
}

export function sampledOracle(
  graph: StageGraph,
  sizes: Sizes,
  data: CaseData,
  tolerances: Readonly<Record<string, Tol>>,
  sample: { readonly count: number; readonly seed: number },
): SampledOracle {
  const expected = evaluate(graph, referenceInputs(graph, sizes, data), { sample });
  if (!expected.ok) throw new Error(`internal: ${expected.problems.map((p) => p.text).join('; ')}`);
  const all = Object.values(expected.outputs).flat();
  const elements = all.reduce(
    (n, o) => n + (o.covered ?? [{ start: 0, end: o.tensor.data.length }]).reduce((m, r) => m + r.end - r.start, 0),
    0,
  );
  return {
    expected,
    room: neededRoom(graph, expected.outputs),
    elements,
    async compare(read) {
      const got = new Map<string, readonly Uint8Array[]>();
      for (const [id, list] of Object.entries(expected.outputs)) {
        const lists = graph.buffers.find((b) => b.id === id)?.list !== undefined;
        const bytes: Uint8Array[] = [];
        for (const [k, o] of list.entries()) {
          const size = DTYPES[o.tensor.dtype].bytes;
          const whole = new Uint8Array(o.tensor.data.length * size);
          const covered = o.covered ?? [{ start: 0, end: o.tensor.data.length }];
          const ranges = covered.map((r) => [r.start * size, (r.end - r.start) * size] as const);
          const data = await read(lists ? `${id}{${k}}` : id, ranges);
          let at = 0;
          for (const [offset, length] of ranges) {
            whole.set(data.subarray(at, at + length), offset);
            at += length;
          }
          bytes.push(whole);
        }
        got.set(id, bytes);
      }
      return compareOutputs(expected.outputs, got, got, tolerances);
    },
  };
}
