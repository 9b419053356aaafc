import { describe, expect, it } from 'vitest';
import { must } from '../../../src/assert.ts';
import { check, instantiate } from '../../../src/dsl/check.ts';
import { parse } from '../../../src/dsl/parse.ts';
import { showExpr } from '../../../src/dsl/prove/show.ts';
import type { TExpr, TIndex, TOp, TStmt } from '../../../src/dsl/typed.ts';
import { compile, compileOp, examplesText, languageText } from '../../fixtures/programs.ts';

const codes = (text: string): readonly string[] => {
  const parsed = parse(text, 'test.ktune');
  return [...parsed.diagnostics, ...check(parsed.module).diagnostics].map((d) => d.code);
};
/** The value of the definition of `name`. */
function valueOf(op: TOp, name: string): TExpr {
  const d = op.body.find((s): s is Extract<TStmt, { kind: 'define' }> => s.kind === 'define' && s.target.name === name);
  return must(d, `definition of ${name}`).value;
}
const value = (text: string, name = 'y'): TExpr => valueOf(compileOp(text), name);
const policies = (index: readonly TIndex[]): readonly string[] =>
  index.flatMap((i) =>
    i.kind === 'flat' ? [i.part.policy] : i.kind === 'parts' ? i.parts.map((p) => p.policy) : [i.f.policy, i.g.policy],
  );
/** Policies of every access, in order. */
function accesses(e: TExpr): readonly string[] {
  const out: string[] = [];
  JSON.stringify(e, (_, x: unknown) => {
    if (typeof x === 'bigint') return String(x);
    if (typeof x === 'object' && x !== null && 'kind' in x && x.kind === 'access') {
      const a = x as Extract<TExpr, { kind: 'access' }>;
      out.push(`${a.tensor}:${policies(a.index).join()}`);
    }
    return x;
  });
  return out;
}

describe('programs of the language', () => {
  it('check without errors or warnings', () => {
    expect(codes(examplesText)).toEqual([]);
    expect(codes(languageText)).toEqual([]);
  });

  it('yield one instance per binding of type parameters', () => {
    const parsed = parse(
      'op c<T in {f16, f32}, U in {i8, u8}>(x: T[N], k: U[N]) -> (y: T[N], z: U[N]) { y[n] = x[n]; z[n] = k[n]; }',
      'c.ktune',
    );
    const [op] = check(parsed.module).ops;
    expect(op?.instances.map((i) => `${i.types['T']} ${i.types['U']}`)).toEqual([
      'f16 i8',
      'f16 u8',
      'f32 i8',
      'f32 u8',
    ]);
    expect(op === undefined ? undefined : instantiate(op, { T: 'f32', U: 'i8' })?.types).toEqual({ T: 'f32', U: 'i8' });
    expect(op === undefined ? undefined : instantiate(op, { T: 'f32' })).toBeUndefined();
  });
});

describe('policies', () => {
  it.each([
    ['proven from a range', 'y[n] = x[n];', 'x:proven'],
    ['proven under if', 'y[n] = if n + 1 < N then x[n + 1] else 0;', 'x:proven'],
    ['proven on the right of &&', 'y[n] = if n >= 1 && x[n - 1] > 0 then 1 else 0;', 'x:proven'],
    ['proven through an integer let', 'let j[n in 0..N] = n // 2; y[n] = x[j[n]];', 'x:proven j:proven'],
    [
      'proven through a let of a condition',
      'let ok[n in 0..N] = n >= 2; y[n] = if ok[n] then x[n - 2] else 0;',
      'ok:proven x:proven',
    ],
    ['proven through a fn', 'y[n] = x[half(n)];', 'x:proven'],
    ['guarded', 'y[n] = (x[n + 1] ?? 0);', 'x:guarded'],
    ['guarded in an argument', 'y[n] = abs(x[n - 1] ?? 0);', 'x:guarded'],
    ['proven inside a guard', 'y[n] = (x[n] + x[n + 1] ?? 0);', 'x:proven x:guarded'],
    ['clamp', 'y[n] = x[clamp n + 1];', 'x:clamp'],
    ['unchecked', 'y[n] = x[unchecked n + 1];', 'x:unchecked'],
    ['a domain', 'y[n] = sum[k where k >= n && k < N](x[k - n]);', 'x:proven'],
  ])('%s', (_, body, expected) => {
    const text = `fn half(i) = i // 2; op f(x: f32[N]) -> (y: f32[N]) { ${body} }`;
    const range = body.replace('k where', 'k in 0..N where');
    expect(accesses(value(text.replace(body, range))).join(' ')).toBe(expected);
  });

  it('a reducer ends the reach of a guard', () => {
    expect(codes('op f(x: f32[N]) -> (y: f32[N]) { y[n] = (sum[k in 0..3](x[n + k]) ?? 0); }')).toContain(
      'index-range',
    );
  });
  it('a clamped index settles the row of a ragged axis', () => {
    const y = value(
      'op f(x: f32[B, ~L(off)], off: i64[B+1], i: i64[R]) -> (y: f32[R]) { y[r] = (x[clamp i[r], 0] ?? 0); }',
    );
    expect(accesses(y)[0]).toBe('x:clamp,guarded');
  });
});

describe('types', () => {
  it.each([
    ['a narrow read widens', 'y[n] = h[n] * h[n];', 'f32'],
    ['an 8-bit read widens to i32', 'z[n] = (b[n] * b[n]) as i64; y[n] = 0;', 'i64'],
    ['f32 with f64', 'w[n] = x[n] * d[n]; y[n] = 0;', 'f64'],
  ])('%s', (_, body, type) => {
    const results = { y: 'f32', z: 'i64', w: 'f64' };
    const used = Object.entries(results).filter(([name]) => body.includes(`${name}[n] =`));
    const text = `op f(x: f32[N], h: f16[N], b: u8[N], d: f64[N]) -> (${used.map(([n, t]) => `${n}: ${t}[N]`).join(', ')}) { ${body} }`;
    const name = /^(\w)\[/.exec(body)?.[1] ?? 'y';
    expect(value(text, name).type).toBe(type);
  });

  it('literals take the type of the other operand, exactly or not at all', () => {
    expect(value('op f(x: f64[N]) -> (y: f64[N]) { y[n] = x[n] * 0.1; }')).toMatchObject({
      b: { kind: 'float', value: 0.1, type: 'f64' },
    });
    expect(value('op f(x: f32[N]) -> (y: f32[N]) { y[n] = x[n] * 0.1; }')).toMatchObject({
      b: { kind: 'float', value: Math.fround(0.1), type: 'f32' },
    });
    expect(value('op f(x: u64[N]) -> (y: u64[N]) { y[n] = x[n] ^ 0xffffffffffffffff; }')).toMatchObject({
      b: { kind: 'int', value: 2n ** 64n - 1n, type: 'u64' },
    });
    expect(codes('op f(x: f32[N]) -> (y: f32[N]) { y[n] = x[n] * 16777217; }')).toEqual(['type-literal']);
    expect(codes('op f(x: u64[N]) -> (y: u64[N]) { y[n] = x[n] + -1; }')).toEqual(['type-literal']);
    expect(codes('op f(x: i64[N]) -> (y: i64[N]) { let k = 0x9ddfea08eb382d69; y[n] = x[n] ^ k; }')).toEqual([
      'type-literal',
    ]);
  });
  it('dims, consts and indices adapt as a whole', () => {
    const y = value('op f(x: f32[N], const k: i32) -> (y: f32[N]) { y[n] = x[n] * (n - k + N); }');
    expect(y).toMatchObject({ b: { kind: 'convert', type: 'f32', a: { kind: 'binary', type: 'i64' } } });
  });
  it('accumulators', () => {
    const acc = (body: string, x: string): readonly [string, string] => {
      const e = value(`op f(x: ${x}[N]) -> (y: ${/f/.test(x) ? 'f64' : 'i64'}) { y = ${body}; }`);
      const r = e.kind === 'convert' ? e.a : e;
      return r.kind === 'reduce' ? [r.acc, showExpr(r.body)] : ['', ''];
    };
    expect(acc('sum[n](x[n] * x[n])', 'f16')[0]).toBe('f32');
    expect(acc('sum[n](x[n] * x[n])', 'i8')[0]).toBe('i32');
    expect(acc('sum<f64>[n](x[n] * x[n])', 'f32')).toEqual(['f64', 'x[n] * x[n]']);
    expect(acc('sum<f16>[n](x[n])', 'f16')[0]).toBe('f16');
    const wide = value('op f(x: f32[N]) -> (y: f64) { y = sum<f64>[n](x[n] * x[n]); }');
    // Operands are promoted before the product, not the product after it.
    expect(wide).toMatchObject({
      kind: 'reduce',
      body: { kind: 'binary', type: 'f64', a: { kind: 'convert' }, b: { kind: 'convert' } },
    });
  });
  it('a value of the storage type needs no written narrowing', () => {
    const ok =
      'op f<T in {f16, f8e4m3}>(x: T[N, D]) -> (y: T[N, D], m: T[N]) { y[n, d] = -(x[n, d + 1] ?? 0); m[n] = x[n, 0 * n] as T; }'.replace(
        '0 * n',
        'clamp 0',
      );
    expect(codes(ok)).toEqual([]);
    expect(codes('op f(x: f16[N]) -> (y: f16[N]) { y[n] = x[n] + x[n]; }')).toEqual(['type-narrow']);
    expect(codes('op f(x: f64[N]) -> (y: f32[N]) { y[n] = x[n]; }')).toEqual(['type-narrow']);
    expect(codes('op f(x: u8[N]) -> (y: u32[N], z: i64[N]) { y[n] = x[n]; z[n] = x[n]; }')).toEqual([]);
  });
  it('every binding of type parameters is checked, an error in several is told once', () => {
    const text = 'op f<T in {f32, f16, bf16}>(x: T[N]) -> (y: T[N]) { y[n] = x[n] * 2; }';
    expect(codes(text)).toEqual(['type-narrow']);
  });
});

describe('sizes', () => {
  it('a dim is bound bare, else as the one unknown factor, else by a parameter of its name', () => {
    const op = compileOp(
      'op f(x: f32[N, (G, C), *S], w: f32[(2, H)], const G: i64) -> (y: f32[N]) { y[n] = sum[g, c, s](x[n, (g, c), s]) + sum[h](w[(0, h)]); }',
    );
    expect(
      op.dims.map((d) => `${d.id} ${d.source.kind} ${d.source.kind === 'axis' ? d.source.factor : ''}`.trim()),
    ).toEqual(['N axis 0', 'S pack', 'C axis 1', 'H axis 1']);
  });
  it('a dim of one list alone has a value per element', () => {
    const op = compileOp('op f(x{f in F}: f32[N], const F: i64) -> (y: f32[F]) { y[f] = sum[i](x{f}[i]); }');
    expect(op.dims).toMatchObject([{ id: 'N', perElement: { list: 'x' } }]);
    expect(valueOf(op, 'y')).toMatchObject({ vars: [{ hi: { kind: 'dim', id: 'N', list: { kind: 'var' } } }] });
  });
  it('an exact division is a condition on the caller', () => {
    const op = compileOp('op f(x: f32[N]) -> (y: f32[H]) dim H = N / 2; { y[h] = x[2 * h + 1]; }');
    expect(op.facts.map((f) => f.text)).toEqual(['N % 2 == 0']);
  });
  it('extents from several axes must agree, or be said to', () => {
    const text = (where: string): string =>
      `op f(x: f32[N], w: f32[M]) -> (y: f32) ${where} { y = sum[k](x[k] * w[k]); }`;
    expect(codes(text(''))).toEqual(['index-extents']);
    expect(codes(text('where N == M'))).toEqual([]);
  });
  it('a ragged index takes its row from the indices to its left', () => {
    const y = value('op f(x: f32[B, ~L(off)], off: i64[B+1]) -> (y: f32[B]) { y[b] = sum[l](x[b, l]); }');
    expect(y.kind === 'reduce' ? showExpr(must(y.vars[0], 'l').hi) : '').toBe('len(L, b)');
  });
});

describe('presence', () => {
  const partial = 'let a[n] where n >= 1 = x[n];';
  it.each([
    ['a plain read', 'y[n] = a[n];', ['absent-read']],
    ['a guard', 'y[n] = (a[n] ?? 0);', []],
    ['a reducer', 'y[n] = sum[k](a[k]) + n;', []],
    ['a condition that implies it', 'y[n] = if n >= 2 then a[n] else 0;', []],
    ['flows through lets', 'let b[n] = a[n] * 2; y[n] = b[n];', ['absent-read']],
    ['softmax keeps it', 'y[n] = softmax[n](a[n]);', ['absent-read']],
    ['softmax under a reducer', 'y[n] = sum[k](softmax[k](a[k]) * x[k]) + n;', []],
  ])('%s', (_, body, expected) => {
    expect(codes(`op f(x: f32[N]) -> (y: f32[N]) { ${partial} ${body} }`)).toEqual(expected);
  });
  it('a let whose range starts above 0 is absent below it', () => {
    const op = compileOp('op f(x: f32[N]) -> (y: f32[N]) { let d[n in 1..N] = x[n] - x[n - 1]; y[n] = (d[n] ?? 0); }');
    expect(op.body[0]).toMatchObject({ kind: 'define', where: { op: 'le' } });
  });
});

describe('functions and operators', () => {
  it('a name used twice is computed once', () => {
    const y = value('fn sq(a: f32): f32 = a * a; op f(x: f32[N]) -> (y: f32[N]) { y[n] = sq(x[n] + 1); }');
    expect(y).toMatchObject({
      kind: 'let',
      value: { kind: 'binary', op: 'add' },
      body: { op: 'mul', a: { kind: 'local' }, b: { kind: 'local' } },
    });
  });
  it('an imported function sees the functions of its own file', () => {
    const lib = 'fn two(): f32 = 2.0;\nfn twice(a: f32): f32 = a * two();';
    const parsed = parse(
      'import { twice } from "lib.ktune"; op f(x: f32[N]) -> (y: f32[N]) { y[n] = twice(x[n]); }',
      'main.ktune',
    );
    expect(check(parsed.module, () => ({ file: 'lib.ktune', text: lib })).diagnostics).toEqual([]);
  });
  it('an operator called for a pack of several axes keeps them apart', () => {
    const text =
      'op s(x: f32[*B, D]) -> (y: f32[*B, D]) { y[b, d] = x[b, d]; } op f(x: f32[N, M, D]) -> (y: f32[N, M, D]) { y[n, m, d] = s(x); }';
    const call = compileOp(text, 'f').body[0];
    expect(call).toMatchObject({
      kind: 'call',
      role: 'result',
      call: { op: { name: 's' }, args: [{ kind: 'tensor', name: 'x' }] },
    });
  });
  it('a const that is a factor of an axis is handed on as what it is', () => {
    const [op] = compile(
      'op g(x: f32[(G, C)], const G: i32) -> (y: f32[(G, C)]) { y[(g, c)] = x[(g, c)]; property "odd": g(x * -1.0, G) ~= y * -1.0; }',
    );
    expect(op?.properties).toMatchObject([{ left: { kind: 'call', args: [{ kind: 'binary' }, { kind: 'expr' }] } }]);
  });
  it('a property may call its own operator', () => {
    const [op] = compile(
      'op s(x: f32[N]) -> (y: f32[N]) { y[n] = x[n] - max[k](x[k]); property "shift": s(x + 1.0) ~= y within bound(2); }',
    );
    expect(op?.properties).toMatchObject([
      { op: '~=', left: { kind: 'call', args: [{ kind: 'binary' }] }, right: { kind: 'tensor', name: 'y' } },
    ]);
  });
});
