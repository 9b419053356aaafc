import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closure, MATH, mathFor } from '../../../../src/backends/clike/math/library.ts';
import { spell } from '../../../../src/backends/clike/math/snippet.ts';

/** What each function is, in double precision. */
const EXACT: Readonly<Record<string, string>> = {
  exp: '__builtin_exp(d)',
  exp2: '__builtin_exp2(d)',
  expm1: '__builtin_expm1(d)',
  log: '__builtin_log(d)',
  log2: '__builtin_log2(d)',
  log1p: '__builtin_log1p(d)',
  tanh: '__builtin_tanh(d)',
  erf: '__builtin_erf(d)',
  sin: '__builtin_sin(d)',
  cos: '__builtin_cos(d)',
  sqrt: '__builtin_sqrt(d)',
  rsqrt: '1 / __builtin_sqrt(d)',
  sigmoid: '1 / (1 + __builtin_exp(-d))',
  silu: 'd < -150 ? 0 : d / (1 + __builtin_exp(-d))',
  gelu: 'd < -30 ? 0 : 0.5 * d * __builtin_erfc(-d * 0.70710678118654752440)',
  gelu_tanh: 'd < -20 ? 0 : d / (1 + __builtin_exp(-1.59576912160573071176 * (d + 0.044715 * d * d * d)))',
  softplus: '(d > 0 ? d : 0) + __builtin_log1p(__builtin_exp(-__builtin_fabs(d)))',
};
const TESTED = MATH.filter((s) => EXACT[s.fn] !== undefined);

/** Arguments per function: every STRIDE-th bit pattern, so all binades, both signs, infinities, NaNs and denormals. */
const STRIDE = 3989;
/** Error in units of the last place; beyond the largest number the place is that of the largest; below 2^-126 a flush is no error. */
const HARNESS = `
extern "C" int printf(const char*, ...);
static double ulps(float a, double t, double size) {
  if (t != t || a != a) return t != t && a != a ? 0 : 1e30;
  if (a == (float)t) return 0;
  if (__builtin_isinf(t)) return 1e30;
  const double m = __builtin_fabs(size);
  if (m < 0x1p-126) return __builtin_fabs(a - t) <= 0x1p-126 ? 0 : 1e30;
  const int e = __builtin_ilogb(m);
  return __builtin_fabs((__builtin_isinf(a) ? __builtin_copysign(0x1p128, a) : a) - t) / __builtin_ldexp(1.0, (e > 127 ? 127 : e) - 23);
}
`;

function program(vec: string, ivec: string, types: string): string {
  const texts = closure(TESTED.map((s) => s.name)).map((s) => spell(s.text, vec, ivec));
  const run = (name: string, fn: string, size: string): string => `  {
    double worst = 0, at = 0;
    for (unsigned long i = 0; i < 1ul << 32;) {
      float in[sizeof(${vec}) / 4], out[sizeof(${vec}) / 4];
      for (float& l : in) { const unsigned u = (unsigned)i; __builtin_memcpy(&l, &u, 4); i += ${STRIDE}; }
      ${vec} x;
      __builtin_memcpy(&x, in, sizeof x);
      x = ${name}(x);
      __builtin_memcpy(out, &x, sizeof x);
      for (unsigned l = 0; l < sizeof(${vec}) / 4; ++l) { const double d = in[l], t = ${EXACT[fn] ?? ''}, e = ulps(out[l], t, ${size}); if (e > worst) { worst = e; at = d; } }
    }
    printf("${name} %.4f %.9g\\n", worst, at);
  }
`;
  return `${types}${texts.join('\n')}${HARNESS}int main() {\n${TESTED.map((s) => run(s.name, s.fn, s.of === undefined ? 't' : 'd / 2')).join('')}}\n`;
}

const dir = mkdtempSync(join(tmpdir(), 'ktune-math-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const vectors = (bytes: number): string =>
  `typedef float vf __attribute__((vector_size(${bytes})));\ntypedef int vi __attribute__((vector_size(${bytes})));\n`;
const FORMS = [
  { title: 'scalars', vec: 'float', ivec: 'int', types: '', flags: [] },
  { title: '16-byte vectors', vec: 'vf', ivec: 'vi', types: vectors(16), flags: [] },
  { title: '32-byte vectors', vec: 'vf', ivec: 'vi', types: vectors(32), flags: [] },
  { title: '64-byte vectors', vec: 'vf', ivec: 'vi', types: vectors(64), flags: [] },
  {
    title: '32-byte vectors with fused multiply-add',
    vec: 'vf',
    ivec: 'vi',
    types: vectors(32),
    flags: ['-mavx2', '-mfma'],
  },
];

describe.each(FORMS)('on $title', ({ title, vec, ivec, types, flags }) => {
  const found = new Map<string, { worst: number; at: string }>();
  beforeAll(async () => {
    const source = join(dir, `${title.replaceAll(/\W/g, '-')}.cpp`);
    writeFileSync(source, program(vec, ivec, types));
    await execa('g++', ['-O2', '-w', '-fno-math-errno', ...flags, '-o', `${source}.out`, source]);
    const { stdout } = await execa(`${source}.out`);
    for (const line of stdout.split('\n')) {
      const [name = '', worst = '', at = ''] = line.split(' ');
      found.set(name, { worst: Number(worst), at });
    }
  });
  test.each(TESTED.map((s) => [s.name, s.ulp] as const))('%s is within its declared %d ulp', (name, ulp) => {
    const r = found.get(name);
    expect(r?.worst, `at ${r?.at}`).toBeLessThanOrEqual(ulp);
  });
});

describe('the library', () => {
  test('declares no error above the tier', () => {
    for (const s of MATH) expect(s.ulp, s.name).toBeLessThanOrEqual(s.tier);
  });
  test('has a form within 1 ulp of every function it covers', () => {
    for (const fn of Object.keys(EXACT)) expect(mathFor(fn, 1), fn).toBeDefined();
  });
  test('prefers the widest tier that is allowed', () => {
    expect(mathFor('tanh', 32)?.name).toBe('tanh_32');
    expect(mathFor('tanh', 4)?.name).toBe('tanh_4');
    expect(mathFor('exp', 32)?.name).toBe('exp_4');
    expect(mathFor('pow', 32)).toBeUndefined();
  });
  test('lists callees before callers, each once', () => {
    const names = closure(['silu_4', 'exp_4', 'tanh_4']).map((s) => s.name);
    expect(new Set(names).size).toBe(names.length);
    for (const s of closure(['silu_4', 'exp_4', 'tanh_4']))
      for (const d of s.deps) expect(names.indexOf(d)).toBeLessThan(names.indexOf(s.name));
  });
});
