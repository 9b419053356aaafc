import { must } from '../../assert.ts';
import { DTYPES, widen } from '../../dsl/dtypes.ts';
import type { DType, ValueType } from '../../dsl/dtypes.ts';
import type { Ref, TileOp, Ty, Val } from '../../codegen/ir/tile.ts';
import { identity } from '../../codegen/tile/values.ts';
import { atom, PREC, prefix } from '../../codegen/render/dialect.ts';
import type { Dialect, Print, Printed } from '../../codegen/render/dialect.ts';
import { encode, decode, isNarrowFloat, oddFloat } from './prelude/codecs.ts';
import type { Collector } from './prelude/collector.ts';
import { divideByScalar, functionFor } from './prelude/functions.ts';
import { floatDivision } from './prelude/division.ts';
import { loadHalf, storeHalves } from './prelude/halves.ts';
import { bitsOf, floorDiv, floorMod, isIntType, saturate, saturateLanes } from './prelude/integers.ts';
import { tileDot } from './prelude/dot.ts';
import { foldLanes, scanLanes, sortRows, splat } from './prelude/lanes.ts';
import { rampOf, rampToFloat } from './prelude/ramp.ts';
import { turn } from './prelude/turn.ts';
import * as m from './prelude/memory.ts';
import { localType, perLane, storageType, toBits, vector } from './prelude/types.ts';

const isFloatType = (t: ValueType): t is 'f32' | 'f64' => t === 'f32' || t === 'f64';
const call = (f: string, ...args: readonly string[]): Printed => atom(`${f}(${args.join(', ')})`);

/** C++17 with the vector extensions of GCC and Clang, without any header. */
export function cppDialect(c: Collector): Dialect {
  const type = (ty: Ty): string => localType(c, ty);
  return {
    type,
    load: (v, p) => load(c, v, p),
    store: (op, p) => store(c, op, p),
    binary: (op, a, b, ty, p) => binary(c, op, a, b, ty, p),
    call: (fn, ty, args, p) =>
      call(
        functionFor(
          c,
          fn,
          ty,
          args.map((x) => x.ty),
        ),
        ...args.map((x) => p.val(x)),
      ),
    convert: (from, to, a, p) => convert(c, from, to, a, p),
    round: (from, to, ty, a, p) => round(c, from, to, ty, a, p),
    bitcast: (v, p) => bitcast(c, v, p),
    select: (v, p) => select(v, p),
    splat: (v, p) => call(splat(c, v.ty), p.val(v.a)),
    iota: (ty) => atom(`${type(ty)}{${Array.from({ length: ty.lanes }, (_, k) => k).join(', ')}}`),
    opaque: (v, p) => call(opaque(c, v.ty), p.val(v.a)),
    dimOf: (id, entry) => `${id}[${entry}]`,
    loop: (op, p) => {
      const step = op.step === 1 ? `++${op.id}` : `${op.id} += ${op.step}`;
      return `for (${storageType(c, 'i64')} ${op.id} = ${p.val(op.lo)}; ${op.id} < ${p.val(op.hi, PREC.shift)}; ${step})`;
    },
    tile: (op, p) => tile(c, op, p),
  };
}

const pointer = (r: Ref, p: Print): string => (r.entry === undefined ? r.array : `${r.array}[${p.val(r.entry)}]`);
/** Address of an element. */
export function at(r: Ref, p: Print): string {
  const index = p.val(r.index, PREC.sum);
  return index === '0' ? pointer(r, p) : `${pointer(r, p)} + ${index}`;
}

function load(c: Collector, v: Val & { readonly kind: 'load' }, p: Print): Printed {
  const { lanes } = v.ty;
  const array = p.array(v.from.array);
  storageType(c, v.dtype);
  if (array.bytes === true && lanes === 1) {
    const bits = call(m.loadAt(c, v.dtype), at(v.from, p)).text;
    return atom(isNarrowFloat(v.dtype) ? `${decode(c, v.dtype, 1)}(${bits})` : bits);
  }
  if (lanes === 1) {
    const x = `${pointer(v.from, p)}[${p.val(v.from.index)}]`;
    if (isNarrowFloat(v.dtype)) return call(decode(c, v.dtype, 1), x);
    return atom(x);
  }
  const gathered = v.from.index.ty.lanes > 1;
  if (array.bytes === true) return rows(c, v, p);
  if (gathered)
    return call(
      m.gather(c, v.dtype, lanes, v.mask !== undefined),
      pointer(v.from, p),
      p.val(v.from.index),
      ...(v.mask ? [p.mask(v.mask, 32)] : []),
    );
  if (v.mask !== undefined) return call(m.loadMasked(c, v.dtype, lanes), at(v.from, p), p.mask(v.mask, 32));
  if (v.half !== undefined) return call(loadHalf(c, v.dtype, lanes, v.half), at(v.from, p));
  return call(m.loadLanes(c, v.dtype, lanes), at(v.from, p));
}
/** Consecutive elements of a packed row: as elements at a byte address. */
function rows(c: Collector, v: Val & { readonly kind: 'load' }, p: Print): Printed {
  const cast = (text: string): string => `(const ${storageType(c, v.dtype)}*)(${text})`;
  const { lanes } = v.ty;
  if (v.from.index.ty.lanes > 1) {
    const bytes = p.val(v.from.index, PREC.product);
    return call(
      byteGather(c, v.dtype, lanes, v.mask !== undefined),
      pointer(v.from, p),
      bytes,
      ...(v.mask ? [p.mask(v.mask, 32)] : []),
    );
  }
  if (v.mask !== undefined) return call(m.loadMasked(c, v.dtype, lanes), cast(at(v.from, p)), p.mask(v.mask, 32));
  return call(m.loadLanes(c, v.dtype, lanes), cast(at(v.from, p)));
}
function byteGather(c: Collector, t: DType, lanes: number, masked: boolean): string {
  const V = localType(c, { dtype: widen(t), lanes });
  const name = `gather_${t}_bytes${masked ? '_masked' : ''}_x${lanes}`;
  const element = m.element(c, t, `${m.loadAt(c, t)}(p + at[k])`);
  return c.add(
    name,
    () => `static inline ${V} ${name}(const ${storageType(c, 'u8')}* p, ${vector(c, 'i64', lanes)} at${masked ? `, ${localType(c, { dtype: 'bool', lanes })} m` : ''}) {
  ${V} v = {};
  for (int k = 0; k < ${lanes}; ++k) ${masked ? 'if (m[k]) ' : ''}v[k] = ${element};
  return v;
}`,
  );
}

function store(c: Collector, op: TileOp & { readonly kind: 'store' }, p: Print): readonly string[] {
  const { lanes } = op.value.ty;
  const array = p.array(op.to.array);
  const text = op.value.ty.dtype === 'bool' && lanes > 1 ? p.mask(op.value, 32) : p.val(op.value);
  storageType(c, op.dtype);
  if (lanes === 1) {
    const value = stored(c, op.dtype, op.value, text, p);
    if (array.bytes === true) return [`${m.storeAt(c, op.dtype)}(${at(op.to, p)}, ${value});`];
    return [`${pointer(op.to, p)}[${p.val(op.to.index)}] = ${value};`];
  }
  const exact = (v: Val): string => p.val(v.kind === 'round' && v.to === op.dtype && v.a.ty.dtype !== 'f64' ? v.a : v);
  const value = isFloatType(op.value.ty.dtype) ? exact(op.value) : text;
  if (op.odd !== undefined)
    return [`${storeHalves(c, op.dtype, lanes, op.stream === true)}(${at(op.to, p)}, ${value}, ${exact(op.odd)});`];
  if (op.to.index.ty.lanes > 1)
    return [
      `${m.scatterLanes(c, op.dtype, lanes, op.mask !== undefined)}(${[pointer(op.to, p), p.val(op.to.index), value, ...(op.mask ? [p.mask(op.mask, 32)] : [])].join(', ')});`,
    ];
  const to = array.bytes === true ? `(${storageType(c, op.dtype)}*)(${at(op.to, p)})` : at(op.to, p);
  if (op.mask !== undefined) return [`${m.storeMasked(c, op.dtype, lanes)}(${to}, ${value}, ${p.mask(op.mask, 32)});`];
  return [`${(op.stream === true ? m.storeStream : m.storeLanes)(c, op.dtype, lanes)}(${to}, ${value});`];
}
/** Text of what is put into memory: narrow floats are encoded, without decoding a rounding first. */
function stored(c: Collector, t: DType, v: Val, text: string, p: Print): string {
  if (isNarrowFloat(t)) {
    const inner = v.kind === 'round' && v.to === t ? v.a : v;
    const x = p.val(inner);
    return m.scalarTo(c, t, inner.ty.dtype === 'f64' ? `${oddFloat(c)}(${x})` : x);
  }
  return DTYPES[t].bytes < 4 && t !== 'bool' ? `(${storageType(c, t)})${p.val(v, PREC.unary)}` : text;
}

function binary(c: Collector, op: string, a: Val, b: Val, ty: Ty, p: Print): Printed | undefined {
  const t = a.ty.dtype;
  const { lanes } = ty;
  const literal = b.kind === 'int' ? b.value : b.kind === 'splat' && b.a.kind === 'int' ? b.a.value : undefined;
  if (op === 'floordiv' || op === 'mod') {
    if (isFloatType(t)) return call(floatDivision(c, op, t, lanes), p.val(a), p.val(b));
    if (!isIntType(t)) return undefined;
    const power = literal !== undefined && literal > 0n && (literal & (literal - 1n)) === 0n;
    // Two's complement: masks and arithmetic shifts floor.
    if (power && op === 'mod') return { text: `${operand(a, PREC.bitand, p)} & ${literal - 1n}`, prec: PREC.bitand };
    if (power && op === 'floordiv')
      return { text: `${operand(a, PREC.shift, p)} >> ${literal.toString(2).length - 1}`, prec: PREC.shift };
    if (lanes === 1 && !t.startsWith('i') && literal !== undefined && literal > 0n)
      return {
        text: `${p.val(a, PREC.product)} ${op === 'mod' ? '%' : '/'} ${p.val(b, PREC.unary)}`,
        prec: PREC.product,
      };
    return call((op === 'mod' ? floorMod : floorDiv)(c, t, lanes), p.val(a), p.val(b));
  }
  if (op === 'shl' || op === 'shr') {
    const bits = bitsOf(t);
    const token = op === 'shl' ? '<<' : '>>';
    const left =
      a.kind === 'int' && (t === 'i64' || t === 'u32')
        ? `(${storageType(c, t)})${p.val(a, PREC.unary)}`
        : operand(a, PREC.shift, p);
    if (literal !== undefined)
      return {
        text: `${left} ${token} ${Number(((literal % BigInt(bits)) + BigInt(bits)) % BigInt(bits))}`,
        prec: PREC.shift,
      };
    if (lanes === 1) return { text: `${left} ${token} (${p.val(b, PREC.unary)} & ${bits - 1})`, prec: PREC.shift };
    const count =
      b.ty.dtype === t ? p.val(b, PREC.bitand) : `__builtin_convertvector(${p.val(b)}, ${vector(c, t, lanes)})`;
    return { text: `${left} ${token} (${count} & ${bits - 1})`, prec: PREC.shift };
  }
  if (op === 'div' && ty.dtype === 'f32' && lanes > 1 && b.kind === 'splat' && b.a.kind !== 'opaque' && c.math > 1)
    return call(divideByScalar(c, lanes), p.val(a), p.val(b.a));
  return undefined;
}
/** Operands of bit operators stand in parentheses unless they are single terms. */
const operand = (v: Val, prec: number, p: Print): string => p.val(v, Math.max(prec, PREC.unary));

const RANGE: Readonly<Record<string, readonly [lo: bigint, hi: bigint]>> = {
  i8: [-128n, 127n],
  u8: [0n, 255n],
  i16: [-32768n, 32767n],
  u16: [0n, 65535n],
  i32: [-(1n << 31n), (1n << 31n) - 1n],
  u32: [0n, (1n << 32n) - 1n],
  i64: [-(1n << 63n), (1n << 63n) - 1n],
  u64: [0n, (1n << 64n) - 1n],
};

function toInteger(c: Collector, from: Ty, to: DType, result: ValueType, text: string): Printed {
  const source = from.dtype === 'f64' ? 'f64' : 'f32';
  const [lo, hi] = RANGE[to] ?? [0n, 1n];
  if (
    from.lanes > 1 &&
    source === 'f32' &&
    from.dtype === 'f32' &&
    (result === 'i32' || result === 'u32') &&
    hi < 1n << 24n
  )
    return call(saturateLanes(c, to, result, from.lanes, lo, hi), text);
  const f = saturate(c, source, to, result, lo, hi);
  if (from.lanes === 1) return call(f, text);
  return call(
    perLane(c, f, from.lanes, result, [{ dtype: from.dtype, name: 'x' }], (xs) => `${f}(${xs.join(', ')})`),
    text,
  );
}

function convert(c: Collector, from: Ty, to: Ty, a: Val, p: Print): Printed {
  const { lanes } = to;
  if (to.dtype === 'bool') return { text: `${p.val(a, PREC.equality)} != 0`, prec: PREC.equality };
  if (from.dtype === 'bool') {
    if (lanes === 1) return prefix(`(${localType(c, to)})${p.val(a, PREC.unary)}`);
    return call('__builtin_convertvector', `${p.mask(a, 32)} & 1`, localType(c, to));
  }
  if (isFloatType(from.dtype) && isIntType(to.dtype)) return toInteger(c, from, to.dtype, to.dtype, p.val(a));
  const ramp = from.dtype === 'i64' && to.dtype === 'f32' ? rampOf(a) : undefined;
  if (lanes > 1 && ramp !== undefined) return call(rampToFloat(c, lanes), p.val(ramp.base), String(ramp.step));
  const sameWidth = bitsOf(from.dtype) === bitsOf(to.dtype) && isIntType(from.dtype) && isIntType(to.dtype);
  if (lanes > 1 && !sameWidth) return call('__builtin_convertvector', p.val(a), localType(c, to));
  return prefix(`(${localType(c, to)})${p.val(a, PREC.unary)}`);
}

function round(c: Collector, from: Ty, to: DType, ty: Ty, a: Val, p: Print): Printed {
  const x = p.val(a);
  if (isNarrowFloat(to)) {
    const single =
      from.dtype === 'f64'
        ? from.lanes === 1
          ? call(oddFloat(c), x).text
          : call(
              perLane(
                c,
                oddFloat(c),
                from.lanes,
                'f32',
                [{ dtype: 'f64', name: 'x' }],
                (xs) => `f64_to_f32_odd(${xs.join(', ')})`,
              ),
              x,
            ).text
        : x;
    return call(decode(c, to, ty.lanes), call(encode(c, to, ty.lanes), single).text);
  }
  if (isFloatType(from.dtype)) return toInteger(c, from, to, ty.dtype, x);
  const T = storageType(c, to);
  if (ty.lanes === 1) return prefix(`(${T})${p.val(a, PREC.unary)}`);
  return call(
    '__builtin_convertvector',
    call('__builtin_convertvector', x, vector(c, to, ty.lanes)).text,
    localType(c, ty),
  );
}

function bitcast(c: Collector, v: Val & { readonly kind: 'bitcast' }, p: Print): Printed {
  const { lanes } = v.ty;
  const x = p.val(v.a);
  if (v.a.ty.dtype === 'bool' || v.to === 'bool') return convert(c, v.a.ty, v.ty, v.a, p);
  if (isNarrowFloat(v.from) && !isNarrowFloat(v.to)) {
    const bits = call(encode(c, v.from, lanes), x).text;
    return round(
      c,
      { dtype: 'i32', lanes },
      v.to,
      v.ty,
      { kind: 'name', id: `(i32)${bits}`, ty: { dtype: 'i32', lanes } },
      p,
    );
  }
  if (isNarrowFloat(v.to)) {
    const mask = DTYPES[v.to].bytes === 1 ? '0xffu' : '0xffffu';
    return call(decode(c, v.to, lanes), `(${vector(c, 'u32', lanes)})${p.val(v.a, PREC.unary)} & ${mask}`);
  }
  const same = isFloatType(v.a.ty.dtype) === isFloatType(v.ty.dtype);
  if (same) return DTYPES[v.to].bytes < 4 ? round(c, v.a.ty, v.to, v.ty, v.a, p) : convert(c, v.a.ty, v.ty, v.a, p);
  return atom(toBits(localType(c, v.ty), x));
}

const isMask = (v: Val): boolean => v.ty.dtype === 'bool' && v.ty.lanes > 1;
function select(v: Val & { readonly kind: 'select' }, p: Print): Printed {
  const side = (x: Val): string => (isMask(x) ? p.mask(x, 32) : p.val(x, PREC.ternary + 1));
  if (v.cond.ty.lanes === 1)
    return {
      text: `${p.val(v.cond, PREC.ternary + 1)} ? ${side(v.then)} : ${isMask(v.else) ? p.mask(v.else, 32) : p.val(v.else, PREC.ternary)}`,
      prec: PREC.ternary,
    };
  const bits = v.ty.dtype === 'bool' ? 32 : bitsOf(v.ty.dtype);
  const cond = p.mask(v.cond, bits);
  return {
    text: `${/^[\w.]+$/.test(cond) ? cond : `(${cond})`} ? ${side(v.then)} : ${side(v.else)}`,
    prec: PREC.ternary,
  };
}

/** A value that the compiler cannot look through, so that no product is contracted into a sum. */
function opaque(c: Collector, ty: Ty): string {
  const T = localType(c, ty);
  const name = `opaque_${ty.dtype}${ty.lanes === 1 ? '' : `_x${ty.lanes}`}`;
  const inRegister = ty.lanes * (bitsOf(ty.dtype) / 8) <= 16;
  return c.add(
    name,
    () =>
      `static inline ${T} ${name}(${T} x) {\n#if defined(__x86_64__)\n  __asm__("" : "+${inRegister ? 'x' : 'm'}"(x));\n#else\n  __asm__("" : "+m"(x));\n#endif\n  return x;\n}`,
  );
}

function tile(c: Collector, op: Parameters<Dialect['tile']>[0], p: Print): readonly string[] {
  switch (op.kind) {
    case 'reduceTile': {
      const f = foldLanes(c, op.monoid, op.value.ty);
      const value = op.value.ty.dtype === 'bool' ? p.mask(op.value, 32) : p.val(op.value);
      return [`const ${localType(c, { dtype: op.value.ty.dtype, lanes: 1 })} ${op.id} = ${f}(${value});`];
    }
    case 'turnTile': {
      const ty = must(op.values[0], 'row').ty;
      const T = localType(c, ty);
      return [
        ...op.ids.map((id, i) => `${T} ${id} = ${p.val(must(op.values[i], 'row'))};`),
        `${turn(c, ty)}(${op.ids.join(', ')});`,
      ];
    }
    case 'copy':
      return [
        `__builtin_memcpy(${at(op.to, p)}, ${at(op.from, p)}, ${p.val(op.count, PREC.product)} * sizeof(${storageType(c, op.dtype)}));`,
      ];
    case 'sortTile':
      return [
        `${sortRows(c, widen(op.dtype), op.descending)}(${at(op.keys, p)}, ${at(op.order, p)}, ${at(op.scratch, p)}, ${p.val(op.count)});`,
      ];
    case 'prefetch':
      return [`__builtin_prefetch(${at(op.at, p)});`];
    case 'tileDot': {
      const { strides } = op;
      const args = [
        at(op.acc, p),
        p.val(strides.acc),
        at(op.a, p),
        p.val(strides.a),
        p.val(strides.aStep),
        at(op.b, p),
        p.val(strides.b),
        p.val(op.k),
      ];
      return [`${tileDot(c, op)}(${args.join(', ')});`];
    }
    case 'scanTile': {
      const { ty } = op.value;
      const f = scanLanes(c, op.monoid, ty, op, p.val(identity(op.monoid, ty.dtype)));
      return [`const ${localType(c, ty)} ${op.id} = ${f}(${p.val(op.value)});`];
    }
    case 'atomic':
    case 'barrier':
    case 'waveDot':
    case 'waveStore':
      throw new Error(`internal: no ${op.kind} in C++`);
    default:
      return op satisfies never;
  }
}
