import * as t from '../ir/tile-build.ts';
import { lowerStore, storedAs } from './access.ts';
import { combine } from './fold.ts';
import { boundsOf } from './loops.ts';
import { assign, bind, declare, nested, valueOf, withAxis } from './scope.ts';
import type { Scope } from './scope.ts';
import { walkOf } from './scan.ts';
import type { Scan } from './scan.ts';
import { identity } from './values.ts';

/**
 * Prefix folds of a row by a block: its `lanes` lanes take as many elements at a time, one each, and join them with the fold of all before.
 * Backward scans mirror the place of each step.
 */
export function lowerScanBlock(stage: Scan, s: Scope, lanes: number): void {
  const { at, type, wide, reverse, exclusive } = walkOf(stage);
  const { monoid } = stage;
  const carry = declare(s, 'carry', identity(monoid, wide));
  const [lo, hi] = boundsOf(at, s);
  const step = nested(s);
  const id = step.fresh('from');
  const pos = bind(step, 'step', t.add(t.name(id), t.name('lane')));
  const place = reverse ? t.sub(t.sub(t.add(lo, hi), t.int(1)), pos) : pos;
  const here = (scope: Scope): Scope => withAxis(withAxis(nested(scope), stage.at, place), stage.along.id, place);
  const value = declare(step, 'value', identity(monoid, type));
  const taken = here(step);
  assign(taken, value, t.convert(valueOf(stage.body, taken), type));
  const inRow = t.lt(pos, hi);
  step.block.ops.push({ kind: 'if', cond: inRow, then: taken.block.ops, else: [] });
  const [prefix, total] = [step.fresh('prefix'), step.fresh('total')];
  // Places count upwards in either direction.
  step.block.ops.push({ kind: 'scanTile', id: prefix, monoid, value, exclusive, reverse: false, within: 'block' });
  step.block.ops.push({ kind: 'reduceTile', id: total, monoid, value, within: 'block' });
  const out = here(step);
  lowerStore(stage.out, storedAs(stage.out, s), combine(monoid, t.convert(carry, type), t.name(prefix, value.ty)), out);
  step.block.ops.push({ kind: 'if', cond: inRow, then: out.block.ops, else: [] });
  assign(step, carry, combine(monoid, carry, t.convert(t.name(total, value.ty), wide)));
  s.block.ops.push({ kind: 'loop', id, level: { kind: 'serial' }, lo, hi, step: lanes, body: step.block.ops });
}
