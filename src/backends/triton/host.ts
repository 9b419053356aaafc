import type { Val } from '../../codegen/ir/tile.ts';
import { OPERATORS } from '../../codegen/render/printer.ts';
import type { TBinary } from '../../dsl/typed.ts';
import { pyName } from './print.ts';
import { Unsupported } from './text.ts';

/** Operators that Python spells otherwise than C; sizes are integers. */
const PYTHON: Readonly<Partial<Record<TBinary, string>>> = { and: 'and', or: 'or', div: '//' };

/** A size as Python computes it on the host; elements of arrays are fetched from the device. */
export function hostValue(v: Val): string {
  switch (v.kind) {
    case 'int':
      return String(v.value);
    case 'bool':
      return v.value ? 'True' : 'False';
    case 'name':
      return pyName(v.id);
    case 'load':
      return `int(${pyName(v.from.array)}[${hostValue(v.from.index)}])`;
    case 'convert':
      return hostValue(v.a);
    case 'select':
      return `(${hostValue(v.then)} if ${hostValue(v.cond)} else ${hostValue(v.else)})`;
    case 'unary':
      return v.op === 'not' ? `(not ${hostValue(v.a)})` : `(${v.op === 'neg' ? '-' : '~'}${hostValue(v.a)})`;
    case 'call':
      if (v.fn === 'min' || v.fn === 'max') return `${v.fn}(${v.args.map(hostValue).join(', ')})`;
      if (v.fn === 'abs') return `abs(${v.args.map(hostValue).join(', ')})`;
      throw new Unsupported(`${v.fn} in a size`);
    case 'binary': {
      const [a, b] = [hostValue(v.a), hostValue(v.b)];
      if ((v.op === 'floordiv' || v.op === 'mod') && v.b.kind === 'int' && v.b.value !== 0n)
        return `(${a} ${v.op === 'mod' ? '%' : '//'} ${b})`;
      if (v.op === 'floordiv' || v.op === 'mod')
        return `(${a} ${v.op === 'mod' ? '%' : '//'} ${b} if ${b} != 0 else 0)`;
      return `(${a} ${PYTHON[v.op] ?? OPERATORS[v.op][0]} ${b})`;
    }
    default:
      throw new Unsupported(`${v.kind} in a size`);
  }
}
