import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { toDiff } from '../../codegen/space/config.ts';
import type { CheckedOp } from '../../dsl/check.ts';
import { describeProblem } from '../../verify/counterexample.ts';
import type { Counterexample } from '../../verify/counterexample.ts';
import { propertiesOf } from '../../verify/properties/trial.ts';
import { verify as run } from '../../verify/verify.ts';
import type { Failure, VerifyReport } from '../../verify/verify.ts';
import type { PropertyCount } from '../../verify/tally.ts';
import type { Command } from '../command.ts';
import type { CommonArgs, Context, Outcome } from '../context.ts';
import { EXIT } from '../exit.ts';
import { paths, requireTarget, runnerFor, withScratch } from '../host.ts';
import type { Target } from '../host.ts';
import { loadRight } from '../load.ts';
import { withSubject, withTarget } from '../options.ts';
import { replayCounterexample } from '../replay-counterexample.ts';
import { choose } from '../subject.ts';
import type { Chosen, SubjectArgs } from '../subject.ts';
import { table } from '../table.ts';
import { cannotWrite, UserError } from '../user-error.ts';

interface Args extends CommonArgs, SubjectArgs {
  readonly file: string | undefined;
  readonly target: string;
  readonly cases: number;
  readonly configs: number;
  readonly seed: number;
  readonly replay: string | undefined;
}

/** Loop iterations of one case: enough for shapes around every tile, few enough for hundreds of cases. */
const WORK = 20_000;

export const verify: Command<Args> = {
  usage: 'verify [file]',
  help: 'Compare kernels with the reference on generated cases; failures shrink and replay',
  options: (y) =>
    withTarget(withSubject(y))
      .positional('file', { type: 'string', describe: 'a .ktune file' })
      .option('cases', { type: 'number', default: 100, describe: 'cases for each operator and type' })
      .option('configs', {
        type: 'number',
        default: 12,
        describe: 'random configs besides the default and one for each plan',
      })
      .option('seed', { type: 'number', default: 1, describe: 'equal seeds give equal cases' })
      .option('replay', { type: 'string', describe: 'run a counterexample file again' }),
  async run(args, context) {
    const { io } = context;
    if (args.replay !== undefined) return replayCounterexample(args.replay, context);
    if (args.file === undefined)
      throw new UserError(diagnostic('usage', { problem: 'name a .ktune file, or give --replay FILE' }), EXIT.usage);
    const loaded = loadRight(io, args.file);
    const target = await requireTarget(args.target, 'execute');
    const chosen = instances(args, loaded);
    const runner = (await runnerFor(io, target)).start();
    const rows: Row[] = [];
    try {
      await withScratch(io, async (scratch) => {
        for (const c of chosen) {
          if (io.signal.aborted) break;
          rows.push(await one(c, target, runner, scratch, args, context));
        }
      });
    } finally {
      await runner.close();
    }
    return outcome(rows, loaded.sources);
  },
};

/** Every operator (or the chosen one) under every binding of its types (or the chosen one). */
function instances(args: SubjectArgs, loaded: ReturnType<typeof loadRight>): readonly Chosen[] {
  const named = args.op === undefined ? loaded.checked.ops : loaded.checked.ops.filter((o) => o.name === args.op);
  if (args.op !== undefined && named.length === 0) return [choose(loaded, args, { doc: 'smallest' })];
  const chosenTypes = args.type !== undefined && args.type.length > 0;
  const typesOf = (o: CheckedOp): readonly (readonly string[] | undefined)[] =>
    chosenTypes || o.decl.typeParams.length === 0
      ? [args.type]
      : o.instances.map((i) => Object.entries(i.types).map(([k, t]) => `${k}=${t}`));
  return named.flatMap((o) =>
    typesOf(o).map((type) => choose(loaded, { op: o.name, type, shape: args.shape }, { doc: 'smallest' })),
  );
}

interface Row {
  readonly op: string;
  readonly types: string;
  readonly report: VerifyReport;
  readonly warnings: readonly Diagnostic[];
  readonly file?: string;
  readonly problem?: Diagnostic;
}

async function one(
  c: Chosen,
  target: Target,
  runner: Parameters<typeof run>[3],
  scratch: string,
  args: Args,
  context: Context,
): Promise<Row> {
  const types = Object.entries(c.op.types)
    .map(([k, t]) => `${k}=${t}`)
    .join(' ');
  context.note(`verifying ${c.op.name}${types === '' ? '' : ` ${types}`} on ${target.name}`);
  const result = await run(target.backend, c.graph, target.arch, runner, {
    cases: args.cases,
    configs: args.configs,
    seed: args.seed,
    work: Math.min(WORK, target.backend.caseWork ?? WORK),
    // Sizes of the doc comment are for tuning; sizes on the command line are meant.
    fixed: c.fromDoc ? c.scalars : { ...c.sizes, ...c.scalars },
    tolerances: c.op.tolerances,
    properties: propertiesOf(c.op, c.graph, c.consts),
    scratch,
    signal: context.io.signal,
  });
  if (!result.ok) {
    if (result.kind === 'missing')
      throw new UserError(
        diagnostic('toolchain-missing', { target: target.name, detail: result.detail, fix: 'run `ktune doctor`' }),
        EXIT.toolchain,
      );
    throw new UserError(
      result.kind === 'timeout'
        ? diagnostic('compile-timeout', { target: target.name })
        : diagnostic('compile-failed', { target: target.name, log: result.detail }),
      EXIT.verification,
    );
  }
  const { report } = result;
  const empty = report.tiers.T3.filter((p) => p.vacuous && p.origin === 'declared').map((p) =>
    diagnostic(
      'property-vacuous',
      { name: p.name, op: c.op.name, cases: report.cases, points: p.points },
      c.op.properties.find((d) => d.name === p.name)?.span,
    ),
  );
  if (report.failure === undefined && report.elements === 0) {
    const about = { op: c.op.name, target: target.name, cases: String(report.cases) };
    return { op: c.op.name, types, report, warnings: empty, problem: diagnostic('verify-nothing', about) };
  }
  if (report.failure === undefined) return { op: c.op.name, types, report, warnings: empty };
  const file = keep(c, target, report.failure, context);
  const problem = diagnostic(
    'verify-failed',
    { op: c.op.name, target: target.name, problem: describeProblem(report.failure.problem) },
    (report.failure.problem.kind === 'property' ? report.failure.problem.span : undefined) ?? c.op.span,
    {
      hint: `case: ${report.failure.shown}; config: ${report.failure.label}; run it again with \`ktune verify --replay ${file}\``,
    },
  );
  return { op: c.op.name, types, report, warnings: [], file, problem };
}

/** Writes the counterexample where --replay finds it. */
function keep(c: Chosen, target: Target, failure: Failure, { io }: Context): string {
  const space = target.backend.space(c.graph, target.arch, { dims: {} });
  const content: Counterexample = {
    schema: 'ktune-counterexample/1',
    file: c.loaded.file,
    source: c.loaded.text,
    op: c.op.name,
    types: { ...c.op.types },
    consts: Object.fromEntries(Object.entries(c.consts).map(([k, v]) => [k, typeof v === 'bigint' ? v.toString() : v])),
    target: target.name,
    config: { ...toDiff(space, failure.config) },
    trial: JSON.parse(JSON.stringify(failure.trial)) as Counterexample['trial'],
    problem: describeProblem(failure.problem),
  };
  const folder = join(paths(io).root, 'counterexamples');
  const name = [c.op.name, ...Object.values(c.op.types), target.name.replace(':', '-'), failure.trial.case.seed].join(
    '_',
  );
  const path = join(folder, `${name}.json`);
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, `${JSON.stringify(content, null, 2)}\n`);
  } catch (error) {
    throw cannotWrite(path, error, EXIT.verification);
  }
  return relative(io.cwd, resolve(path));
}

function propertyVerdict(p: PropertyCount, failure: Failure | undefined): string {
  if (failure?.problem.kind === 'property' && failure.problem.name === p.name) return 'broken';
  if (p.cases === 0) return failure === undefined ? 'never applied' : '–';
  return p.vacuous ? 'too wide to fail' : 'held';
}

function outcome(rows: readonly Row[], sources: ReadonlyMap<string, string>): Outcome {
  const percent = (n: number, of: number): string => (of === 0 ? '–' : `${((100 * n) / of).toFixed(2)} %`);
  const text = table(
    [
      'operator',
      'types',
      'verdict',
      'cases',
      'T0 + T1 + T2',
      'T3',
      'configs',
      'elements',
      'tolerance used',
      'marked',
      'redrawn',
    ],
    rows.map(({ op, types, report: r }) => [
      op,
      types,
      r.verdict,
      String(r.cases),
      [r.tiers.T0, r.tiers.T1, r.tiers.T2].map((t) => t.cases).join(' + '),
      String(r.tiers.T3.reduce((n, p) => n + p.cases, 0)),
      String(r.variants),
      String(r.elements),
      `${(r.used * 100).toFixed(0)} %`,
      percent(r.marked, r.elements),
      String(r.redrawn),
    ]),
  );
  const properties = rows.flatMap(({ op, types, report }) =>
    report.tiers.T3.map((p) => [
      op,
      types,
      p.origin === 'declared' ? `"${p.name}"` : p.name,
      propertyVerdict(p, report.failure),
      String(p.cases),
      String(p.points),
      percent(p.weak, p.points),
    ]),
  );
  const held =
    properties.length === 0
      ? ''
      : `\n\n${table(['operator', 'types', 'T3 property', '', 'cases', 'points', 'weak'], properties)}`;
  const problems = rows.flatMap((r) => (r.problem === undefined ? [] : [r.problem]));
  const result = rows.map(({ op, types, report, file }) => ({ op, types, report, counterexample: file ?? null }));
  return {
    exit: problems.length > 0 ? EXIT.verification : EXIT.ok,
    diagnostics: [...problems, ...rows.flatMap((r) => r.warnings)],
    sources,
    text: text + held,
    result: { verified: result },
  };
}
