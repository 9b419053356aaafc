import { DTYPES } from '../dtypes.ts';
import type { DType } from '../dtypes.ts';
import type { Reducer } from '../ast.ts';
import type { Builtin } from '../typed.ts';

/** Arity and kind of each built-in function; `args` are checked in `builtins`. */
export const BUILTINS: Readonly<Record<Builtin, { readonly kind: 'float' | 'number' | 'int' | 'rotate' | 'test' | 'philox'; readonly args: number }>> = {
  abs: { kind: 'number', args: 1 }, sign: { kind: 'number', args: 1 }, relu: { kind: 'number', args: 1 },
  sqrt: { kind: 'float', args: 1 }, rsqrt: { kind: 'float', args: 1 }, exp: { kind: 'float', args: 1 }, exp2: { kind: 'float', args: 1 },
  expm1: { kind: 'float', args: 1 }, log: { kind: 'float', args: 1 }, log2: { kind: 'float', args: 1 }, log1p: { kind: 'float', args: 1 },
  sin: { kind: 'float', args: 1 }, cos: { kind: 'float', args: 1 }, tanh: { kind: 'float', args: 1 }, erf: { kind: 'float', args: 1 },
  sigmoid: { kind: 'float', args: 1 }, gelu: { kind: 'float', args: 1 }, gelu_tanh: { kind: 'float', args: 1 }, silu: { kind: 'float', args: 1 },
  softplus: { kind: 'float', args: 1 }, floor: { kind: 'float', args: 1 }, ceil: { kind: 'float', args: 1 }, round: { kind: 'float', args: 1 },
  trunc: { kind: 'float', args: 1 }, pow: { kind: 'float', args: 2 }, fma: { kind: 'float', args: 3 }, fmin: { kind: 'float', args: 2 },
  fmax: { kind: 'float', args: 2 }, min: { kind: 'number', args: 2 }, max: { kind: 'number', args: 2 }, clip: { kind: 'number', args: 3 },
  isnan: { kind: 'test', args: 1 }, isinf: { kind: 'test', args: 1 }, popcount: { kind: 'int', args: 1 }, clz: { kind: 'int', args: 1 },
  mulhi: { kind: 'int', args: 2 }, rotl: { kind: 'rotate', args: 2 }, rotr: { kind: 'rotate', args: 2 }, philox: { kind: 'philox', args: 3 },
}; // prettier-ignore

/** Words with a meaning of their own in calls, beside `BUILTINS`. */
const SPECIAL = [
  'len',
  'base',
  'total',
  'bitcast',
  'strict',
  'topk',
  'sort',
  'inf',
  'nan',
  'true',
  'false',
  'if',
  'then',
  'else',
];
/** Names of reducers. */
export const REDUCERS: readonly Reducer[] = [
  'sum', 'prod', 'max', 'min', 'any', 'all', 'count', 'argmax', 'argmin', 'first', 'mean', 'var', 'logsumexp', 'softmax', 'lower_bound', 'upper_bound',
]; // prettier-ignore

/** True for built-in functions. */
export const isBuiltin = (name: string): name is Builtin => Object.hasOwn(BUILTINS, name);
/** True for storage types. */
export const isDType = (name: string): name is DType => Object.hasOwn(DTYPES, name);
/** True for names that a parameter, `let` or `fn` may not take. */
export const isReserved = (name: string): boolean =>
  isBuiltin(name) || isDType(name) || name === 'tf32' || SPECIAL.includes(name) || REDUCERS.some((r) => r === name);

/** The name among `known` that a misspelt `name` most likely means; undefined if none is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = name.length < 3 ? 1 : Math.floor(name.length / 3) + 1;
  for (const k of known) {
    const d = k === name ? least : distance(name.toLowerCase(), k.toLowerCase(), least);
    if (d < least) [best, least] = [k, d];
  }
  return best;
}

/** Edits (insert, delete, replace, swap of neighbours) between two words, cut off at `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let [before, last] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let d = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d = Math.min(d, (before[j - 2] ?? 0) + 1);
      row.push(d);
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? limit;
}
