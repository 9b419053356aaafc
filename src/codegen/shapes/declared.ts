import { must } from '../../assert.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import type { TAxis, TOp, TParam, TResult } from '../../dsl/typed.ts';
import type { Expr } from '../ir/stage.ts';
import { axisOf, declareSignature, newEnv } from '../lower/env.ts';
import { expression } from '../lower/expr.ts';
import { paramValues } from '../lower/params.ts';
import type { Consts } from '../lower/params.ts';
import { countOf, extentOf } from '../lower/place.ts';
import { EMPTY, lowerExpr, newBuilder } from '../lower/scope.ts';
import type { Env } from '../lower/scope.ts';
import * as b from '../ir/build.ts';

/** One axis of an array as callers pass it. */
export type ArrayAxis =
  /** `factors` of the extent; one for a plain axis. */
  | { readonly kind: 'dense'; readonly factors: readonly Expr[] }
  /** As many axes as the caller likes; the dim is their product. */
  | { readonly kind: 'pack'; readonly dim: string }
  /** A ragged axis and all to its left: one axis that counts items. `extent` reads offsets. */
  | { readonly kind: 'rows'; readonly extent: Expr }
  /** Bytes of a packed row. */
  | { readonly kind: 'bytes'; readonly extent: Expr };

/** A tensor of a signature in terms of arrays. Extents may mention `elem`, the list index. */
export interface DeclaredTensor {
  readonly name: string;
  readonly role: 'in' | 'inout' | 'out';
  readonly list?: Expr;
  readonly axes: readonly ArrayAxis[];
  /** Set on offsets: the number of rows, one less than their entries. */
  readonly rows?: Expr;
}

/** The tensors of a signature in order, for one choice of consts, or what is wrong with these. */
export function declaredTensors(
  op: TOp,
  consts: Consts,
): { readonly env: Env; readonly tensors: readonly DeclaredTensor[]; readonly refusals: readonly Diagnostic[] } {
  const builder = newBuilder([]);
  const listed = new Set(op.dims.flatMap((d) => (d.perElement === undefined ? [] : [d.id])));
  const lowering = { expr: expression, stmts: (): void => {} };
  const env = newEnv(builder, lowering, op, paramValues(builder, op, consts), (id, list) =>
    b.dim(id, listed.has(id) ? list : undefined),
  );
  if (builder.refusals.length > 0) return { env, tensors: [], refusals: builder.refusals };
  declareSignature(env);
  const one = (d: TParam | TResult, role: DeclaredTensor['role']): DeclaredTensor => ({
    name: d.name,
    role,
    ...(d.list === undefined ? {} : { list: b.convert('i64', lowerExpr(env, EMPTY, d.list.size)) }),
    axes: arrayAxes(env, d),
    ...rowsOf(env, op, d),
  });
  const params = op.params.filter((p) => p.mode === 'tensor' || p.mode === 'inout');
  return {
    env,
    refusals: [],
    tensors: [
      ...params.map((p) => one(p, p.mode === 'inout' ? 'inout' : 'in')),
      ...op.results.map((r) => one(r, 'out')),
    ],
  };
}

function rowsOf(env: Env, op: TOp, d: TParam | TResult): { readonly rows?: Expr } {
  const ragged = op.raggeds.find((r) => r.offsets === d.name);
  const elem = d.list === undefined ? undefined : b.axisRef('elem');
  if (ragged === undefined) return {};
  const left = must(env.raggeds.get(ragged.id), ragged.id).left(elem);
  return { rows: countOf(left, elem) };
}
function arrayAxes(env: Env, d: TParam | TResult): readonly ArrayAxis[] {
  const elem = d.list === undefined ? undefined : b.axisRef('elem');
  const { axes } = d.type;
  const last = axes.findLastIndex((a) => a.kind === 'ragged');
  const rows: readonly ArrayAxis[] =
    last < 0
      ? []
      : [
          {
            kind: 'rows',
            extent: countOf(
              axes.slice(0, last + 1).map((a) => axisOf(env, a, elem)),
              elem,
            ),
          },
        ];
  const plain = axes.slice(last + 1).map((a: TAxis): ArrayAxis => {
    if (a.kind === 'pack') return { kind: 'pack', dim: a.dim };
    const axis = axisOf(env, a, elem);
    return axis.kind === 'dense'
      ? { kind: 'dense', factors: axis.factors }
      : { kind: 'dense', factors: [extentOf(axis)] };
  });
  if (d.type.elem.kind === 'scalar') return [...rows, ...plain];
  const bytes = d.type.elem.fields.map((f) =>
    b.ix.mul(
      f.axes.reduce((n, a) => b.ix.mul(n, extentOf(axisOf(env, a, elem))), b.int(1)),
      b.int(DTYPES[f.dtype].bytes),
    ),
  );
  return [...rows, ...plain, { kind: 'bytes', extent: bytes.reduce((x, y) => b.ix.add(x, y)) }];
}
