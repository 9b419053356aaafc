import { must } from '../../../assert.ts';
import type { Axis } from '../../ir/stage.ts';
import { stageExprs } from '../../ir/walk.ts';
import * as t from '../../ir/tile-build.ts';
import type { Level, Val } from '../../ir/tile.ts';
import { countUses } from '../../tile/affine.ts';
import type { KernelState } from '../../tile/kernel.ts';
import { assign, bind, declare, nested, valueOf, withAxis, withVar } from '../../tile/scope.ts';
import type { Scope } from '../../tile/scope.ts';
import { lowerPoint } from '../../tile/stages.ts';
import { identity } from '../../tile/values.ts';
import { extentOf } from './pack.ts';
import type { Contraction } from './shape.ts';

const ZERO = t.int(0);
const SERIAL: Level = { kind: 'serial' };

/**
 * A contraction as a nest of its sides, for targets that tile loops themselves: items of the batch and rows over the grid, columns over lanes, one sum of
 * products inside, and what follows at each point. Axes of one side count as one, taken apart where an operand is read.
 */
export function lowerContractionPoints(c: Contraction, s: Scope, _k: KernelState, outer: Level | undefined): void {
  for (const stage of c.after) s.block.ops.push({ kind: 'note', text: stage.name, span: stage.span });
  const grid: Level = outer?.kind === 'grid' ? { ...outer, flat: false } : SERIAL;
  const sides: readonly (readonly [readonly Axis[], string, Level])[] = [
    ...c.batch.map((a): readonly [readonly Axis[], string, Level] => [[a], a.name, SERIAL]),
    [c.rows, 'row', { kind: 'grid', dim: 1, flat: false }],
    [c.cols, 'col', { kind: 'lane' }],
  ];
  const run = (left: typeof sides, at: Scope, first: boolean): void => {
    const [side, ...rest] = left;
    if (side === undefined) return point(c, at);
    const [axes, name, level] = side;
    over(axes, name, at, first ? grid : level, (inner) => run(rest, inner, false));
  };
  run(sides, s, true);
}

/** A loop over the points of a side. */
function over(
  axes: readonly Axis[],
  name: string,
  s: Scope,
  level: Level,
  body: (inner: Scope, at: Val) => void,
): void {
  const [only] = axes;
  const base = axes.length === 1 ? must(only, 'axis').name : name;
  const extents = axes.map((a) => extentOf(a, s));
  const hi = bind(s, `${base}_count`, t.product(extents));
  const inner = nested(s);
  const id = inner.fresh(base);
  const at = t.name(id);
  body(apart(axes, extents, at, inner), at);
  s.block.ops.push({ kind: 'loop', id, level, lo: ZERO, hi, step: 1, body: inner.block.ops });
}

/** The scope in which axes that count as one stand at a point. */
function apart(axes: readonly Axis[], extents: readonly Val[], at: Val, s: Scope): Scope {
  let [inner, rest] = [s, at];
  for (const [k, axis] of [...axes.entries()].toReversed()) {
    const extent = must(extents[k], 'extent');
    if (k === 0) {
      inner = withAxis(inner, axis.id, rest);
      break;
    }
    const quotient = bind(inner, 'rest', t.binary('div', rest, extent));
    inner = withAxis(inner, axis.id, bind(inner, axis.name, t.sub(rest, t.mul(quotient, extent))));
    rest = quotient;
  }
  return inner;
}

function point(c: Contraction, s: Scope): void {
  const sum = declare(s, 'sum', identity('add', c.acc));
  over(c.over, 'depth', s, SERIAL, (inner) => {
    const scope = { ...inner, uses: countUses([c.left, c.right], inner.cx.intern) };
    const product = t.mul(valueOf(c.left, scope), valueOf(c.right, scope));
    assign(inner, sum, t.add(sum, product));
  });
  const finished = withVar(s, 'acc', sum);
  for (const stage of c.after)
    lowerPoint(stage, [{ ...finished, uses: countUses(stageExprs(stage), finished.cx.intern) }], undefined, false);
}
