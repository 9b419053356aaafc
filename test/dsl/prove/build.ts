import { binaryExpr } from '../../../src/dsl/prove/construct.ts';
import type { Builtin, TBinary, TExpr, TIndex } from '../../../src/dsl/typed.ts';
import type { DType, ValueType } from '../../../src/dsl/dtypes.ts';

const span = { file: 't', start: 0, end: 0 };
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<=', '>=', '<', '>'],
  ['|', '^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '//', '/', '%'],
];
const OPS: Readonly<Record<string, TBinary>> = {
  '||': 'or',
  '&&': 'and',
  '==': 'eq',
  '!=': 'ne',
  '<=': 'le',
  '>=': 'ge',
  '<': 'lt',
  '>': 'gt',
  '|': 'bitor',
  '^': 'bitxor',
  '&': 'bitand',
  '<<': 'shl',
  '>>': 'shr',
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '//': 'floordiv',
  '/': 'div',
  '%': 'mod',
};

/**
 * A typed expression from text. Upper case: dims; `$s`: a const i32; lower case: index variables; `?a`: a bool parameter;
 * `x[i]`: a read of i64 data, `x.u8[i]` of another type; `x[clamp i : N]`: clamped into extent N; `len(L, b)`, `base(L, b)`, `total(L)`;
 * `if c then a else b`, calls of built-ins, `e as u64`.
 */
export function expr(text: string): TExpr {
  const tokens = [
    ...text.matchAll(/\d+|[$?]?[A-Za-z_]\w*(?:\.\w+)?|\|\||&&|<<|>>|[=!<>]=|\/\/|[-+*/%<>&|^!~()[\],:]/g),
  ].map((m) => m[0]);
  let at = 0;
  const peek = (): string => tokens[at] ?? '';
  const next = (): string => tokens[at++] ?? '';
  const accept = (t: string): boolean => peek() === t && next() === t;
  const expect = (t: string): void => {
    if (!accept(t)) throw new Error(`expected ${t} at ${tokens.slice(at).join(' ')} in ${text}`);
  };
  function list(end: string): TExpr[] {
    const out: TExpr[] = [];
    while (!accept(end)) {
      out.push(conditional());
      if (peek() !== end) expect(',');
    }
    return out;
  }
  const flat = (value: TExpr): TIndex => ({ kind: 'flat', part: { value, extent: value, policy: 'proven' } });
  function index(): TIndex[] {
    const out: TIndex[] = [];
    while (!accept(']')) {
      if (accept('clamp')) {
        const value = conditional();
        expect(':');
        out.push({ kind: 'flat', part: { value, extent: conditional(), policy: 'clamp' } });
      } else out.push(flat(conditional()));
      if (peek() !== ']') expect(',');
    }
    return out;
  }
  function atom(): TExpr {
    if (accept('(')) {
      const e = conditional();
      expect(')');
      return e;
    }
    if (accept('-')) return { kind: 'unary', op: 'neg', a: atom(), type: 'i64', span };
    if (accept('~')) return { kind: 'unary', op: 'bitnot', a: atom(), type: 'i64', span };
    if (accept('!')) return { kind: 'unary', op: 'not', a: atom(), type: 'bool', span };
    const t = next();
    if (/^\d/.test(t)) return { kind: 'int', value: BigInt(t), type: 'i64', span };
    if (t === 'true' || t === 'false') return { kind: 'bool', value: t === 'true', type: 'bool', span };
    if (accept('(')) {
      if (t === 'len' || t === 'base') {
        const ragged = next();
        expect(',');
        return { kind: t, ragged, at: list(')').map(flat), type: 'i64', span };
      }
      if (t === 'total') {
        const ragged = next();
        expect(')');
        return { kind: 'total', ragged, type: 'i64', span };
      }
      const args = list(')');
      return { kind: 'call', fn: t as Builtin, args, type: args[0]?.type ?? 'i64', span };
    }
    if (accept('[')) {
      const [tensor = t, dtype = 'i64'] = t.split('.');
      const type: ValueType = dtype === 'u64' || dtype === 'i64' || dtype === 'bool' ? dtype : 'i32';
      return { kind: 'access', tensor, index: index(), dtype: dtype as DType, type, span };
    }
    if (t.startsWith('$')) return { kind: 'param', name: t.slice(1), dtype: 'i32', type: 'i32', span };
    if (t.startsWith('?')) return { kind: 'param', name: t.slice(1), dtype: 'bool', type: 'bool', span };
    return /^[A-Z]/.test(t) ? { kind: 'dim', id: t, type: 'i64', span } : { kind: 'var', id: t, type: 'i64', span };
  }
  function cast(): TExpr {
    let e = atom();
    while (accept('as')) {
      const to = next() as 'u64' | 'i64' | 'i32' | 'u32';
      e = { kind: 'cast', mode: 'as', to, a: e, type: to, span };
    }
    return e;
  }
  function level(n: number): TExpr {
    const ops = LEVELS[n];
    if (ops === undefined) return cast();
    let left = level(n + 1);
    while (ops.includes(peek())) {
      const op = OPS[next()];
      const right = level(n + 1);
      if (op !== undefined) left = binaryExpr(op, left, right);
    }
    return left;
  }
  function conditional(): TExpr {
    if (!accept('if')) return level(0);
    const cond = conditional();
    expect('then');
    const a = conditional();
    expect('else');
    return { kind: 'if', cond, then: a, else: conditional(), type: a.type, span };
  }
  const e = conditional();
  if (at < tokens.length) throw new Error(`left over: ${tokens.slice(at).join(' ')} in ${text}`);
  return e;
}

/** Facts separated by `;`. `i in lo..hi` stands for lo <= i and i < hi. */
export function facts(text: string): readonly TExpr[] {
  return text
    .split(';')
    .filter((t) => t.trim() !== '')
    .flatMap((t) => {
      const range = /^\s*(\w+) in (.*)\.\.(.*)$/.exec(t);
      if (range === null) return [expr(t)];
      const [, v = '', lo = '', hi = ''] = range;
      return [expr(`(${lo}) <= ${v}`), expr(`${v} < (${hi})`)];
    });
}
