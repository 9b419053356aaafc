import fc from 'fast-check';
import type { Expr, StageGraph } from '../codegen/ir/stage.ts';
import { evalSize } from '../codegen/shapes/eval-size.ts';
import { visit } from '../codegen/ir/walk.ts';
import { DTYPES } from '../dsl/dtypes.ts';
import { STYLES } from './case.ts';
import type { Case, Style } from './case.ts';
import { everyStage, sizeScalars } from './roles.ts';
import { equated, resolveSizes } from './sizes.ts';
import type { Sizes } from './sizes.ts';

export interface CaseOptions {
  /** Bound on loop iterations of a case, as a rough count. */
  readonly work: number;
  readonly styles?: readonly Style[];
  /** Sizes to include besides the usual edges: tiles of the config under test. */
  readonly edges?: readonly number[];
  /** Sizes that variants of the code are for, by dim what it must be a multiple of: about half of the cases meet one of these. */
  readonly fits?: readonly Readonly<Record<string, number>>[];
  /** Values that are not drawn: dims and scalars that the user or a doc comment fixed. */
  readonly fixed?: Readonly<Record<string, number | string | boolean>>;
}

/** What fast-check draws and shrinks; `build` turns it into a legal case. */
interface Raw {
  readonly dims: readonly number[];
  readonly lens: readonly number[];
  readonly elements: readonly number[];
  readonly scalars: readonly number[];
  readonly style: Style;
  readonly seed: number;
  /** Which of the `fits` the sizes meet; none at 0. */
  readonly fit: number;
  /** Which dim is `length` long, however small the others must be for that; none at 0. */
  readonly long: number;
  readonly length: number;
}

/** 0, 1, primes and the neighbours of powers of two; shrinks towards 0. */
function extent(edges: readonly number[]): fc.Arbitrary<number> {
  const around = edges.flatMap((n) => [n - 1, n, n + 1]).filter((n) => n > 0);
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: fc.integer({ min: 0, max: 9 }) },
    { weight: 3, arbitrary: fc.constantFrom(1, 2, 3, 5, 7, 13, 16, 17, 31, 33, 37) },
    { weight: 2, arbitrary: fc.constantFrom(63, 64, 65, 100, 127, 129, 257, ...around) },
  );
}

/** Tiles beyond this are met by long dims only. */
const MOST_EDGE = 1024;
/** Lengths of a long dim: past the usual tiles and past each edge by some steps of a loop; edges in bytes are past in elements of any width too. */
const lengths = (edges: readonly number[]): readonly number[] =>
  [...new Set([256, 1024, 2048, 4096, ...edges.filter((n) => n > 256 && n <= 8192)].map((n) => n + 67))].sort(
    (a, b) => a - b,
  );

/** The `cause` of the error where no legal sizes are within the bound on the work. */
export const NO_SIZES = 'no sizes';

/** Random legal cases of a graph, smaller ones first when a failure shrinks. */
export function arbitraryCase(graph: StageGraph, options: CaseOptions): fc.Arbitrary<Case> {
  const fits = options.fits ?? [];
  const edges = options.edges ?? [];
  const size = extent([
    ...edges.filter((n) => n <= MOST_EDGE),
    ...fits.flatMap((f) => Object.values(f)).filter((n) => n > 1 && n <= 1024),
  ]);
  const raw: fc.Arbitrary<Raw> = fc.record({
    dims: fc.array(size, { minLength: graph.dims.length, maxLength: graph.dims.length }),
    lens: fc.array(fc.oneof({ withCrossShrink: true }, fc.integer({ min: 0, max: 4 }), size), { maxLength: 12 }),
    elements: fc.array(size, { minLength: 4, maxLength: 4 }),
    scalars: fc.array(fc.nat(1000), { minLength: graph.scalars.length, maxLength: graph.scalars.length }),
    style: fc.constantFrom(...(options.styles ?? STYLES)),
    seed: fc.nat(2 ** 31 - 1),
    // Half of the cases, and a third; both shrink to none.
    fit: fc.nat(2 * fits.length).map((n) => Math.max(0, n - fits.length)),
    long: fc.nat(3 * graph.dims.length).map((n) => Math.max(0, n - 2 * graph.dims.length)),
    length: fc.constantFrom(...lengths(edges)),
  });
  return raw.map((r) => build(graph, r, options));
}

const LIMITS = [Infinity, 65, 33, 17, 9, 5, 3, 2, 1, 0];

function build(graph: StageGraph, raw: Raw, options: CaseOptions): Case {
  const legal = (r: Raw): Case | undefined => fitting(graph, r, options) ?? smaller(graph, r, options);
  const found = legal(raw) ?? (raw.long === 0 ? undefined : legal({ ...raw, long: 0 }));
  if (found !== undefined) return found;
  const problem = problemOf(graph, raw, options);
  throw new Error(`no sizes fit ${graph.name}${problem === '' ? '' : `: ${problem}`}`, { cause: NO_SIZES });
}

/** A case whose sizes meet the chosen fit; undefined where none is chosen, or none is small enough. */
function fitting(graph: StageGraph, raw: Raw, options: CaseOptions): Case | undefined {
  const fit = raw.fit === 0 ? undefined : options.fits?.[raw.fit - 1];
  if (fit === undefined) return undefined;
  const long = longDim(graph, raw, (id) => fit[id] ?? 1);
  for (const [times, limit] of FITTED) {
    const c = draw(
      graph,
      raw,
      options,
      (n) => Math.min(Math.max(n, 1), limit),
      (n, id) => {
        const of = fit[id];
        return long(n, id) ?? (of === undefined ? undefined : of * (1 + (n % times)));
      },
    );
    const sizes = resolveSizes(graph, c);
    if (typeof sizes !== 'string' && work(graph, sizes) <= options.work) return c;
  }
  return undefined;
}
/** How many times the multiple a fitted size is at most, and the bound on the other sizes. */
const FITTED = [
  [3, 17],
  [3, 5],
  [2, 3],
  [1, 5],
  [1, 3],
  [1, 2],
  [1, 1],
] as const;

/** The largest case within the bound on the work. */
function smaller(graph: StageGraph, raw: Raw, options: CaseOptions): Case | undefined {
  for (const limit of LIMITS) {
    for (const lift of LIFTS) {
      const c = draw(
        graph,
        raw,
        options,
        (n) => Math.min(n + lift, Math.max(limit, lift)),
        longDim(graph, raw, () => 1),
      );
      const sizes = resolveSizes(graph, c);
      if (typeof sizes !== 'string' && work(graph, sizes) <= options.work) return c;
    }
  }
  return undefined;
}
const LIFTS = [0, 1, 2, 4, 8];

/** Why the sizes of a case are refused, the last reason met; nothing where only the work is too much. */
function problemOf(graph: StageGraph, raw: Raw, options: CaseOptions): string {
  const reasons = LIMITS.map((limit) =>
    resolveSizes(
      graph,
      draw(graph, raw, options, (n) => Math.min(n, limit)),
    ),
  );
  return reasons.findLast((r) => typeof r === 'string') ?? '';
}

type Chosen = (n: number, dim: string) => number | undefined;
/** The long dim's length, as a multiple of what `of` says. */
function longDim(graph: StageGraph, raw: Raw, of: (dim: string) => number): Chosen {
  const id = raw.long === 0 ? undefined : graph.dims[raw.long - 1]?.id;
  return (_, dim) => (dim === id ? Math.ceil(raw.length / of(dim)) * of(dim) : undefined);
}

function draw(
  graph: StageGraph,
  raw: Raw,
  options: CaseOptions,
  cap: (n: number) => number,
  chosen: Chosen = () => undefined,
): Case {
  const fixed = options.fixed ?? {};
  const solved = solvedDims(graph);
  const dims: Record<string, number> = {};
  const elements: Record<string, readonly number[]> = {};
  const scalars = drawScalars(graph, raw, fixed, cap);
  graph.dims.forEach((d, i) => {
    if (d.derived !== undefined || solved.has(d.id)) return;
    const pinned = fixed[d.id];
    if (d.perElement === undefined)
      dims[d.id] = pinned === undefined ? (chosen(raw.dims[i] ?? 0, d.id) ?? cap(raw.dims[i] ?? 0)) : Number(pinned);
    else elements[d.id] = raw.elements.map(cap);
  });
  const lens: Record<string, readonly (readonly number[])[]> = {};
  for (const b of graph.buffers) {
    if (b.offsetsOf === undefined || b.role !== 'in') continue;
    const partial = resolveSizes(graph, { dims, elements, lens, scalars, style: raw.style, seed: raw.seed });
    const env =
      typeof partial === 'string'
        ? partialEnv(graph, { dims, elements, lens, scalars, style: raw.style, seed: raw.seed })
        : partial.env;
    const count = b.list === undefined ? 1 : (evalSize(b.list.count, env) ?? 1);
    const rows = b.shape.reduce((a, e) => a * (evalSize(e, env) ?? 1), 1) - 1;
    lens[b.id] = Array.from({ length: count }, (_, k) =>
      Array.from({ length: Math.max(rows, 0) }, (_row, r) =>
        raw.lens.length === 0 ? 0 : cap(raw.lens[(r + k) % raw.lens.length] ?? 0),
      ),
    );
  }
  return { dims, elements, lens, scalars, style: raw.style, seed: raw.seed };
}

/** Sizes known so far, for shapes of offsets that come before dims which depend on them. */
function partialEnv(graph: StageGraph, c: Case): Sizes['env'] {
  const relaxed: StageGraph = { ...graph, dims: graph.dims.filter((d) => c.dims[d.id] !== undefined), facts: [] };
  const sizes = resolveSizes(relaxed, c);
  if (typeof sizes === 'string') throw new Error(`internal: ${sizes}`);
  return sizes.env;
}

/** Dims that a fact equates with other sizes: they follow and are not drawn. */
function solvedDims(graph: StageGraph): ReadonlySet<string> {
  const solved = new Set<string>();
  const mentions = (e: Expr, id: string): boolean => {
    let found = false;
    visit(e, (x) => void (found ||= x.kind === 'dim' && x.id === id));
    return found;
  };
  for (const { cond } of graph.facts) {
    const sides = equated(cond);
    const pick = sides.find(
      ([a, b]) =>
        a.kind === 'dim' &&
        a.list === undefined &&
        !solved.has(a.id) &&
        !mentions(b, a.id) &&
        !graph.dims.some((d) => solved.has(d.id) && mentions(b, d.id)),
    );
    if (
      pick?.[0].kind === 'dim' &&
      graph.dims.some((d) => pick[0].kind === 'dim' && d.id === pick[0].id && d.derived === undefined)
    )
      solved.add(pick[0].id);
  }
  return solved;
}

const INTS = ['1', '2', '3', '7', '100', '-5', '0', '2147483659', '-9223372036854775808', '6364136223846793005'];
const FLOATS = [1, 0.5, 0.125, 2, 1e-5];

function drawScalars(
  graph: StageGraph,
  raw: Raw,
  fixed: Readonly<Record<string, number | string | boolean>>,
  cap: (n: number) => number,
): Case['scalars'] {
  const sizes = sizeScalars(graph);
  const out: Record<string, number | string | boolean> = {};
  graph.scalars.forEach((s, i) => {
    const n = raw.scalars[i] ?? 0;
    const pinned = fixed[s.name];
    const { group, bytes, signed } = DTYPES[s.dtype];
    if (pinned !== undefined) out[s.name] = pinned;
    else if (sizes.has(s.name)) out[s.name] = cap(n % 10);
    else if (s.default !== undefined && n % 3 !== 0)
      out[s.name] = typeof s.default === 'bigint' ? s.default.toString() : s.default;
    else if (group === 'bool') out[s.name] = n % 2 === 0;
    else if (group === 'float') out[s.name] = FLOATS[n % FLOATS.length] ?? 1;
    else {
      const text = BigInt(INTS[n % INTS.length] ?? '1');
      const v = signed ? BigInt.asIntN(bytes * 8, text) : BigInt.asUintN(bytes * 8, text);
      out[s.name] = bytes === 8 ? v.toString() : Number(v);
    }
  });
  return out;
}

/** Rough count of loop iterations; extents that depend on data count as their average row. */
export function work(graph: StageGraph, sizes: Sizes): number {
  const extentOf = (lo: Expr, hi: Expr): number => {
    const [a, b] = [evalSize(lo, sizes.env), evalSize(hi, sizes.env)];
    return a === undefined || b === undefined ? 8 : Math.max(b - a, 0);
  };
  let total = 0;
  for (const s of everyStage(graph.stages)) {
    const inner =
      s.kind === 'reduce'
        ? s.reduce.over
        : s.kind === 'scan' || s.kind === 'select'
          ? [s.along]
          : s.kind === 'pack'
            ? [s.from]
            : s.kind === 'recur'
              ? [s.step]
              : [];
    total += [...s.axes, ...inner].reduce((n, a) => n * Math.max(1, extentOf(a.lo, a.hi)), 1);
  }
  for (const b of graph.buffers) {
    if (b.role !== 'temp') total += (sizes.shape(b, 0) ?? []).reduce((n, d) => n * d, 1);
  }
  return total;
}
