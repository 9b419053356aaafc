import { assertNever } from '../../assert.ts';
import type { TBinary } from '../../dsl/typed.ts';
import type { Axis, Buffer, Expr, Place, Reduce, Stage, StageGraph } from './stage.ts';

const BINARY: Readonly<Record<TBinary, readonly [text: string, power: number]>> = {
  or: ['||', 1],
  and: ['&&', 2],
  eq: ['==', 3],
  ne: ['!=', 3],
  lt: ['<', 3],
  le: ['<=', 3],
  gt: ['>', 3],
  ge: ['>=', 3],
  bitor: ['|', 4],
  bitxor: ['^', 4],
  bitand: ['&', 4],
  shl: ['<<', 5],
  shr: ['>>', 5],
  add: ['+', 6],
  sub: ['-', 6],
  mul: ['*', 7],
  div: ['/', 7],
  floordiv: ['//', 7],
  mod: ['%', 7],
};
const CAST = 8;
const UNARY = 9;

/**
 * Readable text of an expression: source-like operators; a literal names its type unless that is i64 or f32; `f32(e)` is an implicit conversion,
 * `c ? a : b` the lazy select, `r[…]!` an unchecked read.
 */
export function printExpr(e: Expr, power = 0): string {
  const wrap = (own: number, text: string): string => (own < power ? `(${text})` : text);
  switch (e.kind) {
    case 'int':
      return `${e.value}${e.type === 'i64' ? '' : e.type}`;
    case 'float':
      return floatText(e.value, e.type) + (e.type === 'f32' ? '' : e.type);
    case 'bool':
      return String(e.value);
    case 'dim':
      return e.list === undefined ? e.id : `${e.id}{${printExpr(e.list)}}`;
    case 'scalar':
      return e.name;
    case 'axis':
    case 'var':
      return e.id;
    case 'read':
      return `${printPlace(e)}${e.unchecked === true ? '!' : ''}`;
    case 'unary':
      return wrap(UNARY, `${e.op === 'neg' ? '-' : e.op === 'not' ? '!' : '~'}${printExpr(e.a, UNARY)}`);
    case 'binary': {
      const [text, own] = BINARY[e.op];
      if (own === 4 || own === 5) return wrap(own, `${printExpr(e.a, CAST)} ${text} ${printExpr(e.b, CAST)}`);
      const left = e.op === 'and' || e.op === 'or' || own >= 6 ? own : own + 1;
      return wrap(own, `${printExpr(e.a, left)} ${text} ${printExpr(e.b, own + 1)}`);
    }
    case 'call':
      return `${e.fn}(${e.args.map((a) => printExpr(a)).join(', ')})`;
    case 'bitcast':
      return `bitcast<${e.to}>(${printExpr(e.a)})`;
    case 'cast':
      return wrap(CAST, `${printExpr(e.a, CAST)} ${e.mode} ${e.to}`);
    case 'convert':
      return `${e.type}(${printExpr(e.a)})`;
    case 'select':
      return wrap(0.5, `${printExpr(e.cond, 1)} ? ${printExpr(e.then, 1)} : ${printExpr(e.else, 0.5)}`);
    case 'strict':
      return `strict(${printExpr(e.a)})`;
    case 'let':
      return wrap(0, `let ${e.id} = ${printExpr(e.value)} in ${printExpr(e.body)}`);
    case 'reduce':
      return printReduce(e.reduce) + (e.post === undefined ? '' : ` then (${printExpr(e.post)})`);
    default:
      return assertNever(e, 'printExpr');
  }
}
const defaultText = (s: StageGraph['scalars'][number]): string =>
  typeof s.default === 'number' && !Number.isInteger(s.default) ? floatText(s.default, s.dtype) : String(s.default);
/** The shortest text that reads back as `v` in its type. */
function floatText(v: number, type: string): string {
  if (Number.isInteger(v) && Math.abs(v) < 1e15) return Object.is(v, -0) ? '-0.0' : `${v}.0`;
  if (!Number.isFinite(v)) return v === Infinity ? 'inf' : v === -Infinity ? '-inf' : 'nan';
  for (let digits = 1; type === 'f32' && digits < 9; digits++) {
    const short = Number(v.toPrecision(digits));
    if (Math.fround(short) === v) return String(short);
  }
  return String(v);
}
export function printPlace(p: Place): string {
  const list = p.list === undefined ? '' : `{${printExpr(p.list)}}`;
  const index = (xs: readonly Expr[]): string => (xs.length === 0 ? '' : `[${xs.map((x) => printExpr(x)).join(', ')}]`);
  return `${p.buf}${list}${p.field === undefined ? '' : `.${p.field}`}${index(p.index)}`;
}
export function printAxis(a: Axis): string {
  const from = a.lo.kind === 'int' && a.lo.value === 0n ? '' : `${printExpr(a.lo)}..`;
  return `${a.id}:${from}${printExpr(a.hi)}`;
}
const axesText = (axes: readonly Axis[]): string => axes.map(printAxis).join(', ');
function printReduce(r: Reduce): string {
  const when = r.when === undefined ? '' : ` where ${printExpr(r.when)}`;
  const value = r.value === undefined ? '' : `, ${printExpr(r.value)}`;
  return `${r.op}<${r.acc}>[${axesText(r.over)}${when}](${printExpr(r.body)}${value})`;
}

function printBuffer(b: Buffer): string {
  const row =
    b.row === undefined ? b.dtype : `row{${b.row.map((f) => `${f.name}: ${f.dtype}${shapeText(f.shape)}`).join(', ')}}`;
  const list = b.list === undefined ? '' : `{${b.list.elem} in ${printExpr(b.list.count)}}`;
  const notes = [
    ...(b.offsetsOf === undefined ? [] : [`offsets of ${b.offsetsOf}`]),
    ...(b.capacity === undefined ? [] : [`capacity of ${b.capacity.ragged}`]),
    ...(b.virtual === true ? ['virtual'] : []),
  ];
  return `  ${b.role.padEnd(5)} ${b.id}${list}: ${row}${shapeText(b.shape)}${notes.length === 0 ? '' : `  # ${notes.join(', ')}`}`;
}
const shapeText = (shape: readonly Expr[]): string =>
  shape.length === 0 ? '' : `[${shape.map((s) => printExpr(s)).join(', ')}]`;

/** One stage: destination, loops, then what is computed. */
export function printStage(s: Stage, indent = '  '): string {
  const loops = `[${axesText(s.axes)}]${s.where === undefined ? '' : ` where ${printExpr(s.where)}`}`;
  const head = (text: string): string => `${indent}${text}${loops === '[]' ? '' : `  ${loops}`}\n`;
  const line = (text: string): string => `${indent}    ${text}\n`;
  switch (s.kind) {
    case 'map':
      return head(`map ${printPlace(s.out)}`) + line(`= ${printExpr(s.value)}`);
    case 'reduce':
      return (
        head(`reduce ${printPlace(s.out)}`) +
        line(`= ${printReduce(s.reduce)}`) +
        (s.post === undefined ? '' : line(`then ${printExpr(s.post)}`))
      );
    case 'scan':
      return (
        head(`scan ${printPlace(s.out)}`) +
        line(
          `= ${s.monoid}<${s.acc}>[${printAxis(s.along)} where ${s.along.id} ${{ le: '<=', lt: '<', ge: '>=', gt: '>' }[s.compare]} ${s.at}${s.when === undefined ? '' : ` && ${printExpr(s.when)}`}](${printExpr(s.body)})`,
        )
      );
    case 'scatter':
      return (
        head(`scatter ${s.op}${s.drop ? ' drop' : ''} ${printPlace(s.out)}`) +
        line(`init ${printExpr(s.init)}`) +
        line(`= ${printExpr(s.value)}`)
      );
    case 'offsets':
      return (
        head(`offsets ${s.out}${s.list === undefined ? '' : `{${printExpr(s.list)}}`}`) +
        line(`size ${printExpr(s.size)}`)
      );
    case 'pack':
      return (
        head(`pack by ${s.offsets}`) +
        line(`from ${printAxis(s.from)} where ${printExpr(s.when)}`) +
        s.outs.map((o) => line(`${o.buf} = ${printExpr(o.value)}`)).join('')
      );
    case 'select':
      return (
        head(`select ${[s.values, s.indices].flatMap((p) => (p === undefined ? ['_'] : [printPlace(p)])).join(', ')}`) +
        line(
          `= the ${printAxis(s.slot)} first of ${printAxis(s.along)} ${s.descending ? 'descending' : 'ascending'} by ${printExpr(s.body)}`,
        )
      );
    case 'recur':
      return (
        head(`recur ${printAxis(s.step)} states ${s.states.join(', ')}`) +
        s.body.map((b) => printStage(b, `${indent}  `)).join('')
      );
    default:
      return assertNever(s, 'printStage');
  }
}

/** Dump of a graph for `explain` and goldens: signature, buffers, facts, stages in order. */
export function printGraph(g: StageGraph): string {
  const dims = g.dims.map(
    (d) =>
      `${d.id}${d.perElement === undefined ? '' : `{${d.perElement}}`}${d.derived === undefined ? '' : ` = ${printExpr(d.derived)}`}`,
  );
  const scalars = g.scalars.map((s) => `${s.name}: ${s.dtype}${s.default === undefined ? '' : ` = ${defaultText(s)}`}`);
  return [
    `graph ${g.name}(${[dims.join(', '), scalars.join(', ')].filter((t) => t !== '').join('; ')})\n`,
    ...g.buffers.map((b) => `${printBuffer(b)}\n`),
    ...g.facts.map((f) => `  fact  ${printExpr(f.cond)}\n`),
    ...g.stages.map((s) => printStage(s)),
  ].join('');
}
