import type { Helper } from '../../../codegen/program.ts';

/** Gathers the helpers that emitted code uses, each after those it needs itself. */
export interface Collector {
  /** Registers a helper under its name the first time it is asked for; returns the name. */
  readonly add: (name: string, text: () => string) => string;
  readonly list: () => readonly Helper[];
}

export function collector(): Collector {
  const known = new Set<string>();
  const out: Helper[] = [];
  return {
    add(name, text) {
      if (!known.has(name)) {
        known.add(name);
        // Building the text registers what it calls, which so comes first.
        const built = text();
        out.push({ name, text: built });
      }
      return name;
    },
    list: () => out,
  };
}
