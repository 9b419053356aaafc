import { EXP } from './exp.ts';
import { GAUSS } from './gauss.ts';
import { LANES } from './lanes.ts';
import { LOG } from './log.ts';
import type { MathSnippet, Tier } from './snippet.ts';
import { TRIG } from './trig.ts';

/** Every snippet, in no particular order. */
export const MATH: readonly MathSnippet[] = [...EXP, ...LOG, ...GAUSS, ...TRIG, ...LANES];

const byName = new Map(MATH.map((s) => [s.name, s]));

/** The fastest snippet of `fn` within `tier`; undefined for a function that has none (which then is called lane by lane). */
export const mathFor = (fn: string, tier: Tier): MathSnippet | undefined =>
  MATH.filter((s) => s.fn === fn && s.tier <= tier).toSorted((a, b) => b.tier - a.tier)[0];

/** `names` and all they call, each once, callees first: the order in which their texts are to be printed. */
export const closure = (names: Iterable<string>): readonly MathSnippet[] => {
  const out = new Map<string, MathSnippet>();
  const visit = (name: string): void => {
    if (out.has(name)) return;
    const s = byName.get(name);
    if (s === undefined) throw new Error(`internal: no math snippet ${name}`);
    for (const d of s.deps) visit(d);
    out.set(name, s);
  };
  for (const n of names) visit(n);
  return [...out.values()];
};
