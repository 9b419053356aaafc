import { assertNever } from '../../assert.ts';
import type { Axis, AxisId, BufId, Expr, Place, Reduce, Stage } from './stage.ts';

const NONE: readonly Expr[] = [];
const opt = (e: Expr | undefined): readonly Expr[] => (e === undefined ? NONE : [e]);
const bounds = (axes: readonly Axis[]): readonly Expr[] => axes.flatMap((a) => [a.lo, a.hi]);
export const reduceExprs = (r: Reduce): readonly Expr[] => [...bounds(r.over), ...opt(r.when), r.body, ...opt(r.value)];
export const placeExprs = (p: Place): readonly Expr[] => [...opt(p.list), ...p.index];

/** Direct operands, in evaluation order. */
export function children(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'int':
    case 'float':
    case 'bool':
    case 'scalar':
    case 'axis':
    case 'var':
      return NONE;
    case 'dim':
      return opt(e.list);
    case 'read':
      return [...opt(e.list), ...e.index];
    case 'unary':
    case 'bitcast':
    case 'cast':
    case 'convert':
    case 'strict':
      return [e.a];
    case 'binary':
      return [e.a, e.b];
    case 'call':
      return e.args;
    case 'select':
      return [e.cond, e.then, e.else];
    case 'let':
      return [e.value, e.body];
    case 'reduce':
      return [...reduceExprs(e.reduce), ...opt(e.post)];
    default:
      return assertNever(e, 'children');
  }
}

/** Visits `e` and everything below it, parents first. */
export function visit(e: Expr, f: (e: Expr) => void): void {
  f(e);
  for (const c of children(e)) visit(c, f);
}

const mapAxes = (axes: readonly Axis[], f: (e: Expr) => Expr): readonly Axis[] =>
  axes.map((a) => ({ ...a, lo: f(a.lo), hi: f(a.hi) }));
export const mapPlace = (p: Place, f: (e: Expr) => Expr): Place => ({
  ...p,
  index: p.index.map(f),
  ...(p.list === undefined ? {} : { list: f(p.list) }),
});
export function mapReduce(r: Reduce, f: (e: Expr) => Expr): Reduce {
  return {
    ...r,
    over: mapAxes(r.over, f),
    body: f(r.body),
    ...(r.when === undefined ? {} : { when: f(r.when) }),
    ...(r.value === undefined ? {} : { value: f(r.value) }),
  };
}

/** `e` with each direct operand replaced; the same object where nothing changed. */
export function mapChildren(e: Expr, f: (e: Expr) => Expr): Expr {
  switch (e.kind) {
    case 'int':
    case 'float':
    case 'bool':
    case 'scalar':
    case 'axis':
    case 'var':
      return e;
    case 'dim':
      return e.list === undefined ? e : { ...e, list: f(e.list) };
    case 'read': {
      const index = e.index.map(f);
      const list = e.list === undefined ? undefined : f(e.list);
      if (list === e.list && index.every((x, i) => x === e.index[i])) return e;
      return { ...e, index, ...(list === undefined ? {} : { list }) };
    }
    case 'unary':
    case 'bitcast':
    case 'cast':
    case 'convert':
    case 'strict': {
      const a = f(e.a);
      return a === e.a ? e : { ...e, a };
    }
    case 'binary': {
      const [a, b] = [f(e.a), f(e.b)];
      return a === e.a && b === e.b ? e : { ...e, a, b };
    }
    case 'call': {
      const args = e.args.map(f);
      return args.every((x, i) => x === e.args[i]) ? e : { ...e, args };
    }
    case 'select': {
      const [cond, then, other] = [f(e.cond), f(e.then), f(e.else)];
      return cond === e.cond && then === e.then && other === e.else ? e : { ...e, cond, then, else: other };
    }
    case 'let': {
      const [value, body] = [f(e.value), f(e.body)];
      return value === e.value && body === e.body ? e : { ...e, value, body };
    }
    case 'reduce':
      return { ...e, reduce: mapReduce(e.reduce, f), ...(e.post === undefined ? {} : { post: f(e.post) }) };
    default:
      return assertNever(e, 'mapChildren');
  }
}

/** Bottom-up rewrite: `f` sees each node after its operands were rewritten. */
export const rewrite = (e: Expr, f: (e: Expr) => Expr): Expr => f(mapChildren(e, (c) => rewrite(c, f)));

/** Axes that `e` mentions and does not bind. */
export function freeAxes(e: Expr): ReadonlySet<AxisId> {
  const out = new Set<AxisId>();
  const go = (x: Expr, bound: ReadonlySet<AxisId>): void => {
    if (x.kind === 'axis' && !bound.has(x.id)) out.add(x.id);
    const inner = x.kind === 'reduce' ? new Set([...bound, ...x.reduce.over.map((a) => a.id)]) : bound;
    for (const c of children(x)) go(c, inner);
  };
  go(e, new Set());
  return out;
}

/** Vars that `e` mentions and does not bind; a reduce binds `acc` in its post. */
export function freeVars(e: Expr): ReadonlySet<string> {
  const out = new Set<string>();
  const go = (x: Expr, bound: ReadonlySet<string>): void => {
    if (x.kind === 'var') {
      if (!bound.has(x.id)) out.add(x.id);
    } else if (x.kind === 'let') {
      go(x.value, bound);
      go(x.body, new Set([...bound, x.id]));
    } else if (x.kind === 'reduce') {
      for (const c of reduceExprs(x.reduce)) go(c, bound);
      if (x.post !== undefined) go(x.post, new Set([...bound, 'acc']));
    } else for (const c of children(x)) go(c, bound);
  };
  go(e, new Set());
  return out;
}

export type Read = Extract<Expr, { kind: 'read' }>;
/** All reads in `e`, outermost first. */
export function reads(e: Expr): readonly Read[] {
  const out: Read[] = [];
  visit(e, (x) => void (x.kind === 'read' && out.push(x)));
  return out;
}

/** Every expression of a stage except those of a recurrence's body. */
export function stageExprs(s: Stage): readonly Expr[] {
  const common = [...bounds(s.axes), ...opt(s.where)];
  switch (s.kind) {
    case 'map':
      return [...common, ...placeExprs(s.out), s.value];
    case 'reduce':
      return [...common, ...placeExprs(s.out), ...reduceExprs(s.reduce), ...opt(s.post)];
    case 'scan':
      return [...common, ...placeExprs(s.out), ...bounds([s.along]), ...opt(s.when), s.body];
    case 'scatter':
      return [...common, ...placeExprs(s.out), s.value, s.init];
    case 'offsets':
      return [...common, ...opt(s.list), s.size];
    case 'pack':
      return [...common, ...bounds([s.from]), s.when, ...s.outs.map((o) => o.value)];
    case 'select':
      return [
        ...common,
        ...bounds([s.along, s.slot]),
        s.body,
        ...(s.values === undefined ? [] : placeExprs(s.values)),
        ...(s.indices === undefined ? [] : placeExprs(s.indices)),
      ];
    case 'recur':
      return [...common, ...bounds([s.step])];
    default:
      return assertNever(s, 'stageExprs');
  }
}

/** `s` with every expression replaced; recurrence bodies are mapped too. */
export function mapStage(s: Stage, f: (e: Expr) => Expr): Stage {
  const base = { axes: mapAxes(s.axes, f), ...(s.where === undefined ? {} : { where: f(s.where) }) };
  const one = (a: Axis): Axis => ({ ...a, lo: f(a.lo), hi: f(a.hi) });
  switch (s.kind) {
    case 'map':
      return { ...s, ...base, out: mapPlace(s.out, f), value: f(s.value) };
    case 'reduce':
      return {
        ...s,
        ...base,
        out: mapPlace(s.out, f),
        reduce: mapReduce(s.reduce, f),
        ...(s.post === undefined ? {} : { post: f(s.post) }),
      };
    case 'scan':
      return {
        ...s,
        ...base,
        out: mapPlace(s.out, f),
        along: one(s.along),
        body: f(s.body),
        ...(s.when === undefined ? {} : { when: f(s.when) }),
      };
    case 'scatter':
      return { ...s, ...base, out: mapPlace(s.out, f), value: f(s.value), init: f(s.init) };
    case 'offsets':
      return { ...s, ...base, size: f(s.size), ...(s.list === undefined ? {} : { list: f(s.list) }) };
    case 'pack':
      return {
        ...s,
        ...base,
        from: one(s.from),
        when: f(s.when),
        outs: s.outs.map((o) => ({ ...o, value: f(o.value) })),
      };
    case 'select':
      return {
        ...s,
        ...base,
        along: one(s.along),
        slot: one(s.slot),
        body: f(s.body),
        ...(s.values === undefined ? {} : { values: mapPlace(s.values, f) }),
        ...(s.indices === undefined ? {} : { indices: mapPlace(s.indices, f) }),
      };
    case 'recur':
      return { ...s, ...base, step: one(s.step), body: s.body.map((b) => mapStage(b, f)) };
    default:
      return assertNever(s, 'mapStage');
  }
}

/** Buffers that a stage stores to; states and what a recurrence's body stores to included. */
export function stageWrites(s: Stage): readonly BufId[] {
  switch (s.kind) {
    case 'map':
    case 'reduce':
    case 'scan':
    case 'scatter':
      return [s.out.buf];
    case 'offsets':
      return [s.out];
    case 'pack':
      return [s.offsets, ...s.outs.map((o) => o.buf)];
    case 'select':
      return [s.values, s.indices].flatMap((p) => (p === undefined ? [] : [p.buf]));
    case 'recur':
      return s.body.flatMap(stageWrites);
    default:
      return assertNever(s, 'stageWrites');
  }
}

/** Reads of a stage, those of a recurrence's body included. */
export function stageReads(s: Stage): readonly Read[] {
  return [...stageExprs(s).flatMap(reads), ...(s.kind === 'recur' ? s.body.flatMap(stageReads) : [])];
}
