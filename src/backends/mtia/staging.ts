import { must } from '../../assert.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import * as t from '../../codegen/ir/tile-build.ts';
import { mapOps } from '../../codegen/ir/tile-map.ts';
import { operands, visitOps } from '../../codegen/ir/tile-walk.ts';
import type { Ref, TileArray, TileKernel, TileOp, TileProgram, Val } from '../../codegen/ir/tile.ts';
import { positive } from '../../codegen/footprint/bounds.ts';
import type { Known } from '../../codegen/footprint/bounds.ts';
import { gatherOf, onRows } from '../../codegen/footprint/gather.ts';
import type { Gather } from '../../codegen/footprint/gather.ts';
import { dependsOn, equal, minus, polynomial, substitute, toVal } from '../../codegen/footprint/polynomial.ts';
import type { Polynomial } from '../../codegen/footprint/polynomial.ts';
import { leastOf, mostOf, windows } from '../../codegen/footprint/window.ts';
import type { Window } from '../../codegen/footprint/window.ts';
import { written } from '../../codegen/footprint/written.ts';

/**
 * How local memory holds an array while a share of a kernel runs. `in`: moved in. `out`: the kernel fills it, moved out. `update`: moved in, changed, moved
 * out. `scratch`: never moved.
 */
export type Role = 'in' | 'out' | 'update' | 'scratch';
export interface Slot {
  readonly array: TileArray;
  readonly role: Role;
  /** The elements that a share touches: begin ≤ k < end. Absent: all of the array. */
  readonly begin: Val | undefined;
  readonly end: Val | undefined;
  /** The same for every share: moved in once. */
  readonly resident: boolean;
  /** Rows that a list of integers names lie in the slot, one behind the other; `begin` to `end` is what of each row is wanted. */
  readonly gather?: Gather;
}
/** A kernel whose arrays are all held in local memory. */
export interface Staged {
  /** Names that windows are told with. */
  readonly prefix: readonly TileOp[];
  readonly slots: readonly Slot[];
  /** The code of the compute core, on slots. */
  readonly body: readonly TileOp[];
  /** Iterations that shares divide; absent where one PE runs all of it. */
  readonly steps: Val | undefined;
}

/** The name that holds the first element of an array that is in its slot. */
export const firstOf = (array: string): string => `${array}__at`;

/**
 * A kernel with every array in local memory, as what a share of its iterations touches; undefined where that cannot be told: tables of pointers, places
 * in memory that only data tell where several PEs write, results of neighbouring shares that lie between each other.
 */
export function staged(p: TileProgram, k: TileKernel, graph: StageGraph): Staged | undefined {
  const arrays = new Map(p.arrays.map((a) => [a.id, a]));
  const { prefix, body } = cut(k.body);
  const outer = [...p.dims, ...p.scalars, ...p.capacities].map((x) => x.id);
  const offsets = new Set(
    graph.buffers.flatMap((b) => (b.offsetsOf === undefined || b.list !== undefined ? [] : [b.id])),
  );
  const rising = new Set(p.arrays.flatMap((a) => (offsets.has(a.source) ? [a.id] : [])));
  const known = knownOf(p, prefix, rising);
  const outside = {
    arrays,
    names: new Set([...outer, 'part', 'parts', ...prefix.flatMap((op) => (op.kind === 'let' ? [op.id] : []))]),
    known,
  };
  const first = windows(body, outside);
  if (first === undefined || first.length === 0) return undefined;
  const gathers = first.flatMap((w) => {
    const asked = !w.writes && w.range === undefined && w.array.scope !== 'part';
    return (asked ? gatherOf(body, w.array, outside) : undefined) ?? [];
  });
  const onSlots = gathers.reduce((ops, g) => onRows(ops, g.array.id, known), body);
  const found = (windows(onSlots, outside) ?? []).filter((w) => !gathers.some((g) => g.array === w.array));
  const shares = k.split ? sharesOf(prefix) : undefined;
  if (k.split && shares === undefined) return undefined;
  const moving = new Set(shareNames(prefix));
  const slots: Slot[] = [];
  for (const w of found) {
    const slot = slotOf(w, onSlots, moving, shares);
    if (slot === undefined) return undefined;
    slots.push(slot);
  }
  const rows = gathers.map((gather): Slot => {
    const [begin, end] = [toVal(gather.least), toVal(gather.most)];
    return { array: gather.array, role: 'in', begin, end, resident: false, gather };
  });
  return { prefix, slots: [...slots, ...rows], body: rebased(onSlots, slots), steps: shares?.steps };
}

/** Scalars at the beginning that read nothing but integers, and the rest. */
function cut(ops: readonly TileOp[]): { readonly prefix: readonly TileOp[]; readonly body: readonly TileOp[] } {
  const stored = new Set<string>();
  visitOps(ops, (op) => {
    if (op.kind === 'store' || op.kind === 'copy' || op.kind === 'atomic') stored.add(op.to.array);
  });
  const late = new Set<string>();
  const prefix: TileOp[] = [];
  const body: TileOp[] = [];
  let open = true;
  for (const op of ops) {
    if (op.kind !== 'let' && op.kind !== 'note') open = false;
    if (
      open &&
      op.kind === 'let' &&
      op.value.ty.lanes === 1 &&
      op.value.ty.dtype === 'i64' &&
      plain(op.value, stored, late)
    )
      prefix.push(op);
    else {
      if (op.kind === 'let') late.add(op.id);
      body.push(op);
    }
  }
  return { prefix, body };
}
const plain = (v: Val, stored: ReadonlySet<string>, late: ReadonlySet<string>): boolean =>
  !(v.kind === 'name' && late.has(v.id)) &&
  !(v.kind === 'load' && (stored.has(v.from.array) || v.from.entry !== undefined || v.ty.dtype.startsWith('f'))) &&
  operands(v).every((o) => plain(o, stored, late));

function knownOf(p: TileProgram, prefix: readonly TileOp[], rising: ReadonlySet<string>): Known {
  const names = new Set(['part', 'parts', ...p.dims.map((d) => d.id), ...p.capacities.map((c) => c.id)]);
  const known: Known = { positive: names, rising };
  for (const op of prefix) if (op.kind === 'let' && positive(op.value, known)) names.add(op.id);
  return known;
}

/** The ends of a share, and how many iterations all shares have. */
interface Shares {
  readonly steps: Val;
  readonly pairs: readonly (readonly [lo: string, hi: string])[];
}
const NONE: ReadonlyMap<string, Val> = new Map();
function sharesOf(prefix: readonly TileOp[]): Shares | undefined {
  const lets = prefix.flatMap((op) => (op.kind === 'let' ? [op] : []));
  const steps = lets.flatMap((op) => stepsIn(op.value) ?? [])[0];
  if (steps === undefined) return undefined;
  const next = polynomial(t.add(t.name('part'), t.int(1)), NONE);
  const pairs = lets.flatMap((lo) => {
    const at = polynomial(lo.value, NONE);
    if (!dependsOn(at, 'part')) return [];
    const after = substitute(at, 'part', next);
    return lets.flatMap((hi) => (equal(polynomial(hi.value, NONE), after) ? [[lo.id, hi.id] as const] : []));
  });
  return { steps, pairs };
}
/** The iterations in `steps * part / parts`. */
function stepsIn(v: Val): Val | undefined {
  if (v.kind === 'binary' && v.op === 'div' && v.b.kind === 'name' && v.b.id === 'parts') {
    const { a } = v;
    if (a.kind === 'binary' && a.op === 'mul' && a.b.kind === 'name' && a.b.id === 'part') return a.a;
  }
  return operands(v).flatMap((o) => stepsIn(o) ?? [])[0];
}
/** Names of the prefix that differ between shares. */
function shareNames(prefix: readonly TileOp[]): readonly string[] {
  const moving = ['part'];
  for (const op of prefix)
    if (op.kind === 'let' && moving.some((id) => dependsOn(polynomial(op.value, NONE), id))) moving.push(op.id);
  return moving;
}

function slotOf(
  w: Window,
  body: readonly TileOp[],
  moving: ReadonlySet<string>,
  shares: Shares | undefined,
): Slot | undefined {
  const { array, range } = w;
  if (array.scope === 'shared' || array.elements === undefined) return undefined;
  if (array.scope === 'part') return { array, role: 'scratch', begin: undefined, end: undefined, resident: false };
  const begin = range && leastOf(range.begins);
  const end = range && mostOf(range.ends);
  const fixed =
    range === undefined || ![...range.begins, ...range.ends].some((x) => [...moving].some((id) => dependsOn(x, id)));
  if (!w.writes) return { array, role: 'in', begin, end, resident: fixed };
  const [from, to] = single(range);
  // What several PEs write must lie apart.
  if (shares !== undefined && !(from && to && apart(from, to, shares))) return undefined;
  const count = w.reads || !from || !to ? undefined : written(body, array.id);
  const filled = count !== undefined && from !== undefined && to !== undefined && equal(count, minus(to, from));
  return { array, role: filled ? 'out' : 'update', begin, end, resident: false };
}
const single = (range: Window['range']): readonly [Polynomial | undefined, Polynomial | undefined] =>
  range?.begins.length === 1 && range.ends.length === 1 ? [range.begins[0], range.ends[0]] : [undefined, undefined];
/** True if a share ends where the next begins. */
const apart = (from: Polynomial, to: Polynomial, { pairs }: Shares): boolean =>
  pairs.some(([lo, hi]) => equal(substitute(from, lo, polynomial(t.name(hi), NONE)), to));

/** The code with indices that count from the first element of the slot. */
function rebased(ops: readonly TileOp[], slots: readonly Slot[]): readonly TileOp[] {
  const moved = new Set(slots.flatMap((s) => (s.begin === undefined || isZero(s.begin) ? [] : [s.array.id])));
  const ref = (r: Ref): Ref =>
    moved.has(r.array) ? { ...r, index: t.sub(r.index, t.splat(t.name(firstOf(r.array)), r.index.ty.lanes)) } : r;
  return mapOps(ops, { ref, val: (v) => v, op: (op) => (op.kind === 'prefetch' ? [] : [op]) });
}
export const isZero = (v: Val): boolean => v.kind === 'int' && v.value === 0n;
export const elementsOf = (a: TileArray): Val => must(a.elements, `elements of ${a.id}`);
