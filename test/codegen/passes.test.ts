import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/backends/reference/evaluate.ts';
import * as b from '../../src/codegen/ir/build.ts';
import { printExpr, printGraph } from '../../src/codegen/ir/print.ts';
import { freshNames } from '../../src/codegen/ir/rewrite.ts';
import type { Expr, StageGraph } from '../../src/codegen/ir/stage.ts';
import { verifyGraph } from '../../src/codegen/ir/verify.ts';
import { lower } from '../../src/codegen/lower/lower.ts';
import { inline, inlineVirtual } from '../../src/codegen/passes/inline.ts';
import type { Inlined } from '../../src/codegen/passes/inline.ts';
import { shareGraph, share } from '../../src/codegen/passes/share.ts';
import { simplify } from '../../src/codegen/passes/simplify.ts';
import { unify } from '../../src/codegen/passes/unify.ts';
import { tensor, valuesOf } from '../../src/codegen/numeric/tensor.ts';
import type { TOp } from '../../src/dsl/typed.ts';
import { randomInputs } from '../backends/reference/random-inputs.ts';
import { compile, compileOp, examplesText, languageText, smallConsts, trickyText } from '../fixtures/programs.ts';

function graphOf(op: TOp): StageGraph {
  const r = lower(op, smallConsts(op));
  if (!r.ok) throw new Error(r.refusals.map((x) => x.message).join('; '));
  return r.graph;
}
function taken(r: Inlined): StageGraph {
  if (!r.ok) throw new Error(r.reasons.map((x) => x.message).join('; '));
  expect(verifyGraph(r.graph, { inlined: true })).toEqual([]);
  return r.graph;
}
/** Results of a graph, and of variants of it, on inputs whose dims satisfy its conditions. */
function results(graphs: readonly StageGraph[]): readonly Readonly<Record<string, readonly unknown[]>>[] {
  const [graph] = graphs;
  if (graph === undefined) return [];
  for (let t = 0; t < 60; t++) {
    const dims = Object.fromEntries(
      graph.dims
        .filter((d) => d.derived === undefined)
        .map((d, k) => [d.id, d.perElement === undefined ? 2 + ((t * (k + 1)) % 4) + (t % 3) : [3, 4, 2, 5]]),
    );
    if (graph.name === 'batch_event_truncate') Object.assign(dims, { T: 200 });
    const inputs = randomInputs(graph, dims, 7 + t);
    if (!evaluate(graph, inputs).ok) continue;
    return graphs.map((g) => {
      const r = evaluate(g, inputs);
      if (!r.ok) throw new Error(r.problems.map((p) => p.text).join('; '));
      expect(r.faults.filter((f) => !f.stage.includes('not unique'))).toEqual([]);
      return Object.fromEntries(Object.entries(r.outputs).map(([id, o]) => [id, o.flatMap((x) => valuesOf(x.tensor))]));
    });
  }
  throw new Error('no dims fit');
}
/** Equal up to roundings that inlining leaves out; results of quantisation may differ by one step. */
function close(a: unknown, c: unknown): boolean {
  if (typeof a !== 'number' || typeof c !== 'number') return a === c;
  return Object.is(a, c) || a === c || Math.abs(a - c) <= 2e-2 * Math.max(1, Math.abs(a));
}

describe('passes keep what every program computes', () => {
  const ops = [...compile(examplesText), ...compile(languageText), ...compile(trickyText)];
  it.each(ops.map((o): [string, TOp] => [`${o.name} ${Object.values(o.types).join(' ')}`.trim(), o]))('%s', (_, op) => {
    const graph = graphOf(op);
    const variants = [graph, taken(inlineVirtual(graph)), taken(inline(graph, () => true)), shareGraph(graph)];
    const [base, ...others] = results(variants);
    for (const other of others)
      for (const [id, values] of Object.entries(base ?? {})) {
        const found = other[id] ?? [];
        expect([id, found.length, values.findIndex((v, k) => !close(v, found[k]))]).toEqual([id, values.length, -1]);
      }
  });
});

describe('inline', () => {
  const text = (source: string): string => printGraph(taken(inline(graphOf(compileOp(source)), () => true)));
  it('names a fold that is used twice', () => {
    expect(
      text('op a(x: f32[N, D]) -> (y: f32[N, D]) { let m[n] = max[d](x[n, d]); y[n, d] = (x[n, d] - m[n]) * m[n]; }'),
    ).toContain('= let t = max<f32>[d_1:D](x[n, d_1]) in (x[n, d] - t) * t');
  });
  it('rounds as storing would', () => {
    expect(text('op a(x: f32[N]) -> (y: f32[N]) { let h[n]: f16 = (x[n] * 2) as f16; y[n] = h[n] + 1; }')).toContain(
      'as f16 + 1.0',
    );
  });
  it('turns a scan into a fold', () => {
    expect(
      text('op a(x: f32[N]) -> (y: f32[N]) { let c[i in 0..N] = sum[j where j <= i](x[j]); y[i] = c[i] * 2; }'),
    ).toContain('add<f32>[j:N where j <= i](x[j]) * 2.0');
  });
  it('does not move a read behind the stage that overwrites it', () => {
    expect(
      text('op a(inout p: f32[N], inout m: f32[N]) -> () { let m1[i] = m[i] * 2; m[i] = m1[i]; p[i] = p[i] - m1[i]; }'),
    ).toContain('temp  m1');
  });
  it('says why a temporary without storage stays', () => {
    const graph = graphOf(
      compileOp(
        'op a(x: f32[B, ~L(off)], off: i64[B+1]) -> (y: f32[B]) { let s[b, i, j] = x[b, i] * x[b, j]; y[b] = sum[i, j](s[b, i, j]); }',
      ),
    );
    const stages = graph.stages.flatMap((s) => (s.name === 's' ? [s, { ...s, id: 'again' }] : [s]));
    expect(inlineVirtual({ ...graph, stages })).toMatchObject({
      ok: false,
      reasons: [{ message: 's has no storage and cannot be inlined: it is written in pieces' }],
    });
  });
});

describe('unify', () => {
  const off = (e: Expr): Expr => b.read('off', 'i64', [e]);
  const [B, N] = [b.axis('b', b.dim('B')), b.axis('n', b.dim('N'))];
  const show = (m: ReadonlyMap<string, Expr> | undefined): unknown =>
    m && Object.fromEntries([...m].map(([k, e]) => [k, printExpr(e)]));
  it('inverts ragged positions', () => {
    const at = [b.add(off(b.axisRef('b')), b.axisRef('n'))];
    const e = [b.add(off(b.scalar('q', 'i64')), b.int(3))];
    expect(show(unify(at, e, [B, N]))).toEqual({ b: 'q', n: '3' });
  });
  it('inverts shifts and products', () => {
    expect(show(unify([b.sub(b.axisRef('n'), b.int(1))], [b.scalar('q', 'i64')], [N]))).toEqual({ n: 'q + 1' });
    const flat = [b.add(b.mul(b.axisRef('b'), b.dim('N')), b.axisRef('n'))];
    expect(show(unify(flat, [b.scalar('q', 'i64')], [B, N]))).toEqual({ b: 'q // N', n: 'q % N' });
  });
  it('gives up where a loop stays open or an axis would have two values', () => {
    expect(unify([b.axisRef('b')], [b.int(0)], [B, N])).toBeUndefined();
    expect(unify([b.axisRef('b'), b.axisRef('b')], [b.int(0), b.int(1)], [B])).toBeUndefined();
  });
});

describe('share', () => {
  const fresh = (): ((base: string) => string) => freshNames();
  const heavy = b.call('exp', [b.call('sin', [b.scalar('x', 'f32')], 'f32')], 'f32');
  const cond = b.gt(b.scalar('x', 'f32'), b.float(0));
  it('names what is certain to be evaluated', () => {
    expect(printExpr(share(b.add(heavy, b.select(cond, heavy, b.float(0))), fresh()))).toBe(
      'let t = exp(sin(x)) in t + (x > 0.0 ? t : 0.0)',
    );
  });
  it('leaves what only choices evaluate', () => {
    const e = b.select(cond, heavy, b.select(b.lt(b.scalar('x', 'f32'), b.float(-1)), heavy, b.float(0)));
    expect(share(e, fresh())).toEqual(e);
  });
  it('keeps loops apart that only look alike', () => {
    const sum = (over: string, hi: string): Expr =>
      b.reduceExpr(
        { op: 'add', acc: 'f32', over: [b.axis(over, b.dim(hi))], body: b.read('x', 'f32', [b.axisRef(over)]) },
        'f32',
      );
    expect(printExpr(share(b.mul(sum('i', 'N'), sum('j', 'N')), fresh()))).toContain('let t =');
    expect(printExpr(share(b.mul(sum('i', 'N'), sum('i', 'M')), fresh()))).not.toContain('let t =');
  });
});

describe('simplify', () => {
  /** Integer and float expressions over two scalars and literals that hit the rules. */
  const leaf = (type: 'i64' | 'f32'): fc.Arbitrary<Expr> =>
    fc.oneof(
      fc.constantFrom(b.scalar(type === 'i64' ? 'n' : 'x', type), b.scalar(type === 'i64' ? 'm' : 'y', type)),
      type === 'i64'
        ? fc.constantFrom(0n, 1n, 2n, -1n, 7n).map((v) => b.int(v))
        : fc.constantFrom(0, -0, 1, 2, -1).map((v) => b.float(v)),
    );
  const tree = (type: 'i64' | 'f32', depth: number): fc.Arbitrary<Expr> => {
    if (depth === 0) return leaf(type);
    const sub = tree(type, depth - 1);
    const ops =
      type === 'i64'
        ? (['add', 'sub', 'mul', 'floordiv', 'mod', 'bitand', 'bitor', 'bitxor'] as const)
        : (['add', 'sub', 'mul', 'div'] as const);
    const compare = fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge');
    return fc.oneof(
      leaf(type),
      fc.tuple(fc.constantFrom(...ops), sub, sub).map(([op, x, y]) => b.binary(op, x, y)),
      fc
        .tuple(compare, sub, sub, sub, sub)
        .map(([op, x, y, u, v]): Expr => ({ kind: 'select', type, cond: b.binary(op, x, y), then: u, else: v })),
      fc.tuple(sub, sub).map(([x, y]) => b.letIn('v', x, b.add(b.variable('v', type), y))),
      sub.map((x) => b.unary('neg', x)),
    );
  };
  const valueOf = (e: Expr, inputs: Parameters<typeof evaluate>[1]['scalars']): unknown => {
    const span = { file: '', start: 0, end: 0 };
    const dtype = e.type === 'f32' ? 'f32' : 'i64';
    const scalars = (['n', 'm'] as const).map((name) => ({ name, dtype: 'i64' as const }));
    const floats = (['x', 'y'] as const).map((name) => ({ name, dtype: 'f32' as const }));
    const graph: StageGraph = {
      name: 'g',
      span,
      dims: [],
      facts: [],
      scalars: [...scalars, ...floats],
      buffers: [{ id: 'o', role: 'out', dtype, shape: [], span }],
      stages: [{ kind: 'map', id: 's', name: 'o', span, axes: [], out: b.place('o', []), value: e }],
    };
    const r = evaluate(graph, { dims: {}, scalars: inputs ?? {}, buffers: {} }, { bounds: false });
    if (!r.ok) throw new Error(r.problems.map((p) => p.text).join());
    return valuesOf(r.outputs['o']?.[0]?.tensor ?? tensor('f32', [0], []))[0];
  };
  const scalars = {
    n: fc.constantFrom(-3n, -1n, 0n, 1n, 5n),
    m: fc.constantFrom(-2n, 0n, 3n),
    x: fc.constantFrom(-0, 0, 1.5, -2, Infinity, NaN),
    y: fc.constantFrom(0, -1, 0.25),
  };
  it.each(['i64', 'f32'] as const)('keeps values of %s expressions bit for bit', (type) => {
    fc.assert(
      fc.property(tree(type, 3), fc.record(scalars), (e, s) => {
        const simple = simplify(e);
        expect(simple.type).toBe(e.type);
        expect(valueOf(simple, s)).toBe(valueOf(e, s));
      }),
      { numRuns: 400 },
    );
  });
});
