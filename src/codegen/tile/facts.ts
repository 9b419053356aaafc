import type { BufId, Expr } from '../ir/stage.ts';

/** What a guarded variant of a kernel may take for granted; the dispatcher checks it. */
export interface Facts {
  /** A known divisor of each dim; absent: 1. */
  readonly divisors: ReadonlyMap<string, number>;
  /** Dims that are not 0. */
  readonly positive: ReadonlySet<string>;
  /** Arrays whose address is a multiple of the vector size. */
  readonly aligned: ReadonlySet<BufId>;
}
export const NO_FACTS: Facts = { divisors: new Map(), positive: new Set(), aligned: new Set() };

/** What would make a kernel simpler or faster, gathered while it is lowered without facts. */
export interface Wishes {
  readonly divisors: Map<string, number>;
  readonly positive: Set<string>;
  readonly aligned: Set<BufId>;
}
export const noWishes = (): Wishes => ({ divisors: new Map(), positive: new Set(), aligned: new Set() });

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
/** A divisor that the extent certainly has; 0 for an extent of 0. */
export function divisorOf(e: Expr, facts: Facts): number {
  switch (e.kind) {
    case 'int':
      return Number(e.value < 0n ? 1n : e.value);
    case 'dim':
      return e.list === undefined ? (facts.divisors.get(e.id) ?? 1) : 1;
    case 'convert':
      return divisorOf(e.a, facts);
    case 'binary': {
      const [a, b] = [divisorOf(e.a, facts), divisorOf(e.b, facts)];
      if (e.op === 'mul') return a * b;
      return e.op === 'add' || e.op === 'sub' ? gcd(a, b) : 1;
    }
    default:
      return 1;
  }
}

/** Dims that an extent hangs on as a factor or alone: those whose divisibility helps. */
export function wish(w: Wishes, e: Expr, divisor: number): void {
  if (e.kind === 'dim' && e.list === undefined) w.divisors.set(e.id, Math.max(divisor, w.divisors.get(e.id) ?? 1));
}

/** The dim of `D > 0`, the condition under which an element of an axis exists to be read; undefined for any other expression. */
export function positiveDim(e: Expr): string | undefined {
  if (e.kind !== 'binary' || e.op !== 'gt' || e.b.kind !== 'int' || e.b.value !== 0n) return undefined;
  const a = e.a.kind === 'convert' ? e.a.a : e.a;
  return a.kind === 'dim' && a.list === undefined ? a.id : undefined;
}
