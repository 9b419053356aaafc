import * as fc from 'fast-check';
import { defineSpace } from '../../../src/codegen/space/config.ts';
import { values } from '../../../src/codegen/space/fragment.ts';
import type { Config, Constraint, Domain, Param, Space, Value } from '../../../src/codegen/space/space.ts';

const domain: fc.Arbitrary<Domain> = fc.oneof(
  fc
    .record({ lo: fc.constantFrom(1, 2, 4), up: fc.nat(3), pick: fc.nat(3) })
    .map(({ lo, up, pick }): Domain => ({ kind: 'pow2', lo, hi: lo * 2 ** up, default: lo * 2 ** Math.min(up, pick) })),
  fc
    .record({ lo: fc.integer({ min: -3, max: 3 }), n: fc.nat(3), step: fc.constantFrom(1, 3) })
    .map(({ lo, n, step }): Domain => ({ kind: 'int', lo, hi: lo + n * step, step, default: lo })),
  fc
    .uniqueArray(fc.constantFrom<Value>('a', 'b', 'c', 1), { minLength: 1, maxLength: 3 })
    .map((vs): Domain => ({ kind: 'enum', values: vs, default: vs[0] ?? 'a' })),
  fc.boolean().map((b): Domain => ({ kind: 'bool', default: b })),
);

/** A stable pseudo-random verdict on some values, so that constraints have no structure that a search could lean on. */
function coin(salt: number, vs: readonly (Value | undefined)[]): number {
  let h = salt;
  for (const char of JSON.stringify(vs)) h = Math.imul(h ^ char.charCodeAt(0), 0x01000193);
  return (h >>> 8) % 4;
}
const constraint = (names: readonly string[], salt: number, declares: boolean): Constraint => ({
  code: `c${salt}`,
  ...(declares ? { params: names } : {}),
  check: (config) =>
    coin(
      salt,
      names.map((n) => config[n]),
    ) === 0
      ? { code: `c${salt}`, message: 'unlucky', params: names }
      : undefined,
});

/** Spaces of up to five parameters, some conditional on an earlier one, with up to three arbitrary constraints. */
export const spaces: fc.Arbitrary<Space> = fc
  .array(fc.record({ domain, parent: fc.option(fc.nat(4)), share: fc.nat(3) }), { minLength: 1, maxLength: 5 })
  .chain((drafts) => {
    const params: Param[] = [];
    for (const [i, draft] of drafts.entries()) {
      const parent = draft.parent === null ? undefined : params[draft.parent];
      const when =
        parent === undefined ? {} : { when: { param: parent.name, in: values(parent).slice(0, 1 + draft.share) } };
      params.push({ name: `p${i}`, help: '', ...when, ...draft.domain });
    }
    const names = params.map((p) => p.name);
    return fc
      .array(fc.record({ of: fc.subarray(names, { minLength: 1 }), salt: fc.nat(), declares: fc.boolean() }), {
        maxLength: 3,
      })
      .map((cs) =>
        defineSpace({ params, constraints: cs.map((c) => constraint(c.of, c.salt, c.declares)), seeds: [] }),
      );
  });

/** Every assignment of values, valid or not. */
export function cartesian(space: Space): readonly Config[] {
  return space.params.reduce<readonly Config[]>(
    (all, p) => all.flatMap((c) => values(p).map((v) => ({ ...c, [p.name]: v }))),
    [{}],
  );
}
