import { join } from 'node:path';
import { must } from '../../assert.ts';
import { DTYPES } from '../../dsl/dtypes.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import { mentioned, visitOps } from '../../codegen/ir/tile-walk.ts';
import type { TileArray, TileGuard, TileKernel, TileOp, TileProgram } from '../../codegen/ir/tile.ts';
import { costOf } from '../../codegen/plan/cost.ts';
import type { Emitted } from '../../codegen/program.ts';
import { printer, statements } from '../../codegen/render/printer.ts';
import { template } from '../../codegen/render/templates.ts';
import type { ShapeHint } from '../backend.ts';
import { abiOf, guardedSizes } from './abi.ts';
import { cppDialect } from './dialect.ts';
import type { Tier } from './math/snippet.ts';
import { fileText, headerOf } from './file.ts';
import { parameters } from './signature.ts';
import type { Parameter } from './signature.ts';
import { collector } from './prelude/collector.ts';
import type { Collector } from './prelude/collector.ts';
import { streamFence } from './prelude/memory.ts';
import { storageType } from './prelude/types.ts';

interface BodyModel {
  readonly kernels: readonly { readonly name: string; readonly params: string; readonly lines: readonly string[] }[];
  readonly entry: string;
  readonly params: string;
  readonly lines: readonly string[];
  /** Statements of the uniform form. */
  readonly call: readonly string[];
}
const folder = join(import.meta.dirname, 'templates');
const bodyTemplate = template<BodyModel>(folder, 'body');

export interface EmitOptions {
  readonly entry: string;
  readonly target: string;
  /** Lines about the config for the header. */
  readonly notes: readonly string[];
  /** Accuracy class of functions of f32. */
  readonly math: Tier;
  /** Sizes that a search is for. */
  readonly hint: ShapeHint;
  /** Where the callee has the processors: how many parts one call of the uniform form runs, phase after phase. The caller's parts are then one. */
  readonly processors?: number;
}

/** Text, ABI and cost of a lowered program. */
export function emitProgram(
  graph: StageGraph,
  source: StageGraph,
  program: TileProgram,
  options: EmitOptions,
): Emitted {
  const c = collector(options.math);
  storageType(c, 'i64');
  const { processors } = options;
  const own = abiOf(graph, program, {
    entry: options.entry,
    target: options.target,
    ...(processors === undefined ? {} : { slices: processors }),
  });
  const abi = processors === undefined ? own : { ...own, phases: 1, orders: 2 };
  const { whole, lean } = bodyModels(program, c, options);
  const body = bodyTemplate(whole);
  const helpers = c.list();
  const how = abi.phases === 1 ? 'One phase' : `${abi.phases} phases`;
  const header = headerOf(source, options.target, [
    ...options.notes,
    `${how}; call with part = 0, parts = 1 for all of it. Needs wrapping signed integers: -fwrapv.`,
  ]);
  return {
    entry: options.entry,
    text: fileText(header, helpers, body),
    helpers,
    body,
    ...(lean === undefined ? {} : { lean: bodyTemplate(lean) }),
    abi,
    patterns: program.kernels.map((k) => k.pattern),
    guards: program.kernels.flatMap((k) => (k.fast === undefined ? [] : [guardedSizes(k.fast.guards, program)])),
    cost: costOf(source),
  };
}

/** All variants, and those that a search at the hinted sizes runs where these are fewer. */
function bodyModels(
  p: TileProgram,
  c: Collector,
  { entry, hint, processors }: EmitOptions,
): { readonly whole: BodyModel; readonly lean: BodyModel | undefined } {
  const params = parameters(p, c);
  const outer = params.filter((x) => x.outer);
  const arena = p.arrays.some((a) => a.scope !== 'param');
  const outerText = [...outer.map((x) => x.text), ...(arena ? ['void* workspace'] : []), 'i64 part', 'i64 parts'];
  const args = [
    ...outer.map((x, k) => x.cast(`args[${k}]`)),
    ...(arena ? [`args[${outer.length}]`] : []),
    'part',
    'parts',
  ];
  const setup = setupLines(p, c);
  const single = p.kernels.length === 1 && setup.length === 0 && p.kernels[0]?.fast === undefined;
  const functions = p.kernels.flatMap((k, phase) => variants(p, k, phase, entry, hint, c, params));
  const only = p.kernels[0];
  const model = (chosen: readonly KernelFunction[]): BodyModel => ({
    kernels: single
      ? []
      : chosen.map((f) => ({
          name: f.name,
          params: [...f.own.map((x) => x.text), ...(f.split ? ['i64 part', 'i64 parts'] : [])].join(', '),
          lines: f.lines,
        })),
    entry,
    params: outerText.join(', '),
    lines:
      single && only
        ? [...unsplit(only), ...kernelLines(p, only.body, c)]
        : [...setup, ...calls(chosen, p.kernels.length)],
    call: callLines(entry, args, p.kernels.length, processors),
  });
  const taken = onlyTaken(functions);
  return { whole: model(functions), lean: taken.length < functions.length ? model(taken) : undefined };
}

/** One part of the caller's, or all processors of the callee: every other call takes them from the last to the first, which must not show. */
function callLines(entry: string, args: readonly string[], phases: number, processors?: number): readonly string[] {
  if (processors === undefined) return [`  ${entry}(${args.join(', ')});`];
  const values = args.slice(0, -2);
  return [
    '  if (part % parts != 0) return;',
    '  static bool backwards = true;',
    '  backwards = !backwards;',
    // One processor runs all phases in one call.
    `  for (i64 phase = 0; phase < ${processors === 1 ? 1 : phases}; ++phase)`,
    `    for (i64 k = 0; k < ${processors}; ++k)`,
    `      ${entry}(${[...values, `phase * ${processors} + (backwards ? ${processors - 1} - k : k)`, String(processors)].join(', ')});`,
  ];
}

/** A function of the file: a kernel, or the variant of one that runs where `guards` hold. */
interface KernelFunction {
  readonly name: string;
  readonly phase: number;
  readonly split: boolean;
  readonly own: readonly Parameter[];
  readonly guards: readonly string[];
  /** True if there are guards and all hold at the hinted sizes. */
  readonly taken: boolean;
  readonly lines: readonly string[];
}
function variants(
  p: TileProgram,
  k: TileKernel,
  phase: number,
  entry: string,
  hint: ShapeHint,
  c: Collector,
  params: readonly Parameter[],
): readonly KernelFunction[] {
  const make = (suffix: string, body: readonly TileOp[], guards: readonly TileGuard[]): KernelFunction => {
    const used = mentioned(body);
    return {
      name: `${entry}_${k.id}${suffix}`,
      phase,
      split: k.split,
      own: params.filter((x) => used.has(x.id)),
      guards: guards.map((g) => guardText(g, c)),
      taken: guards.length > 0 && guards.every((g) => holds(g, hint)),
      lines: kernelLines(p, body, c),
    };
  };
  return [...(k.fast ? [make('_fast', k.fast.body, k.fast.guards)] : []), make('', k.body, [])];
}
/** Arrays of a search lie on borders of cache lines. */
const SEARCH_ALIGNMENT = 64;
const holds = (g: TileGuard, hint: ShapeHint): boolean => {
  if (g.kind === 'aligned') return SEARCH_ALIGNMENT % g.bytes === 0;
  const extent = hint.dims[g.dim];
  return extent !== undefined && (g.kind === 'multiple' ? extent % g.of === 0 : extent > 0);
};
/** Without the variants that stand behind one whose guards hold at the hinted sizes. */
const onlyTaken = (functions: readonly KernelFunction[]): readonly KernelFunction[] =>
  functions.filter((f) => f.guards.length > 0 || !functions.some((o) => o.phase === f.phase && o.taken));
const guardText = (g: TileGuard, c: Collector): string =>
  g.kind === 'multiple'
    ? `${g.dim} % ${g.of} == 0`
    : g.kind === 'positive'
      ? `${g.dim} > 0`
      : `(${storageType(c, 'u64')})${g.array} % ${g.bytes} == 0`;

/** Only one part runs a kernel whose iterations depend on each other. */
const unsplit = (k: TileKernel): readonly string[] => (k.split ? [] : ['  if (part != 0) return;']);

/** The phases in order; in each the first variant whose guards hold. */
function calls(functions: readonly KernelFunction[], phases: number): readonly string[] {
  const head =
    phases === 1 ? [] : ['  const bool all = parts == 1;', '  const i64 phase = part / parts;', '  part %= parts;'];
  return [
    ...head,
    ...Array.from({ length: phases }, (_, n) =>
      phaseLines(
        functions.filter((f) => f.phase === n),
        n,
        phases,
      ),
    ).flat(),
  ];
}
function phaseLines(choices: readonly KernelFunction[], n: number, phases: number): readonly string[] {
  const call = (f: KernelFunction): string =>
    `${f.name}(${[...f.own.map((x) => x.id), ...(f.split ? ['part', 'parts'] : [])].join(', ')});`;
  const split = choices.every((f) => f.split);
  const conds = [
    ...(phases === 1 ? [] : [split ? `all || phase == ${n}` : `(all || phase == ${n})`]),
    ...(split ? [] : ['part == 0']),
  ];
  const pad = conds.length === 0 ? '  ' : '    ';
  const guarded = choices.flatMap((f, k) => {
    const otherwise = k === 0 ? '' : 'else ';
    return [`${pad}${otherwise}${f.guards.length === 0 ? '' : `if (${f.guards.join(' && ')}) `}${call(f)}`];
  });
  if (choices.at(-1)?.guards.length !== 0) guarded.push(`${pad}else __builtin_trap();`);
  if (conds.length === 0) return guarded;
  const [first] = guarded;
  if (guarded.length === 1 && first !== undefined) return [`  if (${conds.join(' && ')}) ${first.trim()}`];
  return [`  if (${conds.join(' && ')}) {`, ...guarded, '  }'];
}

/** Derived dims, then the arena: temporaries of the call first, then those of this part. */
function setupLines(p: TileProgram, c: Collector): readonly string[] {
  const pr = printer(cppDialect(c), new Map(p.arrays.map((a) => [a.id, a])));
  const dims = p.dims.flatMap((d) => (d.derived === undefined ? [] : [`  const i64 ${d.id} = ${pr.val(d.derived)};`]));
  const size = (a: TileArray): string =>
    `((${pr.val(must(a.elements, 'size'), 13)} * ${a.bytes === true ? 1 : DTYPES[a.dtype].bytes} + 63) & -64)`;
  const place = (a: TileArray): readonly string[] => {
    const T = storageType(c, a.dtype);
    return [`  ${T}* const ${a.id} = (${T}*)at;`, `  at += ${size(a)};`];
  };
  const shared = p.arrays.filter((a) => a.scope === 'workspace');
  const own = p.arrays.filter((a) => a.scope === 'part');
  if (shared.length + own.length === 0) return dims;
  const share =
    own.length === 0
      ? []
      : ['  // Scratch of this part.', `  at += (parts == 1 ? 0 : part % parts) * (${own.map(size).join(' + ')});`];
  const lines = [...shared.flatMap(place), ...share, ...own.flatMap(place)];
  return [...dims, '  char* at = (char*)workspace;', ...lines.slice(0, -1)];
}

function kernelLines(p: TileProgram, body: readonly TileOp[], c: Collector): readonly string[] {
  const d = cppDialect(c);
  const pr = printer(d, new Map(p.arrays.map((a) => [a.id, a])));
  const lines = statements(body, d, pr, (op) => op.text, 1);
  let streams = false;
  visitOps(body, (op) => void (op.kind === 'store' && op.stream === true && (streams = true)));
  return streams ? [...lines, `  ${streamFence(c)}();`] : lines;
}
