import { assertNever } from '../../assert.ts';
import type { AxisId, Expr } from './stage.ts';
import { children } from './walk.ts';

/**
 * A text that two values share exactly if they are equal up to spans and the names of all loops and vars, those that are free included: these count
 * by where they occur first, so a caller lists them in front. `keep` is an axis that counts by its own name.
 */
export function normalKey(value: unknown, keep: AxisId | undefined): string {
  const names = new Map<string, string>();
  const nameOf = (kind: string, id: string): string => {
    if (id === keep || id === 'acc') return id;
    const key = `${kind} ${id}`;
    const known = names.get(key) ?? `#${names.size}`;
    names.set(key, known);
    return known;
  };
  return JSON.stringify(value, function replace(this: unknown, name, v: unknown) {
    const kind = typeof this === 'object' && this !== null && 'kind' in this ? this.kind : 'axis';
    if (name === 'span' || name === 'row' || (name === 'name' && kind === 'axis')) return undefined;
    if (typeof v === 'bigint') return `${v}n`;
    if (typeof v === 'number') return Object.is(v, -0) ? '-0' : String(v);
    if (name !== 'id' || typeof v !== 'string') return v;
    if (kind === 'axis') return nameOf('axis', v);
    return kind === 'var' || kind === 'let' ? nameOf('var', v) : v;
  });
}

const keys = new WeakMap<Expr, string>();
/** A text that two expressions share exactly if they are equal up to spans and the names that they bind themselves. */
export function alphaKey(e: Expr): string {
  const known = keys.get(e);
  if (known !== undefined) return known;
  const key = text(e, new Map());
  keys.set(e, key);
  return key;
}
type Bound = ReadonlyMap<string, string>;

function text(e: Expr, bound: Bound): string {
  if (bound.size === 0 && keys.has(e)) return keys.get(e) ?? '';
  const all = (list: readonly Expr[]): string => list.map((x) => text(x, bound)).join(',');
  switch (e.kind) {
    case 'int':
      return `${e.value}${e.type}`;
    case 'float':
      return `${Object.is(e.value, -0) ? '-0' : e.value}f${e.type}`;
    case 'bool':
      return String(e.value);
    case 'axis':
      return bound.get(`axis ${e.id}`) ?? `@${e.id}`;
    case 'var':
      return bound.get(`var ${e.id}`) ?? `$${e.id}`;
    case 'scalar':
      return `scalar ${e.name}`;
    case 'dim':
      return `dim ${e.id}(${all(children(e))})`;
    case 'read':
      return `read ${e.buf} ${e.field ?? ''} ${e.unchecked ?? ''} ${e.list === undefined ? '' : 'list'}(${all(children(e))})`;
    case 'let':
      return `let(${text(e.value, bound)},${text(e.body, new Map(bound).set(`var ${e.id}`, `%${bound.size}`))})`;
    case 'reduce': {
      const { reduce: r } = e;
      const inner = new Map(bound);
      const over = r.over.map((a) => {
        const ends = `${text(a.lo, inner)}..${text(a.hi, inner)}`;
        inner.set(`axis ${a.id}`, `%${inner.size}`);
        return ends;
      });
      const parts = [
        r.when === undefined ? '' : text(r.when, inner),
        text(r.body, inner),
        r.value === undefined ? '' : text(r.value, bound),
      ];
      const post = e.post === undefined ? '' : text(e.post, new Map(bound).set('var acc', '%acc'));
      return `reduce ${r.op} ${r.acc} ${e.type}(${[...over, ...parts, post].join(';')})`;
    }
    case 'unary':
    case 'binary':
      return `${e.op} ${e.type}(${all(children(e))})`;
    case 'call':
      return `${e.fn} ${e.type}(${all(e.args)})`;
    case 'bitcast':
      return `bits ${e.to}(${all(children(e))})`;
    case 'cast':
      return `${e.mode} ${e.to}(${all(children(e))})`;
    case 'convert':
    case 'strict':
    case 'select':
      return `${e.kind} ${e.type}(${all(children(e))})`;
    default:
      return assertNever(e, 'alphaKey');
  }
}
