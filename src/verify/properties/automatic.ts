import type { Output } from '../../backends/reference/outputs.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import { getAt, setAt, zeros } from '../../codegen/numeric/tensor.ts';
import type { Tensor } from '../../codegen/numeric/tensor.ts';
import { below, pick, seeded, shuffle } from '../../codegen/space/random.ts';
import type { Rng } from '../../codegen/space/random.ts';
import { isFloat } from '../../dsl/dtypes.ts';
import { must } from '../../assert.ts';
import type { Case } from '../case.ts';
import { offsetsTensor } from '../data.ts';
import type { CaseData } from '../data.ts';
import { inputRoles } from '../roles.ts';
import { resolveSizes } from '../sizes.ts';
import type { Sizes } from '../sizes.ts';
import type { Outcome } from './outcome.ts';
import { compareSides } from './sides.ts';
import type { Broken, Relation } from './sides.ts';
import { symmetriesOf } from './symmetry.ts';
import type { Symmetry } from './symmetry.ts';

/** A property that follows from the stage graph: a change of the inputs, and the same change of what the results are to be. */
export interface Automatic {
  readonly name: string;
  readonly symmetry: Symmetry;
  /** `gather`: positions are taken in another order, or fewer of them. `spoil`: some positions get other data, and the rest must not notice. */
  readonly change: 'gather' | 'spoil';
}

/** The automatic properties of a graph. */
export function automaticProperties(graph: StageGraph): readonly Automatic[] {
  return symmetriesOf(graph).flatMap((symmetry): readonly Automatic[] => {
    const { kind, name } = symmetry;
    if (kind === 'items') return [{ name: `order within rows of ${name}`, symmetry, change: 'gather' }];
    if (kind === 'order') return [{ name: `order along ${name}`, symmetry, change: 'gather' }];
    return [
      { name: `positions of ${name} taken apart`, symmetry, change: 'gather' },
      { name: `neighbours along ${name}`, symmetry, change: 'spoil' },
    ];
  });
}

/** Properties that one case is asked for: each costs a run of the kernel. */
const PER_CASE = 2;
export function chosenFor(all: readonly Automatic[], seed: number): readonly Automatic[] {
  return all.length <= PER_CASE ? all : shuffle(seeded(`automatic/${seed}`), [...all]).slice(0, PER_CASE);
}

/** A changed call, and what it is to leave. */
export interface Changed {
  readonly sizes: Sizes;
  readonly data: CaseData;
  /** What the first call left, rearranged as the change wants it. */
  readonly wanted: Outcome;
  /** Elements of a result that have to agree. */
  readonly counts: (id: string) => (element: number) => boolean;
  /** The change in words. */
  readonly how: string;
}

/** The inputs of a case under a property's change; undefined where the case is too small for one. */
export function change(
  graph: StageGraph,
  a: Automatic,
  c: Case,
  call: { readonly sizes: Sizes; readonly data: CaseData; readonly outcome: Outcome },
): Changed | undefined {
  const { dim, carriers, kind } = a.symmetry;
  const n = call.sizes.dims.get(dim);
  const offsets = [...carriers].find(([, x]) => x.kind === 'offsets')?.[0];
  const lens = offsets === undefined ? [] : (c.lens[offsets]?.[0] ?? []);
  if (typeof n !== 'number' || (kind === 'items' ? !lens.some((l) => l > 1) : n < 2)) return undefined;
  const rng = seeded(`${a.name}/${c.seed}`);
  const starts = offsets === undefined ? [] : [...(call.sizes.offsets.get(offsets)?.[0] ?? [])].map(Number);
  if (a.change === 'spoil') return spoilt(graph, a.symmetry, call, n, starts, rng);
  const picked = kind === 'rows' ? selection(rng, n) : { order: shuffle(rng, range(n)), how: 'in another order' };
  const order = kind === 'items' ? range(n) : picked.order;
  const items = order.flatMap((r) => {
    const own = range(lens[r] ?? 0).map((l) => (starts[r] ?? 0) + l);
    return kind === 'items' ? shuffle(rng, own) : own;
  });
  const newLens = order.map((r) => lens[r] ?? 0);
  const sizes = resolveSizes(graph, {
    ...c,
    dims: { ...c.dims, [dim]: order.length },
    ...(offsets === undefined ? {} : { lens: { ...c.lens, [offsets]: [newLens] } }),
  });
  if (typeof sizes === 'string') return undefined;
  const move = (id: string, o: Output): Output => {
    const x = carriers.get(id);
    if (x === undefined) return o;
    if (x.kind === 'offsets')
      return { tensor: offsetsTensor(o.tensor.dtype, must(sizes.offsets.get(id)?.[0], 'offsets')) };
    return take(o, x.kind === 'axis' ? x.at : 0, x.kind === 'axis' ? order : items);
  };
  const tensors = [...call.data.tensors].map(([id, list]): [string, readonly Tensor[]] => [
    id,
    list.map((tensor) => move(id, { tensor }).tensor),
  ]);
  return {
    sizes,
    data: { tensors: new Map(tensors), scalars: call.data.scalars },
    wanted: Object.fromEntries(Object.entries(call.outcome).map(([id, list]) => [id, list.map((o) => move(id, o))])),
    counts: () => () => true,
    how: kind === 'items' ? 'with the items of each row in another order' : `with its positions ${picked.how}`,
  };
}

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Some positions in some order: what a batch that is split, cut or shuffled looks like. */
function selection(rng: Rng, n: number): { readonly order: readonly number[]; readonly how: string } {
  const cut = 1 + below(rng, n - 1);
  switch (pick(rng, ['order', 'front', 'back', 'mixed'] as const)) {
    case 'order':
      return { order: shuffle(rng, range(n)), how: 'in another order' };
    case 'front':
      return { order: range(cut), how: `0..${cut} alone` };
    case 'back':
      return { order: range(n).slice(cut), how: `${cut}..${n} alone` };
    case 'mixed':
      return { order: range(n).map(() => below(rng, n)), how: 'taken at random, some twice' };
  }
}

/** Elements of an array whose positions along axis `at` are those of `list`. */
function take(o: Output, at: number, list: readonly number[]): Output {
  const { shape, dtype } = o.tensor;
  const n = shape[at] ?? 0;
  const inner = shape.slice(at + 1).reduce((x, y) => x * y, 1);
  const outer = shape.slice(0, at).reduce((x, y) => x * y, 1);
  const tensor = zeros(dtype, [...shape.slice(0, at), list.length, ...shape.slice(at + 1)]);
  const bound = o.bound === undefined ? undefined : new Float64Array(tensor.data.length);
  let to = 0;
  for (let k = 0; k < outer; k++) {
    for (const p of list) {
      const from = (k * n + p) * inner;
      tensor.data.set(o.tensor.data.subarray(from, from + inner) as never, to);
      bound?.set(o.bound?.subarray(from, from + inner) ?? [], to);
      to += inner;
    }
  }
  return { tensor, ...(bound === undefined ? {} : { bound }) };
}

/** Other data at some positions: results at the others are to stay as they were. */
function spoilt(
  graph: StageGraph,
  { carriers }: Symmetry,
  call: { readonly sizes: Sizes; readonly data: CaseData; readonly outcome: Outcome },
  n: number,
  starts: readonly number[],
  rng: Rng,
): Changed | undefined {
  const kept = range(n).map(() => rng() < 0.5);
  kept[below(rng, n)] = true;
  const roles = inputRoles(graph);
  const stays = (id: string, shape: readonly number[]): ((element: number) => boolean) => {
    const x = carriers.get(id);
    if (x === undefined || x.kind === 'offsets') return () => true;
    const at = x.kind === 'axis' ? x.at : 0;
    const inner = shape.slice(at + 1).reduce((a, b) => a * b, 1);
    if (x.kind === 'axis') return (i) => kept[Math.floor(i / inner) % n] === true;
    const rowOf = starts.slice(1).flatMap((end, r) => range(end - (starts[r] ?? 0)).map(() => r));
    return (i) => kept[rowOf[Math.floor(i / inner)] ?? 0] === true;
  };
  const shapes = new Map(Object.entries(call.outcome).map(([id, list]) => [id, list[0]?.tensor.shape ?? []]));
  let any = false;
  const tensors = [...call.data.tensors].map(([id, list]): [string, readonly Tensor[]] => {
    const packed = graph.buffers.find((b) => b.id === id)?.row !== undefined;
    if (!carriers.has(id) || carriers.get(id)?.kind === 'offsets' || packed || roles.get(id)?.kind !== 'data')
      return [id, list];
    return [
      id,
      list.map((t) => {
        const stay = stays(id, t.shape);
        const out = { ...t, data: t.data.slice() };
        for (let i = 0; i < t.data.length; i++) {
          if (stay(i)) continue;
          any = true;
          setAt(out, i, other(t, i));
        }
        return out;
      }),
    ];
  });
  if (!any) return undefined;
  return {
    sizes: call.sizes,
    data: { tensors: new Map(tensors), scalars: call.data.scalars },
    wanted: call.outcome,
    counts: (id) => stays(id, shapes.get(id) ?? []),
    how: `with other data at ${kept.filter((k) => !k).length} of its ${n} positions`,
  };
}
/** NaN spreads wherever it is read, even where it is multiplied by 0; integers are complemented. */
function other(t: Tensor, i: number): number | bigint | boolean {
  if (isFloat(t.dtype)) return NaN;
  const v = getAt(t, i);
  return typeof v === 'boolean' ? !v : ~(v as bigint);
}

const NEAR: Relation = { op: '~=', within: { kind: 'auto', span: { file: '', start: 0, end: 0 } }, storage: [] };

/** Compares what the changed call left with what it was to leave. */
export function compareChanged(
  changed: Changed,
  left: Outcome,
): { readonly points: number; readonly weak: number; readonly broken?: Broken & { readonly buffer: string } } {
  let [points, weak] = [0, 0];
  for (const [id, list] of Object.entries(changed.wanted)) {
    const counts = changed.counts(id);
    for (const [k, want] of list.entries()) {
      const got = must(left[id]?.[k], id);
      const one = compareSides(got, want, NEAR, (i) => (counts(i) ? 'yes' : 'no'));
      points += one.points;
      weak += one.weak;
      if (one.broken !== undefined) return { points, weak, broken: { ...one.broken, buffer: id } };
    }
  }
  return { points, weak };
}
