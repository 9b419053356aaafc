import { assertNever } from '../../assert.ts';
import type { AxisId, BufId, Expr } from '../ir/stage.ts';

/** What a size expression may mention. Absent names make the value unknown. */
export interface SizeEnv {
  /** Value of a dim; `element` is the list element for dims that have one value each. */
  dim(id: string, element: number | undefined): number | undefined;
  scalar(name: string): number | undefined;
  axis?(id: AxisId): number | undefined;
  /** Element of an integer buffer (offsets). */
  read?(buf: BufId, element: number | undefined, index: readonly number[]): number | undefined;
}

const floorDiv = (a: number, b: number): number => (b === 0 ? 0 : Math.floor(a / b));
const bit = (v: boolean): number => (v ? 1 : 0);

/**
 * Value of an integer or boolean size expression (booleans as 0 and 1), exact up to 2^53; undefined if it mentions something unknown.
 * Anything that is not size arithmetic is an error of the caller.
 */
export function evalSize(e: Expr, env: SizeEnv): number | undefined {
  const go = (x: Expr): number | undefined => evalSize(x, env);
  switch (e.kind) {
    case 'int':
      return Number(e.value);
    case 'bool':
      return bit(e.value);
    case 'float':
      return e.value;
    case 'dim': {
      if (e.list === undefined) return env.dim(e.id, undefined);
      const element = go(e.list);
      return element === undefined ? undefined : env.dim(e.id, element);
    }
    case 'scalar':
      return env.scalar(e.name);
    case 'axis':
      return env.axis?.(e.id);
    case 'read': {
      const element = e.list === undefined ? undefined : go(e.list);
      if (e.list !== undefined && element === undefined) return undefined;
      const index = e.index.map(go);
      return index.every((i) => i !== undefined) ? env.read?.(e.buf, element, index) : undefined;
    }
    case 'convert':
    case 'strict':
      return go(e.a);
    case 'cast': {
      const a = go(e.a);
      return a === undefined ? undefined : Math.trunc(a);
    }
    case 'unary': {
      const a = go(e.a);
      if (a === undefined) return undefined;
      return e.op === 'neg' ? -a : e.op === 'not' ? bit(a === 0) : -a - 1;
    }
    case 'select': {
      const c = go(e.cond);
      return c === undefined ? undefined : go(c === 0 ? e.else : e.then);
    }
    case 'binary':
      return binary(e.op, go(e.a), () => go(e.b));
    case 'call': {
      const args = e.args.map(go);
      const known = args.filter((a) => a !== undefined);
      if (known.length < args.length) return undefined;
      if (e.fn === 'min') return Math.min(...known);
      if (e.fn === 'max') return Math.max(...known);
      if (e.fn === 'abs') return Math.abs(known[0] ?? 0);
      if (e.fn === 'clip') return Math.min(Math.max(known[0] ?? 0, known[1] ?? 0), known[2] ?? 0);
      throw new Error(`internal: ${e.fn} in a size`);
    }
    case 'bitcast':
    case 'let':
    case 'var':
    case 'reduce':
      throw new Error(`internal: ${e.kind} in a size`);
    default:
      return assertNever(e, 'evalSize');
  }
}

function binary(
  op: Extract<Expr, { kind: 'binary' }>['op'],
  a: number | undefined,
  right: () => number | undefined,
): number | undefined {
  if (a === undefined) return undefined;
  if (op === 'and' && a === 0) return 0;
  if (op === 'or' && a !== 0) return 1;
  const b = right();
  if (b === undefined) return undefined;
  switch (op) {
    case 'or':
    case 'and':
      return bit(b !== 0);
    case 'eq':
      return bit(a === b);
    case 'ne':
      return bit(a !== b);
    case 'lt':
      return bit(a < b);
    case 'le':
      return bit(a <= b);
    case 'gt':
      return bit(a > b);
    case 'ge':
      return bit(a >= b);
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'mul':
      return a * b;
    case 'div':
      return a / b;
    case 'floordiv':
      return floorDiv(a, b);
    case 'mod':
      return b === 0 ? 0 : a - b * Math.floor(a / b);
    case 'shl':
      return a * 2 ** b;
    case 'shr':
      return Math.floor(a / 2 ** b);
    case 'bitand':
    case 'bitor':
    case 'bitxor':
      throw new Error(`internal: ${op} in a size`);
    default:
      return assertNever(op, 'size operator');
  }
}

/** A size that hangs on dims alone, of which these are known; undefined where it needs more. */
export const sizeUnder = (e: Expr, dims: Readonly<Record<string, number>>): number | undefined =>
  evalSize(e, { dim: (id) => dims[id], scalar: () => undefined });
