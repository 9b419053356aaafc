import type { Ref, Val } from '../../codegen/ir/tile.ts';
import { atom, PREC } from '../../codegen/render/dialect.ts';
import type { Dialect } from '../../codegen/render/dialect.ts';
import { at, cppDialect } from '../clike/dialect.ts';
import { storageType } from '../clike/prelude/types.ts';
import { blockFold, blockScan, foldRoom } from './block.ts';
import type { SimtCollector } from './collector.ts';
import { waveCall } from './matrix.ts';
import { wideStatements } from './wide.ts';

/** What CUDA and HIP share: C++ on scalars, loops over the threads of a grid or of a block, folds across them. */
export function simtDialect(c: SimtCollector, whole: (at: Ref, lanes: number) => boolean = () => false): Dialect {
  const cpp = cppDialect(c);
  return {
    ...cpp,
    wide: wideStatements(c, cpp, whole),
    opaque(v, p) {
      const { a } = v;
      if (a.kind === 'binary' && a.op === 'mul' && isFloat(a))
        return atom(`${c.prelude('kt_mul_rn')}(${p.val(a.a)}, ${p.val(a.b)})`);
      return isFloat(a) ? atom(`${c.prelude('kt_opaque')}(${p.val(a)})`) : atom(p.val(a, PREC.postfix));
    },
    loop(op, p) {
      const i64 = storageType(c, 'i64');
      const { level } = op;
      if (level.kind !== 'grid' && level.kind !== 'lane') return cpp.loop(op, p);
      const axis = level.kind === 'grid' ? (['x', 'y', 'z'] as const)[level.dim] : 'x';
      const [start, stride] =
        level.kind === 'lane'
          ? ['threadIdx.x', 'blockDim.x']
          : level.flat
            ? [`(${i64})blockIdx.x * blockDim.x + threadIdx.x`, `(${i64})gridDim.x * blockDim.x`]
            : [`blockIdx.${axis}`, `gridDim.${axis}`];
      const lo = p.val(op.lo, PREC.sum);
      const step = op.step === 1 ? '' : `${op.step} * `;
      const first = op.step === 1 || level.kind === 'lane' ? `${step}${start}` : `${step}(${start})`;
      return `for (${i64} ${op.id} = ${lo === '0' ? '' : `${lo} + `}${first}; ${op.id} < ${p.val(op.hi, PREC.shift)}; ${op.id} += ${step}${stride})`;
    },
    tile(op, p) {
      switch (op.kind) {
        case 'copy': {
          const i64 = storageType(c, 'i64');
          return [
            `for (${i64} unit = 0; unit < ${p.val(op.count, PREC.shift)}; ++unit) (${at(op.to, p)})[unit] = (${at(op.from, p)})[unit];`,
          ];
        }
        // Many threads hide the latency of memory better than hints do.
        case 'prefetch':
          return [];
        case 'reduceTile':
          if (op.within !== 'block') return cpp.tile(op, p);
          return [
            `const ${cpp.type(op.value.ty)} ${op.id} = ${blockFold(c, op.monoid, op.value.ty, p)}(${p.val(op.value)}, ${foldRoom(op.value.ty.dtype)});`,
          ];
        case 'scanTile': {
          if (op.within !== 'block') return cpp.tile(op, p);
          const { ty } = op.value;
          const scan = blockScan(c, op.monoid, ty, op.exclusive, p);
          return [`const ${cpp.type(ty)} ${op.id} = ${scan}(${p.val(op.value)}, ${foldRoom(ty.dtype)});`];
        }
        case 'waveDot':
        case 'waveStore':
          return [waveCall(c, op, (ref) => at(ref, p))];
        case 'barrier':
          return [op.within === 'block' ? '__syncthreads();' : '__syncwarp();'];
        default:
          return cpp.tile(op, p);
      }
    },
  };
}
const isFloat = (v: Val): boolean => v.ty.dtype === 'f32' || v.ty.dtype === 'f64';
