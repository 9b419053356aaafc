import { z } from 'zod';
import { canonical, configId, defaultConfig, defineSpace } from '../../codegen/space/config.ts';
import { cardinality } from '../../codegen/space/fragment.ts';
import type { Config, Param, Space, Value } from '../../codegen/space/space.ts';
import { paramsSchema } from '../../store/about.ts';
import type { Outcome } from '../strategy.ts';

const value = z.union([z.number(), z.string(), z.boolean()]);
/** The T4 result format of the auto-tuning community (kernel-tuner project), as far as a replay reads it. Times are milliseconds unless `timeunit` says otherwise. */
const t4 = z.object({
  metadata: z
    .object({
      timeunit: z.string().optional(),
      ktune: z
        .object({ params: paramsSchema, seeds: z.array(z.record(z.string(), value)) })
        .loose()
        .optional(),
    })
    .loose()
    .optional(),
  results: z.array(
    z.object({
      configuration: z.record(z.string(), value),
      times: z
        .object({
          compilation: z.number().optional(),
          framework: z.number().optional(),
          validation: z.number().optional(),
          runtimes: z.array(z.number()).optional(),
        })
        .loose(),
      invalidity: z.string(),
      measurements: z.array(z.object({ name: z.string(), value }).loose()),
      objectives: z.array(z.string()).optional(),
      code: z.string().optional(),
    }),
  ),
});

/** One recorded config. */
export interface Row {
  readonly config: Config;
  /** The recorded objective; undefined where the config failed. */
  readonly ns: number | undefined;
  readonly invalidity: string;
  /** Configs that share it are one kernel; undefined where the file does not tell. */
  readonly code: string | undefined;
  /** Raw times of single runs. Nanoseconds. */
  readonly samples: readonly number[];
  /** What compiling, and checking and running it, took. Milliseconds. */
  readonly compileMs: number;
  readonly runMs: number;
}

/** A space whose every config was measured once: strategies can be run on it without a device. */
export interface Recorded {
  readonly name: string;
  readonly space: Space;
  readonly rows: ReadonlyMap<string, Row>;
  /** What a tune measures before its search begins: the default and the formula's seeds, where ktune recorded the space. */
  readonly opening: readonly Config[];
  /** Nanoseconds. */
  readonly optimum: number;
  row(config: Config): Row | undefined;
}

/** Combinations of values up to which one constraint on whole configs does. */
const LISTED = 100_000;

const UNIT_NS: Readonly<Record<string, number>> = {
  nanoseconds: 1,
  microseconds: 1e3,
  milliseconds: 1e6,
  miliseconds: 1e6,
  seconds: 1e9,
};

/** Reads a T4 text; throws an Error that says what is wrong with it. */
export function readT4(name: string, text: string): Recorded {
  const parsed = t4.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  const unit = UNIT_NS[parsed.data.metadata?.timeunit ?? 'milliseconds'];
  if (unit === undefined) throw new Error(`unknown time unit ${parsed.data.metadata?.timeunit ?? ''}`);
  const results = parsed.data.results.filter((r) => r.invalidity !== 'constraints');
  const first = results[0];
  if (first === undefined) throw new Error('no results');
  const names = Object.keys(first.configuration);
  const key = (c: Config, n = names.length): string => JSON.stringify(names.slice(0, n).map((x) => c[x]));
  const prefixes = new Set(results.flatMap((r) => names.map((_, i) => key(r.configuration, i + 1))));
  // Spaces that ktune recorded tell their parameters; others are guessed from the values that occur.
  const params =
    parsed.data.metadata?.ktune?.params ??
    names.map((p) => paramOf(p, [...new Set(results.flatMap((r) => r.configuration[p] ?? []))]));
  const product = params.reduce((n, p) => n * cardinality(p), 1);
  const space = defineSpace({
    params,
    // One for each prefix of the parameters where the product of all is large: listing such a space must not walk into parts without rows.
    constraints: names.flatMap((p, i) =>
      i + 1 < names.length && product <= LISTED
        ? []
        : [
            {
              code: 'not-recorded',
              params: names.slice(0, i + 1),
              check: (c) =>
                prefixes.has(key(c, i + 1))
                  ? undefined
                  : { code: 'not-recorded', message: `no recorded config has this ${p}`, params: names },
            },
          ],
    ),
    seeds: parsed.data.metadata?.ktune?.seeds ?? [],
  });
  const rows = new Map<string, Row>();
  for (const r of results) {
    const objective = r.objectives?.[0] ?? 'time';
    const time = r.measurements.find((m) => m.name === objective)?.value;
    const runtimes = r.times.runtimes ?? [];
    const ok = r.invalidity === 'correct' && typeof time === 'number';
    const config = canonical(space, r.configuration);
    rows.set(configId(space, config), {
      config,
      ns: ok ? time * unit : undefined,
      invalidity: ok ? 'correct' : r.invalidity,
      code: r.code,
      samples: runtimes.map((t) => t * unit),
      compileMs: r.times.compilation ?? 0,
      runMs: (r.times.validation ?? 0) + (r.times.framework ?? 0) + (runtimes.reduce((a, b) => a + b, 0) * unit) / 1e6,
    });
  }
  const optimum = Math.min(...[...rows.values()].map((r) => r.ns ?? Infinity));
  if (!Number.isFinite(optimum)) throw new Error('no config has a time');
  const own = parsed.data.metadata?.ktune !== undefined;
  const opening = own ? [defaultConfig(space), ...space.seeds].filter((c) => rows.has(configId(space, c))) : [];
  return { name, space, rows, opening, optimum, row: (config) => rows.get(configId(space, config)) };
}

/** The narrowest domain that holds the recorded values: powers of two, evenly spaced integers, or a list in ascending order. */
function paramOf(name: string, found: readonly Value[]): Param {
  const sorted = found.toSorted((a, b) => (typeof a === 'number' && typeof b === 'number' ? a - b : 0));
  const [lo, second, hi] = [sorted[0], sorted[1], sorted.at(-1)];
  const base = { name, help: '' };
  if (typeof lo === 'boolean' && sorted.length === 2) return { ...base, kind: 'bool', default: lo };
  if (typeof lo === 'number' && typeof hi === 'number' && typeof second === 'number') {
    if (lo > 0 && sorted.every((v, i) => v === lo * 2 ** i)) return { ...base, kind: 'pow2', lo, hi, default: lo };
    const step = second - lo;
    if (Number.isInteger(lo) && Number.isInteger(step) && sorted.every((v, i) => v === lo + step * i))
      return { ...base, kind: 'int', lo, hi, step, default: lo };
  }
  return { ...base, kind: 'enum', values: sorted, default: lo ?? 0 };
}

/** What a strategy is told of a row. */
export function outcomeOfRow(row: Row, ns: number | undefined): Outcome {
  return ns === undefined
    ? { config: row.config, state: 'failed', detail: row.invalidity }
    : { config: row.config, state: 'ok', ns };
}
