import { evaluate } from '../../backends/reference/evaluate.ts';
import type { Output } from '../../backends/reference/outputs.ts';
import * as b from '../../codegen/ir/build.ts';
import type { Buffer, Expr, StageGraph } from '../../codegen/ir/stage.ts';
import type { WholeOp } from '../../codegen/lower/property.ts';
import { setAt, zeros, getAt } from '../../codegen/numeric/tensor.ts';
import type { Tensor } from '../../codegen/numeric/tensor.ts';
import type { Span } from '../../diagnostics/span.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import type { DType, ValueType } from '../../dsl/dtypes.ts';
import { must } from '../../assert.ts';

/** Arithmetic over whole tensors, whose leaves have been computed. */
export type Arithmetic =
  | { readonly kind: 'leaf'; readonly value: Output }
  | { readonly kind: 'binary'; readonly op: WholeOp; readonly a: Arithmetic; readonly b: Arithmetic };

/**
 * Evaluates arithmetic element by element, with error bounds. Undefined if two tensors in it differ in shape.
 */
export function combine(e: Arithmetic, span: Span): Output | undefined {
  if (e.kind === 'leaf') return e.value;
  const leaves: Output[] = [];
  const value = expression(e, leaves);
  const long = leaves.filter((o) => o.tensor.shape.length > 0);
  const shape = long[0]?.tensor.shape ?? [];
  const n = long[0]?.tensor.data.length ?? 1;
  if (long.some((o) => o.tensor.data.length !== n)) return undefined;
  const extent = long.length === 0 ? [] : [b.dim('n')];
  const buffer = (id: string, role: Buffer['role'], type: DType, of: readonly Expr[]): Buffer => ({
    id,
    role,
    dtype: type,
    shape: of,
    span,
  });
  const to = value.type;
  const graph: StageGraph = {
    name: 'whole',
    span,
    dims: [{ id: 'n' }],
    scalars: [],
    facts: [],
    buffers: [
      ...leaves.map((o, k) => buffer(`t${k}`, 'in', o.tensor.dtype, o.tensor.shape.length === 0 ? [] : extent)),
      buffer('out', 'out', to, extent),
    ],
    stages: [
      {
        kind: 'map',
        id: 's0',
        name: 'out',
        span,
        axes: long.length === 0 ? [] : [b.axis('i', b.dim('n'))],
        out: b.place('out', long.length === 0 ? [] : [b.axisRef('i')]),
        value,
      },
    ],
  };
  const done = evaluate(graph, {
    dims: { n },
    buffers: Object.fromEntries(leaves.map((o, k) => [`t${k}`, flat(o.tensor)])),
    bounds: Object.fromEntries(leaves.map((o, k) => [`t${k}`, [o.bound]])),
  });
  if (!done.ok) throw new Error(`internal: ${done.problems.map((p) => p.text).join('; ')}`);
  const out = must(done.outputs['out']?.[0], 'whole');
  return { ...out, tensor: { ...out.tensor, shape } };
}

/** Rounds to the type of a parameter; what the rounding changes counts as an error. */
export function rounded(o: Output, dtype: DType): Output {
  if (o.tensor.dtype === dtype) return o;
  const { shape, data } = o.tensor;
  const tensor = zeros(dtype, shape);
  const bound = new Float64Array(data.length);
  let any = false;
  for (let i = 0; i < data.length; i++) {
    const v = o.values?.[i] ?? getAt(o.tensor, i);
    setAt(tensor, i, v);
    const moved = Math.abs(Number(getAt(tensor, i)) - Number(v));
    bound[i] = (o.bound?.[i] ?? 0) + (moved > 0 ? moved : 0);
    any ||= bound[i] !== 0;
  }
  return { tensor, ...(any ? { bound } : {}) };
}

/** All elements in one axis; a scalar stays one. */
const flat = (t: Tensor): Tensor => (t.shape.length === 0 ? t : { ...t, shape: [t.data.length] });

function expression(e: Arithmetic, leaves: Output[]): Expr {
  if (e.kind === 'leaf') {
    const { dtype, shape } = e.value.tensor;
    leaves.push(e.value);
    return b.read(`t${leaves.length - 1}`, dtype, shape.length === 0 ? [] : [b.axisRef('i')]);
  }
  const [x, y] = [expression(e.a, leaves), expression(e.b, leaves)];
  const type = common(x.type, y.type, e.op);
  return b.binary(e.op, b.convert(type, x), b.convert(type, y));
}

/** Floats before integers, wider before narrower; a quotient is a float. */
function common(x: ValueType, y: ValueType, op: WholeOp): ValueType {
  const group = (t: ValueType): string => DTYPES[t].group;
  if (x === 'f64' || y === 'f64') return 'f64';
  if (group(x) === 'float' || group(y) === 'float' || op === 'div') return 'f32';
  if (group(x) !== 'int') return group(y) === 'int' ? y : 'i32';
  if (group(y) !== 'int') return x;
  return DTYPES[x].bytes >= DTYPES[y].bytes ? x : y;
}
