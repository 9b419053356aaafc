import type { Param, Value } from '../codegen/space/space.ts';
import { values } from '../codegen/space/fragment.ts';
import { median } from '../measure/statistics.ts';
import type { Point } from './study.ts';

/** How the times of a study depend on one parameter. */
export interface Effect {
  readonly param: Param;
  /** Share of the variance of log time that the values of this parameter explain on their own, 0 to 1. */
  readonly share: number;
  /** By value, in the order of the domain; only values that were measured. */
  readonly levels: readonly {
    readonly value: Value;
    readonly count: number;
    /** Times relative to the fastest of the study. */
    readonly best: number;
    readonly median: number;
    readonly failed: number;
  }[];
}

/**
 * Marginal effects of parameters that took at least two values, the one that explains most first. A search looks at fast configs more often than at slow
 * ones, so these are effects among what was measured, not over the space.
 */
export function effects(params: readonly Param[], points: readonly Point[]): readonly Effect[] {
  const timed = points.flatMap((p) => (p.ns === undefined ? [] : [{ ...p, ns: p.ns, y: Math.log(p.ns) }]));
  const fastest = Math.min(...timed.map((p) => p.ns));
  const total = squares(timed.map((p) => p.y));
  return params
    .map((param): Effect => {
      // Where a condition makes the parameter idle it has its default in name only.
      const active = timed.filter((p) => isActive(param, p));
      const groups = Map.groupBy(active, (p) => p.config[param.name] ?? param.default);
      const within = [...groups.values()].reduce((sum, g) => sum + squares(g.map((p) => p.y)), 0);
      const all = squares(active.map((p) => p.y));
      return {
        param,
        share: total > 0 ? Math.max(0, (all - within) / total) : 0,
        levels: order(param, [...groups.keys()]).map((value) => {
          const of = groups.get(value) ?? [];
          return {
            value,
            count: of.length,
            best: Math.min(...of.map((p) => p.ns)) / fastest,
            median: median(of.map((p) => p.ns)) / fastest,
            failed: points.filter((p) => p.state === 'failed' && isActive(param, p) && p.config[param.name] === value)
              .length,
          };
        }),
      };
    })
    .filter((e) => e.levels.length > 1)
    .toSorted((a, b) => b.share - a.share);
}

const isActive = (param: Param, p: Point): boolean => {
  const parent = param.when === undefined ? undefined : p.config[param.when.param];
  return param.when === undefined || (parent !== undefined && param.when.in.includes(parent));
};
const order = (param: Param, found: readonly Value[]): readonly Value[] => {
  const known = values(param).filter((v) => found.includes(v));
  return [...known, ...found.filter((v) => !known.includes(v))];
};
const squares = (xs: readonly number[]): number => {
  const mean = xs.reduce((a, b) => a + b, 0) / Math.max(1, xs.length);
  return xs.reduce((sum, x) => sum + (x - mean) ** 2, 0);
};
