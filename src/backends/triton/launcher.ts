import { must } from '../../assert.ts';
import type { TileProgram } from '../../codegen/ir/tile.ts';
import type { BlockKernel } from './block-kernel.ts';
import { hostValue } from './host.ts';
import type { KernelText } from './kernel.ts';
import { pyName } from './print.ts';
import { STORAGE } from './types.ts';

/** Kernels that run one after the other: by scalars, or in blocks, those of whole rows with one behind them for rows of any length. */
export type Launch =
  | { readonly kind: 'scalar'; readonly split: boolean; readonly kernel: KernelText }
  | { readonly kind: 'block'; readonly kernel: BlockKernel; readonly long?: BlockKernel };

/** Elements of a block of whole rows beyond which rows are walked in pieces. */
const MOST = 32_768;
/** The same where blocks are products of blocks: larger ones take minutes to compile and do not fit into registers. */
const MOST_OF_PRODUCTS = 4096;
/** Programs that share what programs have arrays of their own for: a few for each multiprocessor of a large device. */
export const PROGRAMS = 1024;

/** The function that launches all kernels: pointers in the order of the ABI, then dims, scalars and room of ragged results. */
export function launcher(p: TileProgram, entry: string, launches: readonly Launch[]): string {
  const params = p.arrays.filter((a) => a.scope === 'param');
  const outer = [
    ...params.map((a) => a.id),
    ...p.dims.filter((d) => d.derived === undefined).map((d) => d.id),
    ...p.scalars.map((s) => s.id),
    ...p.capacities.map((c) => c.id),
  ].map(pyName);
  const device = params[0] === undefined ? '"cpu"' : `${pyName(params[0].id)}.device`;
  const room = (id: string, count: string): string => {
    const a = must(
      p.arrays.find((x) => x.id === id),
      id,
    );
    return `${pyName(id)} = torch.empty(max(1, ${count}), dtype=torch.${STORAGE[a.dtype]}, device=${device})`;
  };
  const size = (id: string): string => {
    const text = hostValue(must(p.arrays.find((a) => a.id === id)?.elements, 'size'));
    return /^\w+$/.test(text) || text.startsWith('(') ? text : `(${text})`;
  };
  const lines = [
    // Narrow floats and booleans go by their bits.
    ...params.map((a) => `${pyName(a.id)} = ${pyName(a.id)}.view(torch.${STORAGE[a.dtype]})`),
    ...p.dims.flatMap((d) => (d.derived === undefined ? [] : [`${pyName(d.id)} = ${hostValue(d.derived)}`])),
    ...p.arrays.filter((a) => a.scope === 'workspace').map((a) => room(a.id, hostValue(must(a.elements, 'size')))),
    ...launches.flatMap((l) =>
      l.kind === 'scalar' ? scalarLaunch(l.kernel, l.split, room, size) : blockLaunch(l.kernel, l.long, room, size),
    ),
  ];
  return [
    `def ${entry}_launch(${outer.join(', ')}, *, config=${configName(entry)}, programs=${PROGRAMS}${launches.some((l) => l.kind === 'block' && l.long !== undefined) ? `, most=${MOST}` : ''}):`,
    '    """Launches all kernels. Arrays are contiguous; results are written in place."""',
    ...lines.map((l) => `    ${l}`),
  ].join('\n');
}
export const configName = (entry: string): string => `${entry.toUpperCase()}_CONFIG`;

type Room = (id: string, count: string) => string;
type Size = (id: string) => string;

function scalarLaunch(k: KernelText, split: boolean, room: Room, size: Size): readonly string[] {
  return [
    ...k.own.map((id) => room(id, `${size(id)} * programs`)),
    `${k.name}[(${split ? 'programs' : '1'},)](${k.args.map(pyName).join(', ')})`,
  ];
}

function blockLaunch(k: BlockKernel, long: BlockKernel | undefined, room: Room, size: Size): readonly string[] {
  if (k.extents === undefined) return launch(k, 'config["BLOCK"]', room, size);
  const block = `triton.next_power_of_2(max(${k.least}, ${k.extents.join(', ')}))`;
  const rows = k.constexprs.includes('ROWS') ? ' * config["ROWS"]' : '';
  const whole = launch(k, 'block', room, size);
  if (long === undefined) return [`block = ${block}`, ...whole];
  const pieces = launch(long, 'config["BLOCK"]', room, size);
  return [
    `block = ${block}`,
    `if block${rows} <= ${k.least > 1 ? `min(most, ${MOST_OF_PRODUCTS})` : 'most'}:`,
    ...whole.map((l) => `    ${l}`),
    'else:',
    ...pieces.map((l) => `    ${l}`),
  ];
}

function launch(k: BlockKernel, block: string, room: Room, size: Size): readonly string[] {
  const sized = (text: string): string =>
    text.replace(/\b(?:ROWS|BLOCK_M|BLOCK_N)\b/g, 'config["$&"]').replace(/\bBLOCK\b/g, block);
  const tiles = k.tiles === undefined ? undefined : sized(k.tiles);
  const each = k.slices === '1' ? '' : ` * ${sized(k.slices)}`;
  const values = k.constexprs.map((c) => `${c}=${c === 'BLOCK' ? block : `config["${c}"]`}`);
  const call = [...k.args.map(pyName), ...values, '**config["launch"]'].join(', ');
  return [
    `tiles = ${tiles === undefined ? 'programs' : k.persistent ? `min(programs, ${tiles})` : tiles}`,
    'if tiles > 0:',
    ...k.own.map((id) => `    ${room(id, `${size(id)} * tiles${each}`)}`),
    `    ${k.name}[(tiles,)](${call})`,
  ];
}
