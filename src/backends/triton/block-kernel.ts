import { must } from '../../assert.ts';
import { visitOps } from '../../codegen/ir/tile-walk.ts';
import type { TileKernel, TileOp, TileProgram, Val } from '../../codegen/ir/tile.ts';
import { numbersOf, onlyKnown } from '../simt/launch.ts';
import { findAxes, LANE, ROW } from './axes.ts';
import type { Axes, Env } from './axes.ts';
import { gridOf } from './grid.ts';
import { hostValue } from './host.ts';
import { contextOf, frameOf, parameters, pointerName, startOf, typed } from './kernel.ts';
import type { KernelText } from './kernel.ts';
import { indented, useful } from './lines.ts';
import type { Line } from './lines.ts';
import { boundOf, letsOf, nestOf, writtenOut } from './nest.ts';
import { printValue, pyName } from './print.ts';
import { statements } from './statements.ts';
import type { KernelCx, Place } from './context.ts';

/** How programs take the points of a kernel. */
export interface BlockShape {
  /** Rows of a program; with one, blocks have one axis. */
  readonly rows: number;
  /** A block has a place for every element of a row. */
  readonly whole: boolean;
  /** What the sizes of a block are called: rows, elements side by side, and terms of a product. */
  readonly names: readonly [rows: string, lanes: string, depth: string];
  /** Blocks are large enough for products of blocks, whose tiles go in groups of so many rows where a name is given. */
  readonly products: boolean;
  readonly group?: string;
}
export const ROW_NAMES: BlockShape['names'] = ['ROWS', 'BLOCK', 'DEPTH'];
export const TILE_NAMES: BlockShape['names'] = ['BLOCK_M', 'BLOCK_N', 'BLOCK_K'];
export interface BlockKernel extends KernelText {
  /** Tiles of the launch as the host computes them; undefined where only the device knows, and programs share them in a loop. */
  readonly tiles: string | undefined;
  readonly persistent: boolean;
  /** Extents that a whole row has to hold, as the host computes them. */
  readonly extents: readonly string[] | undefined;
  readonly constexprs: readonly string[];
  /** Elements that a block of whole rows has at least. */
  readonly least: number;
  /** Slices of the arrays of programs that one program has. */
  readonly slices: string;
}

/** True if a kernel's body is a nest that blocks of programs can run. */
export function isNest(p: TileProgram, k: TileKernel): boolean {
  return blocked(k) && nestOf(k.body, hostOf(p, k.body)) !== undefined;
}
/** True where every operation has a form on blocks. */
function blocked(k: TileKernel): boolean {
  let fine = true;
  visitOps(k.body, (op) => {
    if (op.kind === 'copy' || op.kind === 'sortTile' || op.kind === 'tileDot' || op.kind === 'turnTile') fine = false;
    if (op.kind === 'scanTile' && (op.reverse || op.value.ty.dtype === 'bool')) fine = false;
  });
  return fine;
}
function hostOf(p: TileProgram, body: readonly TileOp[]): (v: Val) => boolean {
  const known = numbersOf(p, () => true);
  const lets = letsOf(body);
  return (v) => onlyKnown(writtenOut(v, lets), known);
}

/** Extents of the rows that lanes walk, where the host knows what they never pass; undefined where it does not. */
function rowsOf(body: readonly TileOp[], p: TileProgram): readonly string[] | undefined {
  const lets = letsOf(body);
  const known = numbersOf(p, () => true);
  const bounds: (string | undefined)[] = [];
  visitOps(body, (op) => {
    if (op.kind !== 'loop' || op.level.kind !== 'lane') return;
    const bound = boundOf(writtenOut(op.hi, lets), (v) => onlyKnown(v, known));
    const plain = op.lo.kind === 'int' && op.lo.value === 0n && op.step === 1;
    bounds.push(plain && bound !== undefined ? hostValue(bound) : undefined);
  });
  const all = bounds.flatMap((b) => (b === undefined ? [] : [b]));
  return all.length === bounds.length && all.length > 0 ? [...new Set(all)] : undefined;
}

/** True if a kernel has rows that blocks can hold whole. */
export function hasRows(p: TileProgram, k: TileKernel): boolean {
  const nest = nestOf(k.body, hostOf(p, k.body));
  return nest !== undefined && nest.across === undefined && rowsOf(nest.body, p) !== undefined;
}

/** A kernel whose programs take blocks: rows, and elements of a row side by side. */
export function blockKernel(
  p: TileProgram,
  k: TileKernel,
  entry: string,
  used: Set<string>,
  shape: BlockShape,
): BlockKernel {
  const f = frameOf(p, k);
  const nest = must(nestOf(f.body, hostOf(p, f.body)), 'nest');
  const flat = nest.loops.length === 0;
  const rank = flat || shape.rows === 1 ? 1 : 2;
  const whole = shape.whole ? rowsOf(nest.body, p) : undefined;
  const slices: Axes = rank === 2 ? ROW : flat ? LANE : 0;
  const [rowSize, laneSize, depth] = shape.names;
  const env: Env = {
    locals: new Map([['lane', LANE]]),
    arrays: new Map(f.own.map((a) => [a.id, slices] as const)),
    rows: rank === 2 ? ROW : 0,
  };
  const inside = rowLoopIn(nest.body);
  const row = inside ? undefined : nest.loops.at(-1);
  if (row !== undefined && rank === 2) env.locals.set(row.id, ROW);
  if (nest.across !== undefined) env.locals.set(nest.across.id, LANE);
  findAxes(nest.body, env);
  const reads = new Set<string>();
  const body: Line[] = [];
  const cx = contextOf(f, used, {
    env,
    reads,
    lines: body,
    shape: (a) =>
      a === 0
        ? '()'
        : rank === 1
          ? `(${laneSize},)`
          : `(${[rowSize, laneSize].map((d, n) => ((a >> n) & 1 ? d : '1')).join(', ')})`,
    block: {
      lanes: 'cols',
      size: laneSize,
      rows: 'rows',
      rowSize,
      depth,
      whole: whole !== undefined,
      rank,
      products: shape.products && rank === 2,
    },
  });
  cx.aliases.set('lane', 'cols');
  const start = startOf(f, 0);
  statements(nest.before, cx, start);
  const before = body.splice(0);
  const lets = letsOf(f.body);
  const isHost = hostOf(p, f.body);
  const place = gridOf(nest, rank === 2 ? row : undefined, shape, {
    device: (v) =>
      printValue(writtenOut(v, lets), {
        ...cx,
        axes: () => 0,
        guards: [],
        known: start.known,
        before: (l) => void before.push(line(l)),
      }),
    host: (v) => (isHost(v) ? hostValue(writtenOut(v, lets)) : undefined),
  });
  statements(nest.body, cx, { ...start, guards: place.guards });
  const own = new Set(f.own.map((a) => a.id));
  const alive = f.own.filter((a) => reads.has(a.id));
  const persistent = alive.length > 0 || place.tiles === undefined;
  const head = [
    ...['pid = tl.program_id(0).to(tl.int64)', ...typed(f)].map(line),
    line(`cols = tl.arange(0, ${laneSize})${rank === 1 ? '' : '[None, :]'}.to(tl.int64)`),
    line(`rows = tl.arange(0, ${rowSize})[:, None].to(tl.int64)`),
    line(`across = tl.arange(0, ${depth})[None, :].to(tl.int64)`),
    line(`down = tl.arange(0, ${depth})[:, None].to(tl.int64)`),
    ...alive.flatMap((a) => sliceLines(a.id, must(a.elements, 'size'), slices, shape.names, cx, start)),
    ...before,
    ...(persistent ? [line(`for tile in range(pid, ${place.total}, tl.num_programs(0)):`)] : []),
  ];
  const inner = [...place.lines(persistent ? 'tl.cast(tile, tl.int64)' : 'pid').map(line), ...body];
  const deeper = inner.map((l) => ({ ...l, depth: l.depth + (persistent ? 1 : 0) }));
  const all = useful([...head, ...deeper], (id) => own.has(id), reads);
  const mentions = (id: string): boolean => all.some((l) => new RegExp(`\\b${id}\\b`).test(l.text));
  const arrays = f.arrays.filter((a) => mentions(pointerName(a.id))).map((a) => a.id);
  const numbers = [...f.dims, ...f.scalars.map((s) => s.id)].filter((d) => mentions(pyName(d)));
  const args = [...arrays, ...numbers];
  const constexprs = [...shape.names, ...(shape.group === undefined ? [] : [shape.group])].filter(mentions);
  const name = `${entry}_${k.id}`;
  const list = [...parameters(f, args), ...constexprs.map((c) => `${c}: tl.constexpr`)].join(', ');
  return {
    name,
    args,
    own: alive.map((a) => a.id),
    constexprs,
    persistent,
    tiles: place.tiles,
    extents: whole,
    least: all.some((l) => l.text.includes('tl.dot(')) ? 16 : 1,
    slices: rank === 2 ? rowSize : flat ? laneSize : '1',
    text: ['@triton.jit', `def ${name}(${list}):`, ...indented(all, 1)].join('\n'),
  };
}
/** True where rows are walked by a loop inside. */
function rowLoopIn(body: readonly TileOp[]): boolean {
  let found = false;
  visitOps(body, (op) => {
    if (op.kind === 'loop' && op.level.kind === 'grid') found = true;
  });
  return found;
}
const line = (text: string): Line => ({ text, depth: 0 });

/** Moves the pointer of an array that each program has to its own slice, or to those of its rows. */
function sliceLines(
  id: string,
  size: Val,
  of: Axes,
  [rows, lanes]: BlockShape['names'],
  k: KernelCx,
  at: Place,
): readonly Line[] {
  const lines: Line[] = [];
  const text = printValue(size, {
    ...k,
    axes: () => 0,
    guards: [],
    known: at.known,
    before: (l) => void lines.push(line(l)),
  });
  const slice = of === ROW ? `(pid * ${rows} + rows)` : of === LANE ? `(pid * ${lanes} + cols)` : 'pid';
  lines.push(line(`${pointerName(id)} = ${pointerName(id)} + ${slice} * (${text})`));
  return lines;
}
