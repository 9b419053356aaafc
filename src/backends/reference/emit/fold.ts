import type { Expr, Reduce } from '../../../codegen/ir/stage.ts';
import { freeAxes, freeVars } from '../../../codegen/ir/walk.ts';
import type { DType, ValueType } from '../../../dsl/dtypes.ts';
import { DTYPES, isFloat, isNarrow, widen } from '../../../dsl/dtypes.ts';
import { EXACT } from '../memory.ts';
import { convertTo, wrapTo } from './cast.ts';
import type { Block, BoolVal, Emitter, IntVal, Val } from './code.ts';
import { bind, close, fresh, guardOf, helper, num, open, unit } from './code.ts';
import { floatCompare } from './float.ts';
import { intCompare } from './int.ts';
import type { Opened } from './loops.ts';
import { closeLoops, openLoops } from './loops.ts';
import { toNumber, toWide, wideCompare } from './wide.ts';

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
  const used = [...[...freeAxes(whole)].map((id) => em.axes.get(id)), ...[...freeVars(whole)].map((id) => em.vars.get(id))];
  let block = guardOf(em.block);
  for (const v of used) if (v !== undefined && v.block.depth > block.depth) block = v.block;
  return block;
}

function emitReduce(em: Emitter, r: Reduce): Val {
  switch (r.op) {
    case 'add':
    case 'mean':
      return isFloat(r.acc) ? floatSum(em, r) : intSum(em, r);
    case 'mul':
      return isFloat(r.acc) ? floatProd(em, r) : intFold(em, r, (a, v) => `Math.imul(${a}, ${v})`, 1);
    case 'max':
    case 'min':
      return widen(r.acc) === 'bool' ? logical(em, r, r.op === 'max' ? 'or' : 'and') : isFloat(r.acc) ? floatExtremum(em, r, r.op) : intExtremum(em, r, r.op);
    case 'and':
    case 'or':
      return r.acc === 'bool' ? logical(em, r, r.op) : intFold(em, r, (a, v) => `${a} ${r.op === 'and' ? '&' : '|'} ${v}`, r.op === 'and' ? -1 : 0);
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
  }
}

/** Accumulator names and lines, declared where the fold stands. */
interface Walk {
  readonly opened: Opened;
  readonly body: Val;
  readonly doubt: string | undefined;
}
/** Opens the loops and evaluates the body; `lines` go into the innermost block. */
function walk(em: Emitter, r: Reduce, lines: (w: Walk) => readonly string[], label = ''): Opened {
  const opened = openLoops(em, r.over, r.when);
  const body = em.expr(em, r.body);
  em.block.lines.push(...lines({ opened, body, doubt: opened.doubt?.v }));
  const [head, ...rest] = opened.heads;
  closeLoops(em, { ...opened, heads: head === undefined ? [] : [label + head, ...rest] });
  return opened;
}
const declare = (em: Emitter, names: readonly string[], values: readonly string[]): void => void em.block.lines.push(`let ${names.map((n, i) => `${n} = ${values[i] ?? '0'}`).join(', ')};`);

interface AccType {
  readonly type: 'f32' | 'f64';
  readonly u: number;
  readonly worst: boolean;
}
/** Accumulators narrower than f32 round every step, with errors that all lean one way: n u instead of the square root. */
export function accOf(acc: DType): AccType {
  const type = widen(acc) === 'f64' ? 'f64' : 'f32';
  return isNarrow(acc) ? { type, u: DTYPES[acc].unit, worst: true } : { type, u: unit(type), worst: false };
}
const floatBody = (em: Emitter, v: Val, type: ValueType): { readonly v: string; readonly e: string | undefined } => {
  const c = convertTo(em, type, v);
  if (c.rep !== 'float') throw new Error(`internal: a float fold over ${v.type}`);
  return { v: c.v, e: c.e };
};
/** Binds what an end helper returns, with its bound. */
function finish(em: Emitter, type: 'f32' | 'f64', call: string): Val {
  const n = fresh(em, 'k');
  helper(em, 'ERR');
  em.block.lines.push(`const ${n} = ${call}, ${n}e = ERR[0];`);
  return { rep: 'float', type, v: n, e: `${n}e`, block: em.block };
}
const plain = (em: Emitter, type: 'f32' | 'f64', text: string): Val => {
  const n = fresh(em, 'k');
  em.block.lines.push(`const ${n} = ${text};`);
  return { rep: 'float', type, v: n, block: em.block };
};

function floatSum(em: Emitter, r: Reduce): Val {
  const { type, u, worst } = accOf(r.acc);
  const mean = r.op === 'mean';
  const s = fresh(em, 's');
  if (!em.bounds) {
    declare(em, mean ? [s, `${s}n`] : [s], []);
    walk(em, r, ({ body }) => [`${s} += ${floatBody(em, body, type).v};${mean ? ` ${s}n++;` : ''}`]);
    return plain(em, type, mean ? `${s}n === 0 ? 0 : ${s} / ${s}n` : s);
  }
  declare(em, [s, `${s}a`, `${s}q`, `${s}n`], []);
  walk(em, r, ({ body, doubt }) => {
    const { v, e } = floatBody(em, body, type);
    const base = `${s} += ${v}; ${s}a += Math.abs(${v}); ${s}n++;${e === undefined ? '' : ` ${s}q += ${e};`}`;
    return doubt === undefined ? [base] : [base, `if (${doubt}) ${s}q = Infinity;`];
  });
  return finish(em, type, `${helper(em, mean ? 'endMean' : 'endSum')}(${s}, ${s}a, ${s}q, ${s}n, ${num(u)}, ${String(worst)}, ${String(type === 'f64')})`);
}
function floatProd(em: Emitter, r: Reduce): Val {
  const { type, u } = accOf(r.acc);
  const s = fresh(em, 's');
  declare(em, [s, `${s}r`, `${s}x`, `${s}y`, `${s}n`], ['1', '0', '1', '1', '0']);
  walk(em, r, ({ body, doubt }) => {
    const { v, e } = floatBody(em, body, type);
    const lines = [`${s} *= ${v};`];
    if (em.bounds) lines.push(`{ const t = Math.abs(${v}); if (t > 1) ${s}x *= t; else ${s}y *= t; }`, `${s}n++;`);
    if (e !== undefined) lines.push(`if (${e} !== 0) ${s}r += -Math.log1p(-${e} / Math.abs(${v}));`);
    return doubt === undefined ? lines : [...lines, `if (${doubt}) ${s}r = Infinity;`];
  });
  return em.bounds ? finish(em, type, `${helper(em, 'endProd')}(${s}, ${s}r, ${s}x, ${s}y, ${s}n, ${num(u)}, ${String(type === 'f64')})`) : plain(em, type, s);
}
function floatExtremum(em: Emitter, r: Reduce, op: 'max' | 'min'): Val {
  const { type } = accOf(r.acc);
  const s = fresh(em, 's');
  const start = op === 'max' ? '-Infinity' : 'Infinity';
  let loose = false;
  declare(em, [s, `${s}x`, `${s}y`, `${s}q`], [start, start, start, '0']);
  walk(em, r, ({ body, doubt }) => {
    const { v, e } = floatBody(em, body, type);
    loose = e !== undefined || doubt !== undefined;
    const lines = [`${s} = Math.${op}(${s}, ${v});`];
    if (loose) lines.push(`${s}x = Math.${op}(${s}x, ${v} + ${e ?? '0'}); ${s}y = Math.${op}(${s}y, ${v} - ${e ?? '0'});${e === undefined ? '' : ` ${s}q += ${e};`}`);
    return doubt === undefined ? lines : [...lines, `if (${doubt}) ${s}q = Infinity;`];
  });
  return loose ? finish(em, type, `${helper(em, 'endExtreme')}(${s}, ${s}x, ${s}y, ${s}q)`) : plain(em, type, s);
}
function variance(em: Emitter, r: Reduce): Val {
  const { type, u, worst } = accOf(r.acc);
  const s = fresh(em, 's');
  declare(em, [s, `${s}m`, `${s}q`, `${s}n`], []);
  walk(em, r, ({ body, doubt }) => {
    const { v, e } = floatBody(em, body, type);
    const lines = [`{ ${s}n++; const d = ${v} - ${s}; ${s} += d / ${s}n; ${s}m += d * (${v} - ${s}); }`];
    if (e !== undefined) lines.push(`${s}q += ${e} * ${e};`);
    return doubt === undefined ? lines : [...lines, `if (${doubt}) ${s}q = Infinity;`];
  });
  if (!em.bounds) return plain(em, type, `${s}n === 0 ? 0 : ${s}m / ${s}n`);
  return finish(em, type, `${helper(em, 'endVar')}(${s}, ${s}m, ${s}q, ${s}n, ${num(u)}, ${String(worst)}, ${String(type === 'f64')})`);
}

/** Accumulator of a wrapping integer fold. Bounds of terms add up for sums, anything else is spoiled. */
function intSum(em: Emitter, r: Reduce): Val {
  const type = widen(r.acc);
  if (type === 'bool' || type === 'f32' || type === 'f64') throw new Error(`internal: a sum in ${r.acc}`);
  if (type === 'i32' || type === 'u32') return intFold(em, r, (a, v) => `${a} + ${v}`, 0);
  const s = fresh(em, 's');
  let small = false;
  let loose = false;
  let [lo, hi] = [0, 0];
  declare(em, [s, `${s}h`, `${s}q`], []);
  walk(em, r, ({ body, opened, doubt }) => {
    const v = whole(convertTo(em, type, body));
    loose = v.e !== undefined || doubt !== undefined;
    const n = opened.ranges.reduce((p, { lo: a, hi: b }) => p * Math.max(0, b.hi - a.lo), 1);
    const tail = doubt === undefined ? (v.e === undefined ? '' : ` ${s}q += ${v.e};`) : ` ${s}q = ${doubt} ? Infinity : ${s}q + ${v.e ?? '0'};`;
    if (v.rep === 'int' && v.lo * n > -EXACT && v.hi * n < EXACT && (type === 'i64' || v.lo >= 0)) {
      small = true;
      [lo, hi] = [Math.min(0, v.lo * n), Math.max(0, v.hi * n)];
      return [`${s} += ${v.v};${tail}`];
    }
    const w = toWide(em, v);
    return [`{ const t = (${s} >>> 0) + (${w.l} >>> 0); ${s}h = (${s}h + ${w.h} + (t > 4294967295 ? 1 : 0)) | 0; ${s} = t | 0; }${tail}`];
  });
  const e = loose ? `${s}q` : undefined;
  return small ? { rep: 'int', type, v: s, lo, hi, e, block: em.block } : { rep: 'wide', type, l: s, h: `${s}h`, e, block: em.block };
}
function whole(v: Val): IntVal | (Val & { rep: 'wide' }) {
  if (v.rep === 'int' || v.rep === 'wide') return v;
  throw new Error(`internal: an integer fold over ${v.type}`);
}
function intFold(em: Emitter, r: Reduce, step: (a: string, v: string) => string, start: number): Val {
  const type = widen(r.acc);
  const s = fresh(em, 's');
  let e: string | undefined;
  const spoil = (v: Val, doubt: string | undefined): string => {
    const parts = [...(v.e === undefined ? [] : [`${v.e} > 0`]), ...(doubt === undefined ? [] : [doubt])];
    if (parts.length === 0) return '';
    e = `${s}q`;
    return ` if (${parts.join(' || ')}) ${s}q = Infinity;`;
  };
  declare(em, [s, `${s}h`, `${s}q`], [String(start), start < 0 ? '-1' : '0', '0']);
  if (type === 'i64' || type === 'u64') {
    walk(em, r, ({ body, doubt }) => {
      const w = toWide(em, whole(convertTo(em, type, body)));
      if (r.op === 'mul') return [`${s} = ${helper(em, 'mul64')}(${s}h, ${s}, ${w.h}, ${w.l}); ${s}h = ${helper(em, 'HI')}[0];${spoil(w, doubt)}`];
      return [`${s} = ${step(s, w.l)}; ${s}h = ${step(`${s}h`, w.h)};${spoil(w, doubt)}`];
    });
    return { rep: 'wide', type, l: s, h: `${s}h`, e, block: em.block };
  }
  if (type !== 'i32' && type !== 'u32') throw new Error(`internal: an integer fold in ${r.acc}`);
  const wrap = type === 'u32' ? '>>> 0' : '| 0';
  walk(em, r, ({ body, doubt }) => {
    const v = toNumber(em, whole(convertTo(em, type, body)));
    return [`${s} = (${step(s, v.v)}) ${wrap};${spoil(v, doubt)}`];
  });
  const [lo, hi] = type === 'u32' ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  return wrapTo(em, r.acc, { rep: 'int', type, v: s, lo, hi, e, block: em.block });
}
function intExtremum(em: Emitter, r: Reduce, op: 'max' | 'min'): Val {
  const type = widen(r.acc);
  const s = fresh(em, 's');
  let e: string | undefined;
  const spoil = (v: Val, doubt: string | undefined): string => {
    if (v.e === undefined && doubt === undefined) return '';
    e = `${s}q`;
    return ` ${s}q = Math.max(${s}q, ${doubt === undefined ? (v.e ?? '0') : `${doubt} ? Infinity : ${v.e ?? '0'}`});`;
  };
  if (type === 'i64' || type === 'u64') {
    const least = type === 'i64' ? ['0', '-2147483648'] : ['0', '0'];
    const most = type === 'i64' ? ['-1', '2147483647'] : ['-1', '-1'];
    const start = op === 'max' ? least : most;
    declare(em, [s, `${s}h`, `${s}q`], [...start, '0']);
    let range: readonly [number, number] | undefined;
    const opened = walk(em, r, ({ body, doubt }) => {
      const v = whole(convertTo(em, type, body));
      const w = toWide(em, v);
      if (v.rep === 'int') range = [v.lo, v.hi];
      const so = { rep: 'wide', type, l: s, h: `${s}h`, block: em.block } as const;
      return [`if (${wideCompare(em, op === 'max' ? 'gt' : 'lt', w, so)}) { ${s} = ${w.l}; ${s}h = ${w.h}; }${spoil(v, doubt)}`];
    });
    const never = opened.ranges.every((x) => x.lo.hi < x.hi.lo) && r.when === undefined;
    if (range !== undefined && never) return { rep: 'int', type, v: bind(em, type === 'i64' ? `${s}h * 4294967296 + (${s} >>> 0)` : `(${s}h >>> 0) * 4294967296 + (${s} >>> 0)`, [{ rep: 'int', type, v: s, lo: 0, hi: 0, block: em.block }]).v, lo: range[0], hi: range[1], e, block: em.block };
    return { rep: 'wide', type, l: s, h: `${s}h`, e, block: em.block };
  }
  if (type !== 'i32' && type !== 'u32') throw new Error(`internal: ${op} in ${r.acc}`);
  const bits = 8 * DTYPES[r.acc].bytes;
  const [lo, hi] = DTYPES[r.acc].signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  declare(em, [s, `${s}q`], [String(op === 'max' ? lo : hi), '0']);
  walk(em, r, ({ body, doubt }) => {
    const v = toNumber(em, whole(convertTo(em, type, body)));
    return [`${s} = Math.${op}(${s}, ${v.v});${spoil(v, doubt)}`];
  });
  return { rep: 'int', type, v: s, lo, hi, e, block: em.block };
}

function boolBody(v: Val): BoolVal {
  if (v.rep === 'bool') return v;
  throw new Error(`internal: a logical fold over ${v.type}`);
}
/** any and all: unstable where the outcome hangs on unstable terms alone. */
function logical(em: Emitter, r: Reduce, op: 'and' | 'or'): Val {
  const s = fresh(em, 's');
  let loose = false;
  declare(em, [s, `${s}q`], [op === 'and' ? 'true' : 'false', 'false']);
  walk(em, r, ({ body, doubt }) => {
    const b = boolBody(body);
    loose = b.e !== undefined || doubt !== undefined;
    const hit = op === 'or' ? b.v : `!${b.v}`;
    if (!loose) return [`if (${hit}) { ${s} = ${String(op === 'or')}; break L${s}; }`];
    const unsure = [b.e, doubt].filter((x) => x !== undefined).join(' || ');
    return [`if (${unsure}) ${s}q = true; else if (${hit}) { ${s} = ${String(op === 'or')}; ${s}q = false; break L${s}; }`];
  }, `L${s}: `);
  return { rep: 'bool', type: 'bool', v: s, e: loose ? `${s}q` : undefined, block: em.block };
}
function count(em: Emitter, r: Reduce): Val {
  const s = fresh(em, 's');
  let loose = false;
  let n = 1;
  declare(em, [s, `${s}q`], []);
  walk(em, r, ({ body, opened, doubt }) => {
    const b = boolBody(body);
    loose = b.e !== undefined || doubt !== undefined;
    n = opened.ranges.reduce((p, x) => p * Math.max(0, x.hi.hi - x.lo.lo), 1);
    return [`if (${b.v}) ${s}++;${loose ? ` if (${[b.e, doubt].filter((x) => x !== undefined).join(' || ')}) ${s}q++;` : ''}`];
  });
  return { rep: 'int', type: 'i64', v: s, lo: 0, hi: Math.min(n, EXACT), e: loose ? `${s}q` : undefined, block: em.block };
}

/** Row-major position of the innermost point among the loops. */
function position(opened: Opened): string {
  return opened.ranges.reduce((text, { lo, hi, at }, k) => (k === 0 ? at.v : `(${text}) * (${hi.v} - ${lo.v}) + (${at.v} - ${lo.v})`), '');
}
const lastOf = (axes: Opened['ranges']): number => axes.reduce((p, x, k) => (k === 0 ? Math.max(0, x.hi.hi) : p * Math.max(0, x.hi.hi - x.lo.lo)), 1);
function first(em: Emitter, r: Reduce): Val {
  const s = fresh(em, 's');
  let loose = false;
  let hi = EXACT;
  declare(em, [s, `${s}q`], ['-1', '0']);
  walk(em, r, ({ body, opened, doubt }) => {
    const b = boolBody(body);
    loose = b.e !== undefined || doubt !== undefined;
    hi = lastOf(opened.ranges);
    const unsure = [b.e, doubt].filter((x) => x !== undefined).join(' || ');
    return [...(loose ? [`if (${unsure}) ${s}q = Infinity;`] : []), `if (${b.v}) { ${s} = ${position(opened)}; break L${s}; }`];
  }, `L${s}: `);
  return { rep: 'int', type: 'i64', v: s, lo: -1, hi: Math.min(hi, EXACT), e: loose ? `${s}q` : undefined, block: em.block };
}

/**
 * argmax and argmin: the lowest position wins ties, NaN orders above +inf. Unstable where the best of the others comes within the bounds.
 */
function argument(em: Emitter, r: Reduce, op: 'argmax' | 'argmin'): Val {
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
      return [`if (${better}) { if (${s} >= 0) ${s}o = ${reach(`${s}v`, `${s}e`)}; ${take} ${s}v = ${v}; ${s}e = ${e}; } else ${s}o = ${reach(v, e)};`, ...(doubt === undefined ? [] : [`if (${doubt}) ${s}q = Infinity;`]), ...(body.e === undefined ? [] : [`if (${e} > 0) ${s}q = Math.max(${s}q, 1);`])];
    }
    if (body.rep === 'bool') throw new Error(`internal: ${op} over bool`);
    loose = body.e !== undefined || doubt !== undefined;
    const spoil = loose ? [`if (${[body.e === undefined ? 'false' : `${body.e} > 0`, doubt ?? 'false'].join(' || ')}) ${s}q = Infinity;`] : [];
    if (body.rep === 'int') return [`if (${s} < 0 || ${body.v} ${max ? '>' : '<'} ${s}v) { ${take} ${s}v = ${body.v}; }`, ...spoil];
    const so = { rep: 'wide', type: body.type, l: `${s}v`, h: `${s}h`, block: em.block } as const;
    return [`if (${s} < 0 || ${wideCompare(em, max ? 'gt' : 'lt', body, so)}) { ${take} ${s}v = ${body.l}; ${s}h = ${body.h}; }`, ...spoil];
  });
  if (loose) em.block.lines.push(`if (${s}q > 0 && ${s} >= 0) ${s}q = ${s}q === Infinity || !(${s}o < ${max ? '' : '-'}${s}v - ${s}e) ? Infinity : 0;`);
  return { rep: 'int', type: 'i64', v: s, lo: -1, hi: Math.min(hi, EXACT), e: loose ? `${s}q` : undefined, block: em.block };
}

/** lower and upper: the number of bodies below (or not above) the value; by bisection, since bodies ascend. */
function bound(em: Emitter, r: Reduce, op: 'lower' | 'upper'): Val {
  const [axis, ...more] = r.over;
  if (r.value === undefined || axis === undefined) throw new Error(`internal: ${op} without a value`);
  if (more.length > 0 || r.when !== undefined) return linearBound(em, r, op);
  const value = em.expr(em, r.value);
  const s = fresh(em, 's');
  const [lo, hi] = [em.expr(em, axis.lo), em.expr(em, axis.hi)];
  if (lo.rep !== 'int' || hi.rep !== 'int') throw new Error('internal: bounds of a search');
  em.block.lines.push(`let ${s} = ${lo.v}, ${s}x = Math.max(${hi.v}, ${lo.v}), ${s}q = 0;`);
  const below = (index: string): BoolVal => {
    const at: IntVal = { rep: 'int', type: 'i64', v: index, lo: lo.lo, hi: Math.max(lo.lo, hi.hi - 1), block: em.block };
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
  return { rep: 'int', type: 'i64', v: n.v, lo: 0, hi: Math.max(0, hi.hi - lo.lo), e: b.e === undefined ? undefined : `${s}q`, block: em.block };
}
function linearBound(em: Emitter, r: Reduce, op: 'lower' | 'upper'): Val {
  const value = em.expr(em, r.value ?? r.body);
  const s = fresh(em, 's');
  declare(em, [s, `${s}q`], []);
  let loose = false;
  walk(em, r, ({ body, doubt }) => {
    const b = compare(em, op, body, value);
    loose = b.e !== undefined || doubt !== undefined;
    return [`if (${b.v}) ${s}++;${loose ? ` if (${[b.e, doubt].filter((x) => x !== undefined).join(' || ')}) ${s}q++;` : ''}`];
  });
  return { rep: 'int', type: 'i64', v: s, lo: 0, hi: EXACT, e: loose ? `${s}q` : undefined, block: em.block };
}
function compare(em: Emitter, op: 'lower' | 'upper', a: Val, b: Val): BoolVal {
  const sign = op === 'lower' ? 'lt' : 'le';
  if (a.rep === 'float' && b.rep === 'float') return floatCompare(em, sign, a, b);
  if ((a.rep === 'int' || a.rep === 'wide') && (b.rep === 'int' || b.rep === 'wide')) return intCompare(em, sign, a, b);
  throw new Error(`internal: a search among ${a.type} for ${b.type}`);
}
