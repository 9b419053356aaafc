import { evaluate } from '../../backends/reference/evaluate.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { Tol } from '../../dsl/ast.ts';
import type { Execution } from '../execute.ts';
import type { CaseData } from '../data.ts';
import { referenceInputs } from '../sampled.ts';
import type { Sizes } from '../sizes.ts';
import { describeFault } from '../../measure/install.ts';
import { overlay } from '../../codegen/numeric/tensor.ts';
import type { Consts } from '../../codegen/lower/lower.ts';
import type { Output } from '../../backends/reference/outputs.ts';
import type { TOp } from '../../dsl/typed.ts';
import { must } from '../../assert.ts';
import type { Case } from '../case.ts';
import { automaticProperties, change, chosenFor, compareChanged } from './automatic.ts';
import type { Automatic } from './automatic.ts';
import { checkDeclared, declaredProperties } from './declared.ts';
import type { Answered, Asked, Declared } from './declared.ts';
import { kernelOutcome } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import type { Broken } from './sides.ts';

/** What a property showed on one case. */
export interface Seen {
  readonly name: string;
  readonly points: number;
  readonly weak: number;
}
/** Why a property refuses a kernel, or the operator itself. */
export interface PropertyProblem {
  readonly kind: 'property';
  readonly name: string;
  /** Where the source declares it; absent for automatic properties. */
  readonly span?: Span;
  /** `definition`: the reference breaks it as well, so that the operator or the property is wrong, whatever the kernel does. */
  readonly blame: 'kernel' | 'definition';
  readonly relation: '~=' | '==' | '<=';
  /** `buffer` is the result, where several were compared. */
  readonly broken?: Broken & { readonly buffer?: string };
  /** How the inputs were changed, for automatic properties. */
  readonly how?: string;
  /** Set where it could not be evaluated. */
  readonly detail?: string;
}

/** One case, and how the kernel under test runs on others. */
export interface TrialCase {
  readonly case: Case;
  readonly graph: StageGraph;
  readonly sizes: Sizes;
  readonly data: CaseData;
  /** What the reference says of this case. */
  readonly expected: Outcome;
  readonly tolerances: Readonly<Record<string, Tol>>;
  readonly run: (sizes: Sizes, data: CaseData) => Promise<Execution>;
}

/** The properties of an operator. */
export interface Properties {
  readonly declared: readonly Declared[];
  readonly automatic: readonly Automatic[];
}
export const NO_PROPERTIES: Properties = { declared: [], automatic: [] };
/** Everything that an operator declares, and that its graph implies. */
export const propertiesOf = (op: TOp, graph: StageGraph, consts: Consts): Properties => ({
  declared: declaredProperties(op, consts),
  automatic: automaticProperties(graph),
});

/** Evaluates properties on what a kernel left; the first that does not hold ends it, and the reference tells whom to blame. */
export async function checkProperties(
  properties: Properties,
  c: TrialCase,
  got: Extract<Execution, { ok: true }>,
): Promise<{ readonly seen: readonly Seen[]; readonly problem?: PropertyProblem }> {
  const offsets = new Set(c.graph.buffers.filter((b) => b.offsetsOf !== undefined).map((b) => b.id));
  const outcome = kernelOutcome(c.expected, got.outputs, c.tolerances, offsets);
  if (outcome === undefined) return { seen: [] };
  const seen: Seen[] = [];
  for (const d of properties.declared) {
    const name = d.property.name;
    const one = await checkDeclared(d, { sizes: c.sizes, data: c.data, outcome }, (asked) =>
      answer(c, asked, 'kernel'),
    );
    if (one.ok && one.broken === undefined) {
      seen.push({ name, points: one.points, weak: one.weak });
      continue;
    }
    const made = { sizes: c.sizes, data: c.data, outcome: c.expected };
    const ideal = await checkDeclared(d, made, (asked) => answer(c, asked, 'reference'));
    const blame = ideal.ok && ideal.broken === undefined ? 'kernel' : 'definition';
    const what = one.ok ? (one.broken === undefined ? {} : { broken: one.broken }) : { detail: one.detail };
    return {
      seen,
      problem: { kind: 'property', name, span: d.property.span, blame, relation: d.property.op, ...what },
    };
  }
  for (const a of chosenFor(properties.automatic, c.case.seed)) {
    const one = await checkAutomatic(a, c, outcome);
    if ('kind' in one) return { seen, problem: one };
    seen.push(one);
  }
  return { seen };
}

/** Runs the kernel on changed inputs, and holds the two outcomes against each other: the reference has no part in it. */
async function checkAutomatic(a: Automatic, c: TrialCase, outcome: Outcome): Promise<Seen | PropertyProblem> {
  const { name } = a;
  const changed = change(c.graph, a, c.case, { sizes: c.sizes, data: c.data, outcome });
  if (changed === undefined) return { name, points: 0, weak: 0 };
  const base = { kind: 'property', name, blame: 'kernel', relation: '~=', how: changed.how } as const;
  const ran = await c.run(changed.sizes, changed.data);
  if (!ran.ok) return { ...base, detail: describeFault(ran.fault) };
  const left: Outcome = Object.fromEntries(
    Object.entries(changed.wanted).map(([id, list]) => [
      id,
      list.map((o, k): Output => {
        const { dtype, shape, data } = o.tensor;
        const bytes = must(ran.outputs.get(id)?.[k], id);
        const tensor = { dtype, shape, data: overlay(dtype, bytes, data.length) };
        return { tensor, ...(o.bound === undefined ? {} : { bound: o.bound }) };
      }),
    ]),
  );
  const { points, weak, broken } = compareChanged(changed, left);
  return broken === undefined ? { name, points, weak } : { ...base, broken };
}

/** Makes a call that a property asks for: by the kernel under test, where it is one of the same operator, and by the reference. */
async function answer(c: TrialCase, asked: Asked, by: 'kernel' | 'reference'): Promise<Answered> {
  const { graph, sizes, data, bounds } = asked;
  const expected = evaluate(graph, { ...referenceInputs(graph, sizes, data), bounds });
  if (!expected.ok) return { ok: false, detail: expected.problems.map((p) => p.text).join('; ') };
  const [fault] = expected.faults;
  if (fault !== undefined)
    return { ok: false, detail: `an access is out of range: ${fault.buf} at ${fault.index}, in ${fault.stage}` };
  if (!asked.own || by === 'reference') return { ok: true, outcome: expected.outputs };
  const ran = await c.run(sizes, data);
  if (!ran.ok) return { ok: false, detail: describeFault(ran.fault) };
  const outcome = kernelOutcome(expected.outputs, ran.outputs, c.tolerances, new Set());
  return outcome === undefined ? { ok: false, detail: 'its result has no shape' } : { ok: true, outcome };
}
