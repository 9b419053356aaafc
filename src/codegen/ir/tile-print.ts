import { assertNever } from '../../assert.ts';
import { printExpr } from './print.ts';
import type { Level, Ref, TileKernel, TileOp, TileProgram, Ty, Val } from './tile.ts';

const tyText = (ty: Ty): string => (ty.lanes === 1 ? ty.dtype : `${ty.dtype}x${ty.lanes}`);
const refText = (r: Ref): string => `${r.array}${r.entry ? `{${printVal(r.entry)}}` : ''}[${printVal(r.index)}]`;
const maskText = (m: Val | undefined): string => (m === undefined ? '' : ` if ${printVal(m)}`);

/** A value as one expression: every operator in parentheses, lane counts where they are not 1. */
export function printVal(v: Val): string {
  const lanes = v.ty.lanes === 1 ? '' : `x${v.ty.lanes}`;
  switch (v.kind) {
    case 'int':
      return `${v.value}${v.ty.dtype === 'i64' ? '' : v.ty.dtype}`;
    case 'float':
      return `${v.value}${v.ty.dtype}`;
    case 'bool':
      return String(v.value);
    case 'name':
      return v.id;
    case 'dimOf':
      return `${v.id}{${printVal(v.entry)}}`;
    case 'load':
      return `${v.half === undefined ? '' : `${v.half} `}${v.dtype}${lanes} ${refText(v.from)}${maskText(v.mask)}`;
    case 'unary':
      return `${v.op}(${printVal(v.a)})`;
    case 'binary':
      return `(${printVal(v.a)} ${v.op} ${printVal(v.b)})`;
    case 'call':
      return `${v.fn}(${v.args.map(printVal).join(', ')})`;
    case 'bitcast':
      return `bitcast<${v.from} ${v.to}>(${printVal(v.a)})`;
    case 'round':
      return `round<${v.to}>(${printVal(v.a)})`;
    case 'convert':
      return `${tyText(v.ty)}(${printVal(v.a)})`;
    case 'select':
      return `(${printVal(v.cond)} ? ${printVal(v.then)} : ${printVal(v.else)})`;
    case 'splat':
      return `splat${lanes}(${printVal(v.a)})`;
    case 'iota':
      return `iota${lanes}`;
    case 'opaque':
      return `opaque(${printVal(v.a)})`;
    default:
      return assertNever(v, 'printVal');
  }
}

function levelText(l: Level): string {
  switch (l.kind) {
    case 'grid':
      return ` at grid${l.dim}${l.flat ? ' flat' : ''}`;
    case 'vector':
      return ` by ${l.lanes} lanes`;
    case 'serial':
      return '';
    default:
      return ` at ${l.kind}`;
  }
}

function dotText({ types, group, strides, lanes }: TileOp & { readonly kind: 'tileDot' }): string {
  const steps = `rows ${printVal(strides.acc)}, ${printVal(strides.a)}, steps ${printVal(strides.aStep)}, ${printVal(strides.b)}`;
  return `${types.acc}x${lanes} of ${types.a} · ${types.b}${group === 1 ? '' : ` by ${group}`}, ${steps}`;
}

function opLines(op: TileOp, pad: string): readonly string[] {
  const inner = (ops: readonly TileOp[]): readonly string[] => ops.flatMap((o) => opLines(o, `${pad}  `));
  const line = (text: string): readonly string[] => [pad + text];
  switch (op.kind) {
    case 'note':
      return line(`# ${op.text}`);
    case 'loop':
      return [
        `${pad}for ${op.id} in ${printVal(op.lo)}..${printVal(op.hi)} step ${op.step}${levelText(op.level)}`,
        ...inner(op.body),
      ];
    case 'while':
      return [`${pad}while ${printVal(op.cond)}`, ...inner(op.body)];
    case 'break':
      return line('break');
    case 'if':
      return [
        `${pad}if ${printVal(op.cond)}`,
        ...inner(op.then),
        ...(op.else.length === 0 ? [] : [`${pad}else`, ...inner(op.else)]),
      ];
    case 'let':
      return line(`let ${op.id}: ${tyText(op.value.ty)} = ${printVal(op.value)}`);
    case 'var':
      return line(`var ${op.id}: ${tyText(op.ty)}${op.init === undefined ? '' : ` = ${printVal(op.init)}`}`);
    case 'set':
      return line(`${op.id} = ${printVal(op.value)}`);
    case 'store':
      return line(
        `${op.stream === true ? 'stream' : 'store'} ${refText(op.to)} = ${op.dtype} ${printVal(op.value)}${op.odd ? ` alternating with ${printVal(op.odd)}` : ''}${maskText(op.mask)}`,
      );
    case 'atomic':
      return line(`atomic ${op.op} ${refText(op.to)} ${op.dtype} ${printVal(op.value)}`);
    case 'prefetch':
      return line(`prefetch ${refText(op.at)}`);
    case 'reduceTile':
      return line(`let ${op.id} = ${op.kind} ${op.monoid} ${printVal(op.value)} within ${op.within}`);
    case 'scanTile':
      return line(
        `let ${op.id} = ${op.kind} ${op.monoid} ${printVal(op.value)} within ${op.within}${op.exclusive ? ' exclusive' : ''}${op.reverse ? ' reverse' : ''}`,
      );
    case 'turnTile':
      return line(`let ${op.ids.join(', ')} = turn ${op.values.map((v) => printVal(v)).join(', ')}`);
    case 'copy':
      return line(
        `copy ${refText(op.to)} = ${refText(op.from)} ${op.dtype} × ${printVal(op.count)}${op.async ? ' async' : ''}`,
      );
    case 'tileDot':
      return line(
        `tileDot ${refText(op.acc)} ${op.fresh ? '=' : '+='} ${refText(op.a)} · ${refText(op.b)} (${op.m}×${op.n}×${printVal(op.k)}) ${dotText(op)}`,
      );
    case 'waveDot':
      return line(
        `waveDot ${op.sums} += ${refText(op.a)} · ${refText(op.b)} (${op.tiles.m}×${op.tiles.n} of ${op.unit.name})`,
      );
    case 'waveStore':
      return line(`waveStore ${refText(op.to)} = ${op.sums} (${op.tiles.m}×${op.tiles.n} of ${op.unit.name})`);
    case 'sortTile':
      return line(
        `sort ${refText(op.order)} by ${refText(op.keys)} × ${printVal(op.count)} ${op.descending ? 'descending' : 'ascending'}`,
      );
    case 'barrier':
      return line(`barrier ${op.within}`);
    default:
      return assertNever(op, 'opLines');
  }
}

function kernelText(k: TileKernel): string {
  const head = `kernel ${k.id} (${k.pattern})${k.split ? '' : ' unsplit'}${k.lanes === undefined ? '' : ` lanes ${k.lanes}`}`;
  const fast = k.fast && [
    `  fast where ${k.fast.guards.map((g) => (g.kind === 'multiple' ? `${g.dim} % ${g.of} == 0` : g.kind === 'positive' ? `${g.dim} > 0` : `${g.array} aligned to ${g.bytes}`)).join(' and ')}`,
    ...k.fast.body.flatMap((o) => opLines(o, '    ')),
    '  otherwise',
  ];
  return [head, ...(fast ?? []), ...k.body.flatMap((o) => opLines(o, fast ? '    ' : '  '))].join('\n');
}

/** Dump of a program for `explain` and goldens. */
export function printTile(p: TileProgram): string {
  const arrays = p.arrays.map(
    (a) =>
      `  ${a.scope.padEnd(9)} ${a.id}: ${a.dtype}${a.list === true ? ' list' : ''}${a.bytes === true ? ' rows' : ''}${a.size === undefined ? '' : ` × ${printExpr(a.size)}`}`,
  );
  return [`tile ${p.name}`, ...arrays, ...p.kernels.map(kernelText), ''].join('\n');
}
