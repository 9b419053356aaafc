import { describe, expect, it } from 'vitest';
import * as b from '../../src/codegen/ir/build.ts';
import { printGraph } from '../../src/codegen/ir/print.ts';
import type { Expr, Stage, StageGraph } from '../../src/codegen/ir/stage.ts';
import { verifyGraph } from '../../src/codegen/ir/verify.ts';
import { maskedCumsum, matmul, pooledEmbedding, rmsnorm, sigridHash } from '../fixtures/graphs.ts';

describe('fixture graphs', () => {
  it.each([rmsnorm(), rmsnorm('f32'), sigridHash(), pooledEmbedding(), matmul(), maskedCumsum()])(
    '$name is sound and prints',
    (g) => {
      expect(verifyGraph(g)).toEqual([]);
      expect(printGraph(g)).toMatchSnapshot();
    },
  );
});

describe('verifyGraph', () => {
  const broken = (edit: (g: StageGraph) => StageGraph): string => verifyGraph(edit(rmsnorm('f32'))).join('; ');
  const second = (g: StageGraph, f: (s: Extract<Stage, { kind: 'map' }>) => Stage): StageGraph => ({
    ...g,
    stages: g.stages.map((s) => (s.kind === 'map' ? f(s) : s)),
  });
  const value = (e: Expr) => (g: StageGraph) => second(g, (s) => ({ ...s, value: e }));
  it.each<[string, (g: StageGraph) => StageGraph, RegExp]>([
    ['a read before its write', (g) => ({ ...g, stages: [...g.stages].reverse() }), /reads r before it is written/],
    ['a result that nothing writes', (g) => ({ ...g, stages: g.stages.slice(0, 1) }), /y is never written/],
    ['two stages with one id', (g) => second(g, (s) => ({ ...s, id: 's0' })), /two stages have one id/],
    ['an axis out of scope', value(b.read('x', 'f32', [b.axisRef('b'), b.axisRef('q')])), /axis q is not in scope/],
    ['a rank that differs', value(b.read('x', 'f32', [b.axisRef('b')])), /x has rank 2, indexed by 1/],
    ['a type that differs', value(b.int(0)), /i64 where f32 is needed/],
    ['an index that is no i64', value(b.read('w', 'f32', [b.int(0, 'i32')])), /i32 where i64 is needed/],
    ['an unknown buffer', value(b.read('z', 'f32', [])), /unknown buffer z/],
    [
      'a fold inside an expression',
      value(b.reduceExpr({ op: 'add', acc: 'f32', over: [b.axis('k', b.dim('D'))], body: b.float(1) }, 'f32')),
      /a fold inside an expression/,
    ],
    [
      'an axis bound twice',
      (g) => second(g, (s) => ({ ...s, axes: [...s.axes, b.axis('d', b.dim('D'))] })),
      /axis d is bound twice/,
    ],
  ])('finds %s', (_, edit, message) => expect(broken(edit)).toMatch(message));
});
