import { join, resolve } from 'node:path';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import { hasErrors } from '../diagnostics/diagnostic.ts';
import { check, instantiate } from '../dsl/check.ts';
import type { DType } from '../dsl/dtypes.ts';
import { parse } from '../dsl/parse.ts';
import { lower } from '../codegen/lower/lower.ts';
import { fromDiff, showConfig } from '../codegen/space/config.ts';
import { describeProblem, readCounterexample } from '../verify/counterexample.ts';
import { emitVariants } from '../verify/variants.ts';
import { propertiesOf } from '../verify/properties/trial.ts';
import { runTrial } from '../verify/verify.ts';
import { describeFault } from '../measure/install.ts';
import type { Context, Outcome } from './context.ts';
import { EXIT } from './exit.ts';
import { requireTarget, runnerFor, withScratch } from './host.ts';
import { scalarOf } from './subject.ts';
import { UserError } from './user-error.ts';

/** Runs a recorded comparison again, from the source text that it holds. */
export async function replayCounterexample(path: string, { io }: Context): Promise<Outcome> {
  const read = readCounterexample(resolve(io.cwd, path));
  if (!read.ok) throw new UserError(diagnostic('replay-file', { file: path, reason: read.reason }), EXIT.usage);
  const c = read.value;
  const sources = new Map([[c.file, c.source]]);
  const parsed = parse(c.source, c.file);
  const checked = check(parsed.module);
  const problems = [...parsed.diagnostics, ...checked.diagnostics];
  if (hasErrors(problems)) throw new UserError(problems, EXIT.source, sources);
  const found = checked.ops.find((o) => o.name === c.op);
  const op = found === undefined ? undefined : instantiate(found, c.types as Readonly<Record<string, DType>>);
  if (op === undefined)
    throw new UserError(
      diagnostic('replay-file', { file: path, reason: `it names no operator ${c.op} of these types` }),
      EXIT.usage,
    );
  const consts = Object.fromEntries(
    op.params
      .filter((p) => p.mode === 'const' && p.name in c.consts)
      .map((p) => [p.name, scalarOf(p, String(c.consts[p.name])) ?? 0]),
  );
  const lowered = lower(op, consts);
  if (!lowered.ok) throw new UserError(lowered.refusals, EXIT.usage, sources);
  const target = await requireTarget(c.target, 'execute');
  const space = target.backend.space(lowered.graph, target.arch, { dims: {} });
  const config = fromDiff(space, c.config);
  if (!config.ok)
    throw new UserError(
      diagnostic('plan-unknown', { reasons: config.reasons.map((r) => r.message).join('; ') }),
      EXIT.usage,
    );
  const emitted = emitVariants(target.backend, lowered.graph, target.arch, { dims: {} }, space, [config.config]);
  const variant = emitted.ok ? emitted.variants[0] : undefined;
  if (variant === undefined)
    throw new UserError(
      diagnostic('emit-refused', {
        target: target.name,
        reasons: emitted.ok ? '' : emitted.reasons.map((r) => r.message).join('; '),
      }),
      EXIT.usage,
    );
  const runner = (await runnerFor(io, target)).start();
  try {
    return await withScratch(io, async (scratch) => {
      const built = await target.backend.compile(target.arch, [variant.emitted], join(scratch, 'lib'), io.signal);
      if (!built.ok)
        throw new UserError(diagnostic('compile-failed', { target: target.name, log: built.log }), EXIT.verification);
      const loaded = await runner.request({
        op: 'load',
        lib: 'replay',
        path: built.compiled.path,
        entries: built.compiled.entries,
      });
      if (!loaded.ok)
        throw new UserError(
          diagnostic('compile-failed', { target: target.name, log: describeFault(loaded.fault) }),
          EXIT.verification,
        );
      const properties = propertiesOf(op, lowered.graph, consts);
      const bench = { runner, graph: lowered.graph, lib: 'replay', tolerances: op.tolerances, properties, scratch };
      const result = await runTrial(bench, variant, c.trial);
      const label = `${c.op} on ${target.name}, ${showConfig(space, config.config)}`;
      if (result.kind !== 'wrong')
        return {
          exit: EXIT.ok,
          text: `${label}: right now. It was: ${c.problem}`,
          result: { verdict: 'pass', was: c.problem },
        };
      const problem = describeProblem(result.problem);
      return {
        exit: EXIT.verification,
        diagnostics: [
          diagnostic(
            'verify-failed',
            { op: c.op, target: target.name, problem },
            result.problem.kind === 'property' ? result.problem.span : undefined,
          ),
        ],
        sources,
        result: { verdict: 'fail', problem, was: c.problem },
      };
    });
  } finally {
    await runner.close();
  }
}
