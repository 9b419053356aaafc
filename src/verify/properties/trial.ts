import { evaluate } from '../../backends/reference/evaluate.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { Tol } from '../../dsl/ast.ts';
import type { Execution } from '../execute.ts';
import type { CaseData } from '../data.ts';
import { referenceInputs } from '../sampled.ts';
import type { Sizes } from '../sizes.ts';
import { describeFault } from '../../measure/install.ts';
import { checkDeclared } from './declared.ts';
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
  readonly broken?: Broken;
  /** Set where it could not be evaluated. */
  readonly detail?: string;
}

/** One case, and how the kernel under test runs on others. */
export interface TrialCase {
  readonly graph: StageGraph;
  readonly sizes: Sizes;
  readonly data: CaseData;
  /** What the reference says of this case. */
  readonly expected: Outcome;
  readonly tolerances: Readonly<Record<string, Tol>>;
  readonly run: (sizes: Sizes, data: CaseData) => Promise<Execution>;
}

/** Evaluates properties on what a kernel left; the first that does not hold ends it, and the reference tells whom to blame. */
export async function checkProperties(
  properties: readonly Declared[],
  c: TrialCase,
  got: Extract<Execution, { ok: true }>,
): Promise<{ readonly seen: readonly Seen[]; readonly problem?: PropertyProblem }> {
  const offsets = new Set(c.graph.buffers.filter((b) => b.offsetsOf !== undefined).map((b) => b.id));
  const outcome = kernelOutcome(c.expected, got.outputs, c.tolerances, offsets);
  if (outcome === undefined) return { seen: [] };
  const seen: Seen[] = [];
  for (const d of properties) {
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
  return { seen };
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
