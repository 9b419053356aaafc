import type { Expr, Stage } from '../../../codegen/ir/stage.ts';
import { freeAxes } from '../../../codegen/ir/walk.ts';
import { must } from '../../../assert.ts';
import { emitStore } from './access.ts';
import { indexOf } from './spot.ts';
import { accumulator } from './accumulate.ts';
import { boolOf } from './branch.ts';
import type { Emitter } from './code.ts';
import { close, fresh, open } from './code.ts';
import { closeLoops, conjuncts, openLoops } from './loops.ts';

/** A prefix fold in linear time: elements join the accumulator as `at` passes them. */
export function emitScan(em: Emitter, s: Extract<Stage, { kind: 'scan' }>, params: readonly string[]): void {
  const outer = s.axes.slice(0, -1);
  const at = must(s.axes.at(-1), 'scanned axis');
  const conds = conjuncts(s.where);
  const late = conds.filter((c) => freeAxes(c).has(at.id));
  const opened = openLoops(
    em,
    outer,
    conds.filter((c) => !freeAxes(c).has(at.id)).reduce<Expr | undefined>(both, undefined),
    params,
  );
  const [lo, hi] = [indexOf(em, at.lo), indexOf(em, at.hi)];
  const [from, to] = [indexOf(em, s.along.lo), indexOf(em, s.along.hi)];
  const up = s.compare === 'le' || s.compare === 'lt';
  const [i, p] = [fresh(em, 'i'), fresh(em, 'i')];
  const acc = accumulator(em, s.monoid, s.acc);
  em.block.lines.push(`let ${p} = ${up ? from.v : `${to.v} - 1`};`);
  const block = open(em, true);
  em.axes.set(at.id, { rep: 'int', type: 'i64', v: i, lo: lo.lo, hi: hi.hi - 1, block });
  const inner = open(em, true);
  em.axes.set(s.along.id, { rep: 'int', type: 'i64', v: p, lo: from.lo, hi: to.hi - 1, block: inner });
  const filter = openLoops(em, [], s.when);
  const doubt = [opened.doubt?.v, filter.doubt?.v].filter((d) => d !== undefined).join(' || ');
  const body = em.expr(em, s.body);
  em.block.lines.push(...acc.step(body, doubt === '' ? undefined : doubt, Math.max(0, to.hi - from.lo)));
  closeLoops(em, filter);
  const sign = { le: '<=', lt: '<', ge: '>=', gt: '>' }[s.compare];
  close(em, `for (; ${up ? `${p} < ${to.v}` : `${p} >= ${from.v}`} && ${p} ${sign} ${i}; ${p}${up ? '++' : '--'})`);
  const value = acc.result();
  late.forEach((c) => {
    const b = boolOf(em, c);
    em.block.lines.push(`if (!(${b.v})) continue;`);
  });
  emitStore(em, s.out, value);
  close(
    em,
    up ? `for (let ${i} = ${lo.v}; ${i} < ${hi.v}; ${i}++)` : `for (let ${i} = ${hi.v} - 1; ${i} >= ${lo.v}; ${i}--)`,
  );
  closeLoops(em, opened);
}
function both(a: Expr | undefined, b: Expr): Expr {
  return a === undefined ? b : { kind: 'binary', type: 'bool', op: 'and', a, b };
}
