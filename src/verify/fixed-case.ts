import type { StageGraph } from '../codegen/ir/stage.ts';
import { evalSize } from '../codegen/shapes/eval-size.ts';
import { below, seeded } from '../codegen/space/random.ts';
import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import { isFloat } from '../dsl/dtypes.ts';
import type { Case } from './case.ts';
import { equated, resolveSizes } from './sizes.ts';

/** What a caller says of a call; the rest is derived. */
export interface Wanted {
  /** Dims by name, and `total(L)` of ragged axes. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly scalars: Readonly<Record<string, number | string | boolean>>;
  readonly seed: number;
}

/** Mean row length where no total is given. */
const MEAN_ROW = 16;

/**
 * The case of one given shape, for tuning and for tests at a fixed size. Rows of ragged axes differ in length (from half to three halves
 * of the mean) and sum to the total that was asked for. Scalars without a value or default are 0.5 or 1000.
 */
export function caseOf(
  graph: StageGraph,
  wanted: Wanted,
): { readonly ok: true; readonly case: Case } | { readonly ok: false; readonly problems: readonly Diagnostic[] } {
  const scalars = Object.fromEntries(
    graph.scalars.map((s) => {
      const v = wanted.scalars[s.name] ?? s.default ?? (isFloat(s.dtype) ? 0.5 : s.dtype === 'bool' ? true : 1000);
      return [s.name, typeof v === 'bigint' ? v.toString() : v];
    }),
  );
  const dims: Record<string, number> = {};
  const elements: Record<string, readonly number[]> = {};
  const lens: Record<string, readonly (readonly number[])[]> = {};
  const missing: string[] = [];
  for (const d of graph.dims) {
    if (d.derived !== undefined) continue;
    const v = wanted.sizes[d.id];
    if (v === undefined && !graph.facts.some((f) => equated(f.cond).some(([a]) => a.kind === 'dim' && a.id === d.id)))
      missing.push(d.id);
    else if (v !== undefined && d.perElement !== undefined) elements[d.id] = Array.from({ length: 64 }, () => v);
    else if (v !== undefined) dims[d.id] = v;
  }
  if (missing.length > 0) {
    const names = missing.map((m) => `\`${m}\``).join(', ');
    return {
      ok: false,
      problems: [
        diagnostic('size-missing', { names, example: `--shape ${missing.map((m) => `${m}=1024`).join(',')}` }),
      ],
    };
  }
  const made: Case = { dims, elements, lens, scalars, style: 'normal', seed: wanted.seed };
  for (const b of graph.buffers) {
    if (b.offsetsOf === undefined || b.role !== 'in') continue;
    const known = resolveSizes(
      { ...graph, dims: graph.dims.filter((d) => d.derived !== undefined || dims[d.id] !== undefined), facts: [] },
      made,
    );
    if (typeof known === 'string') return { ok: false, problems: [diagnostic('size-fact', { fact: known })] };
    const rows = b.shape.reduce((a, e) => a * (evalSize(e, known.env) ?? 1), 1) - 1;
    const total = wanted.sizes[`total(${b.offsetsOf})`] ?? rows * MEAN_ROW;
    lens[b.id] = Array.from({ length: known.count(b) }, (_, k) =>
      rowLengths(Math.max(rows, 0), total, `${wanted.seed}/${b.id}/${k}`),
    );
  }
  const sizes = resolveSizes(graph, made);
  return typeof sizes === 'string'
    ? { ok: false, problems: [diagnostic('size-fact', { fact: sizes })] }
    : { ok: true, case: made };
}

function rowLengths(rows: number, total: number, seed: string): readonly number[] {
  const rng = seeded(seed);
  const mean = rows === 0 ? 0 : total / rows;
  const out = Array.from({ length: rows }, () => Math.floor(mean * (0.5 + rng())));
  let rest = total - out.reduce((a, n) => a + n, 0);
  while (rows > 0 && rest !== 0) {
    const k = below(rng, rows);
    const step = rest > 0 ? 1 : (out[k] ?? 0) > 0 ? -1 : 0;
    out[k] = (out[k] ?? 0) + step;
    rest -= step;
  }
  return out;
}

/** Bytes of all arrays of a case. */
export function caseBytes(
  graph: StageGraph,
  c: Case,
  bytesOf: (dtype: StageGraph['buffers'][number]['dtype']) => number,
): number {
  const sizes = resolveSizes(graph, c);
  if (typeof sizes === 'string') return 0;
  let total = 0;
  for (const b of graph.buffers) {
    if (b.role === 'temp') continue;
    const row =
      b.row === undefined
        ? bytesOf(b.dtype)
        : b.row.reduce(
            (a, f) => a + bytesOf(f.dtype) * f.shape.reduce((n, e) => n * (evalSize(e, sizes.env) ?? 0), 1),
            0,
          );
    for (let k = 0; k < sizes.count(b); k++) total += (sizes.shape(b, k) ?? []).reduce((n, d) => n * d, row);
  }
  return total;
}
