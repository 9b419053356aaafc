import { assertNever } from '../../assert.ts';
import type { Axis, Expr, Reduce } from './stage.ts';

const axisExprs = (a: Axis): readonly Expr[] => [a.lo, a.hi];
const reduceExprs = (r: Reduce): readonly Expr[] => [...r.over.flatMap(axisExprs), ...(r.when ? [r.when] : []), r.body, ...(r.value ? [r.value] : [])];

/** The direct operands of an expression, bounds of nested reductions included. */
export function children(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case 'int':
    case 'float':
    case 'bool':
    case 'scalar':
    case 'axis':
    case 'var':
      return [];
    case 'dim':
      return e.list ? [e.list] : [];
    case 'read':
      return e.list ? [e.list, ...e.index] : e.index;
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
      return e.post ? [...reduceExprs(e.reduce), e.post] : reduceExprs(e.reduce);
    default:
      return assertNever(e, 'children');
  }
}

export const mapAxis = (a: Axis, f: (e: Expr) => Expr): Axis => ({ ...a, lo: f(a.lo), hi: f(a.hi) });
export function mapReduce(r: Reduce, f: (e: Expr) => Expr): Reduce {
  return {
    ...r,
    over: r.over.map((a) => mapAxis(a, f)),
    body: f(r.body),
    ...(r.when ? { when: f(r.when) } : {}),
    ...(r.value ? { value: f(r.value) } : {}),
  };
}

/** The expression with `f` applied to each direct operand. */
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
      return e.list ? { ...e, list: f(e.list) } : e;
    case 'read':
      return { ...e, index: e.index.map(f), ...(e.list ? { list: f(e.list) } : {}) };
    case 'unary':
    case 'bitcast':
    case 'cast':
    case 'convert':
    case 'strict':
      return { ...e, a: f(e.a) };
    case 'binary':
      return { ...e, a: f(e.a), b: f(e.b) };
    case 'call':
      return { ...e, args: e.args.map(f) };
    case 'select':
      return { ...e, cond: f(e.cond), then: f(e.then), else: f(e.else) };
    case 'let':
      return { ...e, value: f(e.value), body: f(e.body) };
    case 'reduce':
      return { ...e, reduce: mapReduce(e.reduce, f), ...(e.post ? { post: f(e.post) } : {}) };
    default:
      return assertNever(e, 'mapChildren');
  }
}

/** Rewrites bottom-up with sharing kept: one visit for each node object. */
export function rewrite(e: Expr, f: (e: Expr) => Expr): Expr {
  const done = new Map<Expr, Expr>();
  const go = (x: Expr): Expr => {
    const known = done.get(x);
    if (known) return known;
    const kids = children(x);
    let changed = false;
    const inner = mapChildren(x, (k) => {
      const r = go(k);
      if (r !== k) changed = true;
      return r;
    });
    const out = f(changed && kids.length > 0 ? inner : x);
    done.set(x, out);
    return out;
  };
  return go(e);
}

/** Visits each node object once. */
export function walk(e: Expr, visit: (e: Expr) => void, seen = new Set<Expr>()): void {
  if (seen.has(e)) return;
  seen.add(e);
  visit(e);
  for (const k of children(e)) walk(k, visit, seen);
}

export function some(e: Expr, p: (e: Expr) => boolean): boolean {
  let hit = false;
  walk(e, (x) => {
    if (!hit && p(x)) hit = true;
  });
  return hit;
}

/** True if the value can change with the axis (by itself or through a `let`-bound name is not followed: names count as changing only if listed). */
export const mentions = (e: Expr, axis: string): boolean => some(e, (x) => x.kind === 'axis' && x.id === axis);

/** Expression with axes replaced. */
export const substitute = (e: Expr, axes: ReadonlyMap<string, Expr>): Expr =>
  axes.size === 0 ? e : rewrite(e, (x) => (x.kind === 'axis' ? (axes.get(x.id) ?? x) : x));

/** Structural equality through interned ids; spans do not count. */
export function interner(): (e: Expr) => number {
  const ids = new Map<string, number>();
  const memo = new WeakMap<Expr, number>();
  const id = (e: Expr): number => {
    const known = memo.get(e);
    if (known !== undefined) return known;
    const key = `${e.type}|${label(e)}|${children(e).map(id).join(',')}`;
    const found = ids.get(key) ?? ids.size;
    ids.set(key, found);
    memo.set(e, found);
    return found;
  };
  return id;
}

function label(e: Expr): string {
  switch (e.kind) {
    case 'int':
    case 'bool':
      return `${e.kind} ${e.value}`;
    case 'float':
      return `float ${Object.is(e.value, -0) ? '-0' : e.value}`;
    case 'dim':
    case 'axis':
    case 'var':
      return `${e.kind} ${e.id}`;
    case 'scalar':
      return `scalar ${e.name}`;
    case 'read':
      return `read ${e.buf} ${e.field ?? ''} ${e.list ? 'list' : ''} ${e.dtype}`;
    case 'unary':
    case 'binary':
      return `${e.kind} ${e.op}`;
    case 'call':
      return `call ${e.fn}`;
    case 'bitcast':
      return `bitcast ${e.to}`;
    case 'cast':
      return `cast ${e.mode} ${e.to}`;
    case 'let':
      return `let ${e.id}`;
    case 'reduce': {
      const r = e.reduce;
      return `reduce ${r.op} ${r.acc} ${r.over.map((a) => a.id).join(' ')} ${r.when ? 'when' : ''} ${r.value ? 'value' : ''} ${e.post ? 'post' : ''}`;
    }
    case 'convert':
    case 'select':
    case 'strict':
      return e.kind;
    default:
      return assertNever(e, 'label');
  }
}

/** The coefficient of an axis in an affine index, undefined where it is not affine in it with a constant coefficient. */
export function coefficient(e: Expr, axis: string): bigint | undefined {
  if (!mentions(e, axis)) return 0n;
  switch (e.kind) {
    case 'axis':
      return 1n;
    case 'convert':
      return coefficient(e.a, axis);
    case 'binary': {
      const a = coefficient(e.a, axis);
      const b = coefficient(e.b, axis);
      if (a === undefined || b === undefined) return undefined;
      if (e.op === 'add') return a + b;
      if (e.op === 'sub') return a - b;
      if (e.op === 'mul' && e.b.kind === 'int') return a * e.b.value;
      if (e.op === 'mul' && e.a.kind === 'int') return b * e.a.value;
      return undefined;
    }
    default:
      return undefined;
  }
}
