import { must } from '../../assert.ts';
import type { TileOp } from '../../codegen/ir/tile.ts';
import { encode, pointer, printTyped, printValue, pyName } from './print.ts';
import { Unsupported } from './text.ts';
import type { PrintCx } from './text.ts';
import { VALUE } from './types.ts';

/** What statements of one kernel share. */
export interface KernelCx {
  readonly fresh: (base: string) => string;
  readonly use: (fn: string) => string;
  /** Arrays that the kernel both writes and reads. */
  readonly shared: ReadonlySet<string>;
}

/** True where a `break` of this loop stands in `ops`. */
const breaks = (ops: readonly TileOp[]): boolean =>
  ops.some((op) => op.kind === 'break' || (op.kind === 'if' && (breaks(op.then) || breaks(op.else))));

/** Lines of Triton for statements; `leave` is what ends the loop around them, as Triton has no `break`. */
export function statements(ops: readonly TileOp[], k: KernelCx, depth: number, leave?: string): readonly string[] {
  const lines: string[] = [];
  const pad = '    '.repeat(depth);
  const push = (line: string): void => void lines.push(pad + line);
  const cx: PrintCx = { ...k, before: push };
  const body = (list: readonly TileOp[], end = leave): void => {
    const inner = statements(list, k, depth + 1, end);
    lines.push(...(inner.some((l) => !l.trimStart().startsWith('#')) ? inner : [...inner, `${pad}    pass`]));
  };
  let lastNote = '';
  for (const op of ops) {
    switch (op.kind) {
      case 'note':
        if (op.text !== lastNote) push(`# ${op.text}`);
        lastNote = op.text;
        break;
      case 'loop': {
        const id = pyName(op.id);
        if (!breaks(op.body)) {
          const [lo, hi] = [printValue(op.lo, cx), printValue(op.hi, cx)];
          const range = op.step === 1 ? (lo === '0' ? hi : `${lo}, ${hi}`) : `${lo}, ${hi}, ${op.step}`;
          const at = k.fresh('i');
          push(`for ${at} in range(${range}):`);
          push(`    ${id} = tl.cast(${at}, tl.int64)`);
          body(op.body, undefined);
          break;
        }
        const end = k.fresh('end');
        push(`${end} = ${printTyped(op.hi, cx)}`);
        push(`${id} = ${printTyped(op.lo, cx)}`);
        push(`while ${id} < ${end}:`);
        body(op.body, `${id} = ${end}`);
        push(`    ${id} = ${id} + ${op.step}`);
        break;
      }
      case 'while': {
        const cond = k.fresh('cond');
        push(`${cond} = ${printTyped(op.cond, cx)}`);
        push(`while ${cond}:`);
        body(op.body);
        const again: PrintCx = { ...k, before: (l) => push(`    ${l}`) };
        push(`    ${cond} = ${printTyped(op.cond, again)}`);
        break;
      }
      case 'break':
        push(must(leave, 'a loop to leave'));
        break;
      case 'if':
        if (op.then.length === 0 && op.else.length === 0) break;
        push(`if ${printValue(op.cond, cx)}:`);
        body(op.then);
        if (op.else.length === 0) break;
        push('else:');
        body(op.else);
        break;
      case 'let':
        push(`${pyName(op.id)} = ${printTyped(op.value, cx)}`);
        break;
      case 'var':
        push(
          `${pyName(op.id)} = ${op.init === undefined ? `tl.full((), 0, ${VALUE[op.ty.dtype]})` : printTyped(op.init, cx)}`,
        );
        break;
      case 'set':
        push(`${pyName(op.id)} = ${printTyped(op.value, cx)}`);
        break;
      case 'store': {
        const value = encode(op.value, op.dtype, cx);
        const mask = op.mask === undefined ? '' : `, mask=${printValue(op.mask, cx)}`;
        push(`tl.store(${pointer(op.to, cx)}, ${value}${mask})`);
        // Other warps of the program read what one of them stored.
        if (k.shared.has(op.to.array)) push('tl.debug_barrier()');
        break;
      }
      case 'copy': {
        const at = k.fresh('i');
        push(`for ${at} in range(${printValue(op.count, cx)}):`);
        push(`    tl.store(${pointer(op.to, cx)} + ${at}, tl.load(${pointer(op.from, cx)} + ${at}))`);
        break;
      }
      case 'sortTile':
        push(
          `${k.use('stable_sort')}(${pointer(op.keys, cx)}, ${pointer(op.order, cx)}, ${printTyped(op.count, cx)}, ${op.descending ? 'True' : 'False'})`,
        );
        break;
      case 'prefetch':
        break;
      default:
        throw new Unsupported(`the operation ${op.kind}`);
    }
  }
  return lines;
}
