import type { TExpr } from '../../../src/dsl/typed.ts';

/** Values of dims, parameters, variables (by name) and reads (by tensor name and index values). */
export interface Point {
  readonly named: Readonly<Record<string, bigint>>;
  readonly read: (tensor: string, index: readonly bigint[]) => bigint;
}
const BITS = { i32: 32, u32: 32, i64: 64, u64: 64, bool: 1, f32: 0, f64: 0 } as const;
const isUnsigned = (type: string): boolean => type.startsWith('u');
const wrap = (v: bigint, type: keyof typeof BITS): bigint =>
  isUnsigned(type) ? BigInt.asUintN(BITS[type], v) : BigInt.asIntN(BITS[type], v);
const flag = (b: boolean): bigint => (b ? 1n : 0n);

/** The value of an integer or bool expression as the language defines it; every operation wraps in its type. An independent oracle for the prover. */
export function evaluate(e: TExpr, at: Point): bigint {
  const named = (name: string): bigint => {
    const v = at.named[name];
    if (v === undefined) throw new Error(`no value for ${name}`);
    return v;
  };
  const value = (x: TExpr): bigint => evaluate(x, at);
  switch (e.kind) {
    case 'int':
      return e.value;
    case 'bool':
      return flag(e.value);
    case 'dim':
    case 'var':
      return named(e.id);
    case 'param':
      return named(e.name);
    case 'len':
      return at.read(
        `len ${e.ragged}`,
        e.at.map((i) => (i.kind === 'flat' ? value(i.part.value) : 0n)),
      );
    case 'access':
      return at.read(
        e.tensor,
        e.index.map((i) => (i.kind === 'flat' ? value(i.part.value) : 0n)),
      );
    case 'unary':
      return e.op === 'not' ? 1n - value(e.a) : wrap(e.op === 'neg' ? -value(e.a) : ~value(e.a), e.type);
    case 'if':
      return value(e.cond) === 1n ? value(e.then) : value(e.else);
    case 'cast':
      return e.to === 'tf32' ? 0n : wrap(value(e.a), e.type);
    case 'convert':
      return wrap(value(e.a), e.type);
    case 'call': {
      const [a = 0n, b = 0n, c = 0n] = e.args.map(value);
      if (e.fn === 'min') return a < b ? a : b;
      if (e.fn === 'max') return a > b ? a : b;
      if (e.fn === 'abs') return wrap(a < 0n ? -a : a, e.type);
      if (e.fn === 'sign') return a > 0n ? 1n : a < 0n ? -1n : 0n;
      if (e.fn !== 'clip') throw new Error(`no oracle for ${e.fn}`);
      const raised = a < b ? b : a;
      return raised > c ? c : raised;
    }
    case 'binary':
      return binary(e, value(e.a), value(e.b));
    default:
      throw new Error(`no oracle for ${e.kind}`);
  }
}

function binary(e: TExpr & { readonly kind: 'binary' }, a: bigint, b: bigint): bigint {
  const exact = (v: bigint): bigint => wrap(v, e.type);
  const quotient = b === 0n ? 0n : a / b - flag(a % b !== 0n && a < 0n !== b < 0n);
  switch (e.op) {
    case 'or':
      return a | b;
    case 'and':
      return a & b;
    case 'eq':
      return flag(a === b);
    case 'ne':
      return flag(a !== b);
    case 'lt':
      return flag(a < b);
    case 'le':
      return flag(a <= b);
    case 'gt':
      return flag(a > b);
    case 'ge':
      return flag(a >= b);
    case 'bitand':
      return exact(a & b);
    case 'bitor':
      return exact(a | b);
    case 'bitxor':
      return exact(a ^ b);
    case 'shl':
      return exact(a << (b & BigInt(BITS[e.type] - 1)));
    case 'shr':
      return exact(a >> (b & BigInt(BITS[e.type] - 1)));
    case 'add':
      return exact(a + b);
    case 'sub':
      return exact(a - b);
    case 'mul':
      return exact(a * b);
    case 'floordiv':
      return exact(quotient);
    case 'mod':
      return b === 0n ? 0n : exact(a - b * quotient);
    default:
      throw new Error(`no oracle for ${e.op}`);
  }
}
