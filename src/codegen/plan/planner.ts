import type { AxisId, BufId, Buffer, Stage, StageGraph } from '../ir/stage.ts';
import { stageExprs, stageReads, stageWrites } from '../ir/walk.ts';
import { fixedPositions, touches } from './access.ts';
import type { Touch } from './access.ts';
import { flattenRows } from './flatten.ts';
import { nest } from './fuse.ts';
import type { Touches } from './fuse.ts';
import { inline, weight } from './inline.ts';
import type { Policy } from './inline.ts';
import { keepShared } from './keep.ts';
import { mergeEqual } from './merge-equal.ts';
import { splitVariances } from './moments.ts';
import { inlineVirtual } from '../passes/inline.ts';
import { stagesOf } from './plan.ts';
import { prune } from './prune.ts';
import type { Home, KernelPlan, Plan, PlanNode } from './plan.ts';
import { uniqueAxes } from './unique.ts';

/** Cheap maps with one reader are recomputed; what several stages read, and every fold, is computed once. */
const light: Policy = (p, _, readers) => p.kind === 'map' && (readers <= 1 || weight(p.value) <= 4);
/** Every map is recomputed where it is read. */
const eager: Policy = (p) => p.kind === 'map';
/** Nothing is recomputed that has storage. */
const none: Policy = () => false;

/** `keep`: costly values that stages share are computed once a row. */
interface Strategy {
  readonly name: string;
  readonly policy: Policy;
  readonly merge: boolean;
  readonly keep: boolean;
}
const STRATEGIES: readonly Strategy[] = [
  { name: 'fused', policy: light, merge: true, keep: true },
  { name: 'recompute', policy: eager, merge: true, keep: false },
  { name: 'stored', policy: none, merge: true, keep: true },
  { name: 'apart', policy: none, merge: false, keep: false },
];

/** The legal plans of a graph, the default first; plans that come out equal are listed once. */
export function plans(graph: StageGraph): readonly Plan[] {
  const known = planned.get(graph) ?? makePlans(graph);
  planned.set(graph, known);
  return known;
}
/** A search asks for the plans of one graph once for each config. */
const planned = new WeakMap<StageGraph, readonly Plan[]>();
function makePlans(graph: StageGraph): readonly Plan[] {
  const seen = new Set<string>();
  return STRATEGIES.flatMap((strategy) => {
    const plan = build(graph, strategy);
    const shape =
      JSON.stringify(plan.kernels.map((k) => [k.prologue.map((s) => s.id), outline(k.root)])) +
      plan.graph.stages.map((s) => stageReads(s).length).join();
    if (seen.has(shape)) return [];
    seen.add(shape);
    return [plan];
  });
}
const outline = (n: PlanNode): unknown => (n.kind === 'leaf' ? n.stage.id : [n.kind, ...n.body.map(outline)]);

/** The plan of a name; the default if there is no such plan. */
export function planNamed(graph: StageGraph, name: string): Plan {
  const all = plans(graph);
  const found = all.find((p) => p.name === name) ?? all[0];
  if (found === undefined) throw new Error('internal: a graph without plans');
  return found;
}

function build(source: StageGraph, { name, policy, merge, keep }: Strategy): Plan {
  const stored = inlineVirtual(source);
  if (!stored.ok) throw new Error(`internal: ${stored.reasons.map((r) => r.message).join('; ')}`);
  const inlined = prune(inline(uniqueAxes(stored.graph), policy));
  const shared = mergeEqual(splitVariances(merge ? flattenRows(inlined) : inlined));
  const graph = uniqueAxes(keep ? keepShared(shared) : shared);
  const uniform = graph.stages.filter((s) => isUniform(s, graph));
  const roots = nest(
    graph.stages.filter((s) => !uniform.includes(s)),
    merge,
    through(uniform),
  );
  const kernels = roots.map((root, k): KernelPlan => {
    const stages = stagesOf(root);
    const prologue = needed(uniform, stages);
    const homes = new Map<BufId, Home>(
      prologue.flatMap((s) => stageWrites(s).map((b) => [b, { kind: 'register' } as const] as const)),
    );
    for (const [buf, home] of homesOf(root, graph)) homes.set(buf, home);
    return { name: `k${k}_${stages[0]?.name ?? 'kernel'}`, prologue, root, homes, split: isSplit(root) };
  });
  return { name, graph, kernels };
}

/** A scalar temporary that is cheap to compute again in every part. */
function isUniform(s: Stage, graph: StageGraph): boolean {
  if (s.kind !== 'map' || s.axes.length > 0 || s.where !== undefined || s.out.list !== undefined) return false;
  const home = graph.buffers.find((b) => b.id === s.out.buf);
  const single = graph.stages.filter((o) => stageWrites(o).includes(s.out.buf)).length === 1;
  const clobbered = stageReads(s).some((r) => graph.stages.indexOf(s) < lastWrite(r.buf, graph));
  return home?.role === 'temp' && single && !clobbered && weight(s.value) < 1000;
}
const lastWrite = (buf: BufId, graph: StageGraph): number =>
  Math.max(-1, ...graph.stages.map((s, k) => (stageWrites(s).includes(buf) ? k : -1)));

/** Touches of a stage, with what the prologue stages touch that it reads. */
function through(uniform: readonly Stage[]): Touches {
  return (s) => {
    const own = touches(s);
    const before = needed(uniform, [s]).flatMap(touches);
    return before.length === 0 ? own : [...own, ...before.filter((t) => !t.write)];
  };
}

/** Prologue stages that the kernel reads, with what those read in turn, in order. */
function needed(uniform: readonly Stage[], stages: readonly Stage[]): readonly Stage[] {
  const wanted = new Set(stages.flatMap((s) => stageReads(s).map((r) => r.buf)));
  const out: Stage[] = [];
  for (const s of [...uniform].reverse()) {
    if (!stageWrites(s).some((b) => wanted.has(b))) continue;
    out.unshift(s);
    for (const r of stageReads(s)) wanted.add(r.buf);
  }
  return out;
}

/** Loops around each leaf. */
function paths(
  node: PlanNode,
  above: readonly AxisId[],
  out: { readonly stage: Stage; readonly path: readonly AxisId[] }[],
): void {
  if (node.kind === 'leaf') out.push({ stage: node.stage, path: above });
  else if (node.kind === 'loop') for (const n of node.body) paths(n, [...above, node.axis.id], out);
  else for (const n of node.body) paths(n, above, out);
}

/** Homes of temporaries that only this kernel touches. */
function homesOf(root: PlanNode, graph: StageGraph): readonly (readonly [BufId, Home])[] {
  const leaves: { stage: Stage; path: readonly AxisId[] }[] = [];
  paths(root, [], leaves);
  const recurrent = root.kind === 'recur' ? new Set(root.states) : new Set<BufId>();
  const inside = new Set(stagesOf(root));
  return graph.buffers.flatMap((b) => {
    if (b.role !== 'temp' || b.list !== undefined || recurrent.has(b.id)) return [];
    const users = leaves.filter((l) => touches(l.stage).some((t) => t.buf === b.id));
    const outside = flat(graph.stages).filter(
      (s) => !inside.has(s) && !isSame(s, leaves) && touches(s).some((t) => t.buf === b.id),
    );
    if (users.length === 0 || outside.length > 0) return [];
    return [[b.id, homeOf(b, users)] as const];
  });
}
const flat = (stages: readonly Stage[]): readonly Stage[] => stages.flatMap((s) => (s.kind === 'recur' ? s.body : [s]));
/** Merging renames axes, so stages are known by id. */
const isSame = (s: Stage, leaves: readonly { readonly stage: Stage }[]): boolean =>
  leaves.some((l) => l.stage.id === s.id);

function homeOf(b: Buffer, users: readonly { readonly stage: Stage; readonly path: readonly AxisId[] }[]): Home {
  const accesses: readonly Touch[] = users.flatMap((u) => touches(u.stage).filter((t) => t.buf === b.id));
  if (accesses.some((t) => t.index === undefined)) return { kind: 'workspace' };
  const [first] = users;
  const common = (first?.path ?? []).filter((axis, k) => users.every((u) => u.path[k] === axis));
  const fixed = new Set(common.flatMap((axis) => fixedPositions(accesses, axis)));
  if (fixed.size === 0 && b.shape.length > 0) return { kind: 'workspace' };
  const keep = b.shape.map((_, k) => k).filter((k) => !fixed.has(k));
  const writers = users.filter((u) => stageWrites(u.stage).includes(b.id));
  const local =
    writers.length === 1 &&
    writers.every((w) => w.path.length === common.length && (w.stage.kind === 'map' || w.stage.kind === 'reduce'));
  if (keep.length === 0 && local) return { kind: 'register' };
  return common.length === 0 ? { kind: 'workspace' } : { kind: 'part', keep };
}

/** True if nothing is carried from one iteration of the outermost loop to another. */
function isSplit(root: PlanNode): boolean {
  return (
    root.kind === 'loop' &&
    stagesOf(root).every((s) => s.kind === 'map' || s.kind === 'reduce' || s.kind === 'select' || s.kind === 'scan')
  );
}

/** All expressions that a kernel evaluates, for estimates. */
export const exprsOf = (k: KernelPlan): readonly ReturnType<typeof stageExprs>[number][] =>
  [...k.prologue, ...stagesOf(k.root)].flatMap(stageExprs);
