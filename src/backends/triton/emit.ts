import { must } from '../../assert.ts';
import { widen } from '../../dsl/dtypes.ts';
import type { DType } from '../../dsl/dtypes.ts';
import { freshNames } from '../../codegen/ir/rewrite.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import { mentioned, mentionedIn, visitOps, visitVals } from '../../codegen/ir/tile-walk.ts';
import type { TileArray, TileKernel, TileProgram, Val } from '../../codegen/ir/tile.ts';
import { costOf } from '../../codegen/plan/cost.ts';
import type { Emitted, Helper } from '../../codegen/program.ts';
import { abiOf } from '../clike/abi.ts';
import { headerOf } from '../clike/file.ts';
import { deviceFunctions } from './functions.ts';
import { hostValue } from './host.ts';
import { pyName } from './print.ts';
import { Unsupported } from './text.ts';
import { statements } from './statements.ts';
import { STORAGE, VALUE } from './types.ts';

/** Programs that share the rows of a kernel, unless the caller says otherwise: a few for each multiprocessor of a large device. */
const PROGRAMS = 1024;

/** A Python module of an operator: one `@triton.jit` function a kernel, and the function that launches them. */
export function emitModule(
  graph: StageGraph,
  source: StageGraph,
  program: TileProgram,
  options: { readonly entry: string; readonly target: string; readonly notes: readonly string[] },
): Emitted {
  refuse(program);
  const { entry, target } = options;
  const used = new Set<string>();
  const kernels = program.kernels.map((k) => kernelText(program, k, entry, used));
  const abi = abiOf(graph, program, { entry, target });
  const params = abi.params.filter((p) => p.kind !== 'workspace');
  const body = [...kernels.map((k) => k.text), launcher(program, entry, kernels)].join('\n\n\n');
  const helpers: Helper[] = deviceFunctions(used).map((text) => ({
    name: must(/def (\w+)/.exec(text)?.[1], 'function name'),
    text,
  }));
  return {
    entry,
    text: moduleText(headerOf(source, target, options.notes), helpers, body),
    helpers,
    body,
    abi: { ...abi, params, phases: 1, orders: 2 },
    patterns: program.kernels.map((k) => k.pattern),
    guards: [],
    cost: costOf(source),
  };
}

/** A module of helpers and bodies. */
export function moduleText(header: readonly string[], helpers: readonly Helper[], body: string): string {
  const head = header.map((l) => `#${l}`).join('\n');
  const functions = helpers.map((h) => `${h.text}\n\n\n`).join('');
  return `${head === '' ? '' : `${head}\n\n`}import torch\nimport triton\nimport triton.language as tl\n\n\n${functions}${body}\n`;
}

function refuse(p: TileProgram): void {
  for (const a of p.arrays) {
    if (a.list === true) throw new Unsupported(`lists of tensors (${a.source})`);
    if (a.bytes === true) throw new Unsupported(`rows of packed fields (${a.source})`);
  }
  if (p.dims.some((d) => d.table === true)) throw new Unsupported('lists of tensors');
}

interface KernelText {
  readonly name: string;
  readonly args: readonly string[];
  readonly split: boolean;
  readonly text: string;
}
function kernelText(p: TileProgram, k: TileKernel, entry: string, used: Set<string>): KernelText {
  const names = mentioned(k.body);
  const arrays = p.arrays.filter((a) => names.has(a.id));
  const own = arrays.filter((a) => a.scope === 'part');
  const inside = new Set([...names, ...mentionedIn(own.map((a) => must(a.elements, 'size')))]);
  const dims = p.dims.filter((d) => inside.has(d.id)).map((d) => d.id);
  const capacities = p.capacities.filter((c) => inside.has(c.id)).map((c) => c.id);
  const scalars = p.scalars.filter((s) => inside.has(s.id));
  const more = p.arrays.filter((a) => inside.has(a.id) && !arrays.includes(a));
  const args = [...arrays, ...more]
    .map((a) => a.id)
    .concat(
      dims,
      capacities,
      scalars.map((s) => s.id),
    );
  const locals = new Set(args.map(pyName));
  visitOps(k.body, (op) => {
    if ('id' in op) locals.add(pyName(op.id));
    if ('ids' in op) for (const id of op.ids) locals.add(pyName(id));
  });
  const fresh = freshNames([...locals, 'part', 'parts']);
  const use = (fn: string): string => (used.add(fn), fn);
  const shared = new Set(storedAndRead(k));
  const cx = { fresh, use, shared };
  const name = `${entry}_${k.id}`;
  const integers = [...dims, ...capacities].map(pyName);
  const lines = [
    '@triton.jit',
    `def ${name}(${args.map(pyName).join(', ')}):`,
    '    part = tl.program_id(0).to(tl.int64)',
    '    parts = tl.num_programs(0).to(tl.int64)',
    ...integers.map((d) => `    ${d} = tl.cast(${d}, tl.int64)`),
    ...scalars.map((s) => `    ${pyName(s.id)} = ${scalarText(pyName(s.id), s.dtype)}`),
    ...own.flatMap((a) => slice(a, cx)),
    ...statements(k.body, cx, 1),
  ];
  return { name, args, split: k.split, text: lines.join('\n') };
}
/** Scalars are passed as numbers of Python: the arithmetic type is given here. */
function scalarText(id: string, dtype: DType): string {
  if (dtype === 'bool') return `tl.cast(${id}, tl.int32) != 0`;
  return `tl.cast(${id}, ${VALUE[widen(dtype)]})`;
}

/** Moves the pointer of a program's own array to its slice. */
function slice(a: TileArray, cx: Parameters<typeof statements>[1]): readonly string[] {
  const size: Val = must(a.elements, 'size');
  const id = cx.fresh('size');
  return [
    ...statements([{ kind: 'let', id, value: size }], cx, 1),
    `    ${pyName(a.id)} = ${pyName(a.id)} + part * ${id}`,
  ];
}

function storedAndRead(k: TileKernel): readonly string[] {
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
  return [...stored].filter((id) => loaded.has(id));
}

/** The function that a caller calls: tensors in ABI order, then dims, scalars and room of ragged results. */
function launcher(p: TileProgram, entry: string, kernels: readonly KernelText[]): string {
  const outer = [
    ...p.arrays.filter((a) => a.scope === 'param').map((a) => a.id),
    ...p.dims.filter((d) => d.derived === undefined).map((d) => d.id),
    ...p.scalars.map((s) => s.id),
    ...p.capacities.map((c) => c.id),
  ].map(pyName);
  const first = p.arrays.find((a) => a.scope === 'param');
  const device = first === undefined ? '"cpu"' : `${pyName(first.id)}.device`;
  const types = p.arrays
    .filter((a) => a.scope === 'param')
    .map((a) => `    ${pyName(a.id)} = ${pyName(a.id)}.view(torch.${STORAGE[a.dtype]})`);
  const temps = p.arrays.filter((a) => a.scope === 'workspace' || a.scope === 'part');
  return [
    `def ${entry}(${outer.join(', ')}, programs=${PROGRAMS}):`,
    '    """Launches all kernels. Arrays are contiguous; results are written in place."""',
    // Narrow floats and booleans go by their bits.
    ...types,
    ...p.dims.flatMap((d) => (d.derived === undefined ? [] : [`    ${pyName(d.id)} = ${hostValue(d.derived)}`])),
    ...temps.map(
      (a) =>
        `    ${pyName(a.id)} = torch.empty(max(1, ${hostValue(must(a.elements, 'size'))})${a.scope === 'part' ? ' * programs' : ''}, dtype=torch.${STORAGE[a.dtype]}, device=${device})`,
    ),
    ...kernels.map((k) => `    ${k.name}[(${k.split ? 'programs' : '1'},)](${k.args.map(pyName).join(', ')})`),
  ].join('\n');
}
