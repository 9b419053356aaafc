import { join, resolve } from 'node:path';
import type { Tensor } from '../codegen/numeric/tensor.ts';
import { elements, view } from '../codegen/numeric/tensor.ts';
import { evalSize } from '../codegen/shapes/eval-size.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import { DTYPES } from '../dsl/dtypes.ts';
import { describeFault } from '../measure/install.ts';
import { evaluate } from '../backends/reference/evaluate.ts';
import { execute } from '../verify/execute.ts';
import { neededRoom, untold } from '../verify/sampled.ts';
import type { Sizes } from '../verify/sizes.ts';
import type { BoundCall } from './call.ts';
import { configFrom } from './config-arg.ts';
import type { Context } from './context.ts';
import { EXIT } from './exit.ts';
import { requireTarget, runnerFor, withScratch } from './host.ts';
import { emitOrFail } from './commands/emit.ts';
import type { Chosen } from './subject.ts';
import { UserError } from './user-error.ts';

/** Compiles a config of the operator and runs it on the arrays of a call. Ragged results get the room that a first, empty-handed run asks for. */
export async function runKernel(
  chosen: Chosen,
  call: BoundCall,
  targetName: string,
  config: readonly string[] | undefined,
  { io }: Context,
): Promise<ReadonlyMap<string, readonly Tensor[]>> {
  const { graph } = chosen;
  const target = await requireTarget(targetName, 'execute');
  const space = target.backend.space(graph, target.arch, { dims: chosen.sizes });
  const emitted = emitOrFail(chosen, target, configFrom(space, config));
  const runner = (await runnerFor(io, target)).start();
  const fail = (problem: string): never => {
    throw new UserError(diagnostic('kernel-fault', { problem }), EXIT.verification, chosen.loaded.sources);
  };
  try {
    return await withScratch(io, async (scratch) => {
      const built = await target.backend.compile(target.arch, [emitted], join(scratch, 'lib'), io.signal);
      if (!built.ok) return fail(built.log);
      const loaded = await runner.request({
        op: 'load',
        lib: 'run',
        path: built.compiled.path,
        entries: built.compiled.entries,
      });
      if (!loaded.ok) return fail(describeFault(loaded.fault));
      const tensors = new Map(Object.entries(call.inputs.buffers).map(([id, t]) => [id, 'dtype' in t ? [t] : t]));
      const scalars = new Map(graph.scalars.map((s) => [s.name, call.inputs.scalars?.[s.name] ?? s.default ?? 0]));
      const raggeds = [...new Set(graph.buffers.flatMap((b) => (b.capacity === undefined ? [] : [b.capacity.ragged])))];
      const rows = untold(graph).length === 0 ? {} : roomOfRows(chosen, call);
      let capacities: Readonly<Record<string, number>> = { ...rows, ...Object.fromEntries(raggeds.map((r) => [r, 0])) };
      const once = async () => {
        const result = await execute(
          runner,
          graph,
          { lib: 'run', abi: emitted.abi },
          sizesOf(call),
          { tensors, scalars },
          { scratch: resolve(scratch), place: 'end', parts: 1, capacities, limitMs: 600_000 },
        );
        return result.ok ? result.outputs : fail(describeFault(result.fault));
      };
      let outputs = await once();
      if (raggeds.length > 0) {
        capacities = { ...rows, ...Object.fromEntries(raggeds.map((r) => [r, needed(chosen, r, outputs)])) };
        outputs = await once();
      }
      return new Map(
        [...outputs].map(([id, list]) => [
          id,
          list.map((bytes, k) => tensorOf(chosen, call, id, bytes, k, capacities)),
        ]),
      );
    });
  } finally {
    await runner.close();
  }
}

/** Rows of ragged results that only the offsets of deeper rows are as many as: their number is found by the reference. */
function roomOfRows(chosen: Chosen, call: BoundCall): Readonly<Record<string, number>> {
  const result = evaluate(chosen.graph, call.inputs, { bounds: false });
  if (!result.ok) throw new Error(`internal: ${result.problems.map((p) => p.text).join('; ')}`);
  const room = neededRoom(chosen.graph, result.outputs);
  return Object.fromEntries(untold(chosen.graph).map((id) => [id, room[id] ?? 0]));
}

const sizesOf = (call: BoundCall): Sizes => ({
  dims: call.dims,
  offsets: new Map(),
  env: call.env,
  count: () => 1,
  shape: () => undefined,
});

/** Items of a ragged result: the last entry of its offsets, the largest of a list's. */
function needed(chosen: Chosen, ragged: string, outputs: ReadonlyMap<string, readonly Uint8Array[]>): number {
  const offsets = chosen.graph.buffers.filter((b) => b.offsetsOf === ragged && b.role === 'out');
  const last = offsets.flatMap((b) =>
    (outputs.get(b.id) ?? []).map((bytes) =>
      Number(view(b.dtype, bytes, bytes.length / DTYPES[b.dtype].bytes).at(-1) ?? 0),
    ),
  );
  return Math.max(0, ...last);
}

function tensorOf(
  chosen: Chosen,
  call: BoundCall,
  id: string,
  bytes: Uint8Array,
  element: number,
  capacities: Readonly<Record<string, number>>,
): Tensor {
  const b = chosen.graph.buffers.find((x) => x.id === id);
  if (b === undefined) throw new Error(`internal: no buffer ${id}`);
  const count = bytes.length / DTYPES[b.dtype].bytes;
  const tail = b.shape.slice(1).map((e) => evalSize(e, { ...call.env, axis: () => element }) ?? 1);
  const first = b.capacity === undefined ? count / Math.max(1, elements(tail)) : (capacities[b.capacity.ragged] ?? 0);
  const shape = b.shape.length === 0 ? [] : b.row === undefined ? [first, ...tail] : [count];
  return { dtype: b.dtype, shape: elements(shape) === count ? shape : [count], data: view(b.dtype, bytes, count) };
}
