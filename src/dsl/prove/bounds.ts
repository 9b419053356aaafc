import type { TExpr } from '../typed.ts';
import { binaryExpr, intLiteral } from './construct.ts';
import type { Formula } from './formula.ts';
import { structuralKey } from './kinds.ts';
import { add, addScaled, constant, mul, plus, quotient, scale, zero, type Poly, type Term } from './poly.ts';
import { prove, sessionOf } from './prove.ts';
import { plainName, showExpr, type NameOf } from './show.ts';
import type { Translator } from './translate.ts';

/** What is known of an integer expression: `lo <= e < end`, half open like every range of the language. A missing side is unknown. */
export interface Bounds {
  readonly lo?: TExpr;
  readonly end?: TExpr;
}

/** Replacements of variables by their bounds, at most. */
const MAX_SUBSTITUTIONS = 12;

/** Symbolic bounds of `e` in terms of dims, parameters and numbers: each variable replaced by its own bounds. */
export function bounds(e: TExpr, facts: readonly TExpr[]): Bounds {
  const { translator, facts: formulas } = sessionOf(facts);
  const p = translator.poly(e);
  const lo = extreme(p, false, translator, formulas, facts);
  const hi = extreme(p, true, translator, formulas, facts);
  return {
    ...(lo === undefined ? {} : { lo: exprOf(lo, translator) }),
    ...(hi === undefined ? {} : { end: exprOf(plus(hi, 1n), translator) }),
  };
}

/** A bound of p without index variables and reads, from above or from below. */
function extreme(
  p: Poly,
  above: boolean,
  translator: Translator,
  formulas: readonly Formula[],
  facts: readonly TExpr[],
): Poly | undefined {
  const isFree = (atom: number): boolean => {
    const kind = translator.table.atoms[atom]?.expr?.kind;
    return kind !== 'dim' && kind !== 'param' && kind !== 'len' && kind !== 'total';
  };
  let current = p;
  for (let n = 0; n < MAX_SUBSTITUTIONS; n += 1) {
    const term = [...current.values()].find((t) => t.atoms.some(isFree));
    if (term === undefined) return current;
    const next = eliminate(current, term, above, translator, formulas, facts, isFree);
    if (next === undefined) return undefined;
    current = next;
  }
  return undefined;
}

function eliminate(
  p: Poly,
  term: Term,
  above: boolean,
  translator: Translator,
  formulas: readonly Formula[],
  facts: readonly TExpr[],
  isFree: (atom: number) => boolean,
): Poly | undefined {
  for (const atom of term.atoms.filter(isFree)) {
    const others = quotient(term.atoms, [atom]) ?? [];
    const signsKnown = others.every((o) => {
      const expr = translator.table.atoms[o]?.expr;
      return expr !== undefined && prove(binaryExpr('ge', expr, intLiteral(0)), facts);
    });
    const bound = signsKnown
      ? atomBound(atom, term.coef > 0n === above, [...formulas, translator.table.axiom(atom)])
      : undefined;
    if (bound === undefined) continue;
    const cofactor: Poly = new Map([[others.join('.'), { atoms: others, coef: term.coef }]]);
    const removed: Poly = new Map([[term.atoms.join('.'), term]]);
    return add(addScaled(p, removed, -1n), mul(cofactor, bound));
  }
  return undefined;
}

/** The first bound of one atom that stands among the formulas as such. */
function atomBound(atom: number, above: boolean, formulas: readonly Formula[]): Poly | undefined {
  for (const f of formulas.flatMap((g) => (g.kind === 'and' ? g.parts : [g]))) {
    if (f.kind !== 'ge' && f.kind !== 'eq') continue;
    const coef = f.poly.get(String(atom))?.coef;
    const rest = new Map([...f.poly].filter(([key]) => key !== String(atom)));
    if ([...rest.values()].some((t) => t.atoms.includes(atom) || t.coef > 1n << 40n)) continue;
    // coef·atom + rest >= 0.
    if (coef === 1n && (f.kind === 'eq' || !above)) return scale(rest, -1n);
    if (coef === -1n && (f.kind === 'eq' || above)) return rest;
  }
  return undefined;
}

/** A polynomial as an expression: positive terms first, the number last. */
function exprOf(p: Poly, translator: Translator): TExpr {
  const c = p.get('')?.coef ?? 0n;
  const terms = [...p.values()]
    .filter((t) => t.atoms.length > 0)
    .sort((a, b) => (a.coef < 0n ? 1 : 0) - (b.coef < 0n ? 1 : 0));
  let out: TExpr | undefined;
  const append = (e: TExpr, negative: boolean): void => {
    if (out === undefined) out = negative ? { kind: 'unary', op: 'neg', a: e, type: e.type, span: e.span } : e;
    else out = binaryExpr(negative ? 'sub' : 'add', out, e);
  };
  for (const { atoms, coef } of terms) {
    const factors = atoms.map((id) => atomExpr(id, translator));
    const size = coef < 0n ? -coef : coef;
    const [first, ...rest] = size === 1n ? factors : [intLiteral(size), ...factors];
    if (first !== undefined)
      append(
        rest.reduce((a, b) => binaryExpr('mul', a, b), first),
        coef < 0n,
      );
  }
  if (out === undefined) return intLiteral(c);
  if (c !== 0n) append(intLiteral(c < 0n ? -c : c), c < 0n);
  return out;
}
function atomExpr(id: number, translator: Translator): TExpr {
  const atom = translator.table.atoms[id];
  if (atom?.expr !== undefined) return atom.expr;
  // Only quotients by numbers are made without a source expression.
  const [a, b] = atom?.quotient ?? [zero, constant(1n)];
  return binaryExpr('floordiv', exprOf(a, translator), exprOf(b, translator));
}

/** Facts shown at most. */
const MAX_SHOWN = 6;

/**
 * What a diagnostic can say it knows about an expression that could not be proven in range: the facts about what it mentions,
 * pairs of bounds joined, as `0 <= i < N, i * s + r >= p`; empty if there are none.
 */
export function known(e: TExpr, facts: readonly TExpr[], nameOf: NameOf = plainName): string {
  const leaves = leavesOf(e);
  const relevant = facts.flatMap(conjuncts).filter((f) => [...leavesOf(f)].some((leaf) => leaves.has(leaf)));
  const shown: string[] = [];
  const used = new Set<TExpr>();
  for (const f of relevant) {
    if (used.has(f)) continue;
    used.add(f);
    const lower = asBound(f, true);
    const upper =
      lower === undefined ? undefined : relevant.find((g) => !used.has(g) && asBound(g, false)?.key === lower.key);
    const end = upper === undefined ? undefined : asBound(upper, false);
    if (lower === undefined || upper === undefined || end === undefined) shown.push(showExpr(f, nameOf));
    else {
      used.add(upper);
      shown.push(
        `${showExpr(lower.limit, nameOf)} <= ${showExpr(lower.of, nameOf)} ${end.strict ? '<' : '<='} ${showExpr(end.limit, nameOf)}`,
      );
    }
  }
  return shown.slice(0, MAX_SHOWN).join(', ');
}

const conjuncts = (e: TExpr): readonly TExpr[] =>
  e.kind === 'binary' && e.op === 'and' ? [...conjuncts(e.a), ...conjuncts(e.b)] : [e];

/** `limit <= of` (lower) or `of < limit`, `of <= limit`, whichever side the compared thing stands on; literals are limits. */
function asBound(
  f: TExpr,
  lower: boolean,
): { readonly of: TExpr; readonly key: string; readonly limit: TExpr; readonly strict: boolean } | undefined {
  if (f.kind !== 'binary') return undefined;
  const make = (of: TExpr, limit: TExpr, strict: boolean) => ({ of, key: structuralKey(of), limit, strict });
  switch (f.op) {
    case 'le':
      return lower ? make(f.b, f.a, false) : make(f.a, f.b, false);
    case 'ge':
      return lower ? make(f.a, f.b, false) : make(f.b, f.a, false);
    case 'lt':
      return lower ? undefined : make(f.a, f.b, true);
    case 'gt':
      return lower ? undefined : make(f.b, f.a, true);
    default:
      return undefined;
  }
}

/** Keys of the variables, reads, lengths, parameters and dims in an expression. */
function leavesOf(e: TExpr): ReadonlySet<string> {
  const out = new Set<string>();
  const visit = (x: TExpr): void => {
    switch (x.kind) {
      case 'var':
      case 'param':
      case 'access':
      case 'len':
      case 'base':
      case 'total':
      case 'dim':
        out.add(structuralKey(x));
        break;
      case 'unary':
      case 'convert':
      case 'cast':
      case 'strict':
        visit(x.a);
        break;
      case 'binary':
        visit(x.a);
        visit(x.b);
        break;
      case 'call':
        x.args.forEach(visit);
        break;
      case 'if':
        [x.cond, x.then, x.else].forEach(visit);
        break;
      default:
        break;
    }
  };
  visit(e);
  return out;
}
