import { join } from 'node:path';
import type { StageGraph } from '../src/codegen/ir/stage.ts';
import type { Consts } from '../src/codegen/lower/lower.ts';
import type { Tensor } from '../src/codegen/numeric/tensor.ts';
import { setAt } from '../src/codegen/numeric/tensor.ts';
import { evalSize } from '../src/codegen/shapes/eval-size.ts';
import { below, seeded } from '../src/codegen/space/random.ts';
import { graphHash } from '../src/cli/graph-hash.ts';
import type { Target } from '../src/cli/host.ts';
import { silentIo } from '../src/cli/context.ts';
import { loadRight } from '../src/cli/load.ts';
import { choose } from '../src/cli/subject.ts';
import type { Subject } from '../src/tuner/subject.ts';
import { caseData } from '../src/verify/data.ts';
import type { CaseData } from '../src/verify/data.ts';
import { callInputs } from '../src/verify/execute.ts';
import { caseOf } from '../src/verify/fixed-case.ts';
import { inputRoles } from '../src/verify/roles.ts';
import { sampledOracle } from '../src/verify/sampled.ts';
import type { SampledOracle } from '../src/verify/sampled.ts';
import { resolveSizes } from '../src/verify/sizes.ts';
import type { Sizes } from '../src/verify/sizes.ts';
import { must } from '../src/assert.ts';
import type { BenchCase } from './cases/case.ts';

/** Rows of each result that kernels and peers are compared on. */
const ROWS = 48;
const root = join(import.meta.dirname, '..');

/** Where operators are read from; nothing is printed. */
export const quiet = silentIo(root);

/** A case with its data, the same for us and the peers, and what is right. */
export interface Prepared {
  readonly graph: StageGraph;
  readonly consts: Consts;
  readonly sizes: Sizes;
  readonly data: CaseData;
  readonly oracle: SampledOracle;
  readonly subject: Subject;
}

/** The operator of a case under its types and consts. Errors of the source or the shape are thrown. */
export function chosenOf(c: BenchCase): ReturnType<typeof choose> {
  const words = c.shape.split(/\s+/);
  return choose(loadRight(quiet, c.file), { op: c.op, shape: words });
}

/** Draws the data of a case and evaluates the reference on a sample of it. */
export function prepare(c: BenchCase, target: Target): Prepared {
  const chosen = chosenOf(c);
  const { graph } = chosen;
  const made = caseOf(graph, { sizes: chosen.sizes, scalars: chosen.scalars, seed: 1 });
  if (!made.ok) throw new Error(made.problems.map((p) => p.message).join('; '));
  const sizes = resolveSizes(graph, made.case);
  if (typeof sizes === 'string') throw new Error(sizes);
  const data = caseData(graph, made.case, sizes);
  bringIntoRange(graph, sizes, data);
  const oracle = sampledOracle(graph, sizes, data, chosen.op.tolerances, { count: ROWS, seed: 1 });
  const subject: Subject = {
    op: chosen.op.name,
    graphHash: graphHash(graph),
    graph,
    backend: target.backend,
    arch: target.arch,
    hint: { dims: chosen.sizes },
    inputs: callInputs(graph, sizes, data, oracle.room),
    async verify({ outputs }) {
      const { mismatch, used } = await oracle.compare((buf, ranges) => outputs.read(buf, ranges));
      return mismatch === undefined
        ? { ok: true, detail: `${(used * 100).toFixed(0)} % of the tolerance used` }
        : { ok: false, detail: `${mismatch.buffer} is ${mismatch.got}, the reference says ${mismatch.expected}` };
    },
  };
  return { graph, consts: chosen.consts, sizes, data, oracle, subject };
}

/** Indices beyond an axis are drawn for tests; peers refuse them, and nobody calls a kernel that way. */
function bringIntoRange(graph: StageGraph, sizes: Sizes, data: CaseData): void {
  for (const [id, role] of inputRoles(graph)) {
    if (role.kind !== 'index') continue;
    const extent = Math.min(...role.extents.map((e) => evalSize(e, sizes.env) ?? 1));
    const rng = seeded(`bench ${id}`);
    for (const t of must(data.tensors.get(id), id)) redraw(t, extent, rng);
  }
}
function redraw(t: Tensor, extent: number, rng: () => number): void {
  for (let i = 0; i < t.data.length; i++) setAt(t, i, BigInt(below(rng, Math.max(extent, 1))));
}
