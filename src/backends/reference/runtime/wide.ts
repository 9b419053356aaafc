/**
 * 64-bit integers as two 32-bit halves, for compiled loops: every half is an i32 number, a result's low half is returned and its high half is left in HI[0].
 * All operations wrap modulo 2^64; signed ones take the high half's sign.
 */
export const HI = new Int32Array(2);
const TWO32 = 4294967296;
const TWO53 = 9007199254740992;

const u = (x: number): number => x >>> 0;

export function mul64(ah: number, al: number, bh: number, bl: number): number {
  const a0 = al & 0xffff,
    a1 = al >>> 16,
    b0 = bl & 0xffff,
    b1 = bl >>> 16;
  const low = a0 * b0;
  const mid = a1 * b0 + (low >>> 16);
  const mid2 = a0 * b1 + (mid % 65536);
  const carry = a1 * b1 + Math.floor(mid / 65536) + Math.floor(mid2 / 65536);
  HI[0] = (Math.imul(ah, bl) + Math.imul(al, bh) + (carry | 0)) | 0;
  return Math.imul(al, bl);
}

/** Upper half of the 128-bit product of unsigned a and b. */
export function mulhiU64(ah: number, al: number, bh: number, bl: number): number {
  mul64(0, al, 0, bl);
  const t0 = u(HI[0] as number);
  const l1 = u(mul64(0, ah, 0, bl)),
    h1 = u(HI[0] as number);
  const l2 = u(mul64(0, al, 0, bh)),
    h2 = u(HI[0] as number);
  const l3 = u(mul64(0, ah, 0, bh)),
    h3 = u(HI[0] as number);
  const mid = t0 + l1 + l2;
  const low = h1 + h2 + l3 + Math.floor(mid / TWO32);
  HI[0] = (h3 + Math.floor(low / TWO32)) | 0;
  return low | 0;
}
export function mulhiS64(ah: number, al: number, bh: number, bl: number): number {
  let low = mulhiU64(ah, al, bh, bl);
  let high = HI[0] as number;
  if (ah < 0) {
    high = (high - bh - (u(low) < u(bl) ? 1 : 0)) | 0;
    low = (low - bl) | 0;
  }
  if (bh < 0) {
    high = (high - ah - (u(low) < u(al) ? 1 : 0)) | 0;
    low = (low - al) | 0;
  }
  HI[0] = high;
  return low;
}
export const mulhi32 = (a: number, b: number): number => {
  mul64(a < 0 ? -1 : 0, a, b < 0 ? -1 : 0, b);
  return HI[0] as number;
};
export const mulhiU32 = (a: number, b: number): number => {
  mul64(0, a, 0, b);
  return u(HI[0] as number);
};

/** The value of an unsigned pair, rounded to f64. */
const wideU = (h: number, l: number): number => u(h) * TWO32 + u(l);
/** The value of a signed pair, rounded to f64 once. */
export const toNumS = (h: number, l: number): number => h * TWO32 + u(l);
export const toNumU = wideU;

/** Rounds once from 64 bits to f32: the low bits are folded into a sticky bit before the f64 step. */
export function toF32S(h: number, l: number): number {
  return h >= -2097152 && h < 2097152
    ? Math.fround(toNumS(h, l))
    : Math.fround(toNumS(h, (l & -4096) | ((l & 4095) === 0 ? 0 : 2048)));
}
export function toF32U(h: number, l: number): number {
  return u(h) < 2097152 ? Math.fround(wideU(h, l)) : Math.fround(wideU(h, (l & -4096) | ((l & 4095) === 0 ? 0 : 2048)));
}

/** From an exact integer in f64, |v| <= 2^64. */
export function fromNum(v: number): number {
  HI[0] = Math.floor(v / TWO32) | 0;
  return v | 0;
}
/** Float to integer: truncates, saturates, NaN gives 0. */
export function truncS64(v: number): number {
  if (v !== v) return (HI[0] = 0);
  if (v >= 9223372036854775808) {
    HI[0] = 0x7fffffff;
    return -1;
  }
  if (v <= -9223372036854775808) {
    HI[0] = -2147483648;
    return 0;
  }
  return fromNum(Math.trunc(v));
}
export function truncU64(v: number): number {
  if (!(v >= 1)) return (HI[0] = 0);
  if (v >= 18446744073709551616) {
    HI[0] = -1;
    return -1;
  }
  return fromNum(Math.trunc(v));
}

export const ltU64 = (ah: number, al: number, bh: number, bl: number): boolean =>
  ah === bh ? u(al) < u(bl) : u(ah) < u(bh);
export const ltS64 = (ah: number, al: number, bh: number, bl: number): boolean => (ah === bh ? u(al) < u(bl) : ah < bh);

/** Quotient in (return, HI[0]), remainder in (REM[0] low, REM[1] high). */
export const REM = new Int32Array(2);
const part = new Int32Array(2);
export function divU64(ah: number, al: number, bh: number, bl: number): number {
  if ((bh | bl) === 0) {
    REM[0] = REM[1] = 0;
    return (HI[0] = 0);
  }
  const b = wideU(bh, bl);
  const a = wideU(ah, al);
  if (a < TWO53 && b < TWO53) {
    const q = Math.floor(a / b);
    const r = a - q * b;
    REM[0] = r | 0;
    REM[1] = (r / TWO32) | 0;
    HI[0] = (q / TWO32) | 0;
    return q | 0;
  }
  // Subtract an estimate that never exceeds the quotient until what is left is small: each step gains about 50 bits.
  let rh = ah,
    rl = al,
    qh = 0,
    ql = 0;
  for (;;) {
    const r = wideU(rh, rl);
    let q = Math.floor((r / b) * (1 - 2 ** -50));
    if (q < 1) q = ltU64(rh, rl, bh, bl) ? 0 : 1;
    if (q === 0) break;
    const el = fromNum(q),
      eh = HI[0] as number;
    part[0] = mul64(eh, el, bh, bl);
    part[1] = HI[0] as number;
    rh = (rh - part[1] - (u(rl) < u(part[0]) ? 1 : 0)) | 0;
    rl = (rl - part[0]) | 0;
    const sum = u(ql) + u(el);
    qh = (qh + eh + (sum >= TWO32 ? 1 : 0)) | 0;
    ql = sum | 0;
  }
  REM[0] = rl;
  REM[1] = rh;
  HI[0] = qh;
  return ql;
}
export function modU64(ah: number, al: number, bh: number, bl: number): number {
  divU64(ah, al, bh, bl);
  HI[0] = REM[1] as number;
  return REM[0] as number;
}
export function neg64(h: number, l: number): number {
  HI[0] = (~h + (l === 0 ? 1 : 0)) | 0;
  return -l | 0;
}

/** Floor division of signed pairs; by zero 0. The remainder left in REM has the sign of b. */
export function divS64(ah: number, al: number, bh: number, bl: number): number {
  const na = ah < 0,
    nb = bh < 0;
  let xl = al,
    xh = ah,
    yl = bl,
    yh = bh;
  if (na) {
    xl = neg64(ah, al);
    xh = HI[0] as number;
  }
  if (nb) {
    yl = neg64(bh, bl);
    yh = HI[0] as number;
  }
  let ql = divU64(xh, xl, yh, yl),
    qh = HI[0] as number;
  let rl = REM[0] as number,
    rh = REM[1] as number;
  if (na) {
    rl = neg64(rh, rl);
    rh = HI[0] as number;
  }
  if (na !== nb) {
    ql = neg64(qh, ql);
    qh = HI[0] as number;
    if ((rl | rh) !== 0) {
      if (ql === 0) qh = (qh - 1) | 0;
      ql = (ql - 1) | 0;
      const sum = u(rl) + u(bl);
      rh = (rh + bh + (sum >= TWO32 ? 1 : 0)) | 0;
      rl = sum | 0;
    }
  }
  REM[0] = rl;
  REM[1] = rh;
  HI[0] = qh;
  return ql;
}
export function modS64(ah: number, al: number, bh: number, bl: number): number {
  divS64(ah, al, bh, bl);
  HI[0] = REM[1] as number;
  return REM[0] as number;
}

export function shl64(h: number, l: number, count: number): number {
  const c = count & 63;
  if (c === 0) {
    HI[0] = h;
    return l;
  }
  if (c >= 32) {
    HI[0] = l << (c - 32);
    return 0;
  }
  HI[0] = (h << c) | (l >>> (32 - c));
  return l << c;
}
export function shrU64(h: number, l: number, count: number): number {
  const c = count & 63;
  if (c === 0) {
    HI[0] = h;
    return l;
  }
  if (c >= 32) {
    HI[0] = 0;
    return (h >>> (c - 32)) | 0;
  }
  HI[0] = (h >>> c) | 0;
  return (l >>> c) | (h << (32 - c));
}
export function shrS64(h: number, l: number, count: number): number {
  const c = count & 63;
  if (c >= 32) {
    HI[0] = h >> 31;
    return h >> (c - 32);
  }
  const low = shrU64(h, l, c);
  HI[0] = h >> c;
  return low;
}
export function rotl64(h: number, l: number, count: number): number {
  const low = shl64(h, l, count),
    high = HI[0] as number;
  if ((count & 63) === 0) return low;
  const low2 = shrU64(h, l, 64 - (count & 63));
  HI[0] = high | (HI[0] as number);
  return low | low2;
}
export const rotr64 = (h: number, l: number, count: number): number => rotl64(h, l, 64 - (count & 63));
export function popcount32(x: number): number {
  let v = x - ((x >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Philox 4x32-10 (Salmon et al., SC 2011): ctr in the low two counter words, seed as key; the word of that number modulo 4, as u32. */
export function philox(seedH: number, seedL: number, ctrH: number, ctrL: number, word: number): number {
  let c0 = ctrL,
    c1 = ctrH,
    c2 = 0,
    c3 = 0,
    k0 = seedL,
    k1 = seedH;
  for (let round = 0; round < 10; round++) {
    const l0 = mul64(0, 0xd2511f53, 0, c0),
      h0 = HI[0] as number;
    const l1 = mul64(0, 0xcd9e8d57, 0, c2),
      h1 = HI[0] as number;
    c0 = h1 ^ c1 ^ k0;
    c1 = l1;
    c2 = h0 ^ c3 ^ k1;
    c3 = l0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  const w = word & 3;
  return u(w === 0 ? c0 : w === 1 ? c1 : w === 2 ? c2 : c3);
}
