import type { Inputs } from '../measure/workload.ts';
import type { Subject } from '../tuner/subject.ts';
import { caseData } from '../verify/data.ts';
import { callInputs } from '../verify/execute.ts';
import { caseOf } from '../verify/fixed-case.ts';
import { sampledOracle } from '../verify/sampled.ts';
import { resolveSizes } from '../verify/sizes.ts';
import type { Chosen } from './subject.ts';
import { EXIT } from './exit.ts';
import { graphHash } from './graph-hash.ts';
import { requireMemory } from './host.ts';
import type { Target } from './host.ts';
import { UserError } from './user-error.ts';

/** Rows of each result that kernels are compared on while tuning. */
const ROWS = 24;

/** What a tune needs to know: data at the chosen shape, and an oracle for it. */
export function tuneSubject(chosen: Chosen, target: Target): Subject {
  const made = caseOf(chosen.graph, { sizes: chosen.sizes, scalars: chosen.scalars, seed: 1 });
  if (!made.ok) throw new UserError(made.problems, EXIT.usage, chosen.loaded.sources);
  requireMemory(chosen.graph, made.case);
  const sizes = resolveSizes(chosen.graph, made.case);
  if (typeof sizes === 'string') throw new Error(`internal: ${sizes}`);
  const data = caseData(chosen.graph, made.case, sizes);
  const oracle = sampledOracle(chosen.graph, sizes, data, chosen.op.tolerances, { count: ROWS, seed: 1 });
  const inputs: Inputs = callInputs(chosen.graph, sizes, data, oracle.room);
  return {
    op: chosen.op.name,
    graphHash: graphHash(chosen.graph),
    graph: chosen.graph,
    backend: target.backend,
    arch: target.arch,
    hint: { dims: chosen.sizes },
    origin: { types: chosen.op.types, source: chosen.loaded.text },
    inputs,
    async verify({ outputs }) {
      const { mismatch, used, elements } = await oracle.compare((buf, ranges) => outputs.read(buf, ranges));
      if (mismatch !== undefined) {
        return {
          ok: false,
          detail: `${mismatch.buffer}[${mismatch.index.join(', ')}] is ${mismatch.got}, the reference says ${mismatch.expected}`,
        };
      }
      return { ok: true, detail: `${elements} elements, ${(used * 100).toFixed(0)} % of the tolerance used` };
    },
  };
}
