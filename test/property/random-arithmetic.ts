import type { Index, Ty, World } from './random-world.ts';

/** The shortest expression of a type. */
export function simplest(ty: Ty): string {
  switch (ty) {
    case 'f32':
      return '1.0';
    case 'i64':
      return '1';
    case 'bool':
      return 'true';
    case 'f64':
      return '(1.0 as f64)';
    case 'i32':
    case 'u32':
    case 'u64':
      return `(1 as ${ty})`;
  }
}
export const zero = (ty: Ty): string =>
  ty === 'bool' ? 'false' : ty === 'f32' ? '0.0' : ty === 'f64' ? '(0.0 as f64)' : ty === 'i64' ? '0' : `(0 as ${ty})`;

/** An operator or a function over expressions of height `depth`. */
export function arithmetic(w: World, ty: Ty, scope: readonly Index[], depth: number): string {
  const { c } = w;
  const e = (t: Ty): string => w.expr(t, scope, depth);
  switch (ty) {
    case 'f32':
    case 'f64':
      return float(w, ty, e);
    case 'i64':
    case 'i32':
    case 'u32':
    case 'u64': {
      const kind = c.next(9);
      const cast = (from: readonly Ty[]): string => `(${e(c.pick(from.filter((t) => t !== ty)))} as ${ty})`;
      if (kind === 0) return `(${e(ty)} ${c.pick(['+', '-', '*'])} ${e(ty)})`;
      if (kind === 1) return `(${e(ty)} ${c.pick(['//', '%'])} ${e(ty)})`;
      if (kind === 2) return `(${e(ty)} ${c.pick(['&', '|', '^'])} ${e(ty)})`;
      if (kind === 3) return `(${e(ty)} ${c.pick(['<<', '>>'])} ${c.next(3) === 0 ? e('i32') : c.next(40)})`;
      if (kind === 4) return `${c.pick(['max', 'min'])}(${e(ty)}, ${e(ty)})`;
      if (kind === 5) return unaryInt(w, ty, e);
      if (kind === 6 && ty === 'u32') return `philox(${e('u64')}, ${e('u64')}, ${c.next(4)})`;
      if (kind === 6 && (ty === 'i32' || ty === 'u32')) {
        const bits = w.exact(scope);
        if (bits !== undefined) return `bitcast<${ty}>(${bits})`;
      }
      return cast(['i64', 'i32', 'u64', 'f32', 'u32', 'f64']);
    }
    case 'bool': {
      const kind = c.next(5);
      if (kind === 0) {
        const t = c.pick<Ty>(['i64', 'f32', 'i32', 'u64', 'f64', 'u32']);
        return `(${e(t)} ${c.pick(['<', '<=', '==', '!=', '>', '>='])} ${e(t)})`;
      }
      if (kind === 1) return `(${e('bool')} ${c.pick(['&&', '||'])} ${e('bool')})`;
      if (kind === 2) return `(!${e('bool')})`;
      if (kind === 3) return `(${e('bool')} ${c.pick(['==', '!='])} ${e('bool')})`;
      return `${c.pick(['isnan', 'isinf'])}(${e('f32')})`;
    }
  }
}

function unaryInt(w: World, ty: 'i32' | 'i64' | 'u32' | 'u64', e: (t: Ty) => string): string {
  const { c } = w;
  const signed = ty === 'i32' || ty === 'i64';
  switch (c.next(6)) {
    case 0:
      return signed ? `(-${e(ty)})` : `(~${e(ty)})`;
    case 1:
      return `(~${e(ty)})`;
    case 2:
      return signed ? `${c.pick(['abs', 'sign'])}(${e(ty)})` : `popcount(${e(ty)})`;
    case 3:
      return signed ? `clip(${e(ty)}, ${zeroOf(ty)}, ${fiveOf(ty)})` : `clz(${e(ty)})`;
    case 4:
      return signed ? `max(${e(ty)}, ${e(ty)})` : `${c.pick(['rotl', 'rotr'])}(${e(ty)}, ${c.next(70)})`;
    default:
      return signed ? `(${e(ty)} % ${fiveOf(ty)})` : `mulhi(${e(ty)}, ${e(ty)})`;
  }
}
const zeroOf = (ty: Ty): string => (ty === 'i64' ? '0' : `(0 as ${ty})`);
const fiveOf = (ty: Ty): string => (ty === 'i64' ? '5' : `(5 as ${ty})`);

const EVERYWHERE = ['abs', 'relu', 'tanh', 'sigmoid', 'floor', 'erf', 'silu', 'gelu', 'gelu_tanh', 'softplus', 'sign'];
const ROUNDINGS = ['floor', 'ceil', 'round', 'trunc'];

function float(w: World, ty: 'f32' | 'f64', e: (t: Ty) => string): string {
  const { c } = w;
  const lit = (text: string): string => (ty === 'f32' ? text : `(${text} as f64)`);
  switch (c.next(16)) {
    case 0:
    case 1:
    case 2:
      return `(${e(ty)} ${c.pick(['+', '*', '-'])} ${e(ty)})`;
    case 3:
      return `(${e(ty)} / (${lit('1.0')} + abs(${e(ty)})))`;
    case 4:
      return `${c.pick(EVERYWHERE)}(${e(ty)})`;
    case 5:
      return `${c.pick(['exp', 'expm1', 'exp2'])}(-abs(${e(ty)}))`;
    case 6:
      return `${c.pick(['sqrt', 'log1p'])}(abs(${e(ty)}))`;
    case 7:
      return `${c.pick(['max', 'min', 'fmax', 'fmin'])}(${e(ty)}, ${e(ty)})`;
    case 8:
      return `(${e(c.pick<Ty>(['i32', 'i64', 'u64', 'u32']))} as ${ty})`;
    case 9:
      return ty === 'f64'
        ? `(${e('f32')} as f64)`
        : `(${e('f32')} as ${c.pick(['bf16', 'f16', 'f8e4m3', 'f8e5m2', 'f8e4m3fnuz'])})`;
    case 10:
      return `${c.pick(['rsqrt', 'log', 'log2'])}(abs(${e(ty)}) + ${lit('0.5')})`;
    case 11:
      return `${c.pick(ROUNDINGS)}(${e(ty)})`;
    case 12:
      return c.next(2) === 0 ? `fma(${e(ty)}, ${e(ty)}, ${e(ty)})` : `clip(${e(ty)}, ${lit('0.0')}, ${lit('2.0')})`;
    case 13:
      return c.next(2) === 0 ? `strict(${e(ty)} ${c.pick(['+', '*'])} ${e(ty)})` : `(-${e(ty)})`;
    case 14:
      if (ty === 'f32' && c.next(2) === 1) return `(${e('f32')} near ${c.pick(['f16', 'bf16'])})`;
      return `${c.pick(['sin', 'cos'])}(tanh(${e(ty)}))`;
    default:
      if (ty === 'f32' && c.next(2) === 1) return `(${e('f64')} as f32)`;
      return `pow(abs(${e(ty)}) + ${lit('0.5')}, ${lit(c.pick(['2.0', '0.5', '1.0', '3.25']))})`;
  }
}
