import { cpus } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { measureCeilings, placeUnderRoof } from '../../measure/roofline.ts';
import type { Ceilings, RooflinePoint } from '../../measure/roofline.ts';
import { openStore } from '../../store/records.ts';
import type { Store } from '../../store/records.ts';
import { bucketOf, pinWinner } from '../../store/lock-file.ts';
import type { LockEntry } from '../../store/lock-file.ts';
import { tune as search } from '../../tuner/tune.ts';
import type { Subject } from '../../tuner/subject.ts';
import type { Summary } from '../../tuner/summary.ts';
import { donate } from '../../tuner/transfer.ts';
import type { TuneOptions, TuneResult } from '../../tuner/tune.ts';
import type { Command } from '../command.ts';
import type { CommonArgs, Context, Outcome } from '../context.ts';
import { EXIT } from '../exit.ts';
import { graphHash } from '../graph-hash.ts';
import { paths, requireTarget, runnerFor, withScratch } from '../host.ts';
import type { Target } from '../host.ts';
import type { LlmReport } from '../../llm/guide.ts';
import { guidance, modelNamed, withLlm } from '../llm.ts';
import type { LlmArgs } from '../llm.ts';
import { loadRight } from '../load.ts';
import { withSubject, withTarget } from '../options.ts';
import { createProgress } from '../progress.ts';
import { fixedSpace } from '../config-arg.ts';
import { choose } from '../subject.ts';
import type { Chosen, SubjectArgs } from '../subject.ts';
import { strategyNamed, strategyNames } from '../strategies.ts';
import { tuneReport } from '../tune-report.ts';
import { tuneSubject } from '../tune-subject.ts';
import { writeT4 } from '../write-t4.ts';
import { UserError } from '../user-error.ts';
import { writeKernel } from './emit.ts';

interface Args extends CommonArgs, SubjectArgs, LlmArgs {
  readonly file: string;
  readonly target: string;
  readonly strategy?: string | undefined;
  readonly seed: string;
  readonly budget: string;
  readonly evals: number;
  readonly fresh: boolean;
  readonly transfer: boolean;
  readonly 'record-space'?: string | undefined;
  readonly fix: readonly string[] | undefined;
}

export const tune: Command<Args> = {
  usage: 'tune <file>',
  help: 'Search for the fastest config of an operator on a target, at one shape',
  options: (y) =>
    withLlm(withTarget(withSubject(y)))
      .option('strategy', {
        type: 'string',
        describe: `how to search: ${strategyNames} (greedy; auto where --llm names a model)`,
      })
      .option('seed', { type: 'string', default: '1', describe: 'equal seeds ask the same questions' })
      .option('budget', { type: 'string', default: '60s', describe: 'time: 30s, 5m, 1h' })
      .option('evals', { type: 'number', default: 10_000, describe: 'most configs to compile and run' })
      .option('fresh', { type: 'boolean', default: false, describe: 'do not continue from the records' })
      .option('transfer', {
        type: 'boolean',
        default: true,
        describe: 'try first what was fast on other shapes, types and targets, by the records (--no-transfer)',
      })
      .option('record-space', {
        type: 'string',
        describe: 'time every config in full, in random order, and write them all to this T4 file for `ktune replay`',
      })
      .option('fix', {
        type: 'string',
        array: true,
        describe:
          'with --record-space: parameters held at a value, so that the rest is small enough to record: vector=32',
      }),
  async run(args, context) {
    const { io } = context;
    const loaded = loadRight(io, args.file);
    const chosen = choose(loaded, args);
    const file = args['record-space'];
    if (file !== undefined && (args.strategy ?? args.llm) !== undefined)
      throw new UserError(
        diagnostic('usage', { problem: '--record-space takes no --strategy and no --llm' }),
        EXIT.usage,
      );
    if (file === undefined && args.fix !== undefined)
      throw new UserError(diagnostic('usage', { problem: '--fix goes with --record-space' }), EXIT.usage);
    const wanted = file === undefined ? (args.strategy ?? (args.llm === undefined ? 'greedy' : 'auto')) : RECORDER;
    const strategy = strategyNamed(wanted);
    if (strategy.name === 'llm' && args.llm === undefined)
      throw new UserError(diagnostic('usage', { problem: '--strategy llm needs a model: --llm' }), EXIT.usage);
    if (args.llm !== undefined && strategy.name !== 'llm' && strategy.name !== 'auto')
      throw new UserError(diagnostic('llm-unused', { strategy: strategy.name }), EXIT.usage);
    const seconds = parseBudget(args.budget);
    const target = await requireTarget(args.target, 'time');
    if (args.llm !== undefined) modelNamed(io, args.llm);
    const runner = await runnerFor(io, target);
    const place = paths(io);
    return withScratch(io, async (scratch) => {
      const subject = held(tuneSubject(chosen, target), args.fix);
      context.note(`tuning ${describeSubject(chosen, target)} with ${strategy.name}, ${args.budget}`);
      const probe = runner.start();
      const ceilings = await measureCeilings(probe, place.ceilings, runner.path);
      await probe.close();
      const store = openStore(place.records);
      const guided =
        args.llm === undefined ? undefined : guidance(io, { ...args, llm: args.llm }, chosen, target, store);
      const progress = createProgress(context);
      try {
        const result = await search({
          subject,
          strategy,
          seed: args.seed,
          budget: { seconds, evals: args.evals },
          store,
          startRunner: runner.start,
          outDir: place.lib,
          scratch,
          machine: cpus()[0]?.model ?? 'unknown',
          fresh: args.fresh,
          thorough: file !== undefined,
          ...(args.transfer && file === undefined ? { transfer: transferFrom(store, context) } : {}),
          signal: io.signal,
          onEvent: progress.event,
          lockPath: place.machineLock,
          ...(guided === undefined ? {} : { guide: guided.guide }),
        });
        progress.end();
        const problems = [...store.problems(), ...(guided?.problems() ?? [])];
        const ended = await conclude(result, chosen, target, context, place.root, ceilings, problems, guided?.report());
        keepOutcome(store, result, target, ceilings, ended);
        if (file !== undefined && result.study !== undefined) {
          const rows = writeT4(io, store, result.study, file);
          context.note(`${file}: ${rows} configs`);
        }
        return ended;
      } finally {
        progress.end();
        store.close();
      }
    });
  },
};

/** Records a space: every part of it has the same chance if the budget ends first. */
const RECORDER = 'random';

/** The subject with a part of its space. */
const held = (subject: Subject, fix: readonly string[] | undefined): Subject =>
  fix === undefined
    ? subject
    : { ...subject, backend: { ...subject.backend, space: (...of) => fixedSpace(subject.backend.space(...of), fix) } };

const transferFrom =
  (store: Store, context: Context): NonNullable<TuneOptions['transfer']> =>
  (wanted, space) => {
    const { configs, donors } = donate(store.reading, wanted, space);
    if (configs.length > 0)
      context.note(`first ${configs.length} configs that were fast for ${donors.slice(0, 3).join('; ')}`);
    return configs;
  };

/** What reports show of a study beyond its summary. An answer from the records has it already. */
function keepOutcome(
  store: Store,
  { study, summary, emitted, fromRecords }: TuneResult,
  target: Target,
  ceilings: Ceilings | undefined,
  { diagnostics = [] }: Outcome,
): void {
  if (study === undefined || fromRecords) return;
  store.outcome(study, {
    roofline: rooflineOf(summary, ceilings) ?? null,
    ceilings: ceilings?.ceilings ?? {},
    kernel: emitted === undefined ? null : { text: emitted.text, extension: target.backend.extension },
    messages: diagnostics.map((d) => d.message),
  });
}

const rooflineOf = (summary: Summary | undefined, ceilings: Ceilings | undefined): RooflinePoint | undefined =>
  ceilings === undefined || summary?.bytes === undefined
    ? undefined
    : placeUnderRoof(ceilings, { bytes: summary.bytes, flops: summary.flops ?? 0, ns: summary.winner.ns });

const describeSubject = (chosen: Chosen, target: Target): string => {
  const types = Object.entries(chosen.op.types).map(([k, v]) => `${k}=${v}`);
  const sizes = Object.entries(chosen.sizes).map(([k, v]) => `${k}=${v}`);
  return `${chosen.op.name} on ${target.name}, ${[...types, ...sizes].join(' ')}${chosen.fromDoc ? ' (from its doc comment)' : ''}`;
};

async function conclude(
  result: TuneResult,
  chosen: Chosen,
  target: Target,
  { io, paint }: Context,
  root: string,
  ceilings: Ceilings | undefined,
  problems: readonly Diagnostic[],
  guided: LlmReport | undefined,
): Promise<Outcome> {
  const diagnostics = [
    ...new Map([...result.diagnostics, ...problems].map((d) => [`${d.code} ${d.message}`, d])).values(),
  ];
  if (result.summary === undefined || result.emitted === undefined)
    return { exit: EXIT.budget, diagnostics, result: { summary: null } };
  const { summary, emitted } = result;
  const name = [
    chosen.op.name,
    ...Object.values(chosen.op.types),
    target.name.replace(':', '-'),
    ...Object.entries(chosen.sizes).map(([k, v]) => `${k.replaceAll(/\W/g, '')}${v}`),
  ].join('_');
  const kernel = relative(io.cwd, join(root, 'kernels', `${name}.${target.backend.extension}`));
  // A disk that is full takes the files, not the result.
  const written = tryWrite(io, kernel, emitted);
  const files = written.files;
  const lock = resolve(io.cwd, 'ktune.lock');
  const dims = Object.fromEntries(Object.entries(chosen.sizes));
  // Only what was confirmed in a fresh process is pinned.
  const entry: LockEntry = {
    op: chosen.op.name,
    graph: graphHash(chosen.graph),
    target: target.name,
    guard: bucketOf(dims),
    shape: dims,
    fingerprint: result.space.fingerprint,
    config: summary.winner.config,
    medianNs: summary.winner.ns,
    speedup: summary.winner.speedup,
    machine: cpus()[0]?.model ?? 'unknown',
    measuredAt: new Date().toISOString(),
  };
  const pinned = summary.winner.confirmed ? await pinWinner(lock, entry) : undefined;
  const roof = rooflineOf(summary, ceilings);
  const text = tuneReport({
    chosen,
    target: target.name,
    summary,
    space: result.space,
    roof,
    ceilings,
    files,
    fromRecords: result.fromRecords,
    pinned: pinned?.ok === true,
    guided,
    paint,
  });
  return {
    exit:
      summary.winner.confirmed || result.fromRecords
        ? EXIT.ok
        : summary.stop === 'interrupted'
          ? EXIT.ok
          : EXIT.verification,
    diagnostics: [...diagnostics, ...written.problems, ...(pinned?.ok === false ? [pinned.problem] : [])],
    text,
    result: {
      op: chosen.op.name,
      types: chosen.op.types,
      target: target.name,
      sizes: chosen.sizes,
      fromRecords: result.fromRecords,
      summary,
      roofline: roof ?? null,
      files,
      lock: pinned?.ok === true ? 'ktune.lock' : null,
      ...(guided === undefined ? {} : { llm: guided }),
    },
  };
}

function tryWrite(
  io: Context['io'],
  path: string,
  emitted: Parameters<typeof writeKernel>[2],
): { readonly files: readonly string[]; readonly problems: readonly Diagnostic[] } {
  try {
    return { files: writeKernel(io, path, emitted), problems: [] };
  } catch (error) {
    if (error instanceof UserError) return { files: [], problems: error.diagnostics };
    throw error;
  }
}

/** Seconds from `30s`, `5m`, `1h` or a bare number of seconds. */
export function parseBudget(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text.trim());
  const unit = { ms: 0.001, s: 1, m: 60, h: 3600 }[match?.[2] ?? 's'] ?? 1;
  const seconds = Number(match?.[1] ?? NaN) * unit;
  if (!(seconds > 0)) throw new UserError(diagnostic('budget-form', { text }), EXIT.usage);
  return seconds;
}
