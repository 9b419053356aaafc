import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { must } from '../../src/assert.ts';
import { evaluate } from '../../src/backends/reference/evaluate.ts';
import type { Output } from '../../src/backends/reference/outputs.ts';
import type { Chosen } from '../../src/cli/subject.ts';
import { getAt, tensor } from '../../src/codegen/numeric/tensor.ts';
import { isFloat } from '../../src/dsl/dtypes.ts';
import { arbitraryCase } from '../../src/verify/arbitrary.ts';
import { showCase } from '../../src/verify/case.ts';
import type { Case } from '../../src/verify/case.ts';
import { caseData } from '../../src/verify/data.ts';
import { caseOf } from '../../src/verify/fixed-case.ts';
import { referenceInputs } from '../../src/verify/sampled.ts';
import { resolveSizes } from '../../src/verify/sizes.ts';
import type { Oracle, Values } from './call.ts';
import { callOf } from './call.ts';
import { atShape, entries, showNote } from './library.ts';
import { allOracles } from './oracles.ts';

const oracles = await allOracles();

/** Own roundings of an oracle, which computes in f64 from left to right. */
const SLACK = 1e-11;

/** The reference on a case against an oracle: floats within the reference's own bound, all else equal. */
function compare(chosen: Chosen, c: Case, oracle: Oracle): void {
  const { graph } = chosen;
  const sizes = resolveSizes(graph, c);
  if (typeof sizes === 'string') throw new Error(sizes);
  const data = caseData(graph, c, sizes);
  const result = evaluate(graph, referenceInputs(graph, sizes, data));
  if (!result.ok) throw new Error(result.problems.map((p) => p.text).join('; '));
  expect([showCase(graph, c), result.faults]).toEqual([showCase(graph, c), []]);
  const wanted = oracle(callOf(graph, chosen.consts, sizes, data));
  const named = Object.entries(result.outputs).flatMap(([id, list]) =>
    list.map((o, k): readonly [string, Output] => [list.length === 1 ? id : `${id}{${k}}`, o]),
  );
  expect(Object.keys(wanted).sort()).toEqual(named.map(([name]) => name).sort());
  for (const [name, output] of named) {
    expect(differences(output, must(wanted[name], name)), `${name} of ${showCase(graph, c)}`).toEqual([]);
  }
}

function differences(o: Output, wanted: Values): readonly string[] {
  const { dtype } = o.tensor;
  const n = o.tensor.data.length;
  if (wanted.length !== n) return [`${wanted.length} values, the reference has ${n}`];
  const rounded = tensor(dtype, [n], wanted);
  const wrong: string[] = [];
  for (let i = 0; i < n && wrong.length < 3; i++) {
    const [got, stored, want] = [getAt(o.tensor, i), getAt(rounded, i), must(wanted[i], 'value')];
    const bound = o.bound?.[i] ?? 0;
    if (got === stored || (Number.isNaN(got) && Number.isNaN(stored)) || bound === Infinity) continue;
    const near = isFloat(dtype)
      ? isNear(o.values?.[i] ?? Number(got), Number(want), bound) || isNear(Number(got), Number(stored), bound)
      : (o.marks?.[i] ?? 0) !== 0;
    if (!near) wrong.push(`[${i}]: ${String(want)}, the reference has ${String(got)} within ${bound}`);
  }
  return wrong;
}
/** What the oracle itself loses in cancellation is far below the bound, which allows for f32. */
const isNear = (got: number, want: number, bound: number): boolean =>
  Math.abs(got - want) <= bound + SLACK * Math.abs(want);

/** Cases for each operator and type besides its small shapes. */
const CASES = 6;
/** Loop iterations up to which a test shape is run in full. */
const SMALL = 300_000;

const withOracle = entries().flatMap((e) => {
  const oracle = oracles.get(e.op.name);
  return oracle === undefined ? [] : [[e.op.name, e, oracle] as const];
});

describe.each(withOracle)('%s', (_name, entry, oracle) => {
  const small = entry.notes.shapes.flatMap((note) => {
    const chosen = atShape(entry, note);
    const made = caseOf(chosen.graph, { sizes: chosen.sizes, scalars: chosen.scalars, seed: 1 });
    if (!made.ok) throw new Error(made.problems.map((p) => p.message).join('; '));
    return elementsOf(chosen, made.case) <= SMALL ? [{ note, chosen, case: made.case }] : [];
  });
  it.each(small.map((s) => [showNote(s.note), s] as const))('is what its oracle says at %s', (_, s) =>
    compare(s.chosen, s.case, oracle),
  );
  it('is what its oracle says for other sizes and values', () => {
    for (const instance of entry.op.instances) {
      const note = { ...must(entry.notes.shapes.at(-1), 'shape'), ...instance.types };
      const chosen = atShape(entry, note);
      const cases = arbitraryCase(chosen.graph, { work: 4000, fixed: chosen.scalars });
      for (const c of fc.sample(cases, { numRuns: CASES, seed: 11 })) compare(chosen, c, oracle);
    }
  });
});

/** Elements of all arrays, where they do not hang on data. */
function elementsOf(chosen: Chosen, c: Case): number {
  const sizes = resolveSizes(chosen.graph, c);
  if (typeof sizes === 'string') throw new Error(sizes);
  return chosen.graph.buffers
    .filter((b) => b.role === 'in' || b.role === 'inout')
    .reduce((n, b) => n + sizes.count(b) * (sizes.shape(b, 0) ?? []).reduce((a, e) => a * e, 1), 0);
}
