import { must } from '../../assert.ts';
import { freshNames } from '../../codegen/ir/rewrite.ts';
import { uniqueLocals } from '../../codegen/ir/tile-unique.ts';
import { mentioned, mentionedIn, visitOps, visitVals } from '../../codegen/ir/tile-walk.ts';
import type { TileArray, TileKernel, TileOp, TileProgram } from '../../codegen/ir/tile.ts';
import type { DType } from '../../dsl/dtypes.ts';
import { widen } from '../../dsl/dtypes.ts';
import { breaks } from './axes.ts';
import { indented, useful } from './lines.ts';
import type { Line } from './lines.ts';
import { pyName } from './print.ts';
import { knownIn } from './context.ts';
import { statements } from './statements.ts';
import type { KernelCx, Place } from './context.ts';
import { VALUE } from './types.ts';

/** A kernel function, and what the host needs to launch it. */
export interface KernelText {
  readonly name: string;
  /** Arrays, dims, capacities and scalars, in order. */
  readonly args: readonly string[];
  /** Arrays of its programs that it has a use for. */
  readonly own: readonly string[];
  readonly text: string;
}

/** What a kernel mentions of its program, and the names that are free in it. */
export interface Frame {
  readonly arrays: readonly TileArray[];
  readonly own: readonly TileArray[];
  readonly dims: readonly string[];
  readonly scalars: readonly { readonly id: string; readonly dtype: DType }[];
  readonly body: readonly TileOp[];
  readonly fresh: (base: string) => string;
  readonly mutable: ReadonlySet<string>;
  readonly shared: ReadonlySet<string>;
}

export function frameOf(p: TileProgram, k: TileKernel): Frame {
  const names = mentioned(k.body);
  const arrays = p.arrays.filter((a) => names.has(a.id));
  const own = arrays.filter((a) => a.scope === 'part');
  const inside = new Set([...names, ...mentionedIn(own.map((a) => must(a.elements, 'size')))]);
  const more = p.arrays.filter((a) => inside.has(a.id) && !arrays.includes(a));
  const dims = [...p.dims, ...p.capacities].filter((d) => inside.has(d.id)).map((d) => d.id);
  const scalars = p.scalars.filter((s) => inside.has(s.id));
  const all = [...arrays, ...more];
  const taken = [...all.map((a) => pointerName(a.id)), ...[...dims, ...scalars.map((s) => s.id)].map(pyName)];
  const fresh = freshNames([...taken, ...RESERVED]);
  const body = uniqueLocals(k.body, (base) => fresh(pyName(base)));
  const mutable = new Set<string>();
  visitOps(body, (op) => {
    if (op.kind === 'set') mutable.add(op.id);
    if (op.kind === 'loop' && breaks(op.body)) mutable.add(op.id);
  });
  return { arrays: all, own, dims, scalars, body, fresh, mutable, shared: storedAndRead(k) };
}
export const pointerName = (array: string): string => `${array}_ptr`;
const RESERVED = [
  'pid',
  'part',
  'parts',
  'rows',
  'cols',
  'lane',
  'tile',
  'rest',
  'across',
  'down',
  'ROWS',
  'BLOCK',
  'DEPTH',
  'BLOCK_M',
  'BLOCK_N',
  'BLOCK_K',
  'GROUP_M',
];

/** Scalars are passed as numbers of Python: types of arithmetic are given here. */
export const typed = (f: Frame): readonly string[] => [
  ...f.dims.map((d) => `${pyName(d)} = tl.cast(${pyName(d)}, tl.int64)`),
  ...f.scalars.map(({ id, dtype }) => {
    const name = pyName(id);
    return `${name} = ${dtype === 'bool' ? `tl.cast(${name}, tl.int32) != 0` : `tl.cast(${name}, ${VALUE[widen(dtype)]})`}`;
  }),
];
export const parameters = (f: Frame, args: readonly string[]): readonly string[] =>
  args.map((id) => (f.arrays.some((a) => a.id === id) ? pointerName(id) : pyName(id)));

/** What printing in a kernel shares, but for what its block is. */
export function contextOf(
  f: Frame,
  used: Set<string>,
  more: Pick<KernelCx, 'env' | 'shape' | 'lines' | 'block'> & { readonly reads: Set<string> },
): KernelCx {
  const aliases = new Map<string, string>();
  return {
    ...more,
    aliases,
    fresh: f.fresh,
    use: (fn) => (used.add(fn), fn),
    name: (id) => aliases.get(id) ?? pyName(id),
    array: (id) => ({
      text: pointerName(id),
      axes: more.env.arrays.get(id) ?? 0,
      bytes: f.arrays.some((a) => a.id === id && a.bytes === true),
    }),
    read: (id) => void more.reads.add(id),
    mutable: f.mutable,
    shared: f.shared,
    own: new Set(f.own.map((a) => a.id)),
  };
}
export const startOf = (f: Frame, depth: number): Place => ({
  depth,
  guards: [],
  known: knownIn(f.mutable),
  declared: new Map(),
});

/** A kernel whose programs each run a share of the outermost loop by scalars: right for every kernel there is. */
export function scalarKernel(p: TileProgram, k: TileKernel, entry: string, used: Set<string>): KernelText {
  const f = frameOf(p, k);
  const lines: KernelCx['lines'] = [];
  const reads = new Set<string>();
  const cx = contextOf(f, used, {
    env: { locals: new Map(), arrays: new Map(), rows: 0 },
    shape: () => '()',
    lines,
    reads,
  });
  const start = startOf(f, 1);
  for (const a of f.own) {
    const id = f.fresh('size');
    statements([{ kind: 'let', id, value: must(a.elements, 'size') }], cx, start);
    lines.push({ text: `${pointerName(a.id)} = ${pointerName(a.id)} + part * ${cx.name(id)}`, depth: 1 });
  }
  statements(f.body, cx, start);
  const all: readonly Line[] = [
    ...['part = tl.program_id(0).to(tl.int64)', 'parts = tl.num_programs(0).to(tl.int64)', ...typed(f)].map((text) => ({
      text,
      depth: 1,
    })),
    ...lines,
  ];
  const args = [...f.arrays.map((a) => a.id), ...f.dims, ...f.scalars.map((s) => s.id)];
  const name = `${entry}_${k.id}`;
  const kept = useful(all, () => false, reads);
  return {
    name,
    args,
    own: f.own.map((a) => a.id),
    text: ['@triton.jit', `def ${name}(${parameters(f, args).join(', ')}):`, ...indented(kept, 0)].join('\n'),
  };
}

function storedAndRead(k: TileKernel): ReadonlySet<string> {
  const [stored, loaded] = [new Set<string>(), new Set<string>()];
  visitOps(k.body, (op) => {
    if (op.kind === 'store') stored.add(op.to.array);
    if (op.kind === 'copy') {
      stored.add(op.to.array);
      loaded.add(op.from.array);
    }
    if (op.kind === 'sortTile') loaded.add(op.keys.array);
  });
  visitVals(k.body, (v) => void (v.kind === 'load' && loaded.add(v.from.array)));
  return new Set([...stored].filter((id) => loaded.has(id)));
}
