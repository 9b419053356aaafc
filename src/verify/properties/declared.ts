import { evaluate } from '../../backends/reference/evaluate.ts';
import type { Inputs } from '../../backends/reference/inputs.ts';
import type { Output } from '../../backends/reference/outputs.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import { lower } from '../../codegen/lower/lower.ts';
import type { Consts } from '../../codegen/lower/lower.ts';
import { lowerProperty } from '../../codegen/lower/property.ts';
import type { PropertyGraph, WholeSide } from '../../codegen/lower/property.ts';
import { evalSize } from '../../codegen/shapes/eval-size.ts';
import { getAt } from '../../codegen/numeric/tensor.ts';
import type { Scalar, Tensor } from '../../codegen/numeric/tensor.ts';
import type { TOp, TProperty } from '../../dsl/typed.ts';
import { must } from '../../assert.ts';
import type { CaseData } from '../data.ts';
import { resolveSizes } from '../sizes.ts';
import type { Sizes } from '../sizes.ts';
import type { Outcome } from './outcome.ts';
import { compareSides, isBounded } from './sides.ts';
import type { Compared, Relation } from './sides.ts';
import { combine, rounded } from './whole.ts';
import type { Arithmetic } from './whole.ts';

/** A property that the source declares, ready to be evaluated on what calls of its operator left. */
export interface Declared {
  readonly property: TProperty;
  readonly op: TOp;
  readonly consts: Consts;
  readonly lowered: PropertyGraph;
}

/** A call of an operator, and what it left. */
export interface Made {
  readonly sizes: Sizes;
  readonly data: CaseData;
  readonly outcome: Outcome;
}
/** A call that a property asks for; `own` if it is the operator under test, so that its kernel can answer. */
export interface Asked {
  readonly graph: StageGraph;
  readonly own: boolean;
  readonly sizes: Sizes;
  readonly data: CaseData;
  /** What the arguments may differ by, since they were computed. */
  readonly bounds: NonNullable<Inputs['bounds']>;
}
export type Answered =
  { readonly ok: true; readonly outcome: Outcome } | { readonly ok: false; readonly detail: string };

/** The declared properties of an operator. */
export function declaredProperties(op: TOp, consts: Consts): readonly Declared[] {
  return op.properties.map((property) => ({ property, op, consts, lowered: lowerProperty(op, property, consts) }));
}

/** Cases in which a property has more points are left out: a property over pairs of elements has the square of a case's size. */
const MOST_POINTS = 300_000;
function pointsOf({ lowered }: Declared, { sizes }: Made): number {
  const holds = lowered.graph.buffers.find((b) => b.id === lowered.holds);
  return (holds?.shape ?? []).reduce((n, e) => n * (evalSize(e, sizes.env) ?? 1), 1);
}

/** Evaluates a property on one call; `answer` makes the further calls that it asks for. */
export async function checkDeclared(
  d: Declared,
  made: Made,
  answer: (asked: Asked) => Promise<Answered>,
): Promise<({ readonly ok: true } & Compared) | { readonly ok: false; readonly detail: string }> {
  const { property, lowered } = d;
  const { sides } = lowered;
  const relation: Relation = {
    op: property.op,
    within: property.within,
    storage: sides.kind === 'points' ? sides.storage : [],
  };
  if (pointsOf(d, made) > MOST_POINTS) return { ok: true, points: 0, weak: 0 };
  const given = inputsOf(d, made, isBounded(relation));
  const done = evaluate(lowered.graph, given);
  if (!done.ok) return { ok: false, detail: done.problems.map((p) => p.text).join('; ') };
  if (done.faultCount > 0) {
    const [fault] = done.faults;
    return { ok: false, detail: `it reads ${fault?.buf ?? ''} out of range, at ${fault?.index ?? 0}` };
  }
  const outcome = (name: string): Output => must(done.outputs[name]?.[0], name);
  const holds = outcome(lowered.holds);
  const holdsAt = (i: number): 'yes' | 'no' | 'unsure' =>
    (holds.bound?.[i] ?? 0) > 0 ? 'unsure' : getAt(holds.tensor, i) === true ? 'yes' : 'no';
  if (sides.kind === 'points')
    return { ok: true, ...compareSides(outcome(sides.left), outcome(sides.right), relation, holdsAt) };
  if (holdsAt(0) !== 'yes') return { ok: true, points: 0, weak: 0 };
  const around: Around = { d, made, answer, bounded: isBounded(relation), scalar: outcome };
  const [left, right] = [await valueOf(around, sides.left), await valueOf(around, sides.right)];
  if (!left.ok) return left;
  return right.ok ? { ok: true, ...compareLists(left.list, right.list, relation) } : right;
}

/** Elements of a list one behind the other; the first that breaks the relation is reported. */
function compareLists(left: readonly Output[], right: readonly Output[], given: Relation): Compared {
  const n = Math.max(left.length, right.length);
  let total: Compared = { points: 0, weak: 0 };
  for (let k = 0; k < n; k++) {
    const [a, b] = [left[left.length === 1 ? 0 : k], right[right.length === 1 ? 0 : k]];
    if (a === undefined || b === undefined) continue;
    const one = compareSides(a, b, { ...given, storage: [a.tensor.dtype, b.tensor.dtype] }, () => 'yes');
    const broken = total.broken ?? one.broken;
    total = {
      points: total.points + one.points,
      weak: total.weak + one.weak,
      ...(broken === undefined ? {} : { broken }),
    };
  }
  return total;
}

/** Everything that a property can read, under the names of its graph. */
function inputsOf({ lowered }: Declared, made: Made, bounded: boolean): Inputs {
  const lists = new Set(lowered.graph.buffers.filter((b) => b.list !== undefined).map((b) => b.id));
  const buffers: Record<string, Tensor | readonly Tensor[]> = {};
  const bounds: Record<string, readonly (Float64Array | undefined)[]> = {};
  const put = (id: string, list: readonly Tensor[]): void =>
    void (buffers[id] = lists.has(id) ? list : must(list[0], id));
  for (const [id, list] of made.data.tensors) put(id, list);
  for (const [id, list] of Object.entries(made.outcome)) {
    const name = lowered.after[id] ?? id;
    put(
      name,
      list.map((o) => o.tensor),
    );
    if (bounded) bounds[name] = list.map((o) => o.bound);
  }
  return {
    dims: Object.fromEntries(made.sizes.dims),
    scalars: Object.fromEntries(made.data.scalars),
    buffers,
    bounds,
  };
}

interface Around {
  readonly d: Declared;
  readonly made: Made;
  readonly answer: (asked: Asked) => Promise<Answered>;
  readonly bounded: boolean;
  readonly scalar: (name: string) => Output;
}
type Value = { readonly ok: true; readonly list: readonly Output[] } | { readonly ok: false; readonly detail: string };

/** A side, or an argument that is to be of a parameter's type. */
async function valueOf(around: Around, side: WholeSide, dtype?: Tensor['dtype']): Promise<Value> {
  const parts = await leavesOf(around, side);
  if (!parts.ok) return parts;
  const length = Math.max(0, ...parts.leaves.map((l) => l.length));
  const list: Output[] = [];
  for (let k = 0; k < length; k++) {
    const rest = [...parts.leaves];
    const made = combine(arithmetic(side, rest, k), around.d.property.span);
    if (made === undefined) return { ok: false, detail: 'it combines tensors of different shapes' };
    list.push(dtype === undefined ? made : rounded(made, dtype));
  }
  return { ok: true, list };
}

/** The leaves of a side, in the order of the source. */
async function leavesOf(
  around: Around,
  side: WholeSide,
): Promise<
  | { readonly ok: true; readonly leaves: readonly (readonly Output[])[] }
  | { readonly ok: false; readonly detail: string }
> {
  if (side.kind === 'binary') {
    const a = await leavesOf(around, side.a);
    const b = a.ok ? await leavesOf(around, side.b) : a;
    return a.ok && b.ok ? { ok: true, leaves: [...a.leaves, ...b.leaves] } : b;
  }
  if (side.kind === 'scalar') return { ok: true, leaves: [[around.scalar(side.out)]] };
  if (side.kind === 'tensor') return { ok: true, leaves: [tensorsOf(around, side.name)] };
  const called = await callOf(around, side);
  return called.ok ? { ok: true, leaves: [called.list] } : called;
}
function arithmetic(side: WholeSide, rest: (readonly Output[])[], element: number): Arithmetic {
  if (side.kind === 'binary') {
    const a = arithmetic(side.a, rest, element);
    return { kind: 'binary', op: side.op, a, b: arithmetic(side.b, rest, element) };
  }
  const list = must(rest.shift(), 'a leaf');
  return { kind: 'leaf', value: must(list[list.length === 1 ? 0 : element], 'an element') };
}

/** A result as the operator left it, or an input. */
function tensorsOf({ made, bounded }: Around, name: string): readonly Output[] {
  const left = made.outcome[name];
  if (left !== undefined) return bounded ? left : left.map((o) => ({ tensor: o.tensor }));
  return must(made.data.tensors.get(name), name).map((tensor) => ({ tensor }));
}

/** Makes a call: arguments are evaluated and rounded to the types of the parameters. */
async function callOf(around: Around, call: Extract<WholeSide, { kind: 'call' }>): Promise<Value> {
  const { d, made } = around;
  const consts: Record<string, Scalar> = {};
  const scalars = new Map<string, Scalar>();
  const tensors = new Map<string, readonly Tensor[]>();
  const bounds: Record<string, readonly (Float64Array | undefined)[]> = {};
  for (const [k, p] of call.op.params.entries()) {
    const arg = must(call.args[k], p.name);
    const { elem } = p.type;
    const value = await valueOf(around, arg, elem.kind === 'scalar' ? elem.dtype : undefined);
    if (!value.ok) return value;
    if (p.mode === 'const' || p.mode === 'scalar') {
      const [only] = value.list;
      const v = getAt(must(only, p.name).tensor, 0);
      if (p.mode === 'const') consts[p.name] = v;
      else scalars.set(p.name, v);
      continue;
    }
    tensors.set(
      p.name,
      value.list.map((o) => o.tensor),
    );
    if (around.bounded) bounds[p.name] = value.list.map((o) => o.bound);
  }
  const lowered = lower(call.op, consts);
  if (!lowered.ok) return { ok: false, detail: lowered.refusals.map((x) => x.message).join('; ') };
  const { graph } = lowered;
  const dims = new Map<string, number | readonly number[]>(
    Object.entries(call.dims).map(([id, out]) => [id, Number(getAt(around.scalar(out).tensor, 0))]),
  );
  for (const x of graph.dims) {
    const own = made.sizes.dims.get(x.id);
    if (!dims.has(x.id) && x.derived === undefined && own !== undefined) dims.set(x.id, own);
  }
  const data: CaseData = { tensors, scalars };
  const sizes = callSizes(graph, dims, data);
  if (typeof sizes === 'string') return { ok: false, detail: `its call of ${call.op.name}: ${sizes}` };
  const answered = await around.answer({ graph, own: isOwn(d, call.op, consts), sizes, data, bounds });
  if (!answered.ok) return { ok: false, detail: `its call of ${call.op.name}: ${answered.detail}` };
  const [result] = call.op.results;
  const list = must(answered.outcome[must(result, 'a result').name], 'a result');
  return { ok: true, list: around.bounded ? list : list.map((o) => ({ tensor: o.tensor })) };
}
/** True if the kernel under test is one of this call's operator: of the same types and consts. */
function isOwn({ op, consts }: Declared, callee: TOp, given: Readonly<Record<string, Scalar>>): boolean {
  const same = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean =>
    Object.keys(a).every((k) => String(a[k]) === String(b[k]));
  if (callee.name !== op.name || callee.span.file !== op.span.file || !same(callee.types, op.types)) return false;
  return op.params.every(
    (p) => p.mode !== 'const' || String(consts[p.name] ?? p.default) === String(given[p.name] ?? p.default),
  );
}

/** Sizes of a call from its dims and the offsets among its arguments. */
function callSizes(
  graph: StageGraph,
  dims: ReadonlyMap<string, number | readonly number[]>,
  data: CaseData,
): Sizes | string {
  const lens = Object.fromEntries(
    graph.buffers.flatMap((b) => {
      const list = b.offsetsOf === undefined ? undefined : data.tensors.get(b.id);
      if (list === undefined) return [];
      return [
        [
          b.id,
          list.map((t) =>
            Array.from({ length: t.data.length - 1 }, (_, i) => Number(getAt(t, i + 1)) - Number(getAt(t, i))),
          ),
        ],
      ];
    }),
  );
  const plain = [...dims].filter((x): x is [string, number] => typeof x[1] === 'number');
  const elements = [...dims].filter((x): x is [string, readonly number[]] => typeof x[1] !== 'number');
  const scalars = Object.fromEntries([...data.scalars].map(([k, v]) => [k, typeof v === 'bigint' ? v.toString() : v]));
  return resolveSizes(graph, {
    dims: Object.fromEntries(plain),
    elements: Object.fromEntries(elements),
    lens,
    scalars,
    style: 'normal',
    seed: 0,
  });
}
