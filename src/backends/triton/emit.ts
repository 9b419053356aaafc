import { must } from '../../assert.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import type { TileProgram } from '../../codegen/ir/tile.ts';
import { costOf } from '../../codegen/plan/cost.ts';
import type { Emitted, Helper } from '../../codegen/program.ts';
import { abiOf } from '../clike/abi.ts';
import { headerOf } from '../clike/file.ts';
import { apiText, CHECKS } from './api.ts';
import { blockKernel, isNest, ROW_NAMES, TILE_NAMES } from './block-kernel.ts';
import type { BlockShape } from './block-kernel.ts';
import { deviceFunctions } from './functions.ts';
import { scalarKernel } from './kernel.ts';
import { configName, launcher } from './launcher.ts';
import type { Launch } from './launcher.ts';
import { Unsupported } from './text.ts';

/** Sizes of blocks, and options of Triton's compiler. */
export interface Sizes {
  /** By the names of constants of kernels. */
  readonly constants: Readonly<Record<string, number>>;
  readonly whole: boolean;
  readonly launch: Readonly<Record<string, number>>;
}

/** Rows, columns and terms that products of blocks have at least. */
export const LEAST = 16;

/** A Python module of an operator: one `@triton.jit` function a kernel, and the function that launches them. */
export function emitModule(
  graph: StageGraph,
  source: StageGraph,
  program: TileProgram,
  options: {
    readonly entry: string;
    readonly target: string;
    readonly notes: readonly string[];
    readonly sizes: Sizes;
    /** Kernels that run in blocks, and of them those whose blocks are tiles of products. */
    readonly blocks: ReadonlySet<string>;
    readonly tiles: ReadonlySet<string>;
  },
): Emitted {
  refuse(program);
  const { entry, target, sizes } = options;
  const used = new Set<string>();
  const { constants } = sizes;
  const rows = constants['ROWS'] ?? 1;
  const shape: BlockShape = { rows, whole: sizes.whole, names: ROW_NAMES, products: rows >= LEAST };
  const tile: BlockShape = {
    rows: constants['BLOCK_M'] ?? LEAST,
    whole: false,
    names: TILE_NAMES,
    products: true,
    group: 'GROUP_M',
  };
  const launches = program.kernels.map((k): Launch => {
    if (!options.blocks.has(k.id))
      return { kind: 'scalar', split: k.split, kernel: scalarKernel(program, k, entry, used) };
    if (!isNest(program, k)) throw new Unsupported(`blocks for the changed kernel ${k.id}`);
    const kernel = blockKernel(program, k, entry, used, options.tiles.has(k.id) ? tile : shape);
    if (kernel.extents === undefined) return { kind: 'block', kernel };
    const long = blockKernel(program, { ...k, id: `${k.id}_long` }, entry, used, { ...shape, whole: false });
    return { kind: 'block', kernel, long };
  });
  const abi = abiOf(graph, program, { entry, target });
  const params = abi.params.filter((p) => p.kind !== 'workspace');
  const kernels = launches.flatMap((l) =>
    l.kind === 'block' && l.long !== undefined ? [l.kernel, l.long] : [l.kernel],
  );
  const config = launches.some((l) => l.kind === 'block') ? configText(entry, sizes) : `${configName(entry)} = {}`;
  const body = [config, ...kernels.map((k) => k.text), launcher(program, entry, launches)].join('\n\n\n');
  const helpers: Helper[] = deviceFunctions(used).map((text) => ({
    name: must(/def (\w+)/.exec(text)?.[1], 'function name'),
    text,
  }));
  return {
    entry,
    text: moduleText(
      headerOf(source, target, options.notes),
      [...helpers, ...CHECKS],
      `${body}\n\n\n${apiText(source, entry)}`,
    ),
    helpers,
    body,
    abi: { ...abi, params, phases: 1, orders: 2 },
    patterns: program.kernels.map((k) => k.pattern),
    guards: [],
    cost: costOf(source),
  };
}

function configText(entry: string, s: Sizes): string {
  const launch = Object.entries(s.launch).map(([k, v]) => `"${k}": ${v}`);
  const constants = Object.entries(s.constants).map(([k, v]) => `"${k}": ${v}`);
  return `${configName(entry)} = {${[...constants, `"launch": {${launch.join(', ')}}`].join(', ')}}`;
}

/** A module of helpers and bodies. */
export function moduleText(header: readonly string[], helpers: readonly Helper[], body: string): string {
  const functions = helpers.map((h) => `${h.text}\n\n\n`).join('');
  const code = `import torch\nimport triton\nimport triton.language as tl\n\n\n${functions}${body}\n`;
  // NaN is what differs from itself.
  const itself = /(?<![\w.])(\w+) != \1\b/.test(code) ? ['# ruff: noqa: PLR0124'] : [];
  const head = [...itself, ...header.map((l) => `#${l}`)];
  return head.length === 0 ? code : `${head.join('\n')}\n\n${code}`;
}

function refuse(p: TileProgram): void {
  for (const a of p.arrays) {
    if (a.list === true) throw new Unsupported(`lists of tensors (${a.source})`);
    if (a.bytes === true && a.role !== 'in') throw new Unsupported(`rows of packed fields as results (${a.source})`);
  }
  if (p.dims.some((d) => d.table === true)) throw new Unsupported('lists of tensors');
}
