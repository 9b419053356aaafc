import type { Expr, Reduce } from '../../../codegen/ir/stage.ts';
import { freeAxes, freeVars, reads } from '../../../codegen/ir/walk.ts';
import { accumulator } from './accumulate.ts';
import type { Block, Emitter, Val } from './code.ts';
import { fresh, guardOf } from './code.ts';
import { argument, bound, count, first, variance } from './search.ts';
import { walk } from './terms.ts';

/** A fold with its `post`; it stands as far out as the axes and names it mentions allow. */
export function emitFold(em: Emitter, r: Reduce, post: Expr | undefined): Val {
  const here = em.block;
  em.block = placeOf(em, r, post);
  const value = emitReduce(em, r);
  const result = post === undefined ? value : withAcc(em, value, post);
  em.block = here;
  return result;
}
export function withAcc(em: Emitter, value: Val, post: Expr): Val {
  const before = em.vars.get('acc');
  em.vars.set('acc', value);
  const result = em.expr(em, post);
  if (before === undefined) em.vars.delete('acc');
  else em.vars.set('acc', before);
  return result;
}
function placeOf(em: Emitter, r: Reduce, post: Expr | undefined): Block {
  const whole: Expr = { kind: 'reduce', type: 'i64', reduce: r, ...(post === undefined ? {} : { post }) };
  const used = [
    ...[...freeAxes(whole)].map((id) => em.axes.get(id)),
    ...[...freeVars(whole)].map((id) => em.vars.get(id)),
  ];
  let block = guardOf(em.block);
  for (const v of used) if (v !== undefined && v.block.depth > block.depth) block = v.block;
  return block;
}

function emitReduce(em: Emitter, r: Reduce): Val {
  switch (r.op) {
    case 'count':
      return count(em, r);
    case 'first':
      return first(em, r);
    case 'argmax':
    case 'argmin':
      return argument(em, r, r.op);
    case 'var':
      return variance(em, r);
    case 'lower':
    case 'upper':
      return bound(em, r, r.op);
    default: {
      const a = accumulator(em, r.op, r.acc, gathers(r));
      const label = a.settled === undefined ? '' : fresh(em, 'L');
      walk(
        em,
        r,
        ({ body, doubt, most }) => [
          ...a.step(body, doubt, most),
          ...(a.settled === undefined || doubt !== undefined || body.e !== undefined
            ? []
            : [`if (${a.settled}) break ${label};`]),
        ],
        label,
      );
      return a.result();
    }
  }
}

/** True if terms read what data along the reduced axes names: the same element may be read many times. */
function gathers(r: Reduce): boolean {
  const moves = (e: Expr): boolean => [...freeAxes(e)].some((id) => r.over.some((a) => a.id === id));
  return reads(r.body).some((x) => x.index.some((i) => reads(i).some(moves)));
}
