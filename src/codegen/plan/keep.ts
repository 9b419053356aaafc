import type { Builtin } from '../../dsl/typed.ts';
import { widen } from '../../dsl/dtypes.ts';
import * as b from '../ir/build.ts';
import { normalKey } from '../ir/normal.ts';
import { freshNames } from '../ir/rewrite.ts';
import type { Axis, Buffer, Expr, Stage, StageGraph } from '../ir/stage.ts';
import { children, freeAxes, freeVars, mapChildren, mapStage, reads, stageWrites } from '../ir/walk.ts';
import { isDenseAxis } from './moments.ts';

type Rowwise = Stage & { readonly kind: 'map' | 'reduce' };

/** Functions that cost more than storing their value in a nearby row and reading it back. */
const COSTLY: ReadonlySet<Builtin> = new Set<Builtin>([
  'exp',
  'exp2',
  'expm1',
  'log',
  'log2',
  'log1p',
  'tanh',
  'erf',
  'sin',
  'cos',
  'pow',
  'sigmoid',
  'silu',
  'softplus',
  'gelu',
  'gelu_tanh',
]);

/**
 * Costly values that several stages compute for the same elements of a row become a temporary of their own: `t[b, d] = exp(x[b, d] - peak[b])`, which the
 * sum and the quotients of a softmax then read. Values stay the same. Only where the stages have the outermost loop in common and compute it at the
 * same points: the row then lives in a cache.
 */
export function keepShared(graph: StageGraph): StageGraph {
  let out = graph;
  // Each round keeps one value; a program has few.
  for (let round = 0; round < 8; round++) {
    const next = keepOne(out);
    if (next === undefined) return out;
    out = next;
  }
  return out;
}

interface Use {
  readonly expr: Expr;
  readonly loops: readonly Axis[];
  readonly at: number;
  /** Computed at every point of its loops at which `where` holds. */
  readonly certain: boolean;
  readonly where?: Expr;
}

function keepOne(graph: StageGraph): StageGraph | undefined {
  const uses = new Map<string, Use[]>();
  graph.stages.forEach((s, at) => {
    if (s.kind === 'map' || s.kind === 'reduce') collect(s, at, uses);
  });
  const shared = [...uses.values()].filter((list) => isShared(list, graph));
  const size = (list: readonly Use[]): number => sizeOf(list[0]?.expr);
  const [best] = shared.sort((p, q) => size(q) - size(p));
  return best && keep(graph, best);
}

/** Costly expressions of a stage by what they compute, seen from its loops. */
function collect(s: Rowwise, at: number, uses: Map<string, Use[]>): void {
  const inner = s.kind === 'map' ? s.value : s.reduce.body;
  const loops = s.kind === 'map' ? s.axes : [...s.axes, ...s.reduce.over];
  const conditions = [s.where, s.kind === 'reduce' ? s.reduce.when : undefined].filter((e) => e !== undefined);
  const where = conditions.length === 0 ? undefined : b.all(conditions);
  const go = (e: Expr, certain: boolean): void => {
    if (!isCostly(e)) return;
    const own = freeAxes(e);
    const around = loops.filter((a) => own.has(a.id));
    // A condition on other loops says nothing about the points of these.
    const asked = where === undefined || [...freeAxes(where)].every((id) => own.has(id));
    if (freeVars(e).size === 0 && e.kind !== 'let' && own.size === around.length && around.length > 1) {
      const under = where === undefined || !asked ? '' : normalKey({ axes: around, where }, undefined);
      const key = `${normalKey({ axes: around, e }, undefined)} ${under}`;
      const use = { expr: e, loops: around, at, certain: certain && asked, ...(where === undefined ? {} : { where }) };
      uses.set(key, [...(uses.get(key) ?? []), use]);
    }
    const lazy = e.kind === 'select' || (e.kind === 'binary' && (e.op === 'and' || e.op === 'or'));
    if (e.kind === 'reduce') return;
    children(e).forEach((c, k) => go(c, certain && (!lazy || k === 0)));
  };
  go(inner, true);
}
const isCostly = (e: Expr): boolean =>
  (e.kind === 'call' && COSTLY.has(e.fn)) || (e.kind !== 'read' && e.kind !== 'reduce' && children(e).some(isCostly));
const sizeOf = (e: Expr | undefined): number => (e === undefined ? 0 : children(e).reduce((n, c) => n + sizeOf(c), 1));

function isShared(list: readonly Use[], graph: StageGraph): boolean {
  const [first] = list;
  if (first === undefined || !first.certain || new Set(list.map((u) => u.at)).size < 2) return false;
  if (!first.loops.every(isDenseAxis)) return false;
  // The stages must be able to share their outermost loop, or the row would travel through memory.
  if (!list.every((u) => graph.stages[u.at]?.axes[0]?.id === u.loops[0]?.id)) return false;
  const last = Math.max(...list.map((u) => u.at));
  const written = new Set(graph.stages.slice(first.at, last).flatMap(stageWrites));
  return !reads(first.expr).some((r) => written.has(r.buf) || r.list !== undefined);
}

/** The value as a stage before its first use; uses read it. */
function keep(graph: StageGraph, list: readonly Use[]): StageGraph {
  const [first] = list;
  if (first === undefined) return graph;
  const fresh = freshNames([...graph.buffers.map((x) => x.id), ...graph.stages.map((s) => s.id)]);
  const { expr, loops } = first;
  const buf = fresh(expr.kind === 'call' ? `${expr.fn}_row` : 'row');
  const type = expr.type === 'bool' ? 'bool' : widen(expr.type);
  const span = expr.span ?? graph.span;
  const buffer: Buffer = { id: buf, role: 'temp', dtype: type, shape: loops.map((a) => a.hi), span };
  const index = (axes: readonly Axis[]): readonly Expr[] => axes.map((a) => b.axisRef(a.id));
  const stage: Stage = {
    kind: 'map',
    id: buf,
    name: buf,
    span,
    axes: loops,
    out: { buf, index: index(loops) },
    value: expr,
    ...(first.where === undefined ? {} : { where: first.where }),
  };
  const stages = graph.stages.map((s, at) => {
    const own = list.filter((u) => u.at === at);
    if (own.length === 0) return s;
    const known = new Map(own.map((u) => [u.expr, b.read(buf, type, index(u.loops))]));
    const replace = (e: Expr): Expr => known.get(e) ?? mapChildren(e, replace);
    return mapStage(s, replace);
  });
  return {
    ...graph,
    buffers: [...graph.buffers, buffer],
    stages: [...stages.slice(0, first.at), stage, ...stages.slice(first.at)],
  };
}
