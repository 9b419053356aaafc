import type { Config } from '../codegen/space/space.ts';
import type { Outcome } from './strategy.ts';

/** Why a config gave no time, in the words of the T4 result format. */
export type Invalidity = 'compile' | 'timeout' | 'runtime' | 'correctness' | 'constraints';

/** What is known of one config. `ns` is the latest label, the time that strategies see. */
export interface Entry {
  readonly id: string;
  readonly config: Config;
  readonly proposer: string;
  readonly batch: number;
  readonly state: 'ok' | 'pruned' | 'failed';
  readonly ns: number | undefined;
  readonly invalidity?: Invalidity;
  readonly detail?: string;
  /** Hash of the emitted code: configs of equal code are one measurement. */
  readonly source?: string;
}

/** All that a study knows; the loop's memory. */
export interface Ledger {
  get(id: string): Entry | undefined;
  bySource(source: string): Entry | undefined;
  put(entry: Entry): void;
  relabel(id: string, ns: number): void;
  /** Verified entries, fastest first; of equal code only the first one proposed. */
  ranking(): readonly Entry[];
  entries(): readonly Entry[];
}

export function createLedger(): Ledger {
  const entries = new Map<string, Entry>();
  const sources = new Map<string, string>();
  return {
    get: (id) => entries.get(id),
    bySource(source) {
      const id = sources.get(source);
      return id === undefined ? undefined : entries.get(id);
    },
    put(entry) {
      entries.set(entry.id, entry);
      if (entry.source !== undefined && !sources.has(entry.source)) sources.set(entry.source, entry.id);
    },
    relabel(id, ns) {
      const entry = entries.get(id);
      if (entry !== undefined && entry.state !== 'failed') entries.set(id, { ...entry, ns });
    },
    ranking: () =>
      [...entries.values()]
        .filter(
          (e) => e.state === 'ok' && e.ns !== undefined && (e.source === undefined || sources.get(e.source) === e.id),
        )
        .toSorted((a, b) => (a.ns ?? 0) - (b.ns ?? 0)),
    entries: () => [...entries.values()],
  };
}

/** An entry as strategies see it. */
export function outcomeOf(entry: Entry): Outcome {
  if (entry.state === 'failed' || entry.ns === undefined) {
    return { config: entry.config, state: 'failed', detail: `${entry.invalidity ?? 'failed'}: ${entry.detail ?? ''}` };
  }
  return { config: entry.config, state: entry.state, ns: entry.ns };
}
