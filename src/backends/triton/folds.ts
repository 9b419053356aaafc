import type { Monoid } from '../../codegen/ir/stage.ts';
import type { TileOp } from '../../codegen/ir/tile.ts';
import type { ValueType } from '../../dsl/dtypes.ts';
import { identity } from '../../codegen/tile/values.ts';
import { literalText } from './print.ts';
import { Unsupported } from './text.ts';
import { isFloatValue, VALUE } from './types.ts';

type Of<K extends TileOp['kind']> = TileOp & { readonly kind: K };
interface Uses {
  readonly use: (fn: string) => string;
}

/** The device function that combines two values; folds of tl lose NaN. */
function combiner(op: Monoid, t: ValueType, k: Uses): string {
  switch (op) {
    case 'add':
      return k.use('plus');
    case 'mul':
      return k.use('times');
    case 'max':
      return k.use(isFloatValue(t) ? 'maximum' : 'larger');
    case 'min':
      return k.use(isFloatValue(t) ? 'minimum' : 'smaller');
    case 'and':
      return k.use('bit_and');
    case 'or':
      return k.use('bit_or');
    default:
      return op satisfies never;
  }
}

/** The fold of a block along its lanes; in blocks of rows each row keeps its place. */
export function foldText(op: Of<'reduceTile'>, value: string, rank: 1 | 2, k: Uses): string {
  if (op.within !== 'block') throw new Unsupported('folds within a vector');
  const t = op.value.ty.dtype;
  const along = rank === 1 ? 'axis=0' : 'axis=1, keep_dims=True';
  const { monoid } = op;
  if (t === 'bool') {
    const all = monoid === 'and' || monoid === 'mul' || monoid === 'min';
    return `tl.${all ? 'min' : 'max'}((${value}).to(tl.int32), ${along}) != 0`;
  }
  if (monoid === 'add')
    return `tl.sum(${value}, ${along}).to(${VALUE[t]})`.replace(isFloatValue(t) ? `.to(${VALUE[t]})` : '', '');
  if ((monoid === 'max' || monoid === 'min') && !isFloatValue(t)) return `tl.${monoid}(${value}, ${along})`;
  return `tl.reduce(${value}, ${rank === 1 ? '0' : '1'}, ${combiner(monoid, t, k)}${rank === 1 ? '' : ', keep_dims=True'})`;
}

/** The fold of each lane and all before it; of those before alone where it is exclusive. */
export function scanText(op: Of<'scanTile'>, value: string, rank: 1 | 2, k: Uses): string {
  if (op.within !== 'block' || op.reverse) throw new Unsupported('scans of this kind');
  const t = op.value.ty.dtype;
  if (t === 'bool') throw new Unsupported('scans of conditions');
  const axis = rank === 1 ? '0' : '1';
  const scan = `tl.associative_scan(${value}, ${axis}, ${combiner(op.monoid, t, k)})`;
  if (!op.exclusive) return scan;
  const none = literalText(identity(op.monoid, t));
  return `${k.use('shifted')}(${scan}, ${none}, ${axis})`;
}
