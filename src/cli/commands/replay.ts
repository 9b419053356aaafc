import { readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Config } from '../../codegen/space/space.ts';
import type { Guide } from '../../tuner/guide.ts';
import { GUIDES, scriptedGuide } from '../../tuner/replay/guides.ts';
import type { GuideKind } from '../../tuner/replay/guides.ts';
import { play } from '../../tuner/replay/play.ts';
import type { Played } from '../../tuner/replay/play.ts';
import { readT4 } from '../../tuner/replay/recorded.ts';
import type { Recorded } from '../../tuner/replay/recorded.ts';
import { baselineOf, geomean, mean, ratiosAt, scoreAt, scoreOf } from '../../tuner/replay/score.ts';
import type { Command } from '../command.ts';
import type { CommonArgs, Io } from '../context.ts';
import { EXIT } from '../exit.ts';
import { strategyNamed, strategyNames } from '../strategies.ts';
import { table } from '../table.ts';
import { UserError } from '../user-error.ts';

interface Args extends CommonArgs {
  readonly files: string[] | undefined;
  readonly strategy: string;
  readonly seeds: number;
  readonly evals: number;
  readonly batch: number;
  readonly noise: boolean;
  readonly transfer: string[] | undefined;
  readonly guide?: GuideKind | undefined;
}

/** What came of all runs on one space. */
interface Scored {
  readonly name: string;
  readonly configs: number;
  /** Evaluations that the score looks at. */
  readonly budget: number;
  readonly score: number;
  /** Mean of the virtual clock. */
  readonly seconds: number;
  readonly at: readonly { readonly evals: number; readonly ratios: readonly number[]; readonly score: number }[];
}

/** Evaluations at which runs are compared. */
const MARKS = [25, 50, 100, 200, 400];
/** Best configs taken from each file of `--transfer`. */
const TOP = 5;

export const replay: Command<Args> = {
  usage: 'replay <files..>',
  help: 'Run a search strategy on recorded spaces (T4 files), without a device, and score it',
  options: (y) =>
    y
      .positional('files', { type: 'string', array: true, describe: 'T4 files, .json or .json.gz' })
      .option('strategy', { type: 'string', default: 'surrogate', describe: strategyNames })
      .option('seeds', { type: 'number', default: 20, describe: 'runs on each space' })
      .option('evals', { type: 'number', default: 400, describe: 'configs measured in each run' })
      .option('batch', { type: 'number', default: 1, describe: 'proposals at a time' })
      .option('noise', { type: 'boolean', default: false, describe: 'show single recorded samples to the strategy' })
      .option('transfer', {
        type: 'string',
        array: true,
        describe: 'T4 files whose five best configs are tried first',
      })
      .option('guide', {
        choices: GUIDES,
        describe:
          'with --strategy auto: proposals of a scripted model that is always wrong, or of one that nearly knows',
      }),
  async run(args, context) {
    const strategy = strategyNamed(args.strategy);
    const { guide: kind, ...options } = args;
    const guide = (recorded: Recorded, seed: number): { readonly guide?: Guide } =>
      kind === undefined ? {} : { guide: scriptedGuide(kind, recorded, String(seed)) };
    const donors = (args.transfer ?? []).map((f) => load(context.io, f));
    const marks = MARKS.filter((m) => m <= args.evals);
    const spaces: Scored[] = [];
    for (const file of args.files ?? []) {
      const recorded = load(context.io, file);
      const transfer = donors.filter((d) => d.name !== recorded.name).flatMap((d) => best(d, TOP));
      const runs: Played[] = [];
      for (let seed = 1; seed <= args.seeds; seed++) {
        runs.push(
          await play(strategy, recorded, {
            ...options,
            transfer,
            seed: String(seed),
            compilers: 2,
            ...guide(recorded, seed),
          }),
        );
      }
      const baseline = baselineOf(recorded);
      const curves = runs.map((r) => r.curve);
      const at = marks.map((evals) => ({
        evals,
        ratios: ratiosAt(recorded, baseline, curves, evals),
        score: scoreAt(recorded, baseline, curves, evals),
      }));
      spaces.push({
        name: recorded.name,
        configs: recorded.rows.size,
        budget: baseline.budget,
        score: scoreOf(recorded, baseline, curves),
        seconds: mean(runs.map((r) => r.seconds)),
        at,
      });
      context.note(`${recorded.name}: P ${(spaces.at(-1)?.score ?? 0).toFixed(3)}`);
    }
    const total = marks.map((evals, i) => {
      const ratios = spaces.flatMap((s) => s.at[i]?.ratios ?? []);
      return {
        evals,
        ...summary(ratios),
        score: mean(spaces.map((s) => s.at[i]?.score ?? 0)),
      };
    });
    const score = mean(spaces.map((s) => s.score));
    const text = [
      `${strategy.name}, ${args.seeds} seeds, ${spaces.length} spaces: P ${score.toFixed(3)}`,
      table(
        ['evaluations', 'time / optimum', 'within 5 %', 'P at this point'],
        total.map((t) => [
          String(t.evals),
          t.geomean.toFixed(3),
          `${(100 * t.within5).toFixed(0)} %`,
          t.score.toFixed(2),
        ]),
      ),
    ].join('\n');
    const perSpace = spaces.map(({ at, ...s }) => ({
      ...s,
      at: at.map(({ evals, ratios, score: p }) => ({
        evals,
        ...summary(ratios),
        score: p,
      })),
    }));
    return {
      exit: EXIT.ok,
      text,
      result: { strategy: strategy.name, seeds: args.seeds, score, at: total, spaces: perSpace },
    };
  },
};

/** Times over the optimum in short. */
const summary = (ratios: readonly number[]): { readonly geomean: number; readonly within5: number } => ({
  geomean: geomean(ratios),
  within5: ratios.filter((r) => r <= 1.05).length / Math.max(1, ratios.length),
});

function load(io: Io, file: string): Recorded {
  try {
    const bytes = readFileSync(resolve(io.cwd, file));
    const text = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes).toString() : bytes.toString();
    return readT4(basename(file).replace(/(_T4)?\.json(\.gz)?$/, ''), text);
  } catch (error) {
    throw new UserError(
      diagnostic('recorded-space', { file, reason: error instanceof Error ? error.message : String(error) }),
      EXIT.usage,
    );
  }
}

const best = (r: Recorded, n: number): readonly Config[] =>
  [...r.rows.values()]
    .filter((x) => x.ns !== undefined)
    .toSorted((a, b) => (a.ns ?? 0) - (b.ns ?? 0))
    .slice(0, n)
    .map((x) => x.config);
