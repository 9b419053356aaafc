import { must } from '../../assert.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import { mentionedIn } from '../../codegen/ir/tile-walk.ts';
import type { TileArray, TileProgram } from '../../codegen/ir/tile.ts';
import { PREC } from '../../codegen/render/dialect.ts';
import type { Print } from '../../codegen/render/dialect.ts';
import { storageType } from '../clike/prelude/types.ts';
import type { SimtCollector } from './collector.ts';
import { numbersOf, onlyKnown } from './launch.ts';
import { SLICES } from './slices.ts';

/** Where temporaries lie in the workspace, and who computes that. */
export interface Arena {
  /** Arrays of the call and of single threads, in the order in which they lie. */
  readonly arrays: readonly TileArray[];
  /** True where the host can compute sizes and derived dims: otherwise they hang on arrays of the device, and every kernel computes them. */
  readonly onHost: boolean;
  /** What computing it mentions. */
  readonly mentions: ReadonlySet<string>;
  /** Statements that define derived dims and the pointers of `arrays`. */
  readonly lines: (p: Print) => readonly string[];
  /** Statement that moves the pointer of an array that each thread or block has to the own slice. */
  readonly slice: (a: TileArray, p: Print, of: 'thread' | 'block') => string;
}

export function arenaOf(program: TileProgram, c: SimtCollector): Arena {
  const arrays = [
    ...program.arrays.filter((a) => a.scope === 'workspace'),
    ...program.arrays.filter((a) => a.scope === 'part'),
  ];
  const derived = program.dims.flatMap((d) => (d.derived === undefined ? [] : [{ id: d.id, value: d.derived }]));
  const values = [...derived.map((d) => d.value), ...arrays.map((a) => must(a.elements, 'size'))];
  const known = numbersOf(program, () => true);
  const bytes = (a: TileArray, p: Print): string =>
    `((${p.val(must(a.elements, 'size'), PREC.product)} * ${a.bytes === true ? 1 : DTYPES[a.dtype].bytes} + 63) & -64)`;
  const pointer = (a: TileArray): string => `${storageType(c, a.bytes === true ? 'u8' : a.dtype)}*`;
  return {
    arrays,
    onHost: values.every((v) => onlyKnown(v, known)),
    mentions: mentionedIn(values),
    lines: (p) => {
      const places = arrays.flatMap((a) => [
        `${pointer(a)} ${a.id} = (${pointer(a)})at;`,
        `at += ${bytes(a, p)}${a.scope === 'part' ? ` * ${SLICES}` : ''};`,
      ]);
      return [
        ...derived.map((d) => `const i64 ${d.id} = ${p.val(d.value)};`),
        ...(places.length === 0 ? [] : ['char* at = (char*)workspace;', ...places.slice(0, -1)]),
      ];
    },
    slice: (a, p, of) =>
      `${a.id} = (${pointer(a)})((char*)${a.id} + ${of === 'block' ? 'blockIdx.x' : '((i64)blockIdx.x * blockDim.x + threadIdx.x)'} * ${bytes(a, p)});`,
  };
}
