import * as t from '../../../src/codegen/ir/tile-build.ts';
import type { Ref, TileOp, TileProgram, Val } from '../../../src/codegen/ir/tile.ts';

const [M, N, K] = [t.name('M'), t.name('N'), t.name('K')];
const TILE = 16;
const at = (array: string, index: Val): Ref => ({ array, index });
const loop = (id: string, hi: Val, step: number, level: (TileOp & { readonly kind: 'loop' })['level'], body: readonly TileOp[]): TileOp => ({ kind: 'loop', id, level, lo: t.int(0), hi, step, body });
const span = { file: 'probe', start: 0, end: 0 };

/**
 * y = a · b by square tiles staged in shared memory, as a pattern would lower it: extents are multiples of the tile here. It shows that copies,
 * barriers and tileDot carry what a GPU needs.
 */
export function tiledMatmul(): TileProgram {
  const size = t.int(TILE);
  const rows = (to: string, from: (i: Val) => Val): TileOp => loop('r', size, 1, { kind: 'serial' }, [{ kind: 'copy', to: at(to, t.mul(t.name('r'), size)), from: at(to === 'as' ? 'a' : 'b', from(t.name('r'))), dtype: 'f32', count: size, vector: 4, async: false }]);
  const step: readonly TileOp[] = [
    rows('as', (r) => t.add(t.mul(t.add(t.name('m'), r), K), t.name('k'))),
    rows('bs', (r) => t.add(t.mul(t.add(t.name('k'), r), N), t.name('n'))),
    { kind: 'barrier', within: 'block' },
    { kind: 'tileDot', acc: at('acc', t.int(0)), a: at('as', t.int(0)), b: at('bs', t.int(0)), m: TILE, n: TILE, k: size, group: 1, fresh: false, strides: { acc: size, a: size, aStep: t.int(1), b: size }, types: { a: 'f32', b: 'f32', acc: 'f32' }, lanes: 1 },
    { kind: 'barrier', within: 'block' },
  ];
  const zero: TileOp = loop('e', t.int(TILE * TILE), 1, { kind: 'lane' }, [{ kind: 'store', to: at('acc', t.name('e')), dtype: 'f32', value: t.float(0) }]);
  const flush = loop('r', size, 1, { kind: 'serial' }, [{ kind: 'copy', to: at('y', t.add(t.mul(t.add(t.name('m'), t.name('r')), N), t.name('n'))), from: at('acc', t.mul(t.name('r'), size)), dtype: 'f32', count: size, vector: 4, async: false }]);
  const tile = [zero, { kind: 'barrier', within: 'block' } as const, loop('k', K, TILE, { kind: 'serial' }, step), flush];
  const body = [loop('m', M, TILE, { kind: 'grid', dim: 1, flat: false }, [loop('n', N, TILE, { kind: 'grid', dim: 0, flat: false }, tile)])];
  const param = (id: string, role: 'in' | 'out'): TileProgram['arrays'][number] => ({ id, scope: 'param', dtype: 'f32', role, source: id });
  const shared = (id: string): TileProgram['arrays'][number] => ({ id, scope: 'shared', dtype: 'f32', source: id, elements: t.int(TILE * TILE) });
  return {
    name: 'matmul',
    kernels: [{ id: 'matmul', pattern: 'contraction', span, split: true, lanes: 256, body }],
    arrays: [param('a', 'in'), param('b', 'in'), param('y', 'out'), shared('as'), shared('bs'), shared('acc')],
    dims: ['M', 'N', 'K'].map((id) => ({ id, source: id })),
    scalars: [],
    capacities: [],
  };
}
