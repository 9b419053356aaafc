import type { BufId, Buffer, Expr, StageGraph } from '../codegen/ir/stage.ts';
import { evalSize } from '../codegen/shapes/eval-size.ts';
import type { SizeEnv } from '../codegen/shapes/eval-size.ts';
import type { Case } from './case.ts';

/** The sizes of a case: every dim, every offsets array, every shape. */
export interface Sizes {
  readonly dims: ReadonlyMap<string, number | readonly number[]>;
  readonly offsets: ReadonlyMap<BufId, readonly BigInt64Array[]>;
  readonly env: SizeEnv;
  /** Elements of a list buffer; 1 for a plain one. */
  count(b: Buffer): number;
  /** Shape of element `element` of a buffer; undefined where results decide it (ragged results). */
  shape(b: Buffer, element: number): readonly number[] | undefined;
}

/** Derived dims and offsets of a case; or why no call has these sizes. */
export function resolveSizes(graph: StageGraph, c: Case): Sizes | string {
  const dims = new Map<string, number | readonly number[]>([...Object.entries(c.dims), ...Object.entries(c.elements)]);
  const offsets = new Map<BufId, readonly BigInt64Array[]>();
  for (const [buf, lists] of Object.entries(c.lens)) offsets.set(buf, lists.map(prefixSums));
  const env: SizeEnv = {
    dim: (id, element) => {
      const v = dims.get(id);
      return typeof v === 'number' ? v : v?.[element ?? 0];
    },
    scalar: (name) => {
      const v = c.scalars[name];
      return v === undefined ? undefined : Number(v);
    },
    read: (buf, element, index) => {
      const v = offsets.get(buf)?.[element ?? 0]?.[index[0] ?? 0];
      return v === undefined ? undefined : Number(v);
    },
  };
  const problem = derive(graph, dims, env) ?? check(graph, env);
  if (problem !== undefined) return problem;
  const inElement = (b: Buffer, element: number): SizeEnv => ({
    ...env,
    axis: (id) => (id === b.list?.elem ? element : undefined),
  });
  return {
    dims,
    offsets,
    env,
    count: (b) => (b.list === undefined ? 1 : (evalSize(b.list.count, env) ?? 0)),
    shape: (b, element) => {
      const shape = b.shape.map((e) => evalSize(e, inElement(b, element)));
      return shape.every((n) => n !== undefined) ? shape : undefined;
    },
  };
}

const prefixSums = (lens: readonly number[]): BigInt64Array => {
  const out = new BigInt64Array(lens.length + 1);
  lens.forEach((n, i) => (out[i + 1] = (out[i] ?? 0n) + BigInt(n)));
  return out;
};

/** Fills dims that follow from others: derived ones, and those that a fact equates with something known. */
function derive(graph: StageGraph, dims: Map<string, number | readonly number[]>, env: SizeEnv): string | undefined {
  const free = graph.dims.filter((d) => !dims.has(d.id));
  for (let round = 0; round <= free.length; round++) {
    for (const d of free) {
      if (dims.has(d.id)) continue;
      const value = d.derived === undefined ? fromFacts(graph, d.id, env) : evalSize(d.derived, env);
      if (value === undefined) continue;
      if (!Number.isInteger(value) || value < 0) return `${d.id} would be ${value}`;
      dims.set(d.id, value);
    }
  }
  const left = free.find((d) => !dims.has(d.id));
  return left === undefined ? undefined : `${left.id} is not determined`;
}

function fromFacts(graph: StageGraph, id: string, env: SizeEnv): number | undefined {
  for (const { cond } of graph.facts) {
    for (const [a, b] of equated(cond)) {
      if (a.kind === 'dim' && a.id === id && a.list === undefined) {
        const value = evalSize(b, env);
        if (value !== undefined) return value;
      }
    }
  }
  return undefined;
}
/** Both orders of an equation's sides. */
export function equated(cond: Expr): readonly (readonly [Expr, Expr])[] {
  return cond.kind === 'binary' && cond.op === 'eq'
    ? [
        [cond.a, cond.b],
        [cond.b, cond.a],
      ]
    : [];
}

function check(graph: StageGraph, env: SizeEnv): string | undefined {
  for (const f of graph.facts) {
    if (evalSize(f.cond, env) === 0) return `${f.text} does not hold`;
  }
  for (const b of graph.buffers) {
    if (b.role === 'temp') continue;
    for (const e of b.shape) {
      const n = b.list === undefined ? evalSize(e, env) : undefined;
      if (n !== undefined && n < 0) return `an extent of ${b.id} would be ${n}`;
    }
  }
  return undefined;
}
