import { assertNever } from '../../assert.ts';
import { pick } from './random.ts';
import type { Rng } from './random.ts';
import type { Domain, Value } from './space.ts';

/** All values of a domain in order. */
export function values(d: Domain): readonly Value[] {
  switch (d.kind) {
    case 'pow2': {
      const out: number[] = [];
      for (let v = d.lo; v <= d.hi; v *= 2) out.push(v);
      return out;
    }
    case 'int': {
      const out: number[] = [];
      for (let v = d.lo; v <= d.hi; v += d.step) out.push(v);
      return out;
    }
    case 'enum':
      return d.values;
    case 'bool':
      return [false, true];
    default:
      return assertNever(d, 'values');
  }
}

/** The number of values of a domain. */
export function cardinality(d: Domain): number {
  switch (d.kind) {
    case 'pow2':
      return Math.floor(Math.log2(d.hi / d.lo)) + 1;
    case 'int':
      return Math.floor((d.hi - d.lo) / d.step) + 1;
    case 'enum':
      return d.values.length;
    case 'bool':
      return 2;
    default:
      return assertNever(d, 'cardinality');
  }
}

/** True if `v` is one of the values of the domain. */
export function contains(d: Domain, v: Value): boolean {
  switch (d.kind) {
    case 'pow2':
      return typeof v === 'number' && v >= d.lo && v <= d.hi && Number.isInteger(Math.log2(v / d.lo));
    case 'int':
      return typeof v === 'number' && v >= d.lo && v <= d.hi && Number.isInteger((v - d.lo) / d.step);
    case 'enum':
      return d.values.includes(v);
    case 'bool':
      return typeof v === 'boolean';
    default:
      return assertNever(d, 'contains');
  }
}

/** Values one step away: the next smaller and larger of ordered domains, all others of enums and booleans. Nearest first up to `radius` steps. */
export function neighbourValues(d: Domain, v: Value, radius = 1): readonly Value[] {
  switch (d.kind) {
    case 'pow2':
    case 'int': {
      const all = values(d);
      const at = all.indexOf(v);
      const out: Value[] = [];
      for (let step = 1; step <= Math.min(radius, all.length); step++) {
        for (const i of [at - step, at + step]) {
          const found = i < 0 ? undefined : all[i];
          if (found !== undefined) out.push(found);
        }
      }
      return out;
    }
    case 'enum':
    case 'bool':
      return values(d).filter((x) => x !== v);
    default:
      return assertNever(d, 'neighbourValues');
  }
}

/** A uniform draw. */
export const randomValue = (d: Domain, rng: Rng): Value => pick(rng, values(d));

/** Features of a value for surrogate models: position in [0, 1] for ordered domains (powers of two by exponent), one-hot for enums, 0 or 1 for booleans. */
export function encodeValue(d: Domain, v: Value): readonly number[] {
  switch (d.kind) {
    case 'pow2':
    case 'int': {
      const n = cardinality(d);
      return [n === 1 ? 0 : values(d).indexOf(v) / (n - 1)];
    }
    case 'enum':
      return d.values.map((x) => (x === v ? 1 : 0));
    case 'bool':
      return [v === true ? 1 : 0];
    default:
      return assertNever(d, 'encodeValue');
  }
}

/** The domain in words, for messages: `a power of two from 8 to 64`. */
export function describe(d: Domain): string {
  switch (d.kind) {
    case 'pow2':
      return `a power of two from ${d.lo} to ${d.hi}`;
    case 'int':
      return `an integer from ${d.lo} to ${d.hi}${d.step === 1 ? '' : ` in steps of ${d.step}`}`;
    case 'enum':
      return `one of ${d.values.join(', ')}`;
    case 'bool':
      return 'true or false';
    default:
      return assertNever(d, 'describe');
  }
}
