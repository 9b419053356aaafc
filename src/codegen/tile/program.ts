import { must } from '../../assert.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import * as b from '../ir/build.ts';
import { ix } from '../ir/build.ts';
import { keyOf } from '../ir/rewrite.ts';
import type { Buffer, BufId, Expr, Stage } from '../ir/stage.ts';
import { rewrite, stageExprs } from '../ir/walk.ts';
import { mentioned } from '../ir/tile-walk.ts';
import * as t from '../ir/tile-build.ts';
import type { Level, TileArray, TileGuard, TileKernel, TileOp, TileProgram, Val } from '../ir/tile.ts';
import { classify } from '../patterns/classify.ts';
import { stagesOf } from '../plan/plan.ts';
import type { KernelPlan, Plan } from '../plan/plan.ts';
import { countUses, interner } from './affine.ts';
import { lowerExpr } from './expr.ts';
import { identifiers } from './names.ts';
import type { Identifiers } from './names.ts';
import { NO_FACTS, noWishes } from './facts.ts';
import type { Facts, Wishes } from './facts.ts';
import { lowerNodes, resultsOf } from './kernel.ts';
import type { KernelState } from './kernel.ts';
import { block } from './scope.ts';
import type { KernelCx, Scope, Storage } from './scope.ts';
import { lowerPoint } from './stages.ts';
import type { Schedule } from './vectorise.ts';

/** How a target runs kernels. */
export interface Mapping {
  /** Level of the outermost loop of a kernel whose iterations are independent. */
  readonly outer: Level;
  /** The same for one kernel, where it is run otherwise than the others. */
  readonly outerOf?: (kernel: KernelPlan) => Level | undefined;
  readonly schedule: (kernel: KernelPlan) => Schedule;
  /** Facts for a guarded variant of a kernel, chosen from what would help it; none: no variant. */
  readonly facts?: (wishes: Wishes, kernel: KernelPlan) => Facts | undefined;
  /** True where what no pattern claimed runs loops without any technique of its structure; without it none does. */
  readonly plain?: (schedule: Schedule) => boolean;
  /** How a pattern that claimed the kernel runs it; without it loops do. */
  readonly claimed?: (
    kernel: KernelPlan,
  ) => { readonly pattern: string; readonly split?: boolean; readonly lower: Lowering } | undefined;
}

/**
 * Code of a whole kernel in place of the loops of the plan: pushes operations to the scope's block. `outer` is the level of the loop whose iterations
 * parts share, absent where one part runs the kernel. Called once for the body that is right for all calls and once for the variant under the scope's facts.
 */
export type Lowering = (scope: Scope, state: KernelState, outer: Level | undefined) => void;

/** Lowers every kernel of a plan: as a pattern says, or by loops and vectors, which are right for every stage there is. */
export function lowerProgram(plan: Plan, mapping: Mapping): TileProgram {
  const { graph } = plan;
  const fresh = identifiers();
  const dims = new Map(graph.dims.map((d) => [d.id, fresh(d.id)]));
  const scalars = new Map(graph.scalars.map((s) => [s.name, fresh(s.name)]));
  const arrays = new Map<BufId, string>(graph.buffers.map((b) => [b.id, fresh(b.id)]));
  const raggeds = [...new Set(graph.buffers.flatMap((b) => (b.capacity ? [b.capacity.ragged] : [])))];
  const capacities = new Map(raggeds.map((r) => [r, fresh(`${r}_capacity`)]));
  const temps: TileArray[] = [];
  const buffer = (id: BufId): ReturnType<KernelCx['buffer']> =>
    must(
      graph.buffers.find((b) => b.id === id),
      `buffer ${id}`,
    );
  const cx = (
    storage: (id: BufId) => Storage,
    shadows: ReadonlyMap<BufId, string>,
    facts: Facts,
    wishes: Wishes,
  ): KernelCx => ({
    facts,
    wishes,
    buffer,
    storage,
    target: (id) => shadows.get(id),
    capacity: (r) => must(capacities.get(r), `capacity of ${r}`),
    dim: (id) => must(dims.get(id), `dim ${id}`),
    scalar: (name) => must(scalars.get(name), `scalar ${name}`),
    intern: interner(),
    lower: lowerExpr,
  });
  const whole = (id: BufId): Storage => ({
    kind: 'array',
    id: must(arrays.get(id), id),
    keep: buffer(id).shape.map((_, k) => k),
  });
  const scopeOf = (c: KernelCx, names: Identifiers): Scope => {
    const b = block();
    return {
      cx: c,
      fresh: names,
      block: b,
      first: { ops: b.ops, values: new Map(), parent: undefined },
      common: { ops: b.ops, values: new Map(), parent: undefined },
      axes: new Map(),
      ends: new Map(),
      vars: new Map(),
      registers: new Map(),
      uses: new Map(),
      ahead: 0,
    };
  };
  const homed = new Set<BufId>();

  const kernels = plan.kernels.map((k): TileKernel => {
    const storages = new Map<BufId, Storage>();
    for (const [buf, home] of k.homes) {
      if (home.kind === 'workspace') continue;
      homed.add(buf);
      if (home.kind === 'register') storages.set(buf, { kind: 'register' });
      else {
        const id = must(arrays.get(buf), buf);
        const b = buffer(buf);
        temps.push({
          id,
          scope: 'part',
          dtype: b.dtype,
          size: ix.product(home.keep.map((p) => must(b.shape[p], 'extent'))),
          source: buf,
        });
        storages.set(buf, { kind: 'array', id, keep: home.keep });
      }
    }
    const states = recurStates(k);
    const shadows = new Map<BufId, string>();
    for (const buf of states) {
      const id = fresh(`${buf}_next`);
      const b = buffer(buf);
      temps.push({ id, scope: 'workspace', dtype: b.dtype, size: ix.product(b.shape), source: buf });
      shadows.set(buf, id);
    }
    const scratched = new Map<string, string>();
    /** Stages share an array of one name only where it is the same array. */
    const made = (scope: 'part' | 'shared', base: string, dtype: DType, size: Expr): string => {
      const key = `${scope} ${base} ${dtype} ${keyOf(size)}`;
      const known = scratched.get(key);
      if (known !== undefined) return known;
      const id = fresh(scope === 'part' ? `${base}_scratch` : `${base}_shared`);
      temps.push({ id, scope, dtype, size, source: base });
      scratched.set(key, id);
      return id;
    };
    const scratch: KernelState['scratch'] = (base, dtype, size) => made('part', base, dtype, size);
    const shared: KernelState['shared'] = (base, dtype, count) => made('shared', base, dtype, b.int(count));
    const schedule = mapping.schedule(k);
    const claimed = mapping.claimed?.(k);
    const split = claimed?.split ?? k.split;
    const shadow: KernelState['shadow'] = (state) => ({
      from: must(shadows.get(state), 'shadow'),
      to: must(arrays.get(state), 'state'),
      dtype: buffer(state).dtype,
      size: ix.product(buffer(state).shape),
    });
    const { last, exchanged } = resultsOf(stagesOf(k.root));
    const inMemory = new Set([...exchanged].filter((b) => storages.get(b)?.kind !== 'register'));
    const state: KernelState = { schedule, scratch, shared, shadow, last, exchanged: inMemory };
    const bodyUnder = (facts: Facts, wishes: Wishes): readonly TileOp[] => {
      const c = cx((id) => storages.get(id) ?? whole(id), shadows, facts, wishes);
      const s = { ...scopeOf(c, identifiers(fresh.taken())), ahead: schedule.ahead };
      for (const stage of k.prologue) prologue(stage, s);
      const outer = split ? (mapping.outerOf?.(k) ?? mapping.outer) : undefined;
      if (claimed === undefined) lowerNodes([k.root], s, state, outer);
      else claimed.lower(s, state, outer);
      return s.block.ops;
    };
    const wishes = noWishes();
    const body = bodyUnder(NO_FACTS, wishes);
    const facts = mapping.facts?.(wishes, k);
    const fast = facts && {
      guards: guardsOf(facts, dims, arrays, schedule.block === undefined ? schedule.bytes : 16),
      body: bodyUnder(facts, noWishes()),
    };
    const span = must(stagesOf(k.root)[0], 'stage').span;
    const lanes = schedule.block !== undefined ? { lanes: schedule.block } : {};
    return {
      id: fresh(k.name),
      pattern: claimed?.pattern ?? (mapping.plain?.(schedule) === true ? 'loops' : classify(k)),
      span,
      split,
      ...lanes,
      body,
      ...(fast ? { fast } : {}),
    };
  });

  // A pattern may hold a temporary of the plan elsewhere.
  const used = new Set(kernels.flatMap((k) => [...mentioned(k.body), ...mentioned(k.fast?.body ?? [])]));
  const sized = (a: TileArray): TileArray =>
    a.size === undefined ? a : { ...a, elements: lowerExpr(roomy(a.size), entry) };
  const room = new Map<string, Val>([...capacities].map(([ragged, id]) => [`room of ${ragged}`, t.name(id)] as const));
  /** Offsets of results are not there yet when the arena is laid out: what is laid out like a ragged result has as much room as that. */
  const roomy = (size: Expr): Expr =>
    rewrite(size, (e) => {
      const offsets = e.kind === 'read' ? buffer(e.buf) : undefined;
      const name = `room of ${offsets?.offsetsOf ?? ''}`;
      return offsets !== undefined && offsets.role !== 'in' && room.has(name) ? b.variable(name, 'i64') : e;
    });
  const entry = {
    ...scopeOf(cx(whole, new Map(), NO_FACTS, noWishes()), identifiers(fresh.taken())),
    vars: room,
  };
  const params = graph.buffers.filter((b) => b.role !== 'temp');
  const stored = graph.buffers.filter((b) => b.role === 'temp' && !homed.has(b.id));
  return {
    name: graph.name,
    kernels,
    arrays: [
      ...params.map((b): TileArray => ({
        id: must(arrays.get(b.id), b.id),
        scope: 'param',
        dtype: b.dtype,
        source: b.id,
        ...(b.role === 'temp' ? {} : { role: b.role }),
        ...(b.list ? { list: true } : {}),
        ...(b.row ? { bytes: true } : {}),
        ...(b.list ? {} : { size: sizeOf(b) }),
        ...(b.list || b.row ? {} : { extents: b.shape.map((e) => lowerExpr(roomy(e), entry)) }),
      })),
      ...stored.map((b): TileArray => ({
        id: must(arrays.get(b.id), b.id),
        scope: 'workspace',
        dtype: b.dtype,
        size: ix.product(b.shape),
        extents: b.shape.map((e) => lowerExpr(roomy(e), entry)),
        source: b.id,
      })),
      ...temps.filter((a) => used.has(a.id)),
    ].map(sized),
    dims: graph.dims.map((d) => ({
      id: must(dims.get(d.id), d.id),
      source: d.id,
      ...(d.derived ? { derived: lowerExpr(d.derived, entry) } : {}),
      ...(d.perElement ? { table: true } : {}),
    })),
    scalars: graph.scalars.map((x) => ({ id: must(scalars.get(x.name), x.name), dtype: x.dtype })),
    capacities: raggeds.map((r) => ({ id: must(capacities.get(r), r), ragged: r })),
  };
}

/** Elements of a parameter; bytes of one that holds packed rows. */
const sizeOf = (x: Buffer): Expr =>
  ix.product([
    ...x.shape,
    ...(x.row === undefined
      ? []
      : [
          x.row.reduce<Expr>(
            (sum, f) => ix.add(sum, ix.mul(ix.product(f.shape), b.int(DTYPES[f.dtype].bytes))),
            b.int(0),
          ),
        ]),
  ]);

function guardsOf(
  facts: Facts,
  dims: ReadonlyMap<string, string>,
  arrays: ReadonlyMap<BufId, string>,
  bytes: number,
): readonly TileGuard[] {
  return [
    ...[...facts.divisors].map(([id, of]): TileGuard => ({ kind: 'multiple', dim: must(dims.get(id), id), of })),
    ...[...facts.positive].map((id): TileGuard => ({ kind: 'positive', dim: must(dims.get(id), id) })),
    ...[...facts.aligned].map((id): TileGuard => ({ kind: 'aligned', array: must(arrays.get(id), id), bytes })),
  ];
}
function recurStates(k: KernelPlan): readonly BufId[] {
  return k.root.kind === 'recur' ? k.root.states : [];
}
function prologue(stage: Stage, s: Scope): void {
  if (stage.kind !== 'map') throw new Error('internal: only maps are recomputed by parts');
  lowerPoint(stage, [{ ...s, uses: countUses(stageExprs(stage), s.cx.intern) }], undefined, false);
}
