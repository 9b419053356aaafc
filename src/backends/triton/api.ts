import { must } from '../../assert.ts';
import { readDoc } from '../../dsl/doc.ts';
import type { DType } from '../../dsl/dtypes.ts';
import { DTYPES, isFloat } from '../../dsl/dtypes.ts';
import { printExpr } from '../../codegen/ir/print.ts';
import { keyOf } from '../../codegen/ir/rewrite.ts';
import type { Buffer, Expr, RowField, StageGraph } from '../../codegen/ir/stage.ts';
import { freeAxes } from '../../codegen/ir/walk.ts';
import type { Helper } from '../../codegen/program.ts';
import { configName } from './launcher.ts';
import { pyName } from './print.ts';
import { Unsupported } from './text.ts';

/** Types of torch by storage. */
const TORCH: Readonly<Record<DType, string>> = {
  bool: 'torch.bool',
  i8: 'torch.int8',
  i16: 'torch.int16',
  i32: 'torch.int32',
  i64: 'torch.int64',
  u8: 'torch.uint8',
  u16: 'torch.uint16',
  u32: 'torch.uint32',
  u64: 'torch.uint64',
  f16: 'torch.float16',
  bf16: 'torch.bfloat16',
  f32: 'torch.float32',
  f64: 'torch.float64',
  f8e4m3: 'torch.float8_e4m3fn',
  f8e5m2: 'torch.float8_e5m2',
  f8e4m3fnuz: 'torch.float8_e4m3fnuz',
};

/** What refuses arguments of the wrong type, rank, layout or shape. */
export const CHECKS: readonly Helper[] = [
  {
    name: '_check_tensor',
    text: `def _check_tensor(name, x, dtype, rank):
    if not isinstance(x, torch.Tensor):
        raise TypeError(f"{name} must be a tensor, not {type(x).__name__}")
    if x.dtype != dtype:
        raise TypeError(f"{name} must be {dtype}, not {x.dtype}")
    if x.dim() != rank:
        raise ValueError(f"{name} must have {rank} axes, not {x.dim()}")
    if not x.is_contiguous():
        raise ValueError(f"{name} must be contiguous: pass {name}.contiguous()")`,
  },
  {
    name: '_check_shape',
    text: `def _check_shape(name, x, shape, text):
    if tuple(x.shape) != shape:
        raise ValueError(f"{name} must have the shape {text} = {shape}, not {tuple(x.shape)}")`,
  },
];

/** Functions that take and give tensors of torch: checked, allocated, and as an operator that torch.compile knows. */
export function apiText(g: StageGraph, entry: string): string {
  const inputs = g.buffers.filter((b) => b.role === 'in' || b.role === 'inout');
  const results = g.buffers.filter((b) => b.role === 'out');
  const params = g.buffers.filter((b) => b.role !== 'temp');
  const known = new Map<string, string>();
  const lines: string[] = inputs.map(
    (b) =>
      `_check_tensor("${b.id}", ${pyName(b.id)}, ${TORCH[b.dtype]}, ${b.shape.length + (b.row === undefined ? 0 : 1)})`,
  );
  const given: string[] = [];
  for (const d of g.dims) {
    if (d.derived !== undefined) continue;
    const found = inputs.flatMap((b) => b.shape.flatMap((e, k) => solved(e, d.id, `${pyName(b.id)}.shape[${k}]`)))[0];
    if (found === undefined) given.push(d.id);
    else lines.push(`${pyName(d.id)} = ${found}`);
  }
  for (const b of inputs)
    b.shape.forEach((e, k) => {
      const key = keyOf(e);
      if (e.kind === 'int' || e.kind === 'dim' || known.has(key) || isHost(e)) return;
      // How many items offsets count is what holds them.
      known.set(key, `${pyName(b.id)}.shape[${k}]`);
    });
  for (const d of g.dims) if (d.derived !== undefined) lines.push(`${pyName(d.id)} = ${host(d.derived, known)}`);
  const shapeOf = (b: Buffer): string => {
    const extents = b.shape.map((e, k) =>
      k === 0 && b.role === 'out' && b.capacity !== undefined ? capacity(b.capacity.ragged) : host(e, known),
    );
    const all = b.row === undefined ? extents : [...extents, rowBytes(b.row, known)];
    return `(${all.join(', ')}${all.length === 1 ? ',' : ''})`;
  };
  for (const b of inputs) lines.push(`_check_shape("${b.id}", ${pyName(b.id)}, ${shapeOf(b)}, "${written(b)}")`);
  const first = inputs[0];
  const device = first === undefined ? '"cpu"' : `${pyName(first.id)}.device`;
  const made = results.map(
    (b) => `${pyName(b.id)} = torch.empty(${shapeOf(b)}, dtype=${TORCH[b.dtype]}, device=${device})`,
  );
  const raggeds = [...new Set(g.buffers.flatMap((b) => (b.capacity && b.role === 'out' ? [b.capacity.ragged] : [])))];
  const every = [...new Set(g.buffers.flatMap((b) => (b.capacity ? [b.capacity.ragged] : [])))];
  const hidden = every.filter((r) => !raggeds.includes(r));
  if (hidden.length > 0) throw new Unsupported('room of lists that no result has');
  const scalars = g.scalars.map(
    (s) => `${pyName(s.name)}: ${python(s.dtype)}${s.default === undefined ? '' : ` = ${literal(s.default)}`}`,
  );
  const required = [
    ...inputs.map((b) => `${pyName(b.id)}: torch.Tensor`),
    ...given.map((d) => `${pyName(d)}: int`),
    ...raggeds.map((r) => `${capacity(r)}: int`),
    ...scalars.toSorted((a, b) => Number(a.includes('=')) - Number(b.includes('='))),
  ];
  const names = required.map((r) => r.slice(0, r.indexOf(':')));
  const tensors = results.map((b) => pyName(b.id));
  const back =
    tensors.length === 1
      ? 'torch.Tensor'
      : tensors.length === 0
        ? 'None'
        : `tuple[${tensors.map(() => 'torch.Tensor').join(', ')}]`;
  const give = tensors.length === 0 ? [] : [`return ${tensors.join(', ')}`];
  const call = [
    ...params.map((b) => pyName(b.id)),
    ...g.dims.filter((d) => d.derived === undefined).map((d) => pyName(d.id)),
    ...g.scalars.map((s) => pyName(s.name)),
    ...every.map(capacity),
  ];
  const name = pyName(entry);
  const body = (xs: readonly string[]): string => xs.map((l) => `    ${l}`).join('\n');
  const doc = docOf(g, params);
  const used = lines.filter((l) => !/^\w+ = /.test(l) || mentionsLater(l, [...lines, ...made, call.join(' ')]));
  return [
    `def ${name}(${[...required, '*', 'config: dict | None = None'].join(', ')}) -> ${back}:
    """${doc.join('\n    ').replaceAll(/ +$/gm, '')}
    """
${body([...used, ...made, `${entry}_launch(${call.join(', ')}, config={**${configName(entry)}, **(config or {})})`, ...give])}`,
    `def ${name}_operator(library="ktune"):
    """Registers the operator with torch.library, so that torch.compile takes it; forward only. Call it once."""

    def run(${required.join(', ')}) -> ${back}:
        return ${name}(${names.join(', ')})

    def fake(${required.join(', ')}):
${[...used, ...made, ...give].map((l) => `        ${l}`).join('\n')}

    operator = torch.library.custom_op(f"{library}::${entry}", mutates_args=(${inputs
      .filter((b) => b.role === 'inout')
      .map((b) => `"${pyName(b.id)}", `)
      .join('')
      .trimEnd()}))(run)
    operator.register_fake(fake)
    return operator`,
  ].join('\n\n\n');
}

/** Bytes of a row of packed fields. */
const rowBytes = (row: readonly RowField[], known: ReadonlyMap<string, string>): string =>
  row.map((f) => [...f.shape.map((e) => host(e, known)), DTYPES[f.dtype].bytes].join(' * ')).join(' + ');
const capacity = (ragged: string): string => `${ragged}_capacity`;
const python = (t: DType): string => (t === 'bool' ? 'bool' : isFloat(t) ? 'float' : 'int');
const literal = (v: number | bigint | boolean): string => (typeof v === 'boolean' ? (v ? 'True' : 'False') : String(v));
/** Types and shapes of a call, as a reader of the operator knows them. */
const written = (b: Buffer): string => {
  const all = [...b.shape.map((e) => printExpr(e)), ...(b.row === undefined ? [] : ['bytes of a row'])];
  return `(${all.join(', ')}${all.length === 1 ? ',' : ''})`;
};
function docOf(g: StageGraph, params: readonly Buffer[]): readonly string[] {
  const text = g.doc === undefined ? g.name : readDoc(g.doc).text;
  const of = (b: Buffer): string => `${b.id}: ${b.dtype}[${b.shape.map((e) => printExpr(e)).join(', ')}]`;
  const role = { in: 'Takes', inout: 'Changes', out: 'Gives' } as const;
  return [
    ...text.replaceAll('\\', '\\\\').split('\n'),
    '',
    ...params.flatMap((b) =>
      b.role === 'temp'
        ? []
        : [`${role[b.role]} ${of(b)}${b.capacity ? ', of which offsets say how much is filled' : ''}.`],
    ),
    'Tensors are contiguous and on one device. config overrides sizes of blocks.',
  ];
}

/** A dim as the extent that holds it says it. */
function solved(e: Expr, dim: string, extent: string): readonly string[] {
  if (e.kind === 'dim' && e.id === dim) return [extent];
  if (e.kind !== 'binary' || e.a.kind !== 'dim' || e.a.id !== dim || e.b.kind !== 'int') return [];
  if (e.op === 'add') return [`${extent} - ${e.b.value}`];
  if (e.op === 'sub') return [`${extent} + ${e.b.value}`];
  return e.op === 'mul' && e.b.value > 0n ? [`${extent} // ${e.b.value}`] : [];
}
/** True where nothing is read from a device. */
const isHost = (e: Expr): boolean =>
  freeAxes(e).size === 0 && !JSON.stringify(keyOf(e)).includes('read') && hostable(e);
function hostable(e: Expr): boolean {
  switch (e.kind) {
    case 'int':
    case 'scalar':
      return true;
    case 'dim':
      return e.list === undefined;
    case 'binary':
      return hostable(e.a) && hostable(e.b);
    case 'convert':
      return hostable(e.a);
    case 'call':
      return e.args.every(hostable);
    default:
      return false;
  }
}

const SIGNS: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*', floordiv: '//', div: '//', mod: '%' };
/** A size as the host computes it. */
function host(e: Expr, known: ReadonlyMap<string, string>): string {
  const name = known.get(keyOf(e));
  if (name !== undefined) return name;
  switch (e.kind) {
    case 'int':
      return String(e.value);
    case 'dim':
      return pyName(e.id);
    case 'scalar':
      return pyName(e.name);
    case 'convert':
      return host(e.a, known);
    case 'read':
      return `int(${pyName(e.buf)}[${e.index.map((i) => host(i, known)).join(', ')}])`;
    case 'call':
      if (e.fn === 'min' || e.fn === 'max') return `${e.fn}(${e.args.map((a) => host(a, known)).join(', ')})`;
      throw new Unsupported(`${e.fn} in a size`);
    case 'binary': {
      const sign = SIGNS[e.op];
      if (sign === undefined) throw new Unsupported(`${e.op} in a size`);
      const [a, b] = [host(e.a, known), host(e.b, known)];
      const side = (x: string): string =>
        /^[\w.[\]]+$/.test(x) || /^(?:int|min|max)\([^()]*\)$/.test(x) ? x : `(${x})`;
      return `${side(a)} ${sign} ${side(b)}`;
    }
    default:
      throw new Unsupported(`${e.kind} in a size`);
  }
}

function mentionsLater(line: string, all: readonly string[]): boolean {
  const id = must(/^(\w+) = /.exec(line)?.[1], 'name');
  return all.some((l) => l !== line && new RegExp(`\\b${id}\\b`).test(l));
}
