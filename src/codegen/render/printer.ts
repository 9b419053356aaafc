import { assertNever } from '../../assert.ts';
import type { TBinary } from '../../dsl/typed.ts';
import type { TileArray, TileOp, Val } from '../ir/tile.ts';
import { atom, PREC } from './dialect.ts';
import type { Dialect, Print, Printed } from './dialect.ts';
import { floatLiteral, intLiteral } from './literals.ts';

/** How C spells operators, and how tightly they bind. */
export const OPERATORS: Readonly<Record<TBinary, readonly [token: string, prec: number]>> = {
  or: ['||', PREC.or],
  and: ['&&', PREC.and],
  eq: ['==', PREC.equality],
  ne: ['!=', PREC.equality],
  lt: ['<', PREC.relation],
  le: ['<=', PREC.relation],
  gt: ['>', PREC.relation],
  ge: ['>=', PREC.relation],
  bitand: ['&', PREC.bitand],
  bitor: ['|', PREC.bitor],
  bitxor: ['^', PREC.bitxor],
  shl: ['<<', PREC.shift],
  shr: ['>>', PREC.shift],
  add: ['+', PREC.sum],
  sub: ['-', PREC.sum],
  mul: ['*', PREC.product],
  div: ['/', PREC.product],
  floordiv: ['/', PREC.product],
  mod: ['%', PREC.product],
};
/** Operators that readers do not know the rank of beside others: operands that are operators themselves are put in parentheses. */
const CAREFUL: ReadonlySet<TBinary> = new Set<TBinary>(['bitand', 'bitor', 'bitxor', 'shl', 'shr', 'and', 'or']);

/** Bits of the elements of a mask as it is held: of what was compared. */
const WIDE: ReadonlySet<string> = new Set(['i64', 'u64', 'f64']);
type MaskBits = (id: string) => number;
function maskBits(v: Val, known: MaskBits): number {
  switch (v.kind) {
    case 'binary':
      return v.a.ty.dtype === 'bool' ? maskBits(v.a, known) : WIDE.has(v.a.ty.dtype) ? 64 : 32;
    case 'unary':
    case 'opaque':
      return maskBits(v.a, known);
    case 'name':
      return known(v.id);
    case 'call':
      return v.args[0] && WIDE.has(v.args[0].ty.dtype) ? 64 : 32;
    default:
      return 32;
  }
}

export interface Printer extends Print {
  readonly printed: (v: Val) => Printed;
  /** Declares how wide the elements of a mask held in a local are, and tells the type to declare it with. */
  readonly localType: (id: string, ty: Val['ty'], value?: Val) => string;
  /** Width of the elements of a declared mask. */
  readonly maskBits: (id: string) => number;
}

/** A printer for one kernel; `arrays` by id. */
export function printer(d: Dialect, arrays: ReadonlyMap<string, TileArray>): Printer {
  const masks = new Map<string, number>();
  const bitsOf: MaskBits = (id) => masks.get(id) ?? 32;
  const val = (v: Val, prec: number = PREC.lowest): string => {
    const p = printed(v);
    return p.prec < prec ? `(${p.text})` : p.text;
  };
  const mask = (v: Val, bits: number): string => {
    const own = maskBits(v, bitsOf);
    if (own === bits) return val(v, PREC.lowest);
    return `__builtin_convertvector(${val(v)}, ${d.type({ dtype: bits === 64 ? 'i64' : 'i32', lanes: v.ty.lanes })})`;
  };
  const p: Print = {
    val,
    mask,
    array: (id) => {
      const found = arrays.get(id);
      if (found === undefined) throw new Error(`internal: no array ${id}`);
      return found;
    },
  };
  const binary = (v: Val & { readonly kind: 'binary' }): Printed => {
    if (v.a.ty.dtype === 'bool' && v.ty.lanes > 1) return lanewise(v);
    const special = d.binary(v.op, v.a, v.b, v.ty, p);
    if (special !== undefined) return special;
    const [token, prec] = OPERATORS[v.op];
    const careful = CAREFUL.has(v.op);
    const inner = (y: Val, other: Val, rank: number): string => {
      // A scalar beside a vector is broadcast by the language.
      const x = y.kind === 'splat' && y.ty.dtype !== 'bool' && other.kind !== 'splat' ? y.a : y;
      const q = printed(x);
      const same = x.kind === 'binary' && x.op === v.op;
      const loose =
        q.prec < rank ||
        (careful &&
          q.prec < PREC.unary &&
          !same &&
          !(v.op === 'and' || v.op === 'or' ? q.prec >= PREC.equality : false));
      return loose ? `(${q.text})` : q.text;
    };
    return { text: `${inner(v.a, v.b, prec)} ${token} ${inner(v.b, v.a, prec + 1)}`, prec };
  };
  /** Logic of masks, held in elements as wide as those of the left operand. */
  const lanewise = (v: Val & { readonly kind: 'binary' }): Printed => {
    const bits = maskBits(v, bitsOf);
    const tokens: Partial<Record<string, string>> = { and: '&', or: '|', eq: '==', ne: '!=' };
    const token = tokens[v.op] ?? '^';
    return { text: `(${mask(v.a, bits)}) ${token} (${mask(v.b, bits)})`, prec: PREC.bitand };
  };
  const unary = (v: Val & { readonly kind: 'unary' }): Printed => {
    const token = v.op === 'neg' ? '-' : v.op === 'bitnot' || v.ty.lanes > 1 ? '~' : '!';
    const a = val(v.a, PREC.unary);
    return { text: token === '-' && a.startsWith('-') ? `-(${a})` : `${token}${a}`, prec: PREC.unary };
  };
  const printed = (v: Val): Printed => {
    switch (v.kind) {
      case 'int':
        return intLiteral(v.value, v.ty.dtype);
      case 'float':
        return floatLiteral(v.value, v.ty.dtype);
      case 'bool':
        return atom(String(v.value));
      case 'name':
        return atom(v.id);
      case 'dimOf':
        return atom(d.dimOf(v.id, val(v.entry)));
      case 'load':
        return d.load(v, p);
      case 'unary':
        return unary(v);
      case 'binary':
        return binary(v);
      case 'call':
        return d.call(v.fn, v.ty, v.args, p);
      case 'bitcast':
        return d.bitcast(v, p);
      case 'round':
        if (v.to === 'tf32') return printed(v.a);
        return d.round(v.a.ty, v.to, v.ty, v.a, p);
      case 'convert':
        return d.convert(v.a.ty, v.ty, v.a, p);
      case 'select':
        return d.select(v, p);
      case 'splat':
        return d.splat(v, p);
      case 'iota':
        return d.iota(v.ty);
      case 'opaque':
        return d.opaque(v, p);
      default:
        return assertNever(v, 'printed');
    }
  };
  const localType = (id: string, ty: Val['ty'], value?: Val): string => {
    if (ty.dtype === 'bool' && ty.lanes > 1) {
      const bits = value === undefined ? 32 : maskBits(value, bitsOf);
      masks.set(id, bits);
      return bits === 64 ? d.type({ dtype: 'i64', lanes: ty.lanes }) : d.type(ty);
    }
    return d.type(ty);
  };
  return { ...p, printed, localType, maskBits: bitsOf };
}

/** Comments for stages: text of the source line by span. */
export type Remark = (op: TileOp & { readonly kind: 'note' }) => string;

/** Lines of statements, indented by two spaces a level. */
export function statements(
  ops: readonly TileOp[],
  d: Dialect,
  p: Printer,
  remark: Remark,
  depth: number,
): readonly string[] {
  const pad = '  '.repeat(depth);
  const nested = (body: readonly TileOp[]): readonly string[] => statements(body, d, p, remark, depth + 1);
  const lines: string[] = [];
  let lastNote = '';
  for (const op of ops) {
    const own = d.wide?.(op, p);
    if (own !== undefined) {
      lines.push(...own.map((l) => pad + l));
      continue;
    }
    switch (op.kind) {
      case 'note': {
        const text = remark(op);
        if (text !== '' && text !== lastNote) lines.push(`${pad}// ${text}`);
        lastNote = text;
        break;
      }
      case 'loop':
        lines.push(`${pad}${d.loop(op, p)} {`, ...nested(op.body), `${pad}}`);
        break;
      case 'while':
        lines.push(`${pad}while (${p.val(op.cond)}) {`, ...nested(op.body), `${pad}}`);
        break;
      case 'break':
        lines.push(`${pad}break;`);
        break;
      case 'if':
        if (op.then.length === 0 && op.else.length === 0) break;
        lines.push(`${pad}if (${p.val(op.cond)}) {`, ...nested(op.then));
        if (op.else.length > 0) lines.push(`${pad}} else {`, ...nested(op.else));
        lines.push(`${pad}}`);
        break;
      case 'let':
        lines.push(`${pad}const ${p.localType(op.id, op.value.ty, op.value)} ${op.id} = ${p.val(op.value)};`);
        break;
      case 'var':
        lines.push(
          `${pad}${p.localType(op.id, op.ty, op.init)} ${op.id}${op.init === undefined ? '' : ` = ${p.val(op.init)}`};`,
        );
        break;
      case 'set':
        lines.push(`${pad}${assignment(op.id, op.value, p)}`);
        break;
      case 'store':
        lines.push(...d.store(op, p).map((l) => pad + l));
        break;
      default:
        lines.push(...d.tile(op, p).map((l) => pad + l));
    }
  }
  return lines;
}

/** `x += e` where the value is x + e. */
function assignment(id: string, v: Val, p: Printer): string {
  if (
    v.kind === 'binary' &&
    (v.op === 'add' || v.op === 'mul') &&
    v.ty.dtype !== 'bool' &&
    v.a.kind === 'name' &&
    v.a.id === id
  ) {
    return `${id} ${v.op === 'add' ? '+' : '*'}= ${p.val(v.b)};`;
  }
  // A mask variable keeps the width of elements that it was declared with.
  return `${id} = ${v.ty.dtype === 'bool' && v.ty.lanes > 1 ? p.mask(v, p.maskBits(id)) : p.val(v)};`;
}
