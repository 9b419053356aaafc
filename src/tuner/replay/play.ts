import { configId, fromDiff } from '../../codegen/space/config.ts';
import { pick, seeded } from '../../codegen/space/random.ts';
import type { Config } from '../../codegen/space/space.ts';
import type { Guide } from '../guide.ts';
import type { Feedback, Outcome, Strategy } from '../strategy.ts';
import { outcomeOfRow } from './recorded.ts';
import type { Recorded } from './recorded.ts';

export interface PlayOptions {
  readonly seed: string;
  readonly evals: number;
  /** Proposals that the strategy is told to make at a time. */
  readonly batch: number;
  /** Shows the strategy single recorded samples instead of the recorded time. */
  readonly noise: boolean;
  /** Best configs of other shapes or targets, measured first; those that do not fit are left out. */
  readonly transfer: readonly Config[];
  /** Proposals from outside, for strategies that take them. */
  readonly guide?: Guide;
  /** Compilers that work at a time on the virtual clock. */
  readonly compilers: number;
}
export interface Played {
  /** Best recorded time after each evaluation; Infinity while everything failed. Nanoseconds. */
  readonly curve: readonly number[];
  /** The virtual clock: recorded compile times shared by the compilers, then recorded runs one after the other. Seconds. */
  readonly seconds: number;
}

/** Empty rounds in a row before a search counts as over. */
const IDLE = 500;

/** Runs a strategy on a recorded space. Only configs seen for the first time count. */
export async function play(strategy: Strategy, recorded: Recorded, o: PlayOptions): Promise<Played> {
  const { space } = recorded;
  const noiseRng = seeded(`noise ${o.seed}`);
  const memory = new Map<string, Outcome>();
  const codes = new Map<string, Outcome>();
  const curve: number[] = [];
  let best = Infinity;
  let ms = 0;
  const measure = (configs: readonly Config[]): readonly Outcome[] => {
    let compileMs = 0;
    const outcomes: Outcome[] = [];
    for (const config of configs) {
      const id = configId(space, config);
      const known = memory.get(id);
      const row = recorded.rows.get(id);
      if (known !== undefined) outcomes.push(known);
      else if (row === undefined) outcomes.push({ config, state: 'invalid', reasons: [] });
      else {
        const twin = row.code === undefined ? undefined : codes.get(row.code);
        if (twin !== undefined) {
          // The loop measures configs of equal code once.
          const outcome: Outcome = { ...twin, config: row.config };
          memory.set(id, outcome);
          outcomes.push(outcome);
          continue;
        }
        if (curve.length >= o.evals) break;
        const ns = row.ns !== undefined && o.noise && row.samples.length > 0 ? pick(noiseRng, row.samples) : row.ns;
        const outcome = outcomeOfRow(row, ns);
        memory.set(id, outcome);
        if (row.code !== undefined) codes.set(row.code, outcome);
        best = Math.min(best, row.ns ?? Infinity);
        curve.push(best);
        compileMs += row.compileMs;
        ms += row.runMs;
        outcomes.push(outcome);
      }
    }
    ms += compileMs / Math.max(1, Math.min(o.compilers, configs.length));
    return outcomes;
  };
  const fitting = o.transfer.flatMap((diff) => {
    const read = fromDiff(space, diff);
    return read.ok ? [read.config] : [];
  });
  const opened = measure(recorded.opening);
  const foreign = measure(fitting);
  const search = strategy.search({
    space,
    rng: seeded(o.seed),
    batch: o.batch,
    initial: [...opened, ...foreign],
    foreign,
    ...(o.guide === undefined ? {} : { guide: o.guide }),
  });
  let answer: Feedback = { outcomes: [], revised: [] };
  const kernels = new Set([...recorded.rows].map(([id, r]) => r.code ?? id)).size;
  const most = Math.min(o.evals, kernels);
  for (let idle = 0; curve.length < most && idle < IDLE; idle++) {
    const asked = await search.next(answer);
    if (asked.done === true) break;
    const before = curve.length;
    answer = { outcomes: measure('configs' in asked.value ? asked.value.configs : asked.value), revised: [] };
    if (curve.length > before) idle = 0;
  }
  return { curve, seconds: ms / 1000 };
}
