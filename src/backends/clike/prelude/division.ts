import type { Collector } from './collector.ts';
import { perLane, storageType } from './types.ts';

/** Division of floats that floors; by zero 0. */
export function floatDivision(c: Collector, op: 'floordiv' | 'mod', t: 'f32' | 'f64', lanes: number): string {
  const T = storageType(c, t);
  const floor = `__builtin_floor${t === 'f32' ? 'f' : ''}`;
  const name = c.add(
    `${op}_${t}`,
    () =>
      `static inline ${T} ${op}_${t}(${T} a, ${T} b) {\n  return b == 0 ? 0 : ${op === 'mod' ? `a - ${floor}(a / b) * b` : `${floor}(a / b)`};\n}`,
  );
  if (lanes === 1) return name;
  return perLane(
    c,
    name,
    lanes,
    t,
    [
      { dtype: t, name: 'a' },
      { dtype: t, name: 'b' },
    ],
    (xs) => `${name}(${xs.join(', ')})`,
  );
}
