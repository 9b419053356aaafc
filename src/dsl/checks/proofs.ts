import { bounds, known } from '../prove/bounds.ts';
import { prove, proveEqual, proveInRange } from '../prove/prove.ts';
import type { TExpr } from '../typed.ts';
import type { Scope, TensorSym } from './context.ts';
import { binary, int, mapParts, parts, same, some, substitute } from './make.ts';
import { bindAxes } from './shape.ts';
import { isIntType, widens } from './value.ts';

/** Node kinds that a proof can look into; a definition made of these only replaces the read of its name. */
const ARITHMETIC: ReadonlySet<TExpr['kind']> = new Set([
  'int',
  'dim',
  'param',
  'var',
  'len',
  'base',
  'total',
  'unary',
  'binary',
  'convert',
  'call',
  'if',
  'bool',
  'access',
  'cast',
  'let',
  'local',
]);

/** Nodes that definitions may add to one expression; beyond them reads stay names. */
const MOST_NODES = 1000;

const letOf = (s: Scope, e: TExpr): TensorSym | undefined => {
  if (e.kind !== 'access') return undefined;
  const sym = s.op.symbols.get(e.tensor);
  return sym?.kind === 'tensor' ? sym : undefined;
};

/** The expression with reads of integer and boolean lets replaced by what they are defined as. */
export function expand(e: TExpr, s: Scope): TExpr {
  let left = MOST_NODES;
  const go = (x: TExpr): TExpr => {
    const sym = letOf(s, x);
    if (x.kind === 'access' && sym?.value !== undefined && left > 0 && isPlain(sym.value)) {
      left -= sizeOf(sym.value);
      return go(substitute(sym.value, bindAxes(sym.axes, x.index)));
    }
    const inner = mapParts(x, go);
    // An index that takes a narrower type wraps there, like a written conversion.
    if (
      inner.kind === 'convert' &&
      isIntType(inner.type) &&
      isIntType(inner.a.type) &&
      !widens(inner.a.type, inner.type)
    ) {
      return { kind: 'cast', mode: 'as', to: inner.type, a: inner.a, type: inner.type, span: inner.span };
    }
    return inner;
  };
  return go(e);
}

const sizeOf = (e: TExpr): number => parts(e).reduce((n, p) => n + sizeOf(p), 1);
const isPlain = (e: TExpr): boolean => !some(e, (x) => !ARITHMETIC.has(x.kind));

/** What is known of the results of searches, counts, selections and ragged rules that occur in `e`. */
function aboutParts(e: TExpr, s: Scope, depth = 0): readonly TExpr[] {
  const out: TExpr[] = [];
  if (depth > 3) return out;
  const go = (x: TExpr): void => {
    if (x.kind === 'reduce') out.push(...aboutReduce(x, x, s));
    const sym = letOf(s, x);
    if (x.kind === 'access' && sym !== undefined) {
      const at = bindAxes(sym.axes, x.index);
      if (sym.value?.kind === 'reduce') out.push(...aboutReduce(x, substitute(sym.value, at), s));
      if (sym.below !== undefined) {
        out.push(
          binary('le', int(sym.below.mayMiss ? -1 : 0, x.span), x),
          binary('lt', x, substitute(sym.below.extent, at)),
        );
      }
    }
    if (x.kind === 'len') {
      const rule = s.op.raggeds.get(x.ragged)?.ragged.rule;
      if (rule?.kind === 'size') {
        const by = new Map<string, TExpr>();
        rule.vars.forEach((v, i) => {
          const at = x.at[i];
          const value = at?.kind === 'flat' ? at.part.value : undefined;
          if (value !== undefined) by.set(v.id, value);
        });
        if (rule.list !== undefined && x.list !== undefined) by.set(rule.list.id, x.list);
        if (by.size === rule.vars.length + (rule.list === undefined ? 0 : 1)) {
          const size = expand(substitute(rule.size, by), s);
          const least: TExpr = { kind: 'call', fn: 'max', args: [size, int(0, x.span)], type: 'i64', span: x.span };
          out.push(binary('eq', x, least), ...aboutParts(size, s, depth + 1));
        }
      }
    }
    parts(x).forEach(go);
  };
  go(e);
  return out;
}

function aboutReduce(x: TExpr, r: TExpr, s: Scope): readonly TExpr[] {
  if (r.kind !== 'reduce') return [];
  const count = r.vars.map((v) =>
    expand(v.lo.kind === 'int' && v.lo.value === 0n ? v.hi : binary('sub', v.hi, v.lo), s),
  );
  const [first, ...rest] = count;
  if (first === undefined) return [];
  const all = rest.reduce((p, c) => binary('mul', p, c), first);
  switch (r.reducer) {
    case 'lower_bound':
    case 'upper_bound':
    case 'count':
      return [binary('le', int(0, x.span), x), binary('le', x, all)];
    case 'argmax':
    case 'argmin':
    case 'first':
      return [
        binary('le', int(-1, x.span), x),
        binary('lt', x, all),
        binary('or', binary('eq', x, int(-1, x.span)), binary('lt', int(0, x.span), all)),
      ];
    default:
      return [];
  }
}

/** Facts and goal as the prover takes them. */
function prepare(
  goals: readonly TExpr[],
  s: Scope,
): { readonly goals: readonly TExpr[]; readonly facts: readonly TExpr[] } {
  const expanded = goals.map((g) => expand(g, s));
  const facts = [...s.op.facts, ...s.facts].map((f) => expand(f, s));
  const about = new Map<string, TExpr>();
  for (const e of [...expanded, ...facts]) for (const f of aboutParts(e, s)) about.set(JSON.stringify(f, plain), f);
  return { goals: expanded, facts: [...facts, ...about.values()] };
}
const plain = (name: string, v: unknown): unknown =>
  name === 'span' ? undefined : typeof v === 'bigint' ? String(v) : v;

/** True only if `goal` holds wherever the scope's facts do. */
export function holdsIn(goal: TExpr, s: Scope): boolean {
  const p = prepare([goal], s);
  return p.goals.every((g) => prove(g, p.facts));
}
/** True only if `0 <= value < extent` in the scope. */
export function inRange(value: TExpr, extent: TExpr, s: Scope): boolean {
  const p = prepare([value, extent], s);
  const [v, e] = p.goals;
  return v !== undefined && e !== undefined && proveInRange(v, e, p.facts);
}
/** True only if `a == b` in the scope. */
export function equalIn(a: TExpr, b: TExpr, s: Scope): boolean {
  if (same(a, b)) return true;
  const p = prepare([a, b], s);
  const [x, y] = p.goals;
  return x !== undefined && y !== undefined && (same(x, y) || proveEqual(x, y, p.facts));
}
/** What the scope knows of `e`, as text; empty if nothing. */
export function knownOf(e: TExpr, s: Scope, nameOf: (id: string) => string): string {
  const p = prepare([e], s);
  return p.goals[0] === undefined ? '' : known(p.goals[0], p.facts, nameOf);
}
/** Symbolic bounds of `e`. */
export function boundsOf(e: TExpr, s: Scope): ReturnType<typeof bounds> {
  const p = prepare([e], s);
  return p.goals[0] === undefined ? {} : bounds(p.goals[0], p.facts);
}
/** True if `e` reads data: a value that only the run knows, other than lengths of rows. */
export const readsData = (e: TExpr, s: Scope): boolean =>
  some(expand(e, s), (x) => x.kind === 'access' || x.kind === 'reduce' || (x.kind === 'param' && !isIntType(x.type)));
