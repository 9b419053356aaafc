import type { Axis, BufId, Buffer, Expr, Place, Stage, StageGraph } from '../../codegen/ir/stage.ts';
import { children, reads, visit } from '../../codegen/ir/walk.ts';
import { sameExpr } from '../../codegen/ir/rewrite.ts';
import { axisRef, int, ix } from '../../codegen/ir/build.ts';

/** Where a buffer holds the rows of a dim. */
export type Carrier =
  /** One axis of it runs over them. */
  | { readonly kind: 'axis'; readonly at: number }
  /** It holds the offsets of ragged rows, one for each. */
  | { readonly kind: 'offsets' }
  /** Its first axis holds the items of those ragged rows, one row behind the other. */
  | { readonly kind: 'items'; readonly offsets: BufId };

/** A change of the inputs under which the results must change alike, read off the stage graph. */
export interface Symmetry {
  /**
   * `rows`: along the dim every result depends on the inputs at its own position alone, so that positions can be left out, repeated, reordered
   * or spoiled. `order`: the dim is reduced, by folds that have no order; its positions can be reordered. `items`: the same within ragged rows.
   */
  readonly kind: 'rows' | 'order' | 'items';
  /** The dim, or for `items` the ragged axis. */
  readonly name: string;
  readonly dim: string;
  readonly carriers: ReadonlyMap<BufId, Carrier>;
}

/** All symmetries of a graph along single dims. */
export function symmetriesOf(graph: StageGraph): readonly Symmetry[] {
  return graph.dims.flatMap((d): readonly Symmetry[] => {
    if (d.derived !== undefined || d.perElement !== undefined) return [];
    const others = [...graph.facts.map((f) => f.cond), ...graph.dims.flatMap((x) => x.derived ?? [])];
    if (others.some((e) => mentions(e, d.id))) return [];
    const carriers = carriersOf(graph, d.id);
    if (carriers === undefined || carriers.size === 0) return [];
    const walk: Walk = { dim: d.id, carriers, reduced: false, positional: false };
    if (!graph.stages.every((s) => holds(walk, s))) return [];
    const kind = walk.reduced ? 'order' : 'rows';
    const offsets = graph.buffers.find((b) => carriers.get(b.id)?.kind === 'offsets');
    const own: Symmetry = { kind, name: d.id, dim: d.id, carriers };
    if (offsets?.offsetsOf === undefined || walk.positional) return [own];
    return [own, { kind: 'items', name: offsets.offsetsOf, dim: d.id, carriers }];
  });
}

const isDim = (e: Expr, id: string): boolean => e.kind === 'dim' && e.id === id && e.list === undefined;
function mentions(e: Expr, id: string): boolean {
  let found = false;
  visit(e, (x) => void (found ||= x.kind === 'dim' && x.id === id));
  return found;
}

/** The buffers that hold rows of a dim; undefined if one does in another way than those that are known here. */
function carriersOf(graph: StageGraph, id: string): ReadonlyMap<BufId, Carrier> | undefined {
  const out = new Map<BufId, Carrier>();
  const offsets = graph.buffers.filter((b) => b.offsetsOf !== undefined && b.shape.some((e) => mentions(e, id)));
  // Lengths of ragged results depend on values: nothing is said about those.
  if (offsets.length > 1 || offsets.some((b) => b.role !== 'in')) return undefined;
  for (const b of graph.buffers) {
    const carrier = carrierOf(b, id, offsets[0]);
    if (carrier === 'none') continue;
    if (carrier === 'other' || b.list !== undefined) return undefined;
    out.set(b.id, carrier);
  }
  return out;
}
function carrierOf(b: Buffer, id: string, offsets: Buffer | undefined): Carrier | 'none' | 'other' {
  const around = [...(b.row ?? []).flatMap((f) => f.shape), ...(b.list === undefined ? [] : [b.list.count])];
  if (around.some((e) => mentions(e, id))) return 'other';
  const at = b.shape.flatMap((e, k) =>
    mentions(e, id) || (offsets !== undefined && reads(e).some((r) => r.buf === offsets.id)) ? [k] : [],
  );
  const [k] = at;
  const e = k === undefined ? undefined : b.shape[k];
  if (k === undefined || e === undefined) return 'none';
  if (at.length > 1 || b.virtual === true || b.capacity !== undefined) return 'other';
  if (isDim(e, id)) return { kind: 'axis', at: k };
  if (b === offsets) return e.kind === 'binary' && e.op === 'add' && isDim(e.a, id) ? { kind: 'offsets' } : 'other';
  const total = e.kind === 'read' && e.buf === offsets?.id && e.index.length === 1 && e.index[0] !== undefined;
  if (k !== 0 || !total || !e.index.every((x) => isDim(x, id))) return 'other';
  return { kind: 'items', offsets: e.buf };
}

interface Walk {
  readonly dim: string;
  readonly carriers: ReadonlyMap<BufId, Carrier>;
  /** A fold runs over the dim. */
  reduced: boolean;
  /** Where in its ragged row an item stands makes a difference. */
  positional: boolean;
}
/** The axes of a stage that run over the dim, and those over its ragged rows with the axis of the row. */
interface Over {
  readonly rows: ReadonlySet<string>;
  readonly items: ReadonlyMap<string, string>;
}

/** Folds whose result has no order, rounding aside. */
const ORDERLESS: ReadonlySet<string> = new Set(['add', 'mul', 'max', 'min', 'and', 'or', 'count', 'mean', 'var']);

/** True if a stage treats all rows alike; notes what it does with them. */
function holds(walk: Walk, s: Stage): boolean {
  if (s.kind === 'recur')
    return [s.step.lo, s.step.hi].every((e) => plain(walk, NONE, e)) && s.body.every((x) => holds(walk, x));
  const loops = [...s.axes, ...innerLoops(s)];
  const over = overOf(walk, loops);
  const touched = over.rows.size > 0;
  const bounds = loops.flatMap((a) => (over.rows.has(a.id) || over.items.has(a.id) ? [] : [a.lo, a.hi]));
  if (![...bounds, ...valuesOf(s)].every((e) => plain(walk, over, e))) return false;
  const outs = placesOf(s);
  if (!touched) return outs.every((p) => !walk.carriers.has(p.buf) && p.index.every((e) => plain(walk, over, e)));
  if (s.kind === 'offsets' || s.kind === 'pack') return false;
  if (!outs.every((p) => spot(walk, over, p))) return false;
  const carried = outs.every((p) => walk.carriers.has(p.buf));
  const free = s.axes.filter((a) => over.rows.has(a.id));
  const folded = s.kind === 'reduce' ? s.reduce.over : [];
  // A fold over rows has no order; a scan or a choice along them has one.
  const rowFold = folded.some((a) => over.rows.has(a.id)) || (s.kind === 'scatter' && free.length > 0 && !carried);
  if (rowFold && s.kind === 'reduce' && !ORDERLESS.has(s.reduce.op)) return false;
  if ((s.kind === 'scan' || s.kind === 'select') && innerLoops(s).some((a) => over.rows.has(a.id))) return false;
  if (s.kind === 'scan' && over.rows.has(s.at)) return false;
  if (s.kind !== 'scatter' && free.length > 0 && !carried) return false;
  if (free.length > 1) return false;
  if (rowFold) walk.reduced = true;
  if (s.kind === 'reduce' && folded.some((a) => over.items.has(a.id)) && !ORDERLESS.has(s.reduce.op))
    walk.positional = true;
  if ((s.kind === 'scan' || s.kind === 'select') && loops.some((a) => over.items.has(a.id))) walk.positional = true;
  return true;
}
const NONE: Over = { rows: new Set(), items: new Map() };

function innerLoops(s: Exclude<Stage, { kind: 'recur' }>): readonly Axis[] {
  switch (s.kind) {
    case 'reduce':
      return s.reduce.over;
    case 'scan':
      return [s.along];
    case 'select':
      return [s.along, s.slot];
    case 'pack':
      return [s.from];
    default:
      return [];
  }
}
function placesOf(s: Exclude<Stage, { kind: 'recur' }>): readonly Place[] {
  switch (s.kind) {
    case 'map':
    case 'reduce':
    case 'scan':
    case 'scatter':
      return [s.out];
    case 'select':
      return [s.values, s.indices].filter((p) => p !== undefined);
    case 'offsets':
      return [{ buf: s.out, index: [] }];
    case 'pack':
      return [s.offsets, ...s.outs.map((o) => o.buf)].map((buf) => ({ buf, index: [] }));
  }
}
function valuesOf(s: Exclude<Stage, { kind: 'recur' }>): readonly Expr[] {
  const given = (...list: readonly (Expr | undefined)[]): readonly Expr[] => list.filter((e) => e !== undefined);
  switch (s.kind) {
    case 'map':
      return given(s.where, s.value);
    case 'reduce':
      return given(s.where, s.reduce.when, s.reduce.body, s.reduce.value, s.post);
    case 'scan':
      return given(s.where, s.when, s.body);
    case 'scatter':
      return given(s.where, s.value, s.init);
    case 'offsets':
      return given(s.where, s.size, s.list);
    case 'pack':
      return given(s.where, s.when, ...s.outs.map((o) => o.value));
    case 'select':
      return given(s.where, s.body);
  }
}

function overOf(walk: Walk, loops: readonly Axis[]): Over {
  const zero = (a: Axis): boolean => a.lo.kind === 'int' && a.lo.value === 0n;
  const rows = new Set(loops.filter((a) => zero(a) && isDim(a.hi, walk.dim)).map((a) => a.id));
  const items = new Map<string, string>();
  for (const a of loops) {
    const row = zero(a) ? lengthOf(walk, a.hi, rows) : undefined;
    if (row !== undefined) items.set(a.id, row);
  }
  return { rows, items };
}
/** The row axis b, if the expression is the length off[b + 1] - off[b] of its row. */
function lengthOf(walk: Walk, e: Expr, rows: ReadonlySet<string>): string | undefined {
  if (e.kind !== 'binary' || e.op !== 'sub') return undefined;
  const at = startOf(walk, e.b, rows);
  const { a: end } = e;
  if (at === undefined || end.kind !== 'read' || walk.carriers.get(end.buf)?.kind !== 'offsets') return undefined;
  const [index] = end.index;
  return index !== undefined && sameExpr(index, ix.add(axisRef(at), int(1))) ? at : undefined;
}
/** The row axis b, if the expression is off[b]. */
function startOf(walk: Walk, e: Expr, rows: ReadonlySet<string>): string | undefined {
  if (e.kind !== 'read' || walk.carriers.get(e.buf)?.kind !== 'offsets') return undefined;
  const [index] = e.index;
  return index?.kind === 'axis' && rows.has(index.id) ? index.id : undefined;
}

/** True if an expression depends on rows only through what they hold. */
function plain(walk: Walk, over: Over, e: Expr): boolean {
  if (e.kind === 'dim') return e.id !== walk.dim;
  if (e.kind === 'axis') {
    if (over.items.has(e.id)) walk.positional = true;
    return !over.rows.has(e.id);
  }
  if (lengthOf(walk, e, over.rows) !== undefined) return true;
  if (e.kind === 'read') return spot(walk, over, e);
  if (e.kind === 'reduce') return false;
  return children(e).every((x) => plain(walk, over, x));
}

/** True if an access names its row by a loop over rows, and nothing else in it depends on the row's number. */
function spot(walk: Walk, over: Over, p: Pick<Place, 'buf' | 'index' | 'list'>): boolean {
  const carrier = walk.carriers.get(p.buf);
  const rest = (skip: number): boolean =>
    p.index.every((e, k) => k === skip || plain(walk, over, e)) && (p.list === undefined || plain(walk, over, p.list));
  if (carrier === undefined) return rest(-1);
  if (carrier.kind === 'offsets') return false;
  const at = carrier.kind === 'axis' ? carrier.at : 0;
  const index = p.index[at];
  if (index === undefined) return false;
  if (carrier.kind === 'axis') return index.kind === 'axis' && over.rows.has(index.id) && rest(at);
  if (index.kind !== 'binary' || index.op !== 'add' || index.b.kind !== 'axis') return false;
  const row = startOf(walk, index.a, over.rows);
  return row !== undefined && over.items.get(index.b.id) === row && rest(0);
}
