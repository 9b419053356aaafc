import { join } from 'node:path';
import { must } from '../../assert.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import type { TileArray, TileProgram } from '../../codegen/ir/tile.ts';
import { costOf } from '../../codegen/plan/cost.ts';
import type { Emitted } from '../../codegen/program.ts';
import { printer } from '../../codegen/render/printer.ts';
import type { Printer } from '../../codegen/render/printer.ts';
import { template } from '../../codegen/render/templates.ts';
import { abiOf } from '../clike/abi.ts';
import { cppDialect } from '../clike/dialect.ts';
import { fileText, headerOf } from '../clike/file.ts';
import type { Tier } from '../clike/math/snippet.ts';
import { collector } from '../clike/prelude/collector.ts';
import type { Collector } from '../clike/prelude/collector.ts';
import { storageType } from '../clike/prelude/types.ts';
import { parameters } from '../clike/signature.ts';
import { gemmModel } from './gemm.ts';
import type { Gemm } from './gemm.ts';
import { kernelModel } from './kernel.ts';
import type { KernelModel } from './kernel.ts';
import { staged } from './staging.ts';
import type { Division } from './table.ts';

interface BodyModel {
  readonly kernels: readonly KernelModel[];
  readonly entry: string;
  readonly params: string;
  readonly lines: readonly string[];
  readonly call: string;
}
const bodyTemplate = template<BodyModel>(join(import.meta.dirname, 'templates'), 'body');

export interface EmitOptions {
  readonly entry: string;
  readonly target: string;
  /** Lines about the config for the header. */
  readonly notes: readonly string[];
  readonly math: Tier;
  /** PEs of the sub-grid that runs the program. */
  readonly pes: number;
  /** Data are moved by a core of their own. */
  readonly dual: boolean;
  /** How local memory is divided; absent: kernels run on arrays in memory. */
  readonly division: Division | undefined;
  /** What each kernel is called where it runs on local memory. */
  readonly names: readonly string[];
  /** Loops tell the model how many instructions they take. */
  readonly count?: boolean;
  /** Kernels that multiply matrices in blocks, by their place in the program; their bodies are what follows on a tile. */
  readonly gemms: ReadonlyMap<number, Gemm>;
}

/** What runs on local memory, as one C++ file for the modelled grid. */
export function emitGrid(graph: StageGraph, source: StageGraph, lowered: TileProgram, options: EmitOptions): Emitted {
  const { entry, target, pes } = options;
  const tiles = new Set([...options.gemms.values()].flatMap((g) => [...g.arrays.values()]));
  const p = {
    ...lowered,
    arrays: lowered.arrays.map((a) => (tiles.has(a.id) ? { ...a, scope: 'shared' as const } : a)),
  };
  const c = collector(options.math);
  c.add('ktune_mtia', () => '#include "ktune_mtia.h"');
  c.add('mtia names', () => 'using namespace mtia;');
  storageType(c, 'i64');
  const abi = { ...abiOf(graph, p, { entry, target, slices: pes }), phases: 1, orders: 2 };
  const params = parameters(p, c);
  const pr = printer(cppDialect(c), new Map(p.arrays.map((a) => [a.id, a])));
  const kernels = p.kernels.map((k, n) => {
    const gemm = options.gemms.get(n);
    if (gemm !== undefined) return gemmModel(p, k, gemm, params, c, options);
    const found = options.division === undefined ? undefined : staged(p, k, graph);
    return kernelModel(p, k, found, params, c, options);
  });
  const outer = params.filter((x) => x.outer);
  const arena = p.arrays.some((a) => a.scope === 'workspace' || a.scope === 'part');
  const body = bodyTemplate({
    kernels,
    entry,
    params: [...outer.map((x) => x.text), ...(arena ? ['void* workspace'] : []), 'bool backwards'].join(', '),
    lines: [...setup(p, c, pr), ...kernels.flatMap((k) => k.launch)],
    call: [...outer.map((x, n) => x.cast(`args[${n}]`)), ...(arena ? [`args[${outer.length}]`] : []), 'backwards'].join(
      ', ',
    ),
  });
  const helpers = c.list();
  const header = headerOf(source, target, [
    ...options.notes,
    'Needs ktune_mtia.h, and wrapping signed integers: -fwrapv.',
  ]);
  return {
    entry,
    text: fileText(header, helpers, body),
    helpers,
    body,
    abi,
    patterns: kernels.map((k, n) => (k.staged ? must(options.names[n], 'name') : 'loops')),
    guards: [],
    cost: costOf(source),
  };
}

/** Derived dims and the arena: temporaries of the call first, then those of the first PE. */
function setup(p: TileProgram, c: Collector, pr: Printer): readonly string[] {
  const dims = p.dims.flatMap((d) => (d.derived === undefined ? [] : [`  const i64 ${d.id} = ${pr.val(d.derived)};`]));
  const shared = p.arrays.filter((a) => a.scope === 'workspace');
  const own = p.arrays.filter((a) => a.scope === 'part');
  if (shared.length + own.length === 0) return dims;
  const place = (a: TileArray): readonly string[] => {
    const T = storageType(c, a.dtype);
    const bytes = `((${pr.val(must(a.elements, 'size'), 13)} * ${a.bytes === true ? 1 : DTYPES[a.dtype].bytes} + 63) & -64)`;
    return [`  ${T}* const ${a.id} = (${T}*)kt_at;`, `  kt_at += ${bytes};`];
  };
  return [
    ...dims,
    '  char* kt_at = (char*)workspace;',
    ...shared.flatMap(place),
    ...(own.length === 0 ? [] : ['  // Scratch of the first PE; the others follow.', '  char* const kt_own = kt_at;']),
    ...own.flatMap(place),
    ...(own.length === 0 ? [] : ['  const i64 kt_scratch = kt_at - kt_own;']),
  ];
}
