import type { BoolVal, Emitter, FloatVal, Val } from './code.ts';
import { bind, helper, num, once, unit } from './code.ts';

type FloatType = FloatVal['type'];
const MAX: Readonly<Record<FloatType, string>> = { f32: '3.4028234663852886e38', f64: '1.7e308' };
/** Below this an f32 result may have been flushed to 0. */
const TINY: Readonly<Record<FloatType, string>> = { f32: num(2 ** -125), f64: '0' };
const u = (t: FloatType): string => num(unit(t));

const exact = (
  em: Emitter,
  type: FloatType,
  text: string,
  deps: readonly Val[],
  rounded?: FloatVal['rounded'],
): FloatVal => {
  const b = bind(em, text, deps);
  return { rep: 'float', type, v: b.v, rounded, block: b.block };
};

/**
 * A rounded operation: binds the value, its magnitude t and its bound; `first` is the bound over v{n} and t{n}.
 * The repair is called where the result is not finite, near the end of the range, or tiny.
 */
function rounded(
  em: Emitter,
  type: FloatType,
  key: string,
  deps: readonly Val[],
  value: string,
  first: (n: string) => string,
  repair: (n: string) => string,
): FloatVal {
  const { n, block } = once(em, key, deps, (k) => [
    `let v${k} = ${value};`,
    `const t${k} = Math.abs(v${k});`,
    `let e${k} = ${first(k)};`,
    `if (!(t${k} >= ${TINY[type]} && t${k} + e${k} <= ${MAX[type]}) && (t${k} !== 0 || e${k} !== 0)) { v${k} = ${repair(k)}; e${k} = ERR[0]; }`,
  ]);
  helper(em, 'ERR');
  return { rep: 'float', type, v: `v${n}`, e: `e${n}`, block };
}
const plus = (...parts: readonly (string | undefined)[]): string =>
  parts.filter((p) => p !== undefined && p !== '').join(' + ');

/** + - * / of two floats of one type. */
export function floatBinary(em: Emitter, op: 'add' | 'sub' | 'mul' | 'div', a: FloatVal, b: FloatVal): FloatVal {
  const text = `${a.v} ${{ add: '+', sub: '-', mul: '*', div: '/' }[op]} ${b.v}`;
  if (!em.bounds) return exact(em, a.type, text, [a, b]);
  if (op === 'mul') return isPower(a) || isPower(b) ? scaled(em, a, b) : product(em, text, a, b);
  return op === 'div' ? quotient(em, text, a, b) : sum(em, text, a, b);
}
const errors = (a: FloatVal, b: FloatVal): string =>
  `${a.v}, ${a.e ?? '0'}, ${b.v}, ${b.e ?? '0'}, ${String(a.type === 'f64')}`;
function sum(em: Emitter, text: string, a: FloatVal, b: FloatVal): FloatVal {
  const f = helper(em, 'fixAdd');
  const first = (n: string): string => plus(`t${n} * ${u(a.type)}`, a.e, b.e);
  const repair = (n: string): string => `${f}(v${n}, e${n}, ${a.e ?? '0'}, ${b.e ?? '0'}, ${String(a.type === 'f64')})`;
  return rounded(em, a.type, `${text}:${a.type}`, [a, b], text, first, repair);
}
function product(em: Emitter, text: string, a: FloatVal, b: FloatVal): FloatVal {
  const f = helper(em, 'fixMul');
  let cross: string | undefined;
  if (a.e !== undefined && b.e !== undefined)
    cross = `Math.abs(${a.v}) * ${b.e} + (Math.abs(${b.v}) + ${b.e}) * ${a.e}`;
  else if (a.e !== undefined) cross = `Math.abs(${b.v}) * ${a.e}`;
  else if (b.e !== undefined) cross = `Math.abs(${a.v}) * ${b.e}`;
  const first = (n: string): string => plus(`t${n} * ${u(a.type)}`, cross);
  return rounded(em, a.type, `${text}:${a.type}`, [a, b], text, first, (n) => `${f}(v${n}, e${n}, ${errors(a, b)})`);
}
/** Approximate division is within 2 ulp; exact operands leave only that. */
function quotient(em: Emitter, text: string, a: FloatVal, b: FloatVal): FloatVal {
  const f = helper(em, 'fixDiv');
  const k = num(unit(a.type) * (em.strict ? 1 : 4));
  const top = (n: string): string => plus(a.e, b.e === undefined ? undefined : `t${n} * ${b.e}`);
  const spread = (n: string): string | undefined => {
    if (top(n) === '') return undefined;
    if (b.e === undefined) return `(${top(n)}) / Math.abs(${b.v})`;
    const least = `(Math.abs(${b.v}) - ${b.e})`;
    return `(${least} > 0 ? (${top(n)}) / ${least} : Infinity)`;
  };
  const first = (n: string): string => plus(`t${n} * ${k}`, spread(n));
  const repair = (n: string): string => `${f}(v${n}, e${n}, ${errors(a, b)})`;
  return rounded(em, a.type, `${text}:${a.type}:${k}`, [a, b], text, first, repair);
}
/** A literal power of two: multiplying by it rounds nothing, the range aside. */
const isPower = (a: FloatVal): boolean =>
  a.literal !== undefined &&
  a.literal !== 0 &&
  Math.abs(a.literal) <= 1024 &&
  Math.abs(a.literal) >= 2 ** -10 &&
  Number.isInteger(Math.log2(Math.abs(a.literal)));
function scaled(em: Emitter, a: FloatVal, b: FloatVal): FloatVal {
  const [x, c] = isPower(b) ? [a, b] : [b, a];
  const f = helper(em, 'fixMul');
  const first = x.e === undefined ? '0' : `${x.e} * ${num(Math.abs(c.literal ?? 1))}`;
  return rounded(
    em,
    a.type,
    `${x.v} * ${c.v}:${a.type}`,
    [x],
    `${x.v} * ${c.v}`,
    () => first,
    (n) => `${f}(v${n}, e${n}, ${x.v}, ${x.e ?? '0'}, ${c.v}, 0, ${String(a.type === 'f64')})`,
  );
}

/** a * b + c with one rounding or two. */
export function floatFma(em: Emitter, a: FloatVal, b: FloatVal, c: FloatVal): FloatVal {
  return floatBinary(em, 'add', floatBinary(em, 'mul', a, b), c);
}
export function floatNegate(em: Emitter, a: FloatVal): FloatVal {
  const b = bind(em, `-(${a.v})`, [a]);
  return { rep: 'float', type: a.type, v: b.v, e: a.e, rounded: a.rounded, block: b.block };
}
export function floatAbs(em: Emitter, a: FloatVal): FloatVal {
  const b = bind(em, `Math.abs(${a.v})`, [a]);
  return { rep: 'float', type: a.type, v: b.v, e: a.e, rounded: a.rounded, block: b.block };
}

/** A helper that returns the value and leaves its bound in ERR. */
export function boundedCall(
  em: Emitter,
  type: FloatType,
  name: string,
  args: string,
  deps: readonly Val[],
  more: { readonly rounded?: FloatVal['rounded'] } = {},
): FloatVal {
  const f = helper(em, name);
  helper(em, 'ERR');
  const { n, block } = once(em, `${f}(${args})`, deps, (k) => [`const v${k} = ${f}(${args}), e${k} = ERR[0];`]);
  return { rep: 'float', type, v: `v${n}`, e: `e${n}`, rounded: more.rounded, block };
}

/** max and min propagate NaN, fmax and fmin ignore it. */
export function floatExtreme(em: Emitter, op: 'max' | 'min' | 'fmax' | 'fmin', a: FloatVal, b: FloatVal): FloatVal {
  const keep = a.rounded === b.rounded || b.literal !== undefined ? a.rounded : undefined;
  if (a.e !== undefined || b.e !== undefined) {
    const name = { max: 'bMax', min: 'bMin', fmax: 'bFmax', fmin: 'bFmin' }[op];
    return boundedCall(em, a.type, name, `${a.v}, ${a.e ?? '0'}, ${b.v}, ${b.e ?? '0'}`, [a, b]);
  }
  const f = op === 'fmax' || op === 'fmin' ? helper(em, op) : `Math.${op}`;
  return exact(em, a.type, `${f}(${a.v}, ${b.v})`, [a, b], a.rounded === b.rounded ? keep : undefined);
}

const OPS: Readonly<Record<string, string>> = { eq: '===', ne: '!==', lt: '<', le: '<=', gt: '>', ge: '>=' };
/** Comparisons are unstable where the operands are closer than their bounds. */
export function floatCompare(em: Emitter, op: string, a: FloatVal, b: FloatVal): BoolVal {
  const v = bind(em, `${a.v} ${OPS[op] ?? ''} ${b.v}`, [a, b]);
  if (a.e === undefined && b.e === undefined) return { rep: 'bool', type: 'bool', v: v.v, block: v.block };
  const s = a.e === undefined || b.e === undefined ? { v: a.e ?? b.e ?? '0' } : bind(em, `${a.e} + ${b.e}`, [a, b]);
  const e = bind(em, `${s.v} > 0 && !(Math.abs(${a.v} - ${b.v}) > ${s.v})`, [a, b]);
  return { rep: 'bool', type: 'bool', v: v.v, e: e.v, block: e.block };
}
