import { assertNever } from '../../assert.ts';
import type { TBinary, TExpr, TIndex, TIndexPart } from '../typed.ts';

/** Maps a variable's id to its source name. */
export type NameOf = (id: string) => string;

const SYMBOLS: Readonly<Record<TBinary, string>> = {
  or: '||',
  and: '&&',
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  bitand: '&',
  bitor: '|',
  bitxor: '^',
  shl: '<<',
  shr: '>>',
  add: '+',
  sub: '-',
  mul: '*',
  div: '/',
  floordiv: '//',
  mod: '%',
};
/** Binding strength, in the order of the grammar's levels. */
const LEVEL: Readonly<Record<TBinary, number>> = {
  or: 1,
  and: 2,
  eq: 3,
  ne: 3,
  lt: 3,
  le: 3,
  gt: 3,
  ge: 3,
  bitand: 4,
  bitor: 4,
  bitxor: 4,
  shl: 5,
  shr: 5,
  add: 6,
  sub: 6,
  mul: 7,
  div: 7,
  floordiv: 7,
  mod: 7,
};
const IF = 0;
const CAST = 8;
const UNARY = 9;
const ATOM = 10;
const PREFIX = { neg: '-', not: '!', bitnot: '~' } as const;

/** An expression in source notation, for messages. Without `nameOf`, ids such as `i.3` and `i#3` show as `i`. */
export function showExpr(e: TExpr, nameOf: NameOf = plainName): string {
  return show(e, nameOf, IF);
}
export const plainName: NameOf = (id) => id.replace(/[#.].*$/, '');

function show(e: TExpr, nameOf: NameOf, min: number): string {
  const [text, level] = render(e, nameOf);
  return level < min ? `(${text})` : text;
}

function render(e: TExpr, nameOf: NameOf): readonly [string, number] {
  const sub = (x: TExpr): string => show(x, nameOf, IF);
  const list = (x: TExpr | undefined): string => (x === undefined ? '' : `{${sub(x)}}`);
  const indices = (index: readonly TIndex[]): string => index.map((i) => showIndex(i, nameOf)).join(', ');
  switch (e.kind) {
    case 'int':
      return [String(e.value), e.value < 0n ? UNARY : ATOM];
    case 'float':
      return [
        Number.isInteger(e.value)
          ? e.value.toFixed(1)
          : String(e.value).replace('Infinity', 'inf').replace('NaN', 'nan'),
        ATOM,
      ];
    case 'bool':
      return [String(e.value), ATOM];
    case 'dim':
      return [`${e.id}${list(e.list)}`, ATOM];
    case 'param':
      return [e.name, ATOM];
    case 'var':
    case 'local':
      return [nameOf(e.id), ATOM];
    case 'len':
    case 'base':
      return [
        `${e.kind}(${[`${e.ragged}${list(e.list)}`, ...e.at.map((i) => showIndex(i, nameOf))].join(', ')})`,
        ATOM,
      ];
    case 'total':
      return [`total(${e.ragged}${list(e.list)})`, ATOM];
    case 'access': {
      const field =
        e.field === undefined ? '' : `.${e.field.name}${e.field.index.length > 0 ? `[${indices(e.field.index)}]` : ''}`;
      return [`${e.tensor}${list(e.list)}${e.index.length > 0 ? `[${indices(e.index)}]` : ''}${field}`, ATOM];
    }
    case 'unary':
      return [PREFIX[e.op] + show(e.a, nameOf, ATOM), UNARY];
    case 'binary': {
      const level = LEVEL[e.op];
      // Comparisons do not chain, and & | ^ do not mix.
      const left = level === 3 || (level === 4 && e.a.kind === 'binary' && e.a.op !== e.op) ? level + 1 : level;
      return [`${show(e.a, nameOf, left)} ${SYMBOLS[e.op]} ${show(e.b, nameOf, level + 1)}`, level];
    }
    case 'call':
      return [`${e.fn}(${e.args.map(sub).join(', ')})`, ATOM];
    case 'bitcast':
      return [`bitcast<${e.to}>(${sub(e.a)})`, ATOM];
    case 'cast':
      return [`${show(e.a, nameOf, CAST)} ${e.mode} ${e.to}`, CAST];
    case 'convert':
      return render(e.a, nameOf);
    case 'if':
      return [`if ${sub(e.cond)} then ${sub(e.then)} else ${sub(e.else)}`, IF];
    case 'guard':
      return [`(${sub(e.value)} ?? ${sub(e.other)})`, ATOM];
    case 'strict':
      return [`strict(${sub(e.a)})`, ATOM];
    case 'let':
      return render(e.body, nameOf);
    case 'reduce': {
      const names = e.vars.map((v) => v.name).join(', ');
      const where = e.where === undefined ? '' : ` where ${sub(e.where)}`;
      return [
        `${e.reducer}[${names}${where}](${[e.body, ...(e.value === undefined ? [] : [e.value])].map(sub).join(', ')})`,
        ATOM,
      ];
    }
    default:
      return assertNever(e, 'showExpr');
  }
}

function showIndex(index: TIndex, nameOf: NameOf): string {
  const part = (p: TIndexPart): string =>
    (p.policy === 'clamp' || p.policy === 'unchecked' ? `${p.policy} ` : '') + show(p.value, nameOf, IF);
  switch (index.kind) {
    case 'flat':
      return part(index.part);
    case 'parts':
      return `(${index.parts.map(part).join(', ')})`;
    case 'pair':
      return `(${part(index.f)}, ${part(index.g)})`;
    default:
      return assertNever(index, 'showIndex');
  }
}
