import { must } from '../../assert.ts';
import type { Span } from '../../diagnostics/span.ts';
import type { TAxis, TExpr, TOp, TTensor } from '../../dsl/typed.ts';
import * as b from '../ir/build.ts';
import type { Buffer, Expr, RowField } from '../ir/stage.ts';
import { countOf, extentOf } from './place.ts';
import { EMPTY, lowerExpr } from './scope.ts';
import type { AxesOf, Builder, Env, Lowering, RaggedInfo, Tensor, ViewAxis } from './scope.ts';
import { groupsOf, shapesOf } from './views.ts';

type View = Extract<Tensor, { kind: 'view' }>;
/** A declared tensor: parameter, result, or temporary of a scatter. */
interface Declared {
  readonly name: string;
  readonly span: Span;
  readonly list?: { readonly size: TExpr };
  readonly type: TTensor;
}

/** What an operator's names mean when it is entered from outside. */
export function newEnv(
  builder: Builder,
  lowering: Lowering,
  op: TOp,
  params: ReadonlyMap<string, Expr>,
  dim: Env['dim'],
  raggeds?: ReadonlyMap<string, RaggedInfo>,
): Env {
  const own = new Map<string, RaggedInfo>();
  const env: Env = { builder, op, dim, params, tensors: new Map(), raggeds: own, shapes: shapesOf(op), lowering };
  for (const r of op.raggeds) {
    own.set(
      r.id,
      raggeds?.get(r.id) ?? {
        id: r.id,
        listed: r.listed,
        origin: r.origin,
        offsets: () => must(env.tensors.get(r.offsets), r.offsets),
        left: (list) => r.left.map((a) => axisOf(env, a, list)),
      },
    );
  }
  return env;
}

const sizeOf = (env: Env, size: TExpr, list: Expr | undefined): Expr =>
  b.convert('i64', lowerExpr(env, list === undefined ? EMPTY : { ...EMPTY, elem: list }, size));
export function axisOf(env: Env, a: TAxis, list: Expr | undefined): ViewAxis {
  switch (a.kind) {
    case 'dense':
      return { kind: 'dense', factors: a.factors.map((f) => sizeOf(env, f, list)) };
    case 'pack':
      return { kind: 'dense', factors: [env.dim(a.dim, list)] };
    case 'pairs':
      return { kind: 'pairs', size: sizeOf(env, a.size, list) };
    default:
      return { kind: 'ragged', ragged: must(env.raggeds.get(a.ragged), a.ragged) };
  }
}

/** A tensor as its type says; groups follow the uses in the operator's body. */
export function viewOf(env: Env, d: Declared, buf: string): View {
  const axes: AxesOf = (list) => d.type.axes.map((a) => axisOf(env, a, list));
  const { elem } = d.type;
  const groups = groupsOf(
    env.shapes,
    d.name,
    d.type.axes.map((a) => shallow(env, a)),
  );
  if (elem.kind === 'scalar') return { kind: 'view', buf, dtype: elem.dtype, axes, groups };
  const fields = new Map(
    elem.fields.map((f) => [
      f.name,
      {
        dtype: f.dtype,
        factors: (list: Expr | undefined) =>
          f.axes.map((a) => {
            const x = axisOf(env, a, list);
            return x.kind === 'dense' ? x.factors : [extentOf(x)];
          }),
      },
    ]),
  );
  return { kind: 'view', buf, dtype: 'u8', axes, groups, fields };
}
/** The kind and number of factors of an axis, which is all that grouping needs: extents may read tensors that are not declared yet. */
function shallow(env: Env, a: TAxis): ViewAxis {
  if (a.kind === 'ragged') return { kind: 'ragged', ragged: must(env.raggeds.get(a.ragged), a.ragged) };
  if (a.kind === 'dense') return { kind: 'dense', factors: a.factors.map(() => b.int(1)) };
  return a.kind === 'pack' ? { kind: 'dense', factors: [b.int(1)] } : { kind: 'pairs', size: b.int(1) };
}

/** Declares the tensor of a name and its buffer. */
export function declareBuffer(env: Env, d: Declared, role: Buffer['role']): void {
  const buf = role === 'temp' ? env.builder.bufferName(d.name) : d.name;
  const view = viewOf(env, d, buf);
  env.tensors.set(d.name, view);
  if (role === 'temp') env.builder.buffers.push(bufferOf(env, d, view, role));
}

/** The buffer of a declared tensor. */
export function bufferOf(env: Env, d: Declared, view: View, role: Buffer['role']): Buffer {
  const elem = d.list === undefined ? undefined : b.axisRef('elem');
  const axes = view.axes(elem);
  const shape = view.groups.flatMap((g): readonly Expr[] => {
    const own = g.axes.map((k) => must(axes[k], 'axis'));
    const [first] = own;
    return g.split && first?.kind === 'dense' ? first.factors : [countOf(own, elem)];
  });
  const row =
    view.fields === undefined
      ? undefined
      : [...view.fields].map(([name, f]): RowField => ({
          name,
          dtype: f.dtype,
          shape: f.factors(elem).map((x) => b.ix.product(x)),
        }));
  const ragged = env.op.raggeds.find((r) => r.offsets === d.name);
  const last = d.type.axes.findLast((a) => a.kind === 'ragged');
  const limited =
    role === 'in'
      ? undefined
      : env.op.raggeds.find((r) => last?.kind === 'ragged' && r.id === last.ragged && r.origin === 'result');
  return {
    id: view.buf,
    role,
    dtype: view.dtype,
    shape,
    span: d.span,
    ...(d.list === undefined ? {} : { list: { count: sizeOf(env, d.list.size, undefined), elem: 'elem' } }),
    ...(row === undefined ? {} : { row }),
    ...(ragged === undefined ? {} : { offsetsOf: ragged.id }),
    ...(limited === undefined ? {} : { capacity: { ragged: limited.id } }),
  };
}

/** Declares all tensors of a signature. */
export function declareSignature(env: Env): void {
  const { op, builder } = env;
  const tensors = [
    ...op.params
      .filter((p) => p.mode === 'tensor' || p.mode === 'inout')
      .map((p) => ({ d: p, role: p.mode === 'inout' ? ('inout' as const) : ('in' as const) })),
    ...op.results.map((r) => ({ d: r, role: 'out' as const })),
  ];
  for (const { d, role } of tensors) declareBuffer(env, d, role);
  for (const { d, role } of tensors) {
    const view = must(env.tensors.get(d.name), d.name);
    if (view.kind === 'view') builder.buffers.push(bufferOf(env, d, view, role));
  }
}
