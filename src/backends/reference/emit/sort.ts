import type { Stage } from '../../../codegen/ir/stage.ts';
import { EXACT } from '../memory.ts';
import { emitStore } from './access.ts';
import { indexOf } from './spot.ts';
import type { Emitter, Val } from './code.ts';
import { bind, fresh, helper, intLit } from './code.ts';
import { closeLoops, openLoops } from './loops.ts';

/**
 * Keys in order with their positions. Sorting changes a key by no more than the largest bound of the row; a position is unstable where its
 * neighbours in the order come that close. Slots beyond the row hold -inf (or the least integer) and -1.
 */
export function emitSelection(em: Emitter, s: Extract<Stage, { kind: 'select' }>, params: readonly string[]): void {
  const outer = openLoops(em, s.axes, s.where, params);
  const [lo, hi] = [indexOf(em, s.along.lo), indexOf(em, s.along.hi)];
  const count = bind(em, `Math.max(0, ${hi.v} - ${lo.v})`, [lo, hi]);
  const k = fresh(em, 'k');
  em.block.lines.push(`const ${k} = ${helper(em, 'keys')}(${count.v}); let ${k}m = 0;`);
  const along = openLoops(em, [s.along], undefined);
  const body = em.expr(em, s.body);
  const at = along.ranges[0]?.at;
  if (at === undefined) throw new Error('internal: a selection along nothing');
  const i = bind(em, `${at.v} - ${lo.v}`, [at, lo]).v;
  em.block.lines.push(
    body.rep === 'wide'
      ? `${k}.l[${i}] = ${body.l}; ${k}.h[${i}] = ${body.h};`
      : `${k}.v[${i}] = ${body.rep === 'bool' ? `${body.v} ? 1 : 0` : body.v};`,
  );
  const e = body.rep === 'bool' ? (body.e === undefined ? undefined : `(${body.e} ? 1 : 0)`) : body.e;
  if (e !== undefined) em.block.lines.push(`${k}.e[${i}] = ${e}; ${k}m = Math.max(${k}m, ${e});`);
  closeLoops(em, along);
  const slots = indexOf(em, s.slot.hi);
  const order =
    body.rep === 'wide'
      ? `${helper(em, 'orderWide')}(${k}, ${String(s.descending)}, ${String(body.type === 'i64')})`
      : `${helper(em, 'orderKeys')}(${k}, ${String(s.descending)}, ${slots.v})`;
  em.block.lines.push(`const ${k}o = ${order};`);
  if (e !== undefined) em.block.lines.push(`${helper(em, 'markClose')}(${k}, ${k}o, ${k}m);`);

  const slot = openLoops(em, [s.slot], undefined);
  const first = slot.ranges[0];
  if (first === undefined) throw new Error('internal: a selection without slots');
  const j = bind(em, `${first.at.v} - ${first.lo.v}`, [first.at, first.lo]);
  const ok = fresh(em, 'q');
  em.block.lines.push(`const ${ok} = ${j.v} < ${count.v}, ${ok}i = ${ok} ? ${k}o[${j.v}] : 0;`);
  const doubt = outer.doubt?.v;
  if (s.values !== undefined) emitStore(em, s.values, keyAt(em, body, k, ok, e !== undefined), doubt);
  if (s.indices !== undefined) {
    const index: Val = {
      rep: 'int',
      type: 'i64',
      v: `${ok}p`,
      lo: -1,
      hi: Math.min(EXACT, Math.max(0, hi.hi)),
      e: e === undefined ? undefined : `${ok}u`,
      block: em.block,
    };
    em.block.lines.push(
      `const ${ok}p = ${ok} ? ${ok}i + ${lo.v} : -1, ${ok}u = ${ok} && ${k}m > 0 && ${k}.u[${j.v}] ? Infinity : 0;`,
    );
    emitStore(em, s.indices, index, doubt);
  }
  closeLoops(em, slot);
  closeLoops(em, outer);
}
function keyAt(em: Emitter, body: Val, k: string, ok: string, loose: boolean): Val {
  const n = fresh(em, 'v');
  const e = loose ? `${n}e` : undefined;
  if (loose) em.block.lines.push(`const ${n}e = ${ok} ? ${k}m : 0;`);
  const block = em.block;
  if (body.rep === 'float') {
    em.block.lines.push(`const ${n} = ${ok} ? ${k}.v[${ok}i] : -Infinity;`);
    return { rep: 'float', type: body.type, v: n, e, rounded: body.rounded, block };
  }
  if (body.rep === 'bool') {
    em.block.lines.push(`const ${n} = ${ok} && ${k}.v[${ok}i] !== 0;`);
    return { rep: 'bool', type: 'bool', v: n, e: e === undefined ? undefined : `${e} > 0`, block };
  }
  const least = intLit(em, body.type === 'i64' ? -(2n ** 63n) : body.type === 'i32' ? -(2n ** 31n) : 0n, body.type);
  if (body.rep === 'int' && least.rep === 'int') {
    em.block.lines.push(`const ${n} = ${ok} ? ${k}.v[${ok}i] : ${least.v};`);
    return {
      rep: 'int',
      type: body.type,
      v: n,
      e,
      lo: Math.min(body.lo, least.lo),
      hi: Math.max(body.hi, least.hi),
      block,
    };
  }
  const type = body.type === 'u64' ? 'u64' : 'i64';
  const [l, h] = least.rep === 'wide' ? [least.l, least.h] : ['0', '0'];
  const low = body.rep === 'wide' ? `${k}.l[${ok}i]` : `${k}.v[${ok}i] | 0`;
  const high = body.rep === 'wide' ? `${k}.h[${ok}i]` : `Math.floor(${k}.v[${ok}i] / 4294967296) | 0`;
  em.block.lines.push(`const ${n} = ${ok} ? ${low} : ${l}, ${n}h = ${ok} ? ${high} : ${h};`);
  return { rep: 'wide', type, l: n, h: `${n}h`, e, block };
}
