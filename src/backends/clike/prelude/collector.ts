import type { Helper } from '../../../codegen/program.ts';
import type { Tier } from '../math/snippet.ts';

/** Gathers the helpers that emitted code uses, each after those it needs itself. */
export interface Collector {
  /** Accuracy class of functions of f32. */
  readonly math: Tier;
  /** Registers a helper under its name the first time it is asked for; returns the name. */
  readonly add: (name: string, text: () => string) => string;
  readonly list: () => readonly Helper[];
}

export function collector(math: Tier): Collector {
  const known = new Set<string>();
  const out: Helper[] = [];
  return {
    math,
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
