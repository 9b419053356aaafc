import { axisRef } from '../ir/build.ts';
import { freshNames, renameAxes, substitute } from '../ir/rewrite.ts';
import type { Axis, AxisId, Expr, Stage, StageGraph } from '../ir/stage.ts';
import { mapPlace, mapReduce } from '../ir/walk.ts';

type Fresh = (base: string) => string;

/** The graph with axis ids that are unique across all stages, so that loops can be merged by renaming. */
export function uniqueAxes(graph: StageGraph): StageGraph {
  const taken = graph.buffers.flatMap((b) => (b.list ? [b.list.elem] : []));
  const fresh = freshNames(taken);
  return { ...graph, stages: graph.stages.map((s) => uniqueStage(s, fresh, new Map())) };
}

function renameOne(
  a: Axis,
  fresh: Fresh,
  outer: ReadonlyMap<AxisId, Expr>,
): { readonly axis: Axis; readonly map: ReadonlyMap<AxisId, Expr> } {
  const { axes, map } = renameAxes([a], fresh, outer);
  const [axis] = axes;
  if (axis === undefined) throw new Error('internal: axis lost');
  return { axis, map };
}

function uniqueStage(s: Stage, fresh: Fresh, outer: ReadonlyMap<AxisId, Expr>): Stage {
  const { axes, map } = renameAxes(s.axes, fresh, outer);
  const under =
    (m: ReadonlyMap<AxisId, Expr>) =>
    (e: Expr): Expr =>
      substitute(e, { axes: m }, fresh);
  const f = under(map);
  const base = { id: s.id, span: s.span, name: s.name, axes, ...(s.where === undefined ? {} : { where: f(s.where) }) };
  switch (s.kind) {
    case 'map':
      return { ...s, ...base, out: mapPlace(s.out, f), value: f(s.value) };
    case 'reduce': {
      const inner = renameAxes(s.reduce.over, fresh, map);
      const g = under(inner.map);
      const reduce = {
        ...mapReduce({ ...s.reduce, over: [] }, g),
        over: inner.axes,
        ...(s.reduce.value ? { value: f(s.reduce.value) } : {}),
      };
      return { ...s, ...base, out: mapPlace(s.out, f), reduce, ...(s.post ? { post: f(s.post) } : {}) };
    }
    case 'scan': {
      const along = renameOne(s.along, fresh, map);
      const g = under(along.map);
      const at = map.get(s.at);
      return {
        ...s,
        ...base,
        out: mapPlace(s.out, f),
        at: at?.kind === 'axis' ? at.id : s.at,
        along: along.axis,
        body: g(s.body),
        ...(s.when ? { when: g(s.when) } : {}),
      };
    }
    case 'scatter':
      return {
        ...s,
        ...base,
        out: mapPlace(s.out, f),
        value: f(s.value),
        init: substitute(s.init, { axes: outer }, fresh),
      };
    case 'offsets':
      return { ...s, ...base, size: f(s.size), ...(s.list ? { list: f(s.list) } : {}) };
    case 'pack': {
      const from = renameOne(s.from, fresh, map);
      const g = under(from.map);
      return {
        ...s,
        ...base,
        from: from.axis,
        when: g(s.when),
        outs: s.outs.map((o) => ({ ...o, value: g(o.value) })),
      };
    }
    case 'select': {
      const along = renameOne(s.along, fresh, map);
      const slot = renameOne(s.slot, fresh, map);
      const g = under(slot.map);
      return {
        ...s,
        ...base,
        along: along.axis,
        slot: slot.axis,
        body: under(along.map)(s.body),
        ...(s.values ? { values: mapPlace(s.values, g) } : {}),
        ...(s.indices ? { indices: mapPlace(s.indices, g) } : {}),
      };
    }
    case 'recur': {
      const step = renameOne(s.step, fresh, map);
      return { ...s, ...base, step: step.axis, body: s.body.map((b) => uniqueStage(b, fresh, step.map)) };
    }
    default:
      return s satisfies never;
  }
}

/** A stage with one of its axes under another id. */
export function renameAxis(s: Stage, from: AxisId, to: AxisId, f: (s: Stage, g: (e: Expr) => Expr) => Stage): Stage {
  if (from === to) return s;
  const map = new Map([[from, axisRef(to)]]);
  const renamed = f(s, (e) => substitute(e, { axes: map }));
  const axes = renamed.axes.map((a) => (a.id === from ? { ...a, id: to } : a));
  return renamed.kind === 'scan' && renamed.at === from ? { ...renamed, axes, at: to } : { ...renamed, axes };
}
