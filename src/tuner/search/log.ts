import { configId } from '../../codegen/space/config.ts';
import type { Config, Space } from '../../codegen/space/space.ts';
import type { Feedback, Outcome } from '../strategy.ts';

/** What a strategy was told so far: one row for each config, with its latest time. */
export interface Log {
  rows(): readonly Outcome[];
  readonly isNew: (config: Config) => boolean;
  note(feedback: Feedback): void;
  /** Nanoseconds; Infinity for a config that failed or was never measured. */
  timeOf(config: Config): number;
  /** The fastest row. */
  best(): { readonly config: Config; readonly ns: number } | undefined;
}

export const nsOf = (o: Outcome | undefined): number => (o?.state === 'ok' || o?.state === 'pruned' ? o.ns : Infinity);

export function createLog(space: Space, initial: readonly Outcome[]): Log {
  const rows = new Map<string, Outcome>();
  const put = (outcomes: readonly Outcome[]): void => {
    for (const o of outcomes) rows.set(configId(space, o.config), o);
  };
  put(initial);
  return {
    rows: () => [...rows.values()],
    isNew: (config) => !rows.has(configId(space, config)),
    note({ outcomes, revised }) {
      put(outcomes);
      put(revised);
    },
    timeOf: (config) => nsOf(rows.get(configId(space, config))),
    best() {
      let best: { config: Config; ns: number } | undefined;
      for (const o of rows.values()) if (nsOf(o) < (best?.ns ?? Infinity)) best = { config: o.config, ns: nsOf(o) };
      return best;
    },
  };
}
