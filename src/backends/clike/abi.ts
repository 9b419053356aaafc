import { must } from '../../assert.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import { ix } from '../../codegen/ir/build.ts';
import * as b from '../../codegen/ir/build.ts';
import type { Expr, StageGraph } from '../../codegen/ir/stage.ts';
import type { TileArray, TileGuard, TileProgram } from '../../codegen/ir/tile.ts';
import type { Abi, AbiParam } from '../../codegen/program.ts';

/** Dims of a variant's guards, and what they are multiples of. */
export function guardedSizes(guards: readonly TileGuard[], p: TileProgram): Readonly<Record<string, number>> {
  const sizes = guards.flatMap((g): (readonly [string, number])[] => {
    if (g.kind === 'aligned') return [];
    const dim = must(
      p.dims.find((d) => d.id === g.dim),
      'guarded dim',
    );
    return [[dim.source, g.kind === 'multiple' ? g.of : 1]];
  });
  // A dim may stand twice, as positive and as a multiple.
  return Object.fromEntries(sizes.sort((a, b) => a[1] - b[1]));
}

/** Parameters in order, for callers. */
export function abiOf(
  graph: StageGraph,
  p: TileProgram,
  options: {
    readonly entry: string;
    readonly target: string;
    /** Where the callee owns the threads: how many of them have scratch of their own. The caller's parts then need none. */
    readonly slices?: number;
  },
): Abi {
  const arena = p.arrays.filter((a) => a.scope === 'workspace' || a.scope === 'part');
  const lines = (n: Expr): Expr => ix.mul(b.floordiv(ix.add(n, b.int(63)), b.int(64)), b.int(64));
  const bytes = (a: TileArray): Expr => lines(ix.mul(must(a.size, 'size'), b.int(DTYPES[a.dtype].bytes)));
  const sum = (all: readonly TileArray[]): Expr => all.reduce((acc, a) => ix.add(acc, bytes(a)), b.int(0));
  const perPart = sum(arena.filter((a) => a.scope === 'part'));
  const raggeds = [...new Set(graph.buffers.flatMap((x) => (x.capacity ? [x.capacity.ragged] : [])))];
  const params: readonly AbiParam[] = [
    ...graph.buffers.flatMap((x): readonly AbiParam[] =>
      x.role === 'temp'
        ? []
        : [
            {
              kind: 'buffer',
              name: x.id,
              role: x.role,
              dtype: x.dtype,
              shape: x.shape,
              ...(x.row
                ? {
                    rowBytes: x.row.reduce(
                      (acc, f) => ix.add(acc, ix.mul(ix.product(f.shape), b.int(DTYPES[f.dtype].bytes))),
                      b.int(0),
                    ),
                  }
                : {}),
              ...(x.list ? { list: x.list.count } : {}),
            },
          ],
    ),
    ...graph.dims.flatMap((d): readonly AbiParam[] =>
      d.derived ? [] : [{ kind: 'dim', name: d.id, ...(d.perElement ? { perElement: d.perElement } : {}) }],
    ),
    ...graph.scalars.map((s): AbiParam => ({ kind: 'scalar', name: s.name, dtype: s.dtype })),
    ...raggeds.map((ragged): AbiParam => ({ kind: 'capacity', ragged })),
    ...(arena.length === 0
      ? []
      : [
          {
            kind: 'workspace',
            bytes: ix.add(
              sum(arena.filter((a) => a.scope === 'workspace')),
              ix.mul(perPart, b.int(options.slices ?? 1)),
            ),
            perPart: options.slices === undefined ? perPart : b.int(0),
          } satisfies AbiParam,
        ]),
  ];
  return { entry: options.entry, params, target: options.target, phases: p.kernels.length, deterministic: true };
}
