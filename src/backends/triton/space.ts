import { defineSpace } from '../../codegen/space/config.ts';
import type { Config, Param, Space } from '../../codegen/space/space.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import { plans } from '../../codegen/plan/planner.ts';
import { lowerContractionPoints } from '../../codegen/patterns/contraction/points.ts';
import { contractionOf } from '../../codegen/patterns/contraction/shape.ts';
import type { Contraction } from '../../codegen/patterns/contraction/shape.ts';
import type { KernelPlan, Plan } from '../../codegen/plan/plan.ts';
import { lowerProgram } from '../../codegen/tile/program.ts';
import type { TileProgram } from '../../codegen/ir/tile.ts';
import { isProduct, SCALAR } from '../../codegen/tile/vectorise.ts';
import { stagesOf } from '../../codegen/plan/plan.ts';
import type { Schedule } from '../../codegen/tile/vectorise.ts';
import type { ShapeHint } from '../backend.ts';
import { archAndHint, planParam, remembered } from '../plan-space.ts';
import { blockable, buffersOf } from '../simt/mapping.ts';
import type { TritonArch } from './arch.ts';
import { isNest } from './block-kernel.ts';
import { LEAST } from './emit.ts';
import type { Sizes } from './emit.ts';

/** Parameters of Triton modules for a graph. */
export const tritonSpace = remembered(spaceOf, archAndHint);

function spaceOf(graph: StageGraph, arch: TritonArch, _hint: ShapeHint): Space {
  const plan = planParam(graph);
  const when = { param: 'map', in: ['block'] };
  const chained = plans(graph).some((p) => p.kernels.some(hasProducts));
  const params: Param[] = [
    plan,
    {
      name: 'map',
      help: 'what a program runs: blocks of rows and of elements side by side, or one row after the other by scalars',
      kind: 'enum',
      values: ['block', 'loops'],
      default: 'block',
    },
    {
      name: 'rows',
      help: 'rows of a block',
      kind: 'pow2',
      lo: 1,
      hi: 64,
      default: chained ? LEAST : 1,
      when,
    },
    {
      name: 'block',
      help: 'elements of a row that a block has side by side, where it does not hold whole rows',
      kind: 'pow2',
      lo: 32,
      hi: 4096,
      default: chained ? 64 : 1024,
      when,
    },
    {
      name: 'row',
      help: 'how rows that several passes walk are held: whole in registers, or in pieces of a block',
      kind: 'enum',
      values: ['whole', 'pieces'],
      default: chained ? 'pieces' : 'whole',
      when,
    },
    { name: 'num_warps', help: 'warps of a program', kind: 'pow2', lo: 1, hi: 16, default: 4, when },
    {
      name: 'num_stages',
      help: 'steps of a loop whose loads are under way at a time',
      kind: 'int',
      lo: 1,
      hi: 4,
      step: 1,
      default: 2,
      when,
    },
  ];
  // Options of Triton's compiler for AMD.
  if (arch.target.backend === 'hip')
    params.push({
      name: 'waves_per_eu',
      help: 'waves of a SIMD unit that registers are kept for; 0: as the compiler likes',
      kind: 'int',
      lo: 0,
      hi: 4,
      step: 1,
      default: 0,
      when,
    });
  const products = plans(graph).some((p) => p.kernels.some((k) => contractionOf(k) !== undefined));
  const tile = (name: string, help: string, lo: number, hi: number, value: number): Param => ({
    name,
    help,
    kind: 'pow2',
    lo,
    hi,
    default: value,
    when: { param: 'tile', in: ['dot'] },
  });
  if (products) {
    params.push(
      {
        name: 'tile',
        help: 'how sums of products run: as products of blocks, or by loops in the order of the operator',
        kind: 'enum',
        values: ['dot', 'loops'],
        default: 'dot',
        when,
      },
      tile('block_m', 'rows of results of a program', 16, 128, 64),
      tile('block_n', 'columns of results of a program', 16, 128, 64),
      tile('group_m', 'tiles of rows that run before the next tile of columns', 1, 16, 8),
      tile('block_k', 'terms of the sums that are taken at a time', 16, 64, 32),
    );
    if (arch.target.backend === 'hip')
      params.push(
        {
          name: 'matrix_instr_nonkdim',
          help: 'rows and columns of a matrix instruction; 0: as the compiler likes',
          kind: 'enum',
          values: [0, 16, 32],
          default: 0,
          when: { param: 'tile', in: ['dot'] },
        },
        {
          name: 'kpack',
          help: 'runs of terms that are held together for a matrix instruction',
          kind: 'enum',
          values: arch.name === 'gfx950' ? [1] : [1, 2],
          default: 1,
          when: { param: 'tile', in: ['dot'] },
        },
      );
  }
  const seeds: readonly Config[] = [
    {},
    { rows: 4, block: 256 },
    { row: chained ? 'whole' : 'pieces' },
    { num_warps: 8 },
    ...plan.values.slice(1).map((name) => ({ plan: name })),
  ];
  return defineSpace({ params, constraints: [], seeds });
}

/** Parameters that are options of Triton's compiler by their names. */
const OPTIONS = ['num_warps', 'num_stages', 'waves_per_eu', 'matrix_instr_nonkdim', 'kpack'] as const;

/** True if a kernel has sums of products besides other work: products of blocks, where its blocks have enough rows. */
const hasProducts = (k: KernelPlan): boolean =>
  contractionOf(k) === undefined &&
  stagesOf(k.root).some((x) => x.axes.length > 1 && x.axes.some((a) => isProduct(x, a.id)));

export function sizesOf(config: Config): Sizes {
  const number = (name: string, otherwise: number): number => {
    const v = config[name];
    return typeof v === 'number' ? v : otherwise;
  };
  const tile = config['tile'] === 'dot';
  return {
    constants: {
      ROWS: number('rows', 1),
      BLOCK: number('block', 1024),
      DEPTH: 32,
      ...(tile
        ? {
            BLOCK_M: number('block_m', 64),
            BLOCK_N: number('block_n', 64),
            BLOCK_K: number('block_k', 32),
            GROUP_M: number('group_m', 8),
          }
        : {}),
    },
    whole: config['row'] === 'whole',
    launch: Object.fromEntries(
      OPTIONS.flatMap((name) => {
        const value = config[name];
        return typeof value === 'number' ? [[name, value] as const] : [];
      }),
    ),
  };
}

/** Elements that lanes take in turn, one each: how many there are is said where a program is launched. */
const BLOCK: Schedule = { ...SCALAR, block: 1 };

/** The scheduled program of a plan, and its kernels that run in blocks: those whose lanes have something to share, and those whose rows run side by side. */
export function programOf(
  plan: Plan,
  config: Config,
): {
  readonly program: TileProgram;
  readonly blocks: ReadonlySet<string>;
  readonly tiles: ReadonlySet<string>;
} {
  let wanted = new Set(config['map'] === 'block' ? plan.kernels.map((k) => k.name) : []);
  for (;;) {
    const asBlock = (k: KernelPlan): boolean => wanted.has(k.name);
    const asTile = (k: KernelPlan): Contraction | undefined =>
      asBlock(k) && config['tile'] === 'dot' ? contractionOf(k) : undefined;
    const rows = config['rows'];
    const large = typeof rows === 'number' && rows >= LEAST;
    const program = lowerProgram(plan, {
      outer: { kind: 'grid', dim: 0, flat: true },
      outerOf: (k) => (asBlock(k) ? undefined : { kind: 'part' }),
      schedule: (k) =>
        asBlock(k) && (asTile(k) !== undefined || blockable(k, buffersOf(plan)))
          ? { ...BLOCK, products: large && hasProducts(k) }
          : SCALAR,
      claimed: (k) => {
        const c = asTile(k);
        return c && { pattern: 'contraction', lower: (s, state, outer) => lowerContractionPoints(c, s, state, outer) };
      },
      plain: () => false,
    });
    const refused = plan.kernels.filter((k, n) => {
      const kernel = program.kernels[n];
      return asBlock(k) && (kernel === undefined || !kernel.split || !isNest(program, kernel));
    });
    if (refused.length === 0) {
      const blocks = program.kernels.filter((_, n) => plan.kernels.some((k, m) => m === n && asBlock(k)));
      const ids = new Set(blocks.map((k) => k.id));
      const tiles = new Set(blocks.filter((k) => k.pattern === 'contraction').map((k) => k.id));
      return {
        program: {
          ...program,
          kernels: program.kernels.map((k) => (ids.has(k.id) ? k : { ...k, pattern: 'loops' })),
        },
        blocks: ids,
        tiles,
      };
    }
    wanted = new Set([...wanted].filter((name) => !refused.some((k) => k.name === name)));
  }
}
