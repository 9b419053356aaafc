import { describe, expect, it } from 'vitest';
import { must } from '../../src/assert.ts';
import { printGraph, printStage } from '../../src/codegen/ir/print.ts';
import type { StageGraph } from '../../src/codegen/ir/stage.ts';
import { verifyGraph } from '../../src/codegen/ir/verify.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import type { Consts } from '../../src/codegen/lower/lower.ts';
import { compile, compileOp, examplesText, languageText, smallConsts } from '../fixtures/programs.ts';
import type { TOp } from '../../src/dsl/typed.ts';

function graphOf(op: TOp, consts: Consts = smallConsts(op)): StageGraph {
  const lowered = lower(op, consts);
  if (!lowered.ok) throw new Error(lowered.refusals.map((r) => r.message).join('; '));
  expect(verifyGraph(lowered.graph)).toEqual([]);
  return lowered.graph;
}
const printStages = (g: StageGraph): string => g.stages.map((s) => printStage(s, '')).join('');
const stages = (text: string, consts?: Consts): string => printStages(graphOf(compileOp(text), consts));

const examples = compile(examplesText);
const language = compile(languageText);
const titled = (ops: readonly TOp[]): readonly [string, TOp][] =>
  ops.map((o) => [`${o.name} ${Object.values(o.types).join(' ')}`.trim(), o]);

describe('every program lowers to a sound graph', () => {
  it.each([...titled(examples), ...titled(language)])('%s', (_, op) =>
    expect(graphOf(op).stages.length).toBeGreaterThan(0),
  );
});

describe('dumps', () => {
  const names = [
    'softmax',
    'groupnorm',
    'conv2d',
    'attention',
    'conv_transpose1d',
    'masked_cumsum',
    'clip_hash',
    'bucketize_sparse',
    'moe_gate',
    'tbe_int8',
    'dlrm_dot',
    'batch_event_truncate_list',
    'lstm_layer2',
    'hstu_attention',
    'cross_entropy',
    'nll_composed',
  ];
  it.each(names)('%s', (name) => {
    const op = [...language, ...examples].find((o) => o.name === name);
    expect(op).toBeDefined();
    if (op !== undefined) expect(printGraph(graphOf(op))).toMatchSnapshot();
  });
});

describe('policies', () => {
  it('turns a guard into one lazy choice over its ranges', () => {
    expect(stages('op a(x: f32[N, L]) -> (y: f32[N, L]) { y[n, l] = (x[n, l + 1] + x[n, l - 1] ?? 7); }')).toContain(
      '= l + 1 < L && l - 1 >= 0 ? x[n, l + 1] + x[n, l - 1] : 7.0',
    );
  });
  it('clamps, and reads 0 from an empty axis', () => {
    expect(stages('op a(x: f32[N], i: i64[M]) -> (y: f32[M]) { y[m] = x[clamp i[m]]; }')).toContain(
      '= N > 0 ? x[min(max(i[m], 0), N - 1)] : 0.0',
    );
  });
  it('leaves out what the consts make plain', () => {
    const conv = (consts: Consts): string =>
      printStages(
        graphOf(
          must(
            language.find((o) => o.name === 'conv2d'),
            'conv2d',
          ),
          consts,
        ),
      );
    expect(conv({})).toContain('](x[n, g, c, i + r, j + q] * w[g, k, c, r, q])');
    expect(conv({ s: 2n, d: 3n })).toContain('](x[n, g, c, i * 2 + r * 3, j * 2 + q * 3] * w[g, k, c, r, q])');
    expect(conv({ p: 1n })).toContain('i + r - 1 >= 0 && i + r - 1 < H && j + q - 1 >= 0 && j + q - 1 < W ? x[');
  });
  it('marks unchecked reads', () => {
    expect(stages('op a(x: f32[N], i: i64[M]) -> (y: f32[M]) { y[m] = x[unchecked i[m]]; }')).toContain('= x[i[m]]!');
  });
  it('keeps the condition that a nested guard and choice hang on', () => {
    expect(
      stages('op a(x: f32[N], i: i64[N]) -> (y: f32[N]) { y[n] = (if i[n] > 0 then x[i[n]] else x[n] ?? 0); }'),
    ).toContain('= i[n] <= 0 || i[n] >= 0 && i[n] < N ? (i[n] > 0 ? x[i[n]] : x[n]) : 0.0');
  });
});

describe('presence', () => {
  it('makes folds skip absent points, through lets too', () => {
    const text = stages(
      'op a(x: f32[N], m: bool[N]) -> (y: f32) { let s[n] where m[n] = x[n] * 2; let t[n] = s[n] + 1; y = sum[n](t[n]); }',
    );
    expect(text).toContain('map t[n]  [n:N] where m[n]');
    expect(text).toContain('add<f32>[n:N where m[n]](t[n])');
  });
  it('lets ?? test it', () => {
    expect(
      stages('op a(x: f32[N], m: bool[N]) -> (y: f32[N]) { let s[n] where m[n] = x[n] * 2; y[n] = (s[n] ?? -1); }'),
    ).toContain('= m[n] ? s[n] : -1.0');
  });
  it('treats what lies below the start of a let as absent', () => {
    expect(stages('op a(x: f32[N]) -> (y: f32[N]) { let s[n in 1..N] = x[n - 1]; y[n] = (s[n] ?? 0); }')).toContain(
      '= 1 <= n ? s[n - 1] : 0.0',
    );
  });
});

describe('reductions', () => {
  it('takes each out into a stage over the loops that it depends on', () => {
    const text = stages(
      'op a(x: f32[N, D], w: f32[D]) -> (y: f32[N, D]) { y[n, d] = x[n, d] * max[k](x[n, k]) + sum[j](w[j]); }',
    );
    expect(text).toContain('reduce y_max[n]  [n:N]');
    expect(text).toContain('reduce y_sum\n');
    expect(text).toContain('= x[n, d] * y_max[n] + y_sum');
  });
  it('computes equal ones once', () => {
    expect(
      stages('op a(x: f32[N, D]) -> (y: f32[N]) { let m[n] = max[d](x[n, d]); y[n] = m[n] * max[k](x[n, k]); }'),
    ).toBe('reduce m[n]  [n:N]\n    = max<f32>[d:D](x[n, d])\nmap y[n]  [n:N]\n    = m[n] * m[n]\n');
  });
  it('reads prefix folds off j <= i, whichever way round', () => {
    for (const [cond, compare] of [
      ['j <= i', '<='],
      ['i > j', '<'],
      ['j >= i', '>='],
      ['i < j', '>'],
    ] as const)
      expect(stages(`op a(x: f32[N]) -> (y: f32[N]) { y[i] = sum[j where ${cond}](x[j]); }`)).toContain(
        `[j:N where j ${compare} i]`,
      );
  });
  it('folds other binders before it scans, and counts by summing', () => {
    const text = stages(
      'op a(x: f32[N, D], m: bool[N]) -> (y: f32[N], c: i64[N]) { y[i] = sum[j, d where j <= i](x[j, d]); c[i] = count[j where j < i](m[j]); }',
    );
    expect(text).toContain('reduce y_sum[j]  [j:N]\n    = add<f32>[d:D](x[j, d])');
    expect(text).toContain('scan y[i]  [i:N]\n    = add<f32>[j:N where j <= i](y_sum[j])');
    expect(text).toContain('scan c[i]  [i:N]\n    = add<i64>[j:N where j < i](m[j] ? 1 : 0)');
  });
  it('is no prefix fold where the body mentions the free index', () => {
    expect(stages('op a(x: f32[N]) -> (y: f32[N]) { y[i] = sum[j where j <= i](x[j] * x[i]); }')).toMatch(/^reduce/);
  });
  it('counts positions from the start of the range', () => {
    const text = stages('op a(x: f32[N]) -> (y: i64) where N >= 5 { y = argmax[n in 2..5](x[n]); }');
    expect(text).toContain('argmax<f32>[n:3](x[n + 2])');
    expect(text).toContain('acc < 0 ? acc : acc + 2');
  });
  it('keeps the condition that a proof rests on', () => {
    const text = stages('op a(x: f32[N, D]) -> (y: f32[N]) { y[n] = if n > 0 then sum[d](x[n - 1, d]) else 0; }');
    expect(text).toContain('reduce y_sum[n]  [n:N] where n > 0');
  });
  it('tests each access where the condition cannot be expressed', () => {
    const text = stages(
      'op a(x: f32[N, D], c: i64[M]) -> (y: f32[M]) { y[m] = sum[k in 0..3](if c[m] > k && N > 3 then max[d](x[k + 1, d]) else 0); }',
    );
    expect(text).toMatch(/reduce y_max\[.*\]  \[k:3\]\n.*k \+ 1 < N \? x\[k \+ 1, d\] : 0\.0/);
  });
});

describe('equalities of binders', () => {
  const conv =
    'op a(x: f32[L], w: f32[R], const s: i32, const d: i32, const p: i32) -> (y: f32[O]) dim O = (L-1)*s - 2*p + d*(R-1) + 1; { y[a] = sum[r, u in 0..L where u*s + r*d == a + p](x[u] * w[r]); }';
  it('turn an exact variable into bounds', () => {
    expect(stages(conv, { s: 1n, d: 1n, p: 0n })).toContain('[r:max(0, a + 1 - L)..min(R, a + 1)](x[a - r] * w[r])');
  });
  it('turn another into a quotient with guards', () => {
    expect(stages(conv, { s: 2n, d: 3n, p: 1n })).toContain(
      '[r:R where (a + 1 - r * 3) % 2 == 0 && (a + 1 - r * 3) // 2 >= 0 && (a + 1 - r * 3) // 2 < L](x[(a + 1 - r * 3) // 2] * w[r])',
    );
  });
  it('solve for what is left where a coefficient is 0', () => {
    expect(stages(conv, { s: 0n, d: 2n, p: 0n })).toContain('[u:L where a % 2 == 0 && a // 2 < R](x[u] * w[a // 2])');
  });
});

describe('ragged results', () => {
  const truncated = (rest: string): string =>
    stages(
      `op a(v: i64[B, ~L(off)], off: i64[B+1]) -> (o: i64[B, ~P(po)], po: i64[B+1], s: i64[B]) { ragged P[b] = min(len(L, b), 2); ${rest} }`,
    );
  it('are not read back: room may be short', () => {
    const text = truncated('o[b, p] = v[b, p] * 2; s[b] = sum[p](o[b, p]);');
    expect(text).toContain('= add<i64>[p:po[b + 1] - po[b]](v[off[b] + p] * 2)');
  });
  it('need no temporary of their own size', () => {
    const text = truncated('let k[b, p in P] = v[b, p] + p; o[b, p] = k[b, p] * 2; s[b] = max[p](k[b, p]);');
    expect(text).not.toMatch(/map k/);
  });
});

describe('inout', () => {
  it('overwrites last, and copies what is read elsewhere', () => {
    const text = stages('op a(inout p: f32[N]) -> () { p[i] = p[i] + p[N - 1 - i]; }');
    expect(text).toContain('map p_entry[i0]  [i0:N]\n    = p[i0]');
    expect(text).toContain('= p_entry[i] + p_entry[N - 1 - i]');
  });
  it('needs no copy for the element itself', () => {
    expect(stages('op a(inout p: f32[N], g: f32[N]) -> () { p[i] = p[i] - g[i]; }')).toBe(
      'map p[i]  [i:N]\n    = p[i] - g[i]\n',
    );
  });
  it('copies an input that an earlier definition overwrote', () => {
    expect(stages('op a(inout p: f32[N], inout q: f32[N]) -> () { p[i] = q[i]; q[i] = p[i]; }')).toContain(
      'map q[i]  [i:N]\n    = p_entry[i]',
    );
  });
});

describe('consts', () => {
  const op = compileOp(
    'op a(x: f32[N], const k: i64, const f: f32 = 0.1) -> (y: f32[N]) where k <= 4 { y[n] = x[n] * k * f; }',
  );
  const refusal = (consts: Consts): string => {
    const r = lower(op, consts);
    return r.ok ? 'none' : r.refusals.map((x) => x.code).join();
  };
  it('are literals of their type', () => expect(printGraph(graphOf(op, { k: 3n }))).toContain('= x[n] * 3.0 * 0.1'));
  it('must have a value', () => expect(refusal({})).toBe('const-missing'));
  it('must have a value of their kind', () => expect(refusal({ k: true })).toBe('const-type'));
  it('must exist', () => expect(refusal({ k: 1n, z: 1n })).toBe('const-unknown'));
  it('must fit their type', () => {
    expect(
      lower(compileOp('op a(x: f32[N], const k: i32) -> (y: f32[N]) { y[n] = x[n] * k; }'), { k: 1n << 40n }),
    ).toMatchObject({
      ok: false,
      refusals: [{ code: 'const-type', message: 'const `k` is of type i32, not 1099511627776' }],
    });
  });
  it('must leave no extent negative', () => {
    const r = lower(
      compileOp('op a(x: f32[N], const k: i64) -> (y: f32[N], z: f32[M]) dim M = k - 3; { y[n] = x[n]; z[m] = 1.0; }'),
      { k: 1n },
    );
    expect(r.ok ? [] : r.refusals.map((x) => x.code)).toContain('const-dim');
    const q = lower(compileOp('op a(x: f32[k - 3, N], const k: i64) -> (y: f32[N]) { y[n] = sum[i](x[i, n]); }'), {
      k: 1n,
    });
    expect(q.ok ? [] : q.refusals.map((x) => x.message)).toEqual([
      'axis 0 of `x` would have extent -2 for these consts',
    ]);
  });
  it('must satisfy the facts', () => expect(refusal({ k: 5n })).toBe('const-fact'));
});
