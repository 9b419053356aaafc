import type { BufId, Place, Stage } from '../../codegen/ir/stage.ts';
import { stageWrites } from '../../codegen/ir/walk.ts';
import { must } from '../../assert.ts';
import { nameOf } from './emit/spot.ts';
import { helper, once } from './emit/code.ts';
import type { Emitter, Val } from './emit/code.ts';
import type { Range } from './outputs.ts';
import type { Run } from './run.ts';
import { memoryOf } from './run.ts';
import { compilePoint, runStage } from './stages.ts';

/** A buffer that can be evaluated point by point over its first `keys` axes, which are the outermost axes of every stage that writes it. */
interface Lazy {
  readonly id: BufId;
  readonly keys: number;
  readonly writers: readonly Stage[];
  /** By flat key: whether that point has been evaluated. */
  done?: Uint8Array;
  make?: (...at: readonly number[]) => void;
}

/** Elements of a sampled result that count as one row at least. */
const ROW = 64;

/** Evaluates a sample of the points of each result; temporaries are evaluated where they are read, once. Yields what was covered. */
export function runSampled(run: Run, count: number, seed: number): ReadonlyMap<BufId, readonly Range[]> {
  const lazies = new Map<BufId, Lazy>();
  for (const b of run.graph.buffers) {
    const lazy = lazyOf(run, b.id);
    if (lazy !== undefined) lazies.set(b.id, lazy);
  }
  // A stage runs by points only if all it writes does.
  for (const s of run.graph.stages)
    if (!stageWrites(s).every((b) => lazies.has(b))) for (const b of stageWrites(s)) lazies.delete(b);
  run.demand = (em, buf, index) => {
    const lazy = lazies.get(buf);
    if (lazy !== undefined) emitDemand(run, em, lazy, index);
  };
  for (const s of run.graph.stages) if (!stageWrites(s).some((b) => lazies.has(b))) runStage(run, s);

  const covered = new Map<BufId, readonly Range[]>();
  for (const b of run.graph.buffers) {
    const lazy = lazies.get(b.id);
    if (lazy === undefined || b.role !== 'out') continue;
    const shape = must(memoryOf(run, b.id, 'write').shapes[0], b.id);
    const points = shape.slice(0, lazy.keys).reduce((x, y) => x * y, 1);
    const size = shape.slice(lazy.keys).reduce((x, y) => x * y, 1);
    const chosen = choose(points, count * Math.max(1, Math.ceil(ROW / Math.max(size, 1))), seed);
    const make = ready(run, lazy);
    for (const key of chosen) make(...unflatten(key, shape.slice(0, lazy.keys)));
    covered.set(
      b.id,
      chosen.map((key) => ({ start: key * size, end: (key + 1) * size })),
    );
  }
  return covered;
}

function lazyOf(run: Run, id: BufId): Lazy | undefined {
  const b = must(run.buffers.get(id), id);
  if (
    (b.role !== 'temp' && b.role !== 'out') ||
    b.list !== undefined ||
    b.virtual === true ||
    b.row !== undefined ||
    b.capacity !== undefined
  )
    return undefined;
  const writers = run.graph.stages.filter((s) => stageWrites(s).includes(id));
  const keys = Math.min(...writers.map((s) => keysOf(s, id)));
  return writers.length > 0 && keys > 0 && Number.isFinite(keys) ? { id, keys, writers } : undefined;
}
/** Leading positions of the target's index that are the stage's outermost axes; a map keeps its innermost axis as a loop. */
function keysOf(s: Stage, id: BufId): number {
  if (s.kind !== 'map' && s.kind !== 'reduce' && s.kind !== 'scan' && s.kind !== 'select') return 0;
  const places: readonly (Place | undefined)[] = s.kind === 'select' ? [s.values, s.indices] : [s.out];
  const place = must(
    places.find((p) => p?.buf === id),
    id,
  );
  let n = 0;
  for (const a of s.axes) {
    const at = place.index[n];
    if (at?.kind !== 'axis' || at.id !== a.id) break;
    n++;
  }
  const all = s.axes.length;
  return s.kind === 'map' ? Math.min(n, Math.max(1, all - 1)) : s.kind === 'scan' ? Math.min(n, all - 1) : n;
}

/** The function that evaluates one point, compiled with all it needs when first asked for. */
function ready(run: Run, lazy: Lazy): (...at: readonly number[]) => void {
  if (lazy.make !== undefined) return lazy.make;
  const parts = lazy.writers.map((s) => compilePoint(run, s, lazy.keys));
  const shape = must(memoryOf(run, lazy.id, 'write').shapes[0], lazy.id).slice(0, lazy.keys);
  const done = new Uint8Array(shape.reduce((a, b) => a * b, 1));
  lazy.done = done;
  const [only] = parts;
  lazy.make = (...at) => {
    const key = at.reduce((k, i, d) => k * (shape[d] ?? 0) + i, 0);
    if (done[key] !== 0) return;
    done[key] = 1;
    if (parts.length === 1 && only !== undefined) only(...at);
    else for (const f of parts) f(...at);
  };
  return lazy.make;
}

function emitDemand(run: Run, em: Emitter, lazy: Lazy, index: readonly Val[]): void {
  const make = ready(run, lazy);
  const m = memoryOf(run, lazy.id, 'read');
  const name = nameOf(em, m);
  helper(em, 'ERR');
  em.objects.set(`${name}f`, make);
  em.objects.set(`${name}d`, lazy.done);
  const at = index.slice(0, lazy.keys).map((v) => (v.rep === 'int' ? v.v : '-1'));
  const shape = m.shapes[0] ?? [];
  const key = at.reduce((k, v, d) => (d === 0 ? v : `(${k}) * ${shape[d] ?? 0} + ${v}`), '0');
  once(
    em,
    `${name}f(${at.join(', ')})`,
    index.slice(0, lazy.keys),
    () => [`if (${name}d[${key}] === 0) ${name}f(${at.join(', ')});`],
    true,
  );
}

/** Distinct points, the first and the last among them, in order. */
function choose(points: number, count: number, seed: number): readonly number[] {
  if (points <= count) return Array.from({ length: points }, (_, i) => i);
  const chosen = new Set<number>([0, points - 1]);
  let state = (seed ^ 0x9e3779b9) >>> 0;
  while (chosen.size < count) {
    // SplitMix32.
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    chosen.add(Math.floor((((z ^ (z >>> 15)) >>> 0) / 4294967296) * points));
  }
  return [...chosen].sort((a, b) => a - b);
}
function unflatten(key: number, shape: readonly number[]): readonly number[] {
  const at: number[] = [];
  let rest = key;
  for (const n of [...shape].reverse()) {
    at.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return at;
}
