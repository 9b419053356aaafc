import { children } from '../ir/walk.ts';
import { assertNever } from '../../assert.ts';
import type { Buffer, BufId, Expr } from '../ir/stage.ts';

/** Tells for names bound by `let` whether they change with the axis in question. */
export type Varying = (id: string) => boolean;
const never: Varying = () => false;

/** True if the value can change with the axis. Nodes are visited once each. */
export function dependsOn(e: Expr, axis: string, varying: Varying = never): boolean {
  const seen = new Set<Expr>();
  const go = (x: Expr): boolean => {
    if (seen.has(x)) return false;
    seen.add(x);
    if (x.kind === 'axis') return x.id === axis;
    if (x.kind === 'var') return varying(x.id);
    return children(x).some(go);
  };
  return go(e);
}

/** The coefficient of an axis in an affine index; undefined where the index is not affine in it with a constant coefficient. */
export function coefficient(e: Expr, axis: string, varying: Varying = never): bigint | undefined {
  if (!dependsOn(e, axis, varying)) return 0n;
  if (e.kind === 'axis') return 1n;
  if (e.kind === 'convert') return coefficient(e.a, axis, varying);
  if (e.kind !== 'binary') return undefined;
  const a = coefficient(e.a, axis, varying);
  const b = coefficient(e.b, axis, varying);
  if (a === undefined || b === undefined) return undefined;
  if (e.op === 'add') return a + b;
  if (e.op === 'sub') return a - b;
  if (e.op === 'mul' && e.b.kind === 'int') return a * e.b.value;
  if (e.op === 'mul' && e.a.kind === 'int') return b * e.a.value;
  return undefined;
}

/** True if a multi-dimensional index walks consecutive elements of the innermost axis when `axis` steps by one. */
export function isContiguous(index: readonly Expr[], axis: string, varying: Varying = never): boolean {
  return (
    index.length > 0 && index.every((e, k) => coefficient(e, axis, varying) === (k === index.length - 1 ? 1n : 0n))
  );
}

/** The part of an access that walks elements: of packed rows the index within the field, where the row stands still. */
export interface Walk {
  readonly buf: BufId;
  readonly index: readonly Expr[];
}
export type Rows = (id: BufId) => Buffer;
/** True if an access touches consecutive elements when `axis` steps by one. */
export function walksRow(a: Walk, axis: string, buffer: Rows, varying: Varying = never): boolean {
  const b = buffer(a.buf);
  return (b.row === undefined || a.index.length > b.shape.length) && isContiguous(a.index, axis, varying);
}

/** Numbers structurally equal expressions alike; spans do not count. */
export type Interner = (e: Expr) => number;
export function interner(): Interner {
  const ids = new Map<string, number>();
  const memo = new WeakMap<Expr, number>();
  const id: Interner = (e) => {
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

/** Everything of a node that its operands do not tell. */
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
      const ids = r.over.map((a) => a.id).join(' ');
      return `reduce ${r.op} ${r.acc} ${ids} ${r.when ? 'when' : ''} ${r.value ? 'value' : ''} ${e.post ? 'post' : ''}`;
    }
    case 'convert':
    case 'select':
    case 'strict':
      return e.kind;
    default:
      return assertNever(e, 'label');
  }
}

/** How many distinct parents each interned expression has among the roots and what they hold. */
export function countUses(roots: readonly Expr[], id: Interner): ReadonlyMap<number, number> {
  const uses = new Map<number, number>();
  const seen = new Set<number>();
  const go = (e: Expr): void => {
    const k = id(e);
    uses.set(k, (uses.get(k) ?? 0) + 1);
    if (seen.has(k)) return;
    seen.add(k);
    for (const c of children(e)) go(c);
  };
  for (const r of roots) go(r);
  return uses;
}
