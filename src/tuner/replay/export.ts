import type { Config, Space } from '../../codegen/space/space.ts';
import { canonical } from '../../codegen/space/config.ts';
import { median } from '../../measure/statistics.ts';
import type { StudyRecord, Timing } from '../../store/reading.ts';

/** What a config that failed has for a time, in the words of the kernel-tuner project. */
const FAILED: Readonly<Record<string, string>> = {
  compile: 'CompilationFailedConfig',
  timeout: 'RuntimeFailedConfig',
  runtime: 'RuntimeFailedConfig',
  correctness: 'InvalidConfig',
  constraints: 'InvalidConfig',
};
/** Later tiers are better ones: their candidates are timed side by side. */
const TIERS = ['final', 'contend', 'screen'] as const;

/**
 * A study in the T4 format: a row for each config with its raw samples. The time of a config is the median of its samples in the last tier that it
 * reached, so that the best of a space is told by an interleaved re-measurement. Parameters with their conditions are kept under `metadata.ktune`, and
 * `code` names what was emitted: rows that share it are one kernel.
 * Undefined for records that do not hold the parameters.
 */
export function t4Of(record: StudyRecord): Record<string, unknown> | undefined {
  const { about } = record;
  if (about === undefined) return undefined;
  const space: Space = { params: about.params, constraints: [], seeds: [], fingerprint: record.fingerprint };
  const timings = Map.groupBy(record.timings, (t) => t.configId);
  const compileMs = record.trials.reduce((sum, t) => sum + (t.compileMs ?? 0), 0);
  // What a config takes beside compiling and its own samples, on average: loading, checking, the machine's probes.
  const otherMs = Math.max(0, record.seconds * 1000 - compileMs / 2) / Math.max(1, record.evals);
  return {
    schema_version: '1.0.0',
    metadata: {
      timeunit: 'milliseconds',
      hardware: record.machine,
      ktune: {
        op: record.op,
        target: record.target,
        shape: record.shape,
        types: about.types,
        fingerprint: record.fingerprint,
        strategy: record.strategy,
        startedAt: record.startedAt,
        params: about.params,
        seeds: about.seeds,
      },
    },
    results: record.trials.map((t) => {
      const of = timings.get(t.config_id) ?? twinTimings(t.detail, timings);
      const ns = t.state === 'failed' ? undefined : (timeOf(of) ?? record.labels.get(t.config_id));
      const invalidity = t.state === 'failed' ? (t.invalidity ?? 'runtime') : 'correct';
      return {
        configuration: full(space, t.diff),
        times: {
          compilation: t.compileMs ?? 0,
          framework: 0,
          search_algorithm: 0,
          validation: otherMs,
          runtimes: of.flatMap((m) => m.samples.map((s) => s / 1e6)),
        },
        invalidity,
        correctness: invalidity === 'correct' ? 1 : 0,
        measurements: [
          {
            name: 'time',
            value: ns === undefined ? (FAILED[invalidity] ?? 'RuntimeFailedConfig') : ns / 1e6,
            unit: 'ms',
          },
        ],
        objectives: ['time'],
        ...(t.artifact_id === undefined ? {} : { code: t.artifact_id }),
      };
    }),
  };
}

const full = (space: Space, diff: Config): Config =>
  canonical(space, { ...Object.fromEntries(space.params.map((p) => [p.name, p.default])), ...diff });

function timeOf(timings: readonly Timing[]): number | undefined {
  for (const tier of TIERS) {
    const samples = timings.filter((t) => t.tier === tier).flatMap((t) => t.samples);
    if (samples.length > 0) return median(samples);
  }
  return undefined;
}

/** Samples of the config whose code this one shares. */
const twinTimings = (detail: string | undefined, timings: ReadonlyMap<string, readonly Timing[]>): readonly Timing[] =>
  timings.get(/^same code as (\S+)/.exec(detail ?? '')?.[1] ?? '') ?? [];
