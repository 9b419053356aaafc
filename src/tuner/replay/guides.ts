import { configId } from '../../codegen/space/config.ts';
import { seeded, shuffle } from '../../codegen/space/random.ts';
import type { Config } from '../../codegen/space/space.ts';
import type { Guide } from '../guide.ts';
import type { Recorded } from './recorded.ts';

/** Scripted stand-ins for a language model: one that is always wrong, and one that nearly knows. */
export const GUIDES = ['slow', 'near'] as const;
export type GuideKind = (typeof GUIDES)[number];

/** Of all valid configs, the share at the slow end that the wrong one proposes from, and how many the good one knows. */
const SLOWEST = 0.5;
const KNOWS = 16;

/**
 * `slow` proposes valid configs of the slower half only: what the worst guidance costs. `near` proposes the fastest sixteen without the optimum
 * itself: what guidance gives at best.
 */
export function scriptedGuide(kind: GuideKind, recorded: Recorded, seed: string): Guide {
  const timed = [...recorded.rows.values()]
    .flatMap((r) => (r.ns === undefined ? [] : [{ config: r.config, ns: r.ns }]))
    .toSorted((a, b) => a.ns - b.ns)
    .map((r) => r.config);
  const from = kind === 'slow' ? timed.slice(Math.floor(timed.length * SLOWEST)) : timed.slice(1, 1 + KNOWS);
  const order = shuffle(seeded(`guide ${seed}`), from);
  return {
    name: 'llm',
    propose({ space, want, rows }) {
      const known = new Set(rows.map((r) => configId(space, r.config)));
      const configs: readonly Config[] = order.filter((c) => !known.has(configId(space, c))).slice(0, want);
      return Promise.resolve(
        configs.length === 0 ? { kind: 'finished', detail: 'nothing left to say' } : { kind: 'proposals', configs },
      );
    },
  };
}
