import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { STYLES } from './case.ts';
import type { PropertyProblem } from './properties/trial.ts';
import type { Failure } from './verify.ts';

const numbers = z.record(z.string(), z.number());
const scalar = z.union([z.number(), z.string(), z.boolean()]);
const schema = z.object({
  schema: z.literal('ktune-counterexample/1'),
  /** The source file as it was named, and its text: a replay says so if it has changed. */
  file: z.string(),
  source: z.string(),
  op: z.string(),
  types: z.record(z.string(), z.string()),
  consts: z.record(z.string(), scalar),
  target: z.string(),
  config: z.record(z.string(), scalar),
  trial: z.object({
    case: z.object({
      dims: numbers,
      elements: z.record(z.string(), z.array(z.number())),
      lens: z.record(z.string(), z.array(z.array(z.number()))),
      scalars: z.record(z.string(), scalar),
      style: z.enum(STYLES),
      seed: z.number(),
    }),
    place: z.enum(['end', 'start', 'stagger']),
    parts: z.number(),
    room: z.number(),
  }),
  problem: z.string(),
});
/** A failing comparison, complete: replaying it needs this file alone. */
export type Counterexample = z.infer<typeof schema>;

/** Reads a counterexample; text of the reason where it is none. */
export function readCounterexample(
  path: string,
): { readonly ok: true; readonly value: Counterexample } | { readonly ok: false; readonly reason: string } {
  try {
    return { ok: true, value: schema.parse(JSON.parse(readFileSync(path, 'utf8'))) };
  } catch (error) {
    if (error instanceof z.ZodError) return { ok: false, reason: z.prettifyError(error).split('\n').join('; ') };
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

const RELATIONS = { '~=': 'is not near', '==': 'is not', '<=': 'is above' } as const;

/** One sentence about a property that does not hold. */
function describeProperty(p: PropertyProblem): string {
  const name = `property "${p.name}"`;
  const whom = p.blame === 'definition' ? ', and neither on the reference: it does not follow from the definition' : '';
  if (p.broken === undefined)
    return p.how === undefined ? `${name} cannot be evaluated: ${p.detail ?? ''}` : `${p.how}: ${p.detail ?? ''}`;
  const { index, left, right, allowed, count, of } = p.broken;
  const at =
    index.length === 0 && p.broken.buffer === undefined ? '' : ` at ${p.broken.buffer ?? ''}[${index.join(', ')}]`;
  const more = count === 1 ? '' : ` (and at ${count - 1} more of ${of})`;
  const within = allowed === undefined ? '' : `, allowed difference ${allowed.toPrecision(3)}`;
  if (p.how !== undefined) return `${name}: ${p.how}, the kernel yields ${left}${at}, not ${right}${within}${more}`;
  return `${name} does not hold${at}${whom}: ${left} ${RELATIONS[p.relation]} ${right}${within}${more}`;
}

/** One sentence about what is wrong. */
export function describeProblem(problem: Failure['problem']): string {
  if (problem.kind === 'fault') return problem.detail;
  if (problem.kind === 'property') return describeProperty(problem);
  const m = problem.mismatch;
  const at = `${m.buffer}[${m.index.join(', ')}]`;
  const more = m.count === 1 ? '' : ` (and ${m.count - 1} more of ${m.of})`;
  if (m.kind === 'unwritten') return `${at} was not written${more}`;
  if (m.kind === 'unstable') return `${at} differs between two runs on the same inputs${more}`;
  const bound = m.bound === undefined || m.bound === 0 ? '' : `, bound ${m.bound.toPrecision(3)}`;
  return `${at} is ${m.got}, the reference says ${m.expected}${bound}${more}`;
}
