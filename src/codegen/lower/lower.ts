import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import type { TOp } from '../../dsl/typed.ts';
import type { Buffer, Expr, Stage, StageGraph } from '../ir/stage.ts';
import * as b from '../ir/build.ts';
import { recomputeLimited } from '../passes/inline.ts';
import { simplify, simplifyGraph } from '../passes/simplify.ts';
import { declareSignature, newEnv } from './env.ts';
import { protectInputs } from './inout.ts';
import { dropDead, sortStages } from './order.ts';
import { paramValues } from './params.ts';
import type { Consts } from './params.ts';
import { EMPTY, lowerStmts, lowerExpr, newBuilder, refuse } from './scope.ts';
import type { Builder, Env } from './scope.ts';
import { statements } from './stmt.ts';
import { expression } from './expr.ts';

export type { Consts } from './params.ts';
export type Lowered =
  { readonly ok: true; readonly graph: StageGraph } | { readonly ok: false; readonly refusals: readonly Diagnostic[] };

/**
 * The stage graph of an operator for one choice of consts. Refused are consts without a value or of the wrong kind, and `where` clauses and sizes
 * that the consts alone make false or negative.
 */
export function lower(op: TOp, consts: Consts = {}): Lowered {
  return lowerInto(op, consts, (env) => lowerStmts(env, EMPTY, op.body));
}

/** The graph of a signature whose stages `fill` makes. */
export function lowerInto(op: TOp, consts: Consts, fill: (env: Env) => void): Lowered {
  const names = [...op.params, ...op.results].map((p) => p.name);
  const builder = newBuilder(names);
  const params = paramValues(builder, op, consts);
  if (builder.refusals.length > 0) return { ok: false, refusals: builder.refusals };
  const listed = new Set(op.dims.flatMap((d) => (d.perElement === undefined ? [] : [d.id])));
  const env = newEnv(builder, { expr: expression, stmts: statements }, op, params, (id, list) =>
    b.dim(id, listed.has(id) ? list : undefined),
  );
  declareSignature(env);
  for (const d of op.dims)
    if (d.source.kind === 'derived')
      builder.derived.set(d.id, simplify(b.convert('i64', lowerExpr(env, EMPTY, d.source.size))));
  for (const x of builder.buffers)
    x.shape.forEach((n, axis) => {
      const e = simplify(n);
      if (e.kind === 'int' && e.value < 0n)
        refuse(builder, diagnostic('const-extent', { tensor: x.id, axis, value: String(e.value) }, x.span));
    });
  fill(env);
  const facts = op.facts.map((f) => ({ ...f, cond: simplify(lowerExpr(env, EMPTY, f.cond)) }));
  for (const f of facts) if (isFalse(f.cond)) refuse(builder, diagnostic('const-fact', { text: f.text }, f.span));
  const dims = op.dims.map((d) => ({
    id: d.id,
    ...derivedOf(builder, d.id),
    ...(d.perElement === undefined ? {} : { perElement: d.perElement.list }),
  }));
  dims.forEach((d, k) => {
    const span = op.dims[k]?.span ?? op.span;
    if (d.derived?.kind === 'int' && d.derived.value < 0n)
      refuse(builder, diagnostic('const-dim', { dim: d.id, value: String(d.derived.value) }, span));
  });
  if (builder.refusals.length > 0) return { ok: false, refusals: builder.refusals };
  const kept = facts.filter((f) => !(f.cond.kind === 'bool' && f.cond.value));
  return { ok: true, graph: finish(builder, op, dims, kept) };
}
const derivedOf = (builder: Builder, id: string): { readonly derived?: Expr } => {
  const derived = builder.derived.get(id);
  return derived === undefined ? {} : { derived };
};
const isFalse = (e: Expr): boolean => e.kind === 'bool' && !e.value;

function finish(builder: Builder, op: TOp, dims: StageGraph['dims'], facts: StageGraph['facts']): StageGraph {
  const guarded = protectInputs(builder.last, builder.buffers);
  const order = (x: Buffer): number => (x.role === 'temp' ? 1 : 0);
  const whole = recomputeLimited({
    name: op.name,
    ...(op.doc === undefined ? {} : { doc: op.doc }),
    span: op.span,
    dims,
    scalars: op.params.flatMap((p) =>
      p.mode === 'scalar' && p.type.elem.kind === 'scalar'
        ? [{ name: p.name, dtype: p.type.elem.dtype, ...(p.default === undefined ? {} : { default: p.default }) }]
        : [],
    ),
    buffers: [...builder.buffers, ...guarded.buffers].sort((x, y) => order(x) - order(y)),
    facts,
    stages: [...sortStages(builder.stages), ...guarded.stages],
  });
  const conds = facts.map((f) => f.cond);
  const live = dropDead(whole.stages, whole.buffers, conds);
  return simplifyGraph({ ...whole, buffers: live.buffers, stages: live.stages.map((s, k) => numbered(s, `s${k}`)) });
}

const numbered = (s: Stage, id: string): Stage =>
  s.kind === 'recur' ? { ...s, id, body: s.body.map((x, k) => numbered(x, `${id}_${k}`)) } : { ...s, id };
