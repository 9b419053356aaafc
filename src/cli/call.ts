import type { Inputs } from '../backends/reference/inputs.ts';
import type { Buffer } from '../codegen/ir/stage.ts';
import { elements } from '../codegen/numeric/tensor.ts';
import type { Scalar, Tensor } from '../codegen/numeric/tensor.ts';
import { bindShapes } from '../codegen/shapes/bind-shapes.ts';
import { declaredTensors } from '../codegen/shapes/declared.ts';
import { evalSize } from '../codegen/shapes/eval-size.ts';
import type { SizeEnv } from '../codegen/shapes/eval-size.ts';
import { diagnostic } from '../diagnostics/diagnostic.ts';
import { EXIT } from './exit.ts';
import type { Chosen } from './subject.ts';
import { UserError } from './user-error.ts';

/** A call on given arrays: everything an evaluation or a kernel needs. */
export interface BoundCall {
  readonly inputs: Inputs;
  readonly dims: ReadonlyMap<string, number | readonly number[]>;
  readonly env: SizeEnv;
  /** Shape of a result as callers see it: packs with the axes they came with, composite axes as one. */
  outputShape(id: string, element: number, t: Tensor): readonly number[];
}

/** Binds dims from the shapes of arrays and checks every extent; arrays are reshaped to the axes of their buffers. */
export function bindCall(
  chosen: Chosen,
  arrays: ReadonlyMap<string, readonly Tensor[]>,
  scalars: Readonly<Record<string, Scalar>>,
): BoundCall {
  const { op, graph, consts } = chosen;
  const listed = new Set(op.params.filter((p) => p.list !== undefined).map((p) => p.name));
  const shapes = Object.fromEntries(
    [...arrays].map(([name, list]) => [name, listed.has(name) ? list.map((t) => t.shape) : (list[0]?.shape ?? [])]),
  );
  const read: SizeEnv['read'] = (buf, element, index) => {
    const v = arrays.get(buf)?.[element ?? 0]?.data[index[0] ?? 0];
    return v === undefined ? undefined : Number(v);
  };
  const integers = Object.entries(scalars).flatMap(([k, v]) =>
    typeof v === 'boolean' || !Number.isSafeInteger(Number(v)) || !isSizeName(op, k) ? [] : [[k, Number(v)] as const],
  );
  const sizes = Object.entries(chosen.sizes).filter(([k]) => !k.startsWith('total('));
  const bound = bindShapes(op, consts, {
    dims: { ...Object.fromEntries(sizes), ...Object.fromEntries(integers) },
    arrays: shapes,
    read,
  });
  if (!bound.ok) throw new UserError(bound.diagnostics, EXIT.usage, chosen.loaded.sources);
  const { env } = bound.shapes;
  const buffers: Record<string, Tensor | readonly Tensor[]> = {};
  for (const b of graph.buffers) {
    const list = arrays.get(b.id);
    if (list === undefined || (b.role !== 'in' && b.role !== 'inout')) continue;
    const shaped = list.map((t, k) => reshape(b, t, k, env));
    const [only] = shaped;
    buffers[b.id] = b.list === undefined && only !== undefined ? only : shaped;
  }
  const dims = new Map<string, number | readonly number[]>([
    ...Object.entries(bound.shapes.dims),
    ...Object.entries(bound.shapes.perElement),
  ]);
  return {
    inputs: { dims: Object.fromEntries(dims), scalars, buffers },
    dims,
    env,
    outputShape: outputShapes(chosen, arrays, env),
  };
}

const isSizeName = (op: Chosen['op'], name: string): boolean =>
  op.params.some(
    (p) => p.name === name && p.mode === 'scalar' && p.type.elem.kind === 'scalar' && /^[iu]/.test(p.type.elem.dtype),
  );

function reshape(b: Buffer, t: Tensor, element: number, env: SizeEnv): Tensor {
  if (b.row !== undefined) return t;
  const within: SizeEnv =
    b.list === undefined ? env : { ...env, axis: (id) => (id === b.list?.elem ? element : undefined) };
  const shape = b.shape.map((e) => evalSize(e, within) ?? 0);
  if (elements(shape) === t.data.length) return { ...t, shape };
  throw new UserError(
    diagnostic('input-problem', {
      problem: `\`${b.id}\` has ${t.data.length} elements, and ${elements(shape)} are expected`,
    }),
    EXIT.usage,
  );
}

/** The axes of each result, with packs spelt out as the input that bound them had them. */
function outputShapes(
  chosen: Chosen,
  arrays: ReadonlyMap<string, readonly Tensor[]>,
  env: SizeEnv,
): BoundCall['outputShape'] {
  const { tensors } = declaredTensors(chosen.op, chosen.consts);
  const packs = new Map<string, readonly number[]>();
  for (const t of tensors) {
    const at = t.axes.findIndex((a) => a.kind === 'pack');
    const axis = t.axes[at];
    const shape = arrays.get(t.name)?.[0]?.shape;
    if (axis?.kind !== 'pack' || shape === undefined || packs.has(axis.dim)) continue;
    packs.set(axis.dim, shape.slice(at, shape.length - (t.axes.length - at - 1)));
  }
  return (id, element, t) => {
    const declared = tensors.find((x) => x.name === id);
    const within: SizeEnv = { ...env, axis: () => element };
    const shape = declared?.axes.flatMap((a, k): readonly (number | undefined)[] => {
      if (a.kind === 'pack') return packs.get(a.dim) ?? [evalSize({ kind: 'dim', type: 'i64', id: a.dim }, within)];
      if (a.kind === 'dense')
        return [
          a.factors.reduce<number | undefined>((n, f) => {
            const v = evalSize(f, within);
            return n === undefined || v === undefined ? undefined : n * v;
          }, 1),
        ];
      if (a.kind === 'rows') return [k === 0 ? t.shape[0] : evalSize(a.extent, within)];
      return [t.shape.at(-1)];
    });
    const known = shape?.filter((n) => n !== undefined);
    return known !== undefined && known.length === shape?.length && elements(known) === t.data.length ? known : t.shape;
  };
}
