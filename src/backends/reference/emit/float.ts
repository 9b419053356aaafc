import type { BoolVal, Emitter, FloatVal, Val } from './code.ts';
import { bind, helper, num, once, unit } from './code.ts';

type FloatType = FloatVal['type'];
const MAX: Readonly<Record<FloatType, string>> = { f32: '3.4028234663852886e38', f64: '1.7e308' };
/** Below this an f32 result may have been flushed to 0. */
const TINY: Readonly<Record<FloatType, string>> = { f32: num(2 ** -125), f64: '0' };
const u = (t: FloatType): string => num(unit(t));

const exact = (em: Emitter, type: FloatType, text: string, deps: readonly Val[], rounded?: FloatVal['rounded']): FloatVal => {
  const b = bind(em, text, deps);
  return { rep: 'float', type, v: b.v, rounded, block: b.block };
};

/**
 * A rounded operation: binds the value, its magnitude t and its bound; `first` is the bound over v{n} and t{n}.
 * The repair is called where the result is not finite, near the end of the range, or tiny.
 */
function rounded(em: Emitter, type: FloatType, key: string, deps: readonly Val[], value: string, first: (n: string) => string, repair: (n: string) => string): FloatVal {
  const { n, block } = once(em, key, deps, (k) => [
    `let v${k} = ${value};`,
    `const t${k} = Math.abs(v${k});`,
    `let e${k} = ${first(k)};`,
    `if (!(t${k} >= ${TINY[type]} && t${k} + e${k} <= ${MAX[type]}) && (t${k} !== 0 || e${k} !== 0)) { v${k} = ${repair(k)}; e${k} = ERR[0]; }`,
  ]);
  helper(em, 'ERR');
  return { rep: 'float', type, v: `v${n}`, e: `e${n}`, block };
}
const plus = (...parts: readonly (string | undefined)[]): string => parts.filter((p) => p !== undefined && p !== '').join(' + ');

/** + - * / of two floats of one type. */
export function floatBinary(em: Emitter, op: 'add' | 'sub' | 'mul' | 'div', a: FloatVal, b: FloatVal): FloatVal {
  const { type } = a;
  const sign = { add: '+', sub: '-', mul: '*', div: '/' }[op];
  const text = `${a.v} ${sign} ${b.v}`;
  const deps = [a, b];
  if (!em.bounds) return exact(em, type, text, deps);
  const wide = String(type === 'f64');
  const [ea, eb] = [a.e, b.e];
  const [ea0, eb0] = [ea ?? '0', eb ?? '0'];
  switch (op) {
    case 'add':
    case 'sub': {
      const f = helper(em, 'fixAdd');
      return rounded(em, type, `${text}:${type}`, deps, text, (n) => plus(`t${n} * ${u(type)}`, ea, eb), (n) => `${f}(v${n}, e${n}, ${ea0}, ${eb0}, ${wide})`);
    }
    case 'mul': {
      if (isPower(a) || isPower(b)) return scaled(em, a, b);
      const f = helper(em, 'fixMul');
      const cross = ea === undefined ? (eb === undefined ? undefined : `Math.abs(${a.v}) * ${eb}`) : eb === undefined ? `Math.abs(${b.v}) * ${ea}` : `Math.abs(${a.v}) * ${eb} + (Math.abs(${b.v}) + ${eb}) * ${ea}`;
      return rounded(em, type, `${text}:${type}`, deps, text, (n) => plus(`t${n} * ${u(type)}`, cross), (n) => `${f}(v${n}, e${n}, ${a.v}, ${ea0}, ${b.v}, ${eb0}, ${wide})`);
    }
    case 'div': {
      const f = helper(em, 'fixDiv');
      // Approximate division is within 2 ulp; exact operands leave only that.
      const k = num(unit(type) * (em.strict ? 1 : 4));
      const d = eb === undefined ? `Math.abs(${b.v})` : `(Math.abs(${b.v}) - ${eb})`;
      const top = (n: string): string => plus(ea, eb === undefined ? undefined : `t${n} * ${eb}`);
      const spread = (n: string): string | undefined => (top(n) === '' ? undefined : eb === undefined ? `(${top(n)}) / ${d}` : `(${d} > 0 ? (${top(n)}) / ${d} : Infinity)`);
      return rounded(em, type, `${text}:${type}:${k}`, deps, text, (n) => plus(`t${n} * ${k}`, spread(n)), (n) => `${f}(v${n}, e${n}, ${a.v}, ${ea0}, ${b.v}, ${eb0}, ${wide})`);
    }
  }
}
/** A literal power of two: multiplying by it rounds nothing, the range aside. */
const isPower = (a: FloatVal): boolean => a.literal !== undefined && a.literal !== 0 && Math.abs(a.literal) <= 1024 && Math.abs(a.literal) >= 2 ** -10 && Number.isInteger(Math.log2(Math.abs(a.literal)));
function scaled(em: Emitter, a: FloatVal, b: FloatVal): FloatVal {
  const [x, c] = isPower(b) ? [a, b] : [b, a];
  const f = helper(em, 'fixMul');
  const first = x.e === undefined ? '0' : `${x.e} * ${num(Math.abs(c.literal ?? 1))}`;
  return rounded(em, a.type, `${x.v} * ${c.v}:${a.type}`, [x], `${x.v} * ${c.v}`, () => first, (n) => `${f}(v${n}, e${n}, ${x.v}, ${x.e ?? '0'}, ${c.v}, 0, ${String(a.type === 'f64')})`);
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
export function boundedCall(em: Emitter, type: FloatType, name: string, args: string, deps: readonly Val[], more: { readonly rounded?: FloatVal['rounded'] } = {}): FloatVal {
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
