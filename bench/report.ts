import { z } from 'zod';

const interval = z.object({ value: z.number(), low: z.number(), high: z.number() });
const standing = z.object({ name: z.string(), ms: z.number() });

/** What one case gave. Times are medians in milliseconds; ratios say how many times faster ours is, paired by round. */
export const caseResult = z.object({
  name: z.string(),
  op: z.string(),
  shape: z.string(),
  /** Patterns of the kernels that won, and the winner as a difference from the default config. */
  patterns: z.array(z.string()),
  config: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  tuning: z.object({ evals: z.number(), seconds: z.number(), stop: z.string() }),
  tuned: standing,
  byDefault: standing,
  /** Peers with an allocator that keeps its arrays; the fastest torch form is the rival. */
  peers: z.array(standing),
  rival: z.string(),
  /** Peers as users run them. */
  plain: z.array(standing),
  /** Forms so slow that they did not compete, with the time of one call. */
  slow: z.array(standing),
  /** Forms that a peer cannot run, with its message. */
  refused: z.array(z.object({ name: z.string(), message: z.string() })),
  ratio: interval,
  defaultRatio: interval,
  plainRatio: interval,
  /** The least time that memory and arithmetic of this machine allow, over ours; which of the two binds. */
  roof: z.object({ share: z.number(), bound: z.enum(['memory', 'compute']), copyGBs: z.number() }),
  probe: z.object({ before: z.number(), after: z.number() }),
  /** Largest error by result against f64: ulps of floats, units of integers. */
  errors: z.array(z.object({ result: z.string(), ours: z.number(), peer: z.number(), form: z.string() })),
});
export type CaseResult = z.infer<typeof caseResult>;

const failure = z.object({ name: z.string(), reason: z.string() });
export const benchReport = z.object({
  schema: z.literal('ktune-bench/1'),
  machine: z.string(),
  target: z.string(),
  date: z.string(),
  rounds: z.number(),
  budget: z.number(),
  /** Load average over one minute when the run began and ended: others on the machine make times worse. */
  load: z.tuple([z.number(), z.number()]),
  versions: z.record(z.string(), z.string()),
  geomean: z.number(),
  results: z.array(caseResult),
  failures: z.array(failure),
});
/** One run of the benchmark, as `bench/results/*.json` hold it. */
export type BenchReport = z.infer<typeof benchReport>;

/** Geometric mean; NaN of nothing. */
export const geomean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : Math.exp(values.reduce((s, v) => s + Math.log(v), 0) / values.length);

const times = (i: z.infer<typeof interval>): string =>
  `${i.value.toFixed(2)}× (${i.low.toFixed(2)}–${i.high.toFixed(2)})`;
const ms = (v: number): string => v.toPrecision(3);
const error = (v: number): string => (v >= 100 ? v.toExponential(0) : v.toFixed(1));

/** The report as a page. */
export function markdown(r: BenchReport): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const head = [
    'case',
    'ours ms',
    'fastest torch',
    'ms',
    'ratio',
    'as users run it',
    'default',
    'roof',
    'error',
    'pattern',
  ];
  const body = r.results.map((c) =>
    row([
      c.name,
      ms(c.tuned.ms),
      c.rival,
      ms(c.peers.find((p) => p.name === c.rival)?.ms ?? Number.NaN),
      `**${times(c.ratio)}**`,
      `${c.plainRatio.value.toFixed(1)}×`,
      `${c.defaultRatio.value.toFixed(2)}×`,
      `${(100 * c.roof.share).toFixed(0)} % ${c.roof.bound}`,
      c.errors.map((e) => `${e.result} ${error(e.ours)} / ${error(e.peer)}`).join(', '),
      c.patterns.join(', '),
    ]),
  );
  const least = r.results.toSorted((a, b) => a.ratio.value - b.ratio.value)[0];
  const details = r.results.flatMap((c) => [
    `### ${c.name}`,
    '',
    `\`${c.op}\` at ${c.shape}. Winner of ${c.tuning.evals} configs in ${c.tuning.seconds.toFixed(0)} s: \`${
      Object.entries(c.config)
        .map(([k, v]) => `${k}=${String(v)}`)
        .join(' ') || 'the default'
    }\`. FMA probe ${c.probe.before.toFixed(0)} and ${c.probe.after.toFixed(0)} GFLOP/s, copy ${c.roof.copyGBs.toFixed(1)} GB/s.`,
    '',
    ...c.peers.map((p) => {
      const plain = c.plain.find((x) => x.name === p.name);
      return `- ${p.name}: ${ms(p.ms)} ms${plain === undefined ? '' : `, as users run it ${ms(plain.ms)} ms`}`;
    }),
    ...c.slow.map((x) => `- ${x.name}: about ${ms(x.ms)} ms, did not compete`),
    ...c.refused.map((x) => `- ${x.name}: does not run (${x.message})`),
    '',
  ]);
  const versions = Object.entries(r.versions)
    .map(([k, v]) => `${k} ${v}`)
    .join(', ');
  return [
    '# Side by side',
    '',
    `${r.machine}, ${r.target}, one pinned thread; ${r.rounds} interleaved rounds; each operator tuned for at most ${r.budget} s from an empty store. ${versions}. ${r.date}, load ${r.load.map((v) => v.toFixed(1)).join(' to ')}.`,
    '',
    `Geometric mean of the ratio to the fastest of torch eager and torch.compile, allocator tuned: **${r.geomean.toFixed(2)}×** over ${r.results.length} cases${
      least === undefined ? '' : `; least ${least.ratio.value.toFixed(2)}× (${least.name})`
    }.`,
    '',
    row(head),
    row(head.map(() => '---')),
    ...body,
    ...r.failures.map((f) => row([f.name, `fails: ${f.reason}`, ...head.slice(2).map(() => '')])),
    '',
    'Errors are the largest against f64 on sampled rows, ours / the rival’s: ulps of float results, units of integer ones. `roof` is the share of what a copy past the caches and the FMA probe allow.',
    '',
    ...details,
  ].join('\n');
}
