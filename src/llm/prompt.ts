import { join } from 'node:path';
import { showConfig, toDiff } from '../codegen/space/config.ts';
import { describe } from '../codegen/space/fragment.ts';
import type { Config, Space } from '../codegen/space/space.ts';
import { template } from '../codegen/render/templates.ts';
import type { Outcome } from '../tuner/strategy.ts';
import type { Prompt } from './complete.ts';

/** The wording; a change of it is a change of the version. */
export const PROMPT_VERSION = 'propose/1';

/** What does not change between the rounds of a search. */
export interface Brief {
  readonly source: string;
  readonly types: string;
  readonly shape: string;
  readonly target: string;
  /** Limits and rates of the target, one to a line. */
  readonly figures: readonly string[];
  readonly patterns: string;
  readonly bytes: string;
  readonly flops: string;
  /** Pages of knowledge that suit the target and the patterns. */
  readonly pages: readonly string[];
}

const SHOWN = { best: 12, slow: 3, failures: 4, rejected: 4 };
/** From this share of failures on, proposals stay near what works. */
const TROUBLED = 1 / 3;

const body = template<Record<string, unknown>>(join(import.meta.dirname, 'prompts'), 'propose');

const INSTRUCTIONS = `You tune compute kernels. You are shown an operator, the target it runs on, the parameters of its kernel generator, and what was
measured. You propose configs of these parameters. Reason from bytes moved, caches, registers, latency and occupancy; do not guess values outside the domains.`;

/** The request of a round. Models keep no memory between calls, so each tells all. */
export function proposal(
  brief: Brief,
  space: Space,
  known: readonly Outcome[],
  rejected: readonly string[],
  want: number,
): Prompt {
  const timed = known
    .flatMap((o) => (o.state === 'ok' || o.state === 'pruned' ? [{ config: o.config, ns: o.ns }] : []))
    .sort((a, b) => a.ns - b.ns);
  const failures = known.flatMap((o) => (o.state === 'failed' ? [o] : []));
  const fastest = timed[0]?.ns ?? 1;
  const line = (t: { readonly config: Config; readonly ns: number }): string =>
    `${micros(t.ns)} µs (${(t.ns / fastest).toFixed(3)}×): ${JSON.stringify(toDiff(space, t.config))}`;
  const troubled = failures.length > 3 && failures.length / known.length >= TROUBLED;
  return {
    instructions: INSTRUCTIONS,
    text: body({
      ...brief,
      params: space.params.map((p) => ({
        name: p.name,
        values: describe(p),
        default: JSON.stringify(p.default),
        help: p.help,
        when: p.when === undefined ? '' : `${p.when.param} is ${p.when.in.map(String).join(' or ')}`,
      })),
      constraints: space.constraints.map((c) => c.code).join(', '),
      count: String(known.length),
      failed: String(failures.length),
      best: timed.slice(0, SHOWN.best).map(line),
      slow: timed.slice(SHOWN.best).slice(-SHOWN.slow).map(line),
      failures: failures
        .slice(-SHOWN.failures)
        .map((f) => `${showConfig(space, f.config)}: ${f.detail.split('\n')[0] ?? ''}`),
      rejected: rejected.slice(0, SHOWN.rejected),
      wanted: String(want),
      mix: troubled
        ? 'Many failed: change one or two parameters of configs that work.'
        : 'Two in five close to the fastest, two in five that combine what the fastest have in common, one in five far from all that was tried.',
    }),
  };
}

const micros = (ns: number): string => (ns / 1000).toPrecision(4);
