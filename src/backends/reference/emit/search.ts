import type { Reduce } from '../../../codegen/ir/stage.ts';
import { EXACT } from '../memory.ts';
import { accOf, boolTerm, finish, floatTerm, plain } from './accumulate.ts';
import { declare } from './accumulator.ts';
import type { BoolVal, Emitter, IntVal, Val } from './code.ts';
import { bind, close, fresh, helper, num, open } from './code.ts';
import { floatCompare } from './float.ts';
import { intCompare } from './int.ts';
import type { Opened } from './loops.ts';
import { walk } from './terms.ts';
import { wideCompare } from './wide.ts';

export function variance(em: Emitter, r: Reduce): Val {
  const { type, u, worst } = accOf(r.acc);
  const s = fresh(em, 's');
  declare(em, [s, `${s}m`, `${s}q`, `${s}n`], []);
  walk(em, r, ({ body, doubt }) => {
    const { v, e } = floatTerm(em, body, type);
    const lines = [`{ ${s}n++; const d = ${v} - ${s}; ${s} += d / ${s}n; ${s}m += d * (${v} - ${s}); }`];
    if (e !== undefined) lines.push(`${s}q += ${e} * ${e};`);
    return doubt === undefined ? lines : [...lines, `if (${doubt}) ${s}q = Infinity;`];
  });
  if (!em.bounds) return plain(em, type, `${s}n === 0 ? 0 : ${s}m / ${s}n`);
  return finish(
    em,
    type,
    `${helper(em, 'endVar')}(${s}, ${s}m, ${s}q, ${s}n, ${num(u)}, ${String(worst)}, ${String(type === 'f64')})`,
  );
}

export function count(em: Emitter, r: Reduce): Val {
  const s = fresh(em, 's');
  let loose = false;
  let n = 1;
  declare(em, [s, `${s}q`], []);
  walk(em, r, ({ body, doubt, most }) => {
    const b = boolTerm(body);
    loose = b.e !== undefined || doubt !== undefined;
    n = most;
    return [
      `if (${b.v}) ${s}++;${loose ? ` if (${[b.e, doubt].filter((x) => x !== undefined).join(' || ')}) ${s}q++;` : ''}`,
    ];
  });
  return {
    rep: 'int',
    type: 'i64',
    v: s,
    lo: 0,
    hi: Math.min(n, EXACT),
    e: loose ? `${s}q` : undefined,
    block: em.block,
  };
}

/** Row-major position of the innermost point among the loops. */
function position(opened: Opened): string {
  return opened.ranges.reduce(
    (text, { lo, hi, at }, k) => (k === 0 ? at.v : `(${text}) * (${hi.v} - ${lo.v}) + (${at.v} - ${lo.v})`),
    '',
  );
}
const lastOf = (axes: Opened['ranges']): number =>
  axes.reduce((p, x, k) => (k === 0 ? Math.max(0, x.hi.hi) : p * Math.max(0, x.hi.hi - x.lo.lo)), 1);
export function first(em: Emitter, r: Reduce): Val {
  const s = fresh(em, 's');
  let loose = false;
  let hi = EXACT;
  declare(em, [s, `${s}q`], ['-1', '0']);
  walk(
    em,
    r,
    ({ body, opened, doubt }) => {
      const b = boolTerm(body);
      loose = b.e !== undefined || doubt !== undefined;
      hi = lastOf(opened.ranges);
      const unsure = [b.e, doubt].filter((x) => x !== undefined).join(' || ');
      return [
        ...(loose ? [`if (${unsure}) ${s}q = Infinity;`] : []),
        `if (${b.v}) { ${s} = ${position(opened)}; break L${s}; }`,
      ];
    },
    `L${s}`,
  );
  return {
    rep: 'int',
    type: 'i64',
    v: s,
    lo: -1,
    hi: Math.min(hi, EXACT),
    e: loose ? `${s}q` : undefined,
    block: em.block,
  };
}

/**
 * argmax and argmin: the lowest position wins ties, NaN orders above +inf. Unstable where the best of the others comes within the bounds.
 */
export function argument(em: Emitter, r: Reduce, op: 'argmax' | 'argmin'): Val {
  const s = fresh(em, 's');
  let loose = false;
  let hi = EXACT;
  declare(em, [s, `${s}v`, `${s}h`, `${s}e`, `${s}o`, `${s}q`], ['-1', '0', '0', '0', '-Infinity', '0']);
  const max = op === 'argmax';
  walk(em, r, ({ body, opened, doubt }) => {
    hi = lastOf(opened.ranges);
    const take = `${s} = ${position(opened)};`;
    if (body.rep === 'float') {
      loose = body.e !== undefined || doubt !== undefined;
      const v = body.v;
      const nan = max ? `(${v} !== ${v} && ${s}v === ${s}v)` : `(${s}v !== ${s}v && ${v} === ${v})`;
      const better = `${s} < 0 || ${v} ${max ? '>' : '<'} ${s}v || ${nan}`;
      if (!loose) return [`if (${better}) { ${take} ${s}v = ${v}; }`];
      // In `o`: how far the runner-up could reach, signed so that larger is closer.
      const reach = (x: string, e: string): string => `Math.max(${s}o, ${max ? '' : '-'}${x} + ${e})`;
      const e = body.e ?? '0';
      return [
        `if (${better}) { if (${s} >= 0) ${s}o = ${reach(`${s}v`, `${s}e`)}; ${take} ${s}v = ${v}; ${s}e = ${e}; } else ${s}o = ${reach(v, e)};`,
        ...(doubt === undefined ? [] : [`if (${doubt}) ${s}q = Infinity;`]),
        ...(body.e === undefined ? [] : [`if (${e} > 0) ${s}q = Math.max(${s}q, 1);`]),
      ];
    }
    if (body.rep === 'bool') throw new Error(`internal: ${op} over bool`);
    loose = body.e !== undefined || doubt !== undefined;
    const spoil = loose
      ? [`if (${[body.e === undefined ? 'false' : `${body.e} > 0`, doubt ?? 'false'].join(' || ')}) ${s}q = Infinity;`]
      : [];
    if (body.rep === 'int')
      return [`if (${s} < 0 || ${body.v} ${max ? '>' : '<'} ${s}v) { ${take} ${s}v = ${body.v}; }`, ...spoil];
    const so = { rep: 'wide', type: body.type, l: `${s}v`, h: `${s}h`, block: em.block } as const;
    return [
      `if (${s} < 0 || ${wideCompare(em, max ? 'gt' : 'lt', body, so)}) { ${take} ${s}v = ${body.l}; ${s}h = ${body.h}; }`,
      ...spoil,
    ];
  });
  if (loose)
    em.block.lines.push(
      `if (${s}q > 0 && ${s} >= 0) ${s}q = ${s}q === Infinity || !(${s}o < ${max ? '' : '-'}${s}v - ${s}e) ? Infinity : 0;`,
    );
  return {
    rep: 'int',
    type: 'i64',
    v: s,
    lo: -1,
    hi: Math.min(hi, EXACT),
    e: loose ? `${s}q` : undefined,
    block: em.block,
  };
}

/** lower and upper: the number of bodies below (or not above) the value; by bisection, since bodies ascend. */
export function bound(em: Emitter, r: Reduce, op: 'lower' | 'upper'): Val {
  const [axis, ...more] = r.over;
  if (r.value === undefined || axis === undefined) throw new Error(`internal: ${op} without a value`);
  if (more.length > 0 || r.when !== undefined) return linearBound(em, r, op);
  const value = em.expr(em, r.value);
  const s = fresh(em, 's');
  const [lo, hi] = [em.expr(em, axis.lo), em.expr(em, axis.hi)];
  if (lo.rep !== 'int' || hi.rep !== 'int') throw new Error('internal: bounds of a search');
  em.block.lines.push(`let ${s} = ${lo.v}, ${s}x = Math.max(${hi.v}, ${lo.v}), ${s}q = 0;`);
  const below = (index: string): BoolVal => {
    const at: IntVal = {
      rep: 'int',
      type: 'i64',
      v: index,
      lo: lo.lo,
      hi: Math.max(lo.lo, hi.hi - 1),
      block: em.block,
    };
    em.axes.set(axis.id, at);
    return compare(em, op, em.expr(em, r.body), value);
  };
  const m = fresh(em, 'i');
  open(em, true);
  em.block.lines.push(`const ${m} = Math.floor((${s} + ${s}x) / 2);`);
  const b = below(m);
  em.block.lines.push(`if (${b.v}) ${s} = ${m} + 1; else ${s}x = ${m};`);
  if (b.e !== undefined) em.block.lines.push(`if (${b.e}) ${s}q = Infinity;`);
  close(em, `while (${s} < ${s}x)`);
  const n = bind(em, `${s} - ${lo.v}`, [lo, { rep: 'int', type: 'i64', v: s, lo: 0, hi: 0, block: em.block }]);
  return {
    rep: 'int',
    type: 'i64',
    v: n.v,
    lo: 0,
    hi: Math.max(0, hi.hi - lo.lo),
    e: b.e === undefined ? undefined : `${s}q`,
    block: em.block,
  };
}
function linearBound(em: Emitter, r: Reduce, op: 'lower' | 'upper'): Val {
  const value = em.expr(em, r.value ?? r.body);
  const s = fresh(em, 's');
  declare(em, [s, `${s}q`], []);
  let loose = false;
  walk(em, r, ({ body, doubt }) => {
    const b = compare(em, op, body, value);
    loose = b.e !== undefined || doubt !== undefined;
    return [
      `if (${b.v}) ${s}++;${loose ? ` if (${[b.e, doubt].filter((x) => x !== undefined).join(' || ')}) ${s}q++;` : ''}`,
    ];
  });
  return { rep: 'int', type: 'i64', v: s, lo: 0, hi: EXACT, e: loose ? `${s}q` : undefined, block: em.block };
}
function compare(em: Emitter, op: 'lower' | 'upper', a: Val, b: Val): BoolVal {
  const sign = op === 'lower' ? 'lt' : 'le';
  if (a.rep === 'float' && b.rep === 'float') return floatCompare(em, sign, a, b);
  if ((a.rep === 'int' || a.rep === 'wide') && (b.rep === 'int' || b.rep === 'wide')) return intCompare(em, sign, a, b);
  throw new Error(`internal: a search among ${a.type} for ${b.type}`);
}
