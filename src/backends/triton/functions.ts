/**
 * Device functions of emitted modules by name: what Triton lacks, or does otherwise than the language. Narrow floats travel as bit patterns, because
 * conversions of bf16 and f8 differ between Triton's interpreter and compilers. Each text may use the functions in `needs`.
 */
export interface DeviceFunction {
  readonly needs?: readonly string[];
  readonly text: string;
}
const jit = (text: string, needs: readonly string[] = []): DeviceFunction => ({ needs, text: `@triton.jit\n${text}` });

/** Functions of f32 that are computed in f64: right to the last bit or nearly so, and the same on every target. */
const wide = (name: string, lines: readonly string[], needs: readonly string[] = []): DeviceFunction =>
  jit([`def ${name}(a):`, '    x = a.to(tl.float64)', ...lines.map((l) => `    ${l}`)].join('\n'), needs);

/** Rounding of f32 to a format of 8 bits: to nearest, ties to even, denormals by way of their distance, beyond the range as the format says. */
function f8Encode(
  name: string,
  f: {
    readonly mantissa: number;
    readonly bias: number;
    readonly most: number;
    readonly infinite: number;
    readonly nan: number;
  },
): DeviceFunction {
  const cut = 23 - f.mantissa;
  const signed = 'code | ((u >> 24) & 0x80)';
  return jit(`def ${name}_encode(x):
    """Nearest, ties to even; saturates; NaN stays NaN."""
    u = x.to(tl.uint32, bitcast=True)
    a = u & 0x7FFFFFFF
    near = (tl.abs(x) * ${2 ** (f.bias + f.mantissa - 1)}.0 + 8388608.0).to(tl.uint32, bitcast=True) & 0x7FFFFF
    far = ((a + ${2 ** (cut - 1) - 1} + ((a >> ${cut}) & 1)) >> ${cut}) - ${(127 - f.bias) * 2 ** f.mantissa}
    code = tl.where(a < ${(128 - f.bias) * 2 ** 23}, near, tl.where(a > 0x4F000000, ${f.most}, far))
    code = tl.where(code > ${f.most}, ${f.most}, code)
    code = tl.where(a == 0x7F800000, ${f.infinite}, code)
    code = ${f.nan === 0x80 ? `tl.where(code == 0, 0, ${signed})` : signed}
    return tl.where(x != x, ${f.nan}, code).to(tl.uint8)`);
}

export const DEVICE_FUNCTIONS: Readonly<Record<string, DeviceFunction>> = {
  floor_div: jit(`def floor_div(a, b):
    """a / b rounded down; 0 where b is 0."""
    d = tl.where(b == 0, 1, b)
    q = a // d
    r = a - q * d
    q = tl.where((r != 0) & ((r < 0) != (d < 0)), q - 1, q)
    return tl.where(b == 0, 0, q)`),
  floor_mod: jit(`def floor_mod(a, b):
    """a - b * floor(a / b); 0 where b is 0."""
    d = tl.where(b == 0, 1, b)
    r = a - (a // d) * d
    r = tl.where((r != 0) & ((r < 0) != (d < 0)), r + d, r)
    return tl.where(b == 0, 0, r)`),
  bf16_decode: jit(`def bf16_decode(bits):
    return (bits.to(tl.uint32) << 16).to(tl.float32, bitcast=True)`),
  bf16_encode: jit(`def bf16_encode(x):
    """Nearest, ties to even; NaN stays NaN."""
    u = x.to(tl.uint32, bitcast=True)
    r = (u + 0x7FFF + ((u >> 16) & 1)) >> 16
    return tl.where(x != x, (u >> 16) | 0x40, r).to(tl.uint16)`),
  f8e5m2_decode: jit(`def f8e5m2_decode(bits):
    return (bits.to(tl.uint16) << 8).to(tl.float16, bitcast=True).to(tl.float32)`),
  f8e4m3_decode: jit(`def f8e4m3_decode(bits):
    b = bits.to(tl.uint16)
    x = ((b & 0x7F) << 7).to(tl.float16, bitcast=True).to(tl.float32) * 256.0
    x = tl.where((b & 0x7F) == 0x7F, float("nan"), x)
    return tl.where((b & 0x80) != 0, -x, x)`),
  f8e4m3fnuz_decode: jit(`def f8e4m3fnuz_decode(bits):
    b = bits.to(tl.uint16)
    x = ((b & 0x7F) << 7).to(tl.float16, bitcast=True).to(tl.float32) * 128.0
    x = tl.where((b & 0x80) != 0, -x, x)
    return tl.where(b == 0x80, float("nan"), x)`),
  f8e4m3_encode: f8Encode('f8e4m3', { mantissa: 3, bias: 7, most: 0x7e, infinite: 0x7e, nan: 0x7f }),
  f8e5m2_encode: f8Encode('f8e5m2', { mantissa: 2, bias: 15, most: 0x7b, infinite: 0x7c, nan: 0x7e }),
  f8e4m3fnuz_encode: f8Encode('f8e4m3fnuz', { mantissa: 3, bias: 8, most: 0x7f, infinite: 0x7f, nan: 0x80 }),
  maximum: jit(`def maximum(a, b):
    """NaN of either propagates."""
    return tl.where(a != a, a, tl.where(b != b, b, tl.where(a > b, a, b)))`),
  minimum: jit(`def minimum(a, b):
    """NaN of either propagates."""
    return tl.where(a != a, a, tl.where(b != b, b, tl.where(a < b, a, b)))`),
  fmax: jit(`def fmax(a, b):
    """Ignores a NaN."""
    return tl.where(a != a, b, tl.where(b != b, a, tl.where(a > b, a, b)))`),
  fmin: jit(`def fmin(a, b):
    """Ignores a NaN."""
    return tl.where(a != a, b, tl.where(b != b, a, tl.where(a < b, a, b)))`),
  plus: jit(`def plus(a, b):
    return a + b`),
  times: jit(`def times(a, b):
    return a * b`),
  shifted: jit(`def shifted(x, none, AXIS: tl.constexpr):
    """What stands one place before along an axis, none at the first place."""
    N: tl.constexpr = x.shape[AXIS]
    at = tl.arange(0, N)
    if AXIS == 1:
        at = tl.broadcast_to(at[None, :], x.shape)
    before = tl.gather(x, tl.maximum(at - 1, 0), AXIS)
    return tl.where(at == 0, none, before)`),
  larger: jit(`def larger(a, b):
    return tl.maximum(a, b)`),
  smaller: jit(`def smaller(a, b):
    return tl.minimum(a, b)`),
  bit_and: jit(`def bit_and(a, b):
    return a & b`),
  bit_or: jit(`def bit_or(a, b):
    return a | b`),
  trunc: jit(`def trunc(x):
    return tl.where(x < 0, tl.ceil(x), tl.floor(x))`),
  round_even: jit(`def round_even(x):
    f = tl.floor(x)
    d = x - f
    odd = (f - 2.0 * tl.floor(f * 0.5)) != 0
    r = tl.where((d > 0.5) | ((d == 0.5) & odd), f + 1.0, f)
    return tl.where((x != x) | (tl.abs(x) >= 4503599627370496.0), x, r)`),
  sign: jit(`def sign(x):
    return tl.where(x > 0, x * 0 + 1, tl.where(x < 0, x * 0 - 1, x))`),
  exp: wide('exp', ['return tl.exp(x)']),
  exp2: wide('exp2', ['return tl.exp2(x)']),
  log: wide('log', ['return tl.log(x)']),
  log2: wide('log2', ['return tl.log2(x)']),
  sin: wide('sin', ['return tl.sin(x)']),
  cos: wide('cos', ['return tl.cos(x)']),
  erf: wide('erf', ['return tl.erf(x)']),
  expm1: wide('expm1', [
    'near = x * (1.0 + x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0))))',
    'return tl.where(tl.abs(x) < 1e-3, near, tl.exp(x) - 1.0)',
  ]),
  log1p: wide('log1p', [
    'u = 1.0 + x',
    'd = tl.where((u == 1.0) | (u == float("inf")), 1.0, u - 1.0)',
    'return tl.where(u == 1.0, x, tl.where(u == float("inf"), u, tl.log(u) * (x / d)))',
  ]),
  tanh: wide('tanh', [
    'e = tl.exp(-2.0 * tl.abs(x))',
    'far = (1.0 - e) / (1.0 + e)',
    'near = tl.abs(x) * (1.0 - x * x * (1.0 / 3.0 - x * x * (2.0 / 15.0)))',
    't = tl.where(tl.abs(x) < 1e-3, near, far)',
    'return tl.where(x < 0, -t, tl.where(x != x, x, t))',
  ]),
  pow: jit(`def pow(a, b):
    x = a.to(tl.float64)
    y = b.to(tl.float64)
    m = tl.abs(x)
    r = tl.exp2(y * tl.log2(m))
    whole = tl.floor(y) == y
    odd = whole & (tl.floor(y * 0.5) * 2.0 != y)
    r = tl.where((x < 0) & odd, -r, r)
    r = tl.where((x < 0) & (m != float("inf")) & ((whole | (tl.abs(y) == float("inf"))) == 0), float("nan"), r)
    r = tl.where((m == 1.0) & (tl.abs(y) == float("inf")), 1.0, r)
    return tl.where((y == 0) | (x == 1.0), 1.0, r)`),
  popcount: jit(`def popcount(x):
    v = x.to(tl.uint64)
    v = v - ((v >> 1) & 0x5555555555555555)
    v = (v & 0x3333333333333333) + ((v >> 2) & 0x3333333333333333)
    v = (v + (v >> 4)) & 0x0F0F0F0F0F0F0F0F
    v = v + (v >> 8)
    v = v + (v >> 16)
    v = v + (v >> 32)
    return v & 0x7F`),
  smear: jit(`def smear(x):
    """All bits below the highest one set."""
    v = x.to(tl.uint64)
    v = v | (v >> 1)
    v = v | (v >> 2)
    v = v | (v >> 4)
    v = v | (v >> 8)
    v = v | (v >> 16)
    return v | (v >> 32)`),
  mulhi_u64: jit(`def mulhi_u64(a, b):
    """High half of the product of two u64."""
    al = a & 0xFFFFFFFF
    ah = a >> 32
    bl = b & 0xFFFFFFFF
    bh = b >> 32
    mid = ((al * bl) >> 32) + ((ah * bl) & 0xFFFFFFFF) + al * bh
    return ah * bh + ((ah * bl) >> 32) + (mid >> 32)`),
  stable_sort: jit(`def stable_sort(keys, order, count, DESCENDING: tl.constexpr):
    """Positions 0..count of keys into order, NaN above +inf, equal keys in their order."""
    for n in range(count):
        i = tl.cast(n, tl.int64)
        key = tl.load(keys + i)
        j = i
        go = j > 0
        while go:
            other_at = tl.load(order + j - 1)
            other = tl.load(keys + other_at)
            if DESCENDING:
                go = (key > other) | ((key != key) & (other == other))
            else:
                go = (key < other) | ((other != other) & (key == key))
            if go:
                tl.store(order + j, other_at)
                tl.debug_barrier()
                j = j - 1
            go = go & (j > 0)
        tl.store(order + j, i)
        tl.debug_barrier()`),
  philox: jit(`def philox(seed, counter, word):
    """Philox 4x32-10 (Salmon et al., SC 2011): word 0..3 of the block that the counter names."""
    c0 = counter & 0xFFFFFFFF
    c1 = counter >> 32
    c2 = counter & 0
    c3 = counter & 0
    k0 = seed & 0xFFFFFFFF
    k1 = seed >> 32
    for _ in tl.static_range(10):
        p0 = c0 * 0xD2511F53
        p1 = c2 * 0xCD9E8D57
        c0 = (p1 >> 32) ^ c1 ^ k0
        c1 = p1 & 0xFFFFFFFF
        c2 = (p0 >> 32) ^ c3 ^ k1
        c3 = p0 & 0xFFFFFFFF
        k0 = (k0 + 0x9E3779B9) & 0xFFFFFFFF
        k1 = (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return tl.where(word == 0, c0, tl.where(word == 1, c1, tl.where(word == 2, c2, c3))).to(tl.uint32)`),
};

/** The texts of the functions and of what they need, each once, before what uses it. */
export function deviceFunctions(names: Iterable<string>): readonly string[] {
  const done = new Map<string, string>();
  const add = (name: string): void => {
    const f = DEVICE_FUNCTIONS[name];
    if (f === undefined) throw new Error(`internal: no device function ${name}`);
    if (done.has(name)) return;
    for (const n of f.needs ?? []) add(n);
    done.set(name, f.text);
  };
  for (const n of names) add(n);
  return [...done.values()];
}
