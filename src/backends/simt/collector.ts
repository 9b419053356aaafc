import type { Helper } from '../../codegen/program.ts';
import type { Tier } from '../clike/math/snippet.ts';
import type { Collector } from '../clike/prelude/collector.ts';
import { LIBRARY, preludeName } from './library.ts';

/** Gathers helpers and the functions of the prelude that they and the kernels call. */
export interface SimtCollector extends Collector {
  /** Notes that a function of the prelude is used; returns its name. */
  readonly prelude: (name: string) => string;
  /** Names of prelude functions, in the order of their first use. */
  readonly used: () => readonly string[];
}

const CALLS = new RegExp(`\\b__builtin_(${[...LIBRARY, 'pow', 'powf'].join('|')})\\b(?=\\()`, 'g');

/**
 * Helpers of C-like targets as functions of the device: text on one value reads the same there, but for where library functions come from.
 * Those that work on integers alone are for the host as well, since the launcher computes sizes with them.
 */
export function simtCollector(math: Tier): SimtCollector {
  const names = new Map<string, string>();
  const out: Helper[] = [];
  const used = new Set<string>();
  const prelude = (name: string): string => {
    used.add(name);
    return name;
  };
  const respell = (text: string): string => {
    const body = text.replaceAll(CALLS, (_, fn: string) => prelude(preludeName(fn)));
    const both = !/kt_|threadIdx|\bf(?:32|64)\b|float|double/.test(body);
    return body
      .replaceAll(/^static (?:inline )?(?=\w)/gm, `static ${both ? '__host__ ' : ''}__device__ inline `)
      .replaceAll('#pragma GCC unroll', '#pragma unroll');
  };
  return {
    math,
    prelude,
    used: () => [...used],
    add(name, text) {
      const known = names.get(name);
      if (known !== undefined) return known;
      // Building the text registers what it calls, which so comes first.
      names.set(name, name);
      const built = text();
      if (built.startsWith('extern "C"')) {
        const own = prelude(preludeName(name));
        names.set(name, own);
        return own;
      }
      out.push({ name, text: built.startsWith('typedef') ? built : respell(built) });
      return name;
    },
    list: () => out,
  };
}
