import { must } from '../../assert.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import * as b from '../../codegen/ir/build.ts';
import type { Axis, AxisId, Buffer, BufId, Expr, Stage, StageGraph } from '../../codegen/ir/stage.ts';
import { children, freeAxes, mapStage, reads, rewrite, stageExprs } from '../../codegen/ir/walk.ts';
import * as t from '../../codegen/ir/tile-build.ts';
import type { Val } from '../../codegen/ir/tile.ts';
import { contractionOf } from '../../codegen/patterns/contraction/shape.ts';
import type { KernelPlan } from '../../codegen/plan/plan.ts';
import { countUses } from '../../codegen/tile/affine.ts';
import { loopOver, sweep } from '../../codegen/tile/loops.ts';
import type { Lowering } from '../../codegen/tile/program.ts';
import { branched, laneAt, withAxis, withLane, withVar } from '../../codegen/tile/scope.ts';
import type { Scope } from '../../codegen/tile/scope.ts';
import { lowerPoint } from '../../codegen/tile/stages.ts';
import { inLanes, lanesFor, resultType } from '../../codegen/tile/vectorise.ts';

/** A matrix in memory that is moved block by block: axes by position, the last of which walks consecutive elements. */
export interface Matrix {
  readonly buf: BufId;
  readonly dtype: DType;
  readonly axes: readonly AxisId[];
}
/** A kernel that multiplies matrices: sums of products over one axis, then what follows at each point of a tile. */
export interface Product {
  readonly batch: readonly Axis[];
  readonly rows: Axis;
  readonly cols: Axis;
  readonly over: Axis;
  readonly left: Matrix;
  readonly right: Matrix;
  readonly acc: 'f32' | 'i32';
  /** What is read and stored after the sum is known. */
  readonly ins: readonly Matrix[];
  readonly outs: readonly Matrix[];
  readonly after: readonly (Stage & { readonly kind: 'map' })[];
}

/** Types that the dot-product engine multiplies; f32 goes through the vector unit. */
const FLOATS: ReadonlySet<DType> = new Set<DType>(['f32', 'f16', 'bf16']);
const INTS: ReadonlySet<DType> = new Set<DType>(['i8', 'u8']);

/** The product that a kernel is; undefined where it is none that blocks of rows and columns in memory make up. */
export function productOf(kernel: KernelPlan, graph: StageGraph): Product | undefined {
  const c = contractionOf(kernel);
  const [rows, cols, over] = [c?.rows[0], c?.cols[0], c?.over[0]];
  if (c === undefined || rows === undefined || cols === undefined || over === undefined) return undefined;
  if (c.rows.length + c.cols.length + c.over.length > 3 || (c.acc !== 'f32' && c.acc !== 'i32')) return undefined;
  if ([...c.batch, rows, cols, over].some((a) => reads(a.hi).length > 0 || freeAxes(a.hi).size > 0)) return undefined;
  const known = new Set(c.batch.map((a) => a.id));
  const buffer = (id: BufId): Buffer =>
    must(
      graph.buffers.find((x) => x.id === id),
      id,
    );
  const matrix = (buf: BufId, index: readonly Expr[], among: readonly AxisId[], field?: string): Matrix | undefined => {
    const own = buffer(buf);
    const axes = index.flatMap((e) => (e.kind === 'axis' && (known.has(e.id) || among.includes(e.id)) ? [e.id] : []));
    if (own.list || own.row || own.capacity || own.virtual === true || field !== undefined) return undefined;
    return axes.length === index.length && new Set(axes).size === axes.length
      ? { buf, dtype: own.dtype, axes }
      : undefined;
  };
  const operand = (e: Expr, ids: readonly AxisId[]): Matrix | undefined => {
    const found = e.kind === 'read' && e.list === undefined ? matrix(e.buf, e.index, ids, e.field) : undefined;
    const types = c.acc === 'f32' ? FLOATS : INTS;
    return found &&
      types.has(found.dtype) &&
      ids.every((id) => found.axes.includes(id)) &&
      ids.includes(found.axes.at(-1) ?? '')
      ? found
      : undefined;
  };
  const [left, right] = [operand(c.left, [rows.id, over.id]), operand(c.right, [over.id, cols.id])];
  if (left === undefined || right === undefined || left.dtype !== right.dtype) return undefined;
  const held = (id: BufId): boolean =>
    buffer(id).role === 'temp' && kernel.homes.get(id)?.kind !== 'workspace' && kernel.homes.has(id);
  const ids = [rows.id, cols.id];
  const outs: Matrix[] = [];
  const ins = new Map<BufId, Matrix>();
  for (const stage of c.after) {
    if (stage.where !== undefined || stage.out.list !== undefined || stageExprs(stage).some(folds)) return undefined;
    const out = matrix(stage.out.buf, stage.out.index, ids, stage.out.field);
    if (!held(stage.out.buf)) {
      if (out === undefined || out.axes.at(-1) !== cols.id || !out.axes.includes(rows.id)) return undefined;
      outs.push(out);
    }
    for (const r of reads(stage.value)) {
      if (c.after.some((x) => x.out.buf === r.buf)) continue;
      const found = r.list === undefined ? matrix(r.buf, r.index, ids, r.field) : undefined;
      const before = found && ins.get(r.buf);
      if (found === undefined || (before !== undefined && before.axes.join() !== found.axes.join())) return undefined;
      // Blocks of rows lie in memory one behind the other.
      if (found.axes.includes(cols.id) && found.axes.at(-1) !== cols.id) return undefined;
      if (found.axes.includes(rows.id) && !found.axes.includes(cols.id) && found.axes.at(-1) !== rows.id)
        return undefined;
      ins.set(r.buf, found);
    }
  }
  if (outs.length === 0 || new Set(outs.map((o) => o.buf)).size < outs.length) return undefined;
  return { batch: c.batch, rows, cols, over, left, right, acc: c.acc, ins: [...ins.values()], outs, after: c.after };
}
const folds = (e: Expr): boolean => e.kind === 'reduce' || children(e).some(folds);

/** The type that sums are rounded to where they are the result and nothing follows: the SIMD engine does that on their way to local memory. */
export function storedPlain(p: Product): DType | undefined {
  const [only, ...more] = p.after;
  const [out] = p.outs;
  if (only === undefined || more.length > 0 || out === undefined || !PLAIN.has(out.dtype)) return undefined;
  let e = only.value;
  while ((e.kind === 'cast' && e.to === out.dtype) || e.kind === 'convert') {
    if (e.kind === 'convert' && e.type !== p.acc) return undefined;
    e = e.a;
  }
  return e.kind === 'var' && e.id === 'acc' ? out.dtype : undefined;
}
const PLAIN: ReadonlySet<DType> = new Set<DType>(['f32', 'i32', 'bf16', 'f16']);

/** Rows and columns of the tile of a PE, and reduced elements of a block. */
export interface Block {
  readonly m: number;
  readonly n: number;
  readonly k: number;
}
/** Rows and columns of a matrix that a tile touches. */
export const tileShape = (x: Matrix, p: Product, block: Block): readonly [rows: number, cols: number] => [
  x.axes.includes(p.rows.id) && x.axes.includes(p.cols.id) ? block.m : 1,
  x.axes.includes(p.cols.id) ? block.n : x.axes.includes(p.rows.id) ? block.m : 1,
];

/** Names of a tile in the text: its first row and column, and how many of them there are. */
export const TILE = { row: 'kt_m0', rows: 'kt_mr', col: 'kt_n0', cols: 'kt_nr', acc: 'acc' } as const;
const I = 'row of the tile';
const J = 'column of the tile';
/** Arrays of a lowered tile by what they stand for: a buffer, or the sums. */
export type TileArrays = Map<string, string>;

/** What follows the sum, on a tile whose sums, operands and results lie in local memory; `made` is filled with the names of their arrays. */
export const afterSum =
  (p: Product, block: Block, made: TileArrays): Lowering =>
  (s, state) => {
    const tiles = new Map([...p.ins, ...p.outs].map((x) => [x.buf, x]));
    const array = (key: string, dtype: DType, elements: number): string => {
      const id = made.get(key) ?? state.scratch(key === TILE.acc ? 'sums' : `${key}_tile`, dtype, b.int(elements));
      made.set(key, id);
      return id;
    };
    const sums = array(TILE.acc, p.acc, block.m * block.n);
    const pseudo = new Map<BufId, Buffer>();
    for (const [buf, x] of tiles) {
      const [m, n] = tileShape(x, p, block);
      array(buf, x.dtype, m * n);
      pseudo.set(tileOf(buf), { ...s.cx.buffer(buf), id: tileOf(buf), role: 'temp', shape: shapeOf(x, p, block) });
    }
    const held = new Set(p.after.map((x) => x.out.buf).filter((x) => !tiles.has(x)));
    const cx = {
      ...s.cx,
      buffer: (id: BufId) => pseudo.get(id) ?? s.cx.buffer(id),
      storage: (id: BufId) => {
        if (held.has(id)) return { kind: 'register' } as const;
        const own = pseudo.get(id);
        return own === undefined
          ? s.cx.storage(id)
          : ({
              kind: 'array',
              id: must(made.get(id.slice(PREFIX.length)), id),
              keep: own.shape.map((_, k) => k),
            } as const);
      },
    };
    let inner: Scope = { ...s, cx, registers: new Map(s.registers) };
    for (const a of p.batch) inner = withAxis(inner, a.id, t.name(batchName(a)));
    inner = withVar(withVar(inner, TILE.row, t.name(TILE.row)), TILE.col, t.name(TILE.col));
    const after = p.after.map((x) => onTile(x, p, tiles));
    const lanes = after.every((x) => inLanes(x, J, cx.buffer))
      ? lanesFor(after.map(resultType), state.schedule.bytes)
      : 1;
    const axis = (id: string, name: string): Axis => ({ id, name, lo: b.int(0), hi: b.variable(name, 'i64') });
    const points = (scopes: readonly Scope[], row: Val, at: (n: number) => Val): void => {
      const seen = scopes.map((x, n) => {
        const width = x.lane?.lanes ?? 1;
        const index = t.add(t.mul(row, t.int(block.n)), at(n));
        return withVar(x, 'acc', t.load({ array: sums, index }, p.acc, p.acc, width));
      });
      for (const stage of after)
        lowerPoint(
          stage,
          seen.map((x) => ({ ...x, uses: countUses(stageExprs(stage), x.cx.intern) })),
          undefined,
          false,
        );
    };
    for (const x of p.after) s.block.ops.push({ kind: 'note', text: x.name, span: x.span });
    loopOver(axis(I, 'i'), t.int(0), t.name(TILE.rows), 1, inner, (one, row) => {
      const cols = axis(J, 'j');
      const single = (x: Scope): void => points([x], row, () => must(x.axes.get(J), 'column'));
      if (lanes < 2) return loopOver(cols, t.int(0), t.name(TILE.cols), 1, one, single);
      sweep(
        cols,
        t.int(0),
        t.name(TILE.cols),
        lanes,
        state.schedule.unroll,
        one,
        (x, pos, count) => {
          const scopes = Array.from({ length: count }, (_, u) => ({
            ...withLane(branched(x), laneAt(J, lanes, pos, u, false)),
            registers: new Map(x.registers),
            shared: count > 1,
          }));
          points(scopes, row, (n) => t.add(pos, t.int(n * lanes)));
        },
        single,
      );
    });
  };
/** The name of the loop over an axis of a batch. */
export const batchName = (a: Axis): string => `kt_at_${a.name}`;
const PREFIX = 'tile of ';
const tileOf = (buf: BufId): BufId => `${PREFIX}${buf}`;
function shapeOf(x: Matrix, p: Product, block: Block): readonly Expr[] {
  const own = [...(x.axes.includes(p.rows.id) ? [block.m] : []), ...(x.axes.includes(p.cols.id) ? [block.n] : [])];
  return own.map((n) => b.int(n));
}

/** A stage that reads and stores tiles instead of matrices. */
function onTile(
  stage: Product['after'][number],
  p: Product,
  tiles: ReadonlyMap<BufId, Matrix>,
): Product['after'][number] {
  const index = (x: Matrix): readonly Expr[] => [
    ...(x.axes.includes(p.rows.id) ? [b.axisRef(I)] : []),
    ...(x.axes.includes(p.cols.id) ? [b.axisRef(J)] : []),
  ];
  const moved = mapStage(stage, (e) =>
    rewrite(e, (x) => {
      if (x.kind === 'axis' && x.id === p.rows.id) return b.add(b.axisRef(I), b.variable(TILE.row, 'i64'));
      if (x.kind === 'axis' && x.id === p.cols.id) return b.add(b.axisRef(J), b.variable(TILE.col, 'i64'));
      const own = x.kind === 'read' ? tiles.get(x.buf) : undefined;
      return x.kind === 'read' && own !== undefined ? { ...x, buf: tileOf(x.buf), index: index(own) } : x;
    }),
  );
  const own = tiles.get(stage.out.buf);
  if (moved.kind !== 'map') throw new Error('internal: a map became another stage');
  return own === undefined
    ? { ...moved, out: stage.out }
    : { ...moved, out: { buf: tileOf(stage.out.buf), index: index(own) } };
}
export const bytesOf = (x: Matrix): number => DTYPES[x.dtype].bytes;
