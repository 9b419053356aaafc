import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { must } from '../src/assert.ts';
import { cpp } from '../src/backends/cpp/cpp.ts';
import { LIBRARY } from '../src/cli/library.ts';
import { silentIo } from '../src/cli/context.ts';
import { loadRight } from '../src/cli/load.ts';
import { choose } from '../src/cli/subject.ts';
import type { Chosen } from '../src/cli/subject.ts';
import { seeded } from '../src/codegen/space/random.ts';
import { buildRunner } from '../src/measure/runner-build.ts';
import { createRunner } from '../src/measure/runner-client.ts';
import { CLASSES } from '../src/verify/mutants/classes.ts';
import { hunt } from '../src/verify/mutants/hunt.ts';
import type { Fate } from '../src/verify/mutants/hunt.ts';
import { propertiesOf } from '../src/verify/properties/trial.ts';
import { sameCode } from './mutants/object.ts';
import { draw, programsOf } from './mutants/draw.ts';
import type { Subject } from './mutants/draw.ts';
import { page } from './mutants/report.ts';

/**
 * Plants bugs in emitted kernels and counts how many verification finds: the strength of the oracle. Sites are drawn by seed, the same number for each
 * class of bugs; a mutant counts as equal to the sound program only if the compiler makes the same object of both.
 */
const { values: args } = parseArgs({
  options: {
    arch: { type: 'string', default: 'avx2' },
    'per-class': { type: 'string', default: '24' },
    cases: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    work: { type: 'string', default: '40000' },
    only: { type: 'string', multiple: true },
    out: { type: 'string', default: 'bench/results' },
  },
});

/** Operators that between them have every kind of kernel. */
const OPERATORS: readonly (readonly [file: string, op: string, ...types: string[]])[] = [
  ['rmsnorm', 'rmsnorm', 'T=bf16'],
  ['softmax', 'softmax', 'T=f32'],
  ['layernorm', 'layernorm', 'T=f32'],
  ['row_quant_int8', 'row_quant_int8', 'T=f32'],
  ['bias_gelu', 'bias_gelu', 'T=f32'],
  ['sigrid_hash', 'sigrid_hash'],
  ['pooled_embedding', 'pooled_embedding', 'T=f32'],
  ['matmul', 'matmul', 'T=bf16'],
  ['attention', 'attention_causal', 'T=f32'],
  ['column_sum', 'column_sum', 'T=f32'],
  ['cumsum', 'cumsum'],
  ['jagged_softmax', 'jagged_softmax'],
  ['bucketize', 'bucketize'],
  ['batch_event_truncate', 'batch_event_truncate'],
  ['argmax', 'argmax'],
  ['add_rmsnorm', 'add_rmsnorm', 'T=bf16'],
  ['depthwise3x3', 'depthwise3x3'],
  ['embedding_grad', 'embedding_grad'],
  ['transpose', 'transpose', 'T=f32'],
];

const io = silentIo(LIBRARY);

const arch = must(
  cpp.archs.find((a) => a.name === args.arch),
  `architecture ${args.arch}`,
);
const wanted = OPERATORS.filter(([, op]) => args.only === undefined || args.only.includes(op));
const chosen = wanted.map(([file, op, ...type]): Chosen =>
  choose(loadRight(io, `${file}.ktune`), { op, type }, { doc: 'smallest' }),
);
const rng = seeded(`mutants/${args.seed}`);
const subjects: readonly Subject[] = chosen.flatMap((c) => programsOf(cpp, arch, c, rng));
const drawn = draw(subjects, CLASSES, Number(args['per-class']), rng);

const built = await buildRunner(join(tmpdir(), 'ktune-mutants'));
if (!built.ok) throw new Error(built.detail);
const runner = createRunner({ command: built.path });
const scratch = mkdtempSync(join(tmpdir(), 'ktune-mutants-'));
const fates: { readonly subject: Subject; readonly fate: Fate }[] = [];
/** Programs that fail without any bug of ours. */
const refused: string[] = [];
const started = performance.now();
try {
  for (const [n, subject] of subjects.entries()) {
    const mutants = drawn.filter((d) => d.subject === subject).map((d) => d.mutant);
    if (mutants.length === 0) continue;
    const { chosen: c, config } = subject;
    const found = await hunt(cpp, c.graph, arch, config, runner, mutants, {
      cases: Number(args.cases),
      seed: Number(args.seed),
      work: Number(args.work),
      scratch,
      limitMs: 2000,
      fixed: c.scalars,
      tolerances: c.op.tolerances,
      properties: propertiesOf(c.op, c.graph, c.consts),
    });
    if (!found.ok) {
      refused.push(`${c.op.name} (${subject.label}): ${found.detail}`);
      console.log(refused.at(-1));
      continue;
    }
    for (const fate of found.fates) {
      const equal = fate.end.kind === 'survived' && (await sameCode(cpp, arch, c.graph, config, fate.mutant, scratch));
      fates.push({ subject, fate: equal ? { ...fate, end: { kind: 'equal' } } : fate });
    }
    const killed = found.fates.filter((f) => f.end.kind === 'killed').length;
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(
      `${String(n + 1).padStart(3)}/${subjects.length} ${c.op.name} ${subject.label}: ${killed} of ${mutants.length} killed  (${seconds} s)`,
    );
  }
} finally {
  await runner.close();
  rmSync(scratch, { recursive: true, force: true });
}
const report = page(`cpp:${arch.name}`, CLASSES, fates, args);
mkdirSync(args.out, { recursive: true });
writeFileSync(join(args.out, `mutants-cpp-${arch.name}.md`), report.markdown);
writeFileSync(join(args.out, `mutants-cpp-${arch.name}.json`), report.json);
console.log(report.summary);
if (report.rate < 0.95 || refused.length > 0) process.exitCode = 3;
