import { DTYPES } from '../../dsl/dtypes.ts';
import { call, int, ix, read } from '../ir/build.ts';
import type { Axis, Buffer, Expr, Stage, StageGraph } from '../ir/stage.ts';
import { children, reads, stageExprs, visit } from '../ir/walk.ts';
import type { Read } from '../ir/walk.ts';
import { rowOffsets } from './flatten.ts';

/** Bytes that a call has to move and operations it has to do: what a roofline divides by. Lists are left out. */
export function costOf(graph: StageGraph): { readonly bytes: Expr; readonly flops: Expr } {
  const stages = graph.stages.flatMap((s) => (s.kind === 'recur' ? s.body : [s]));
  const bytes = graph.buffers.map((b) => bufferBytes(b, stages));
  const flops = stages.map((s) => stageFlops(s));
  const sum = (all: readonly Expr[]): Expr => all.reduce((a, e) => ix.add(a, e), int(0));
  return { bytes: sum(bytes), flops: sum(flops) };
}

/** Axes that a stage loops over, those of its own reduction last. */
const loopsOf = (s: Stage): readonly Axis[] => (s.kind === 'reduce' ? [...s.axes, ...s.reduce.over] : s.axes);

/** Every argument once, twice where it is updated in place; of a table whose rows are named by data at most what is read. */
function bufferBytes(b: Buffer, stages: readonly Stage[]): Expr {
  if (b.role === 'temp' || b.list !== undefined) return int(0);
  const width = b.row === undefined ? int(DTYPES[b.dtype].bytes) : rowBytes(b);
  const whole = ix.product(b.shape);
  const all = stages.flatMap((s) =>
    stageExprs(s)
      .flatMap(reads)
      .filter((r) => r.buf === b.id)
      .map((r) => ({ r, s })),
  );
  const gathered =
    b.role === 'in' && all.length > 0 && all.every(({ r }) => r.index.some((i) => reads(i).length > 0) && !isItem(r));
  const touched = gathered ? rowsTouched(b, all) : undefined;
  const count = touched === undefined ? whole : call('min', [whole, touched], 'i64');
  return ix.mul(count, ix.mul(width, int(b.role === 'inout' ? 2 : 1)));
}
const rowBytes = (b: Buffer): Expr =>
  (b.row ?? []).reduce((n, f) => ix.add(n, ix.mul(ix.product(f.shape), int(DTYPES[f.dtype].bytes))), int(0));
/** An item of a ragged row, off[b] + l: not a gather. */
const isItem = (r: Read): boolean =>
  r.index.every(
    (i) => i.kind === 'axis' || i.kind === 'int' || (i.kind === 'binary' && i.op === 'add' && i.a.kind === 'read'),
  );

/** Elements (rows where rows are packed) that the widest of the reads names. */
function rowsTouched(b: Buffer, all: readonly { readonly r: Read; readonly s: Stage }[]): Expr | undefined {
  const [first] = all;
  if (first === undefined) return undefined;
  const { r, s } = first;
  const index = b.row === undefined ? r.index : r.index.slice(0, b.shape.length);
  const used = new Set<string>();
  for (const e of index) visit(e, (x) => void (x.kind === 'axis' && used.add(x.id)));
  return points(loopsOf(s).filter((a) => used.has(a.id)));
}

/** Iterations of a loop nest, in sizes and offsets; undefined where bounds hang on axes otherwise than in ragged rows. */
function points(axes: readonly Axis[]): Expr | undefined {
  let total = int(1);
  const merged = new Set<Axis>();
  for (const item of axes) {
    const row = axes.find((a) => a !== item && rowOffsets(a, item) !== undefined);
    const offsets = row && rowOffsets(row, item);
    if (row !== undefined && offsets !== undefined && !merged.has(row)) {
      merged.add(row).add(item);
      total = ix.mul(total, read(offsets, 'i64', [row.hi]));
    }
  }
  for (const a of axes) {
    if (merged.has(a)) continue;
    if (mentionsAxis(a.hi) || mentionsAxis(a.lo)) return undefined;
    total = ix.mul(total, ix.sub(a.hi, a.lo));
  }
  return total;
}
const mentionsAxis = (e: Expr): boolean => e.kind === 'axis' || children(e).some(mentionsAxis);

/** One operation for each operator and function on floats or 64-bit data at each point. */
function stageFlops(s: Stage): Expr {
  const n = points(loopsOf(s));
  if (n === undefined || (s.kind !== 'map' && s.kind !== 'reduce')) return int(0);
  const body = s.kind === 'map' ? s.value : s.reduce.body;
  let ops = s.kind === 'reduce' ? 1 : 0;
  visit(body, (x) => void (isOperation(x) && ops++));
  return ix.mul(n, int(ops));
}
const isOperation = (e: Expr): boolean =>
  (e.kind === 'binary' || e.kind === 'unary' || e.kind === 'call') &&
  e.type !== 'bool' &&
  !(e.type === 'i64' && indexOnly(e));
/** Arithmetic on indices alone: addresses, not data. */
const indexOnly = (e: Expr): boolean => e.kind !== 'read' && children(e).every(indexOnly);
