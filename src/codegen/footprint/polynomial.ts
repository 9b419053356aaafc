import { mapVal } from '../ir/tile-map.ts';
import { printVal } from '../ir/tile-print.ts';
import { operands } from '../ir/tile-walk.ts';
import * as t from '../ir/tile-build.ts';
import type { Val } from '../ir/tile.ts';

/** A product of values with an integer before it; without atoms a constant. */
interface Term {
  readonly factor: bigint;
  /** Values that are no sum or product themselves, in the order of their texts. */
  readonly atoms: readonly Val[];
}
/** An index as a sum of products, like terms joined: equal sums have equal keys. */
export type Polynomial = ReadonlyMap<string, Term>;

/** What names stand for; a name that is not here stands for itself. */
export type Names = ReadonlyMap<string, Val>;

const keyOf = (atoms: readonly Val[]): string => atoms.map(printVal).join(' * ');
function sum(terms: readonly Term[]): Polynomial {
  const out = new Map<string, Term>();
  for (const term of terms) {
    const key = keyOf(term.atoms);
    const factor = (out.get(key)?.factor ?? 0n) + term.factor;
    if (factor === 0n) out.delete(key);
    else out.set(key, { factor, atoms: term.atoms });
  }
  return out;
}
const constant = (factor: bigint): Polynomial => sum([{ factor, atoms: [] }]);
export const plus = (a: Polynomial, b: Polynomial): Polynomial => sum([...a.values(), ...b.values()]);
const times = (a: Polynomial, b: Polynomial): Polynomial =>
  sum(
    [...a.values()].flatMap((x) =>
      [...b.values()].map((y) => ({
        factor: x.factor * y.factor,
        atoms: [...x.atoms, ...y.atoms].sort((p, q) => (printVal(p) < printVal(q) ? -1 : 1)),
      })),
    ),
  );
export const scaled = (a: Polynomial, by: number): Polynomial => times(a, constant(BigInt(by)));
export const minus = (a: Polynomial, b: Polynomial): Polynomial => plus(a, scaled(b, -1));
export const offset = (a: Polynomial, by: number): Polynomial => plus(a, constant(BigInt(by)));
export const terms = (p: Polynomial): readonly Term[] => [...p.values()];
/** The value of a sum without names. */
export function constantOf(p: Polynomial): number | undefined {
  if (p.size === 0) return 0;
  const only = p.get('');
  return p.size === 1 && only !== undefined ? Number(only.factor) : undefined;
}
export const equal = (a: Polynomial, b: Polynomial): boolean => minus(a, b).size === 0;
export const textOf = (p: Polynomial): string => printVal(toVal(p));

/** The name that stands for the number of a lane. */
export const LANE = 'lane number';

/** The normal form of an index, of one lane where there are several; `names` are replaced by what they stand for. */
export function polynomial(v: Val, names: Names): Polynomial {
  switch (v.kind) {
    case 'int':
      return constant(v.value);
    case 'name': {
      const value = names.get(v.id);
      return value === undefined ? atom(v) : polynomial(value, names);
    }
    case 'splat':
      return polynomial(v.a, names);
    case 'iota':
      return atom(t.name(LANE));
    case 'unary':
      if (v.op === 'neg') return scaled(polynomial(v.a, names), -1);
      break;
    case 'binary': {
      if (v.op === 'add') return plus(polynomial(v.a, names), polynomial(v.b, names));
      if (v.op === 'sub') return minus(polynomial(v.a, names), polynomial(v.b, names));
      if (v.op === 'mul') return times(polynomial(v.a, names), polynomial(v.b, names));
      break;
    }
    default:
      break;
  }
  return atom(resolved(v, names));
}
const atom = (v: Val): Polynomial => sum([{ factor: 1n, atoms: [v] }]);

/** An atom whose indices and operands are in normal form, so that equal ones have equal texts. */
function resolved(v: Val, names: Names): Val {
  const inside = (x: Val): Val =>
    x.ty.dtype === 'i64' && x.ty.lanes === 1 ? toVal(polynomial(x, names)) : resolved(x, names);
  switch (v.kind) {
    case 'load': {
      const { entry } = v.from;
      return {
        ...v,
        from: { ...v.from, index: inside(v.from.index), ...(entry === undefined ? {} : { entry: inside(entry) }) },
      };
    }
    case 'name': {
      const value = names.get(v.id);
      return value === undefined ? v : resolved(value, names);
    }
    case 'binary':
      return { ...v, a: inside(v.a), b: inside(v.b) };
    case 'call':
      return { ...v, args: v.args.map(inside) };
    case 'convert':
      return { ...v, a: inside(v.a) };
    default:
      return mapVal(v, {
        op: (op) => [op],
        val: (x) => {
          const value = x.kind === 'name' ? names.get(x.id) : undefined;
          return value === undefined ? x : resolved(value, names);
        },
      });
  }
}

/** The sum as a value: positive terms first. */
export function toVal(p: Polynomial): Val {
  const ordered = [...p.values()].sort(
    (a, b) => Number(b.factor > 0n) - Number(a.factor > 0n) || b.atoms.length - a.atoms.length,
  );
  return ordered.reduce<Val>((acc, { factor, atoms }, k) => {
    const size = factor < 0n ? -factor : factor;
    const product = atoms.length === 0 ? t.int(size) : t.mul(t.product(atoms), t.int(size));
    if (k === 0) return factor < 0n ? t.sub(t.int(0), product) : product;
    return factor < 0n ? t.sub(acc, product) : t.add(acc, product);
  }, t.int(0));
}

/** The sum without a factor, where each term has it; the terms that have it and those that do not. */
export function divided(
  p: Polynomial,
  by: Polynomial,
): { readonly quotient: Polynomial; readonly rest: Polynomial } | undefined {
  const [only] = by.values();
  if (by.size !== 1 || only === undefined || only.factor < 1n) return undefined;
  const quotient: Term[] = [];
  const rest: Term[] = [];
  for (const term of p.values()) {
    const atoms = [...term.atoms];
    const found = only.atoms.every((a) => {
      const k = atoms.findIndex((b) => printVal(a) === printVal(b));
      if (k >= 0) atoms.splice(k, 1);
      return k >= 0;
    });
    if (found && term.factor % only.factor === 0n) quotient.push({ factor: term.factor / only.factor, atoms });
    else rest.push(term);
  }
  return { quotient: sum(quotient), rest: sum(rest) };
}
export { times };

/** True if the name occurs in the value. */
export const mentions = (v: Val, id: string): boolean =>
  (v.kind === 'name' && v.id === id) || operands(v).some((o) => mentions(o, id));
export const dependsOn = (p: Polynomial, id: string): boolean =>
  [...p.values()].some((x) => x.atoms.some((a) => mentions(a, id)));

/** The sum with a name replaced by another sum, which may hold that name itself; in normal form again. */
export function substitute(p: Polynomial, id: string, by: Polynomial): Polynomial {
  if (!dependsOn(p, id)) return p;
  if (!dependsOn(by, id)) return inserted(p, id, by);
  const other = `${id}'`;
  return inserted(inserted(p, id, renamed(by, id, other)), other, atom(t.name(id)));
}
const renamed = (p: Polynomial, from: string, to: string): Polynomial => inserted(p, from, atom(t.name(to)));
function inserted(p: Polynomial, id: string, by: Polynomial): Polynomial {
  const names = new Map([[id, toVal(by)]]);
  return sum(
    [...p.values()].flatMap((x) => [
      ...x.atoms.reduce<Polynomial>((acc, a) => times(acc, polynomial(a, names)), constant(x.factor)).values(),
    ]),
  );
}
