import { join } from 'node:path';
import { must } from '../../assert.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import { mentioned, mentionedIn } from '../../codegen/ir/tile-walk.ts';
import type { TileGuard, TileKernel, TileOp, TileProgram } from '../../codegen/ir/tile.ts';
import { costOf } from '../../codegen/plan/cost.ts';
import type { Emitted, Helper } from '../../codegen/program.ts';
import { printer, statements } from '../../codegen/render/printer.ts';
import type { Printer } from '../../codegen/render/printer.ts';
import { template } from '../../codegen/render/templates.ts';
import { abiOf, guardedSizes } from '../clike/abi.ts';
import { fileText, headerOf } from '../clike/file.ts';
import type { Tier } from '../clike/math/snippet.ts';
import { storageType } from '../clike/prelude/types.ts';
import { parameters } from '../clike/signature.ts';
import type { Parameter } from '../clike/signature.ts';
import { alignedRuns } from './aligned.ts';
import { arenaOf } from './arena.ts';
import type { Arena } from './arena.ts';
import { foldRooms } from './block.ts';
import { simtCollector } from './collector.ts';
import type { SimtCollector } from './collector.ts';
import { simtDialect } from './dialect.ts';
import type { Family, SimtArch } from './family.ts';
import { geometryOf } from './launch.ts';
import { SLICES } from './slices.ts';

interface BodyModel {
  readonly kernels: readonly {
    readonly name: string;
    readonly threads: number;
    readonly params: string;
    readonly lines: readonly string[];
  }[];
  readonly entry: string;
  readonly params: string;
  readonly lines: readonly string[];
  readonly unpacked: string;
}
const folder = join(import.meta.dirname, 'templates');
const bodyTemplate = template<BodyModel>(folder, 'body');
const preludeTemplate = template<{ readonly lines: readonly string[] }>(folder, 'prelude');

export interface EmitOptions {
  readonly family: Family;
  readonly arch: SimtArch;
  readonly entry: string;
  /** Lines about the config for the header. */
  readonly notes: readonly string[];
  /** Accuracy class of functions of f32. */
  readonly math: Tier;
}

/** Text, ABI and cost of a lowered program. */
export function emitProgram(
  graph: StageGraph,
  source: StageGraph,
  program: TileProgram,
  options: EmitOptions,
): Emitted {
  const { family, arch, entry } = options;
  const target = `${family.name}:${arch.name}`;
  const c = simtCollector(options.math);
  storageType(c, 'i64');
  // The launcher runs all kernels: callers see one phase.
  const abi = { ...abiOf(graph, program, { entry, target, slices: SLICES }), phases: 1, orders: 3 };
  const body = bodyTemplate(bodyModel(program, c, options));
  const functions = c.used().map((name) => must(family.functions[name], name));
  const prelude: Helper = {
    name: 'prelude',
    text: preludeTemplate({ lines: [...family.head(arch), ...functions] }).trimEnd(),
  };
  const helpers = [prelude, ...c.list()];
  const header = headerOf(source, target, [...options.notes, family.build(arch)]);
  return {
    entry,
    text: simtFile(header, helpers, body),
    helpers,
    body,
    abi,
    patterns: program.kernels.map((k) => k.pattern),
    guards: program.kernels.flatMap((k) => (k.fast === undefined ? [] : [guardedSizes(k.fast.guards, program)])),
    cost: costOf(source),
  };
}

/** A file of a prelude, helpers and bodies; the prelude stands before the types of the text. */
export function simtFile(header: readonly string[], helpers: readonly Helper[], body: string): string {
  const prelude = helpers.filter((h) => h.name === 'prelude').map((h) => h.text);
  const text = fileText(
    [],
    helpers.filter((h) => h.name !== 'prelude'),
    body,
  );
  return [...header.map((l) => `//${l}`), '', ...new Set(prelude), '', text.trimStart()].join('\n');
}

function bodyModel(p: TileProgram, c: SimtCollector, { entry, arch }: EmitOptions): BodyModel {
  const params = parameters(p, c);
  const outer = params.filter((x) => x.outer);
  const arena = arenaOf(p, c);
  const workspace: readonly Parameter[] =
    arena.arrays.length === 0 ? [] : [{ id: 'workspace', text: 'void* workspace', outer: true, cast: (a) => a }];
  const functions = p.kernels.flatMap((k) => variants(p, k, entry, arch, c, params, workspace, arena));
  const pr = printerOf(p, c);
  const launches = p.kernels.flatMap((_, n) => launchLines(functions.filter((f) => f.phase === n)));
  return {
    kernels: functions.map((f) => ({
      name: f.name,
      threads: f.threads,
      params: f.own.map((x) => x.text).join(', '),
      lines: f.lines,
    })),
    entry,
    params: [...outer, ...workspace]
      .map((x) => x.text)
      .concat('void* stream')
      .join(', '),
    lines: [...(arena.onHost ? arena.lines(pr).map((l) => `  ${l}`) : []), ...launches],
    unpacked: [...[...outer, ...workspace].map((x, k) => x.cast(`args[${k}]`)), '0'].join(', '),
  };
}

/** A kernel of the file, or the variant of one that runs where `guards` hold. */
interface KernelFunction {
  readonly name: string;
  readonly phase: number;
  readonly threads: number;
  readonly own: readonly Parameter[];
  readonly guards: readonly string[];
  readonly lines: readonly string[];
  readonly launch: string;
}
function variants(
  p: TileProgram,
  k: TileKernel,
  entry: string,
  arch: SimtArch,
  c: SimtCollector,
  params: readonly Parameter[],
  workspace: readonly Parameter[],
  arena: Arena,
): readonly KernelFunction[] {
  const make = (suffix: string, body: readonly TileOp[], guards: readonly TileGuard[]): KernelFunction => {
    const used = mentioned(body);
    const sliced = arena.arrays.filter((a) => a.scope === 'part' && used.has(a.id));
    const inKernel =
      !arena.onHost &&
      [...used].some((id) => !params.some((x) => x.outer && x.id === id) && params.some((x) => x.id === id));
    const wanted = new Set([
      ...used,
      ...(inKernel ? arena.mentions : []),
      ...mentionedIn(sliced.map((a) => must(a.elements, 'size'))),
    ]);
    const own = [...params.filter((x) => wanted.has(x.id) && (!inKernel || x.outer)), ...(inKernel ? workspace : [])];
    const dialect = simtDialect(c, alignedRuns(body, guards, p.arrays));
    const pr = printer(dialect, new Map(p.arrays.map((a) => [a.id, a])));
    const owner = k.lanes === undefined ? 'thread' : 'block';
    const setup = [...(inKernel ? arena.lines(pr) : []), ...sliced.map((a) => arena.slice(a, pr, owner))];
    const shared = p.arrays.filter((a) => a.scope === 'shared' && used.has(a.id));
    const geometry = geometryOf(p, k, body, arch, sliced.length > 0, arena.onHost);
    const blocks =
      geometry.steps === undefined
        ? String(geometry.most)
        : `${gridFor(c)}(${pr.val(geometry.steps)}, ${geometry.each}, ${geometry.most})`;
    const name = `${entry}_${k.id}${suffix}`;
    return {
      name,
      phase: p.kernels.indexOf(k),
      threads: geometry.threads,
      own,
      guards: guards.map((g) => guardText(g, c)),
      lines: [
        ...shared.map(
          (a) => `  alignas(16) __shared__ ${storageType(c, a.dtype)} ${a.id}[${pr.val(must(a.elements, 'size'))}];`,
        ),
        ...foldRooms(body, c).map((l) => `  ${l}`),
        ...setup.map((l) => `  ${l}`),
        ...(used.has('lane') ? ['  const int lane = threadIdx.x;'] : []),
        ...statements(body, dialect, pr, (op) => op.text, 1),
      ],
      launch: `KT_LAUNCH(${[name, blocks, geometry.threads, 0, ...own.map((x) => x.id)].join(', ')});`,
    };
  };
  return [...(k.fast ? [make('_fast', k.fast.body, k.fast.guards)] : []), make('', k.body, [])];
}
const printerOf = (p: TileProgram, c: SimtCollector): Printer =>
  printer(simtDialect(c), new Map(p.arrays.map((a) => [a.id, a])));

const guardText = (g: TileGuard, c: SimtCollector): string =>
  g.kind === 'multiple'
    ? `${g.dim} % ${g.of} == 0`
    : g.kind === 'positive'
      ? `${g.dim} > 0`
      : `(${storageType(c, 'u64')})${g.array} % ${g.bytes} == 0`;

/** In each phase the first variant whose guards hold. */
function launchLines(choices: readonly KernelFunction[]): readonly string[] {
  return choices.map((f, k) => {
    const otherwise = k === 0 ? '' : 'else ';
    return `  ${otherwise}${f.guards.length === 0 ? '' : `if (${f.guards.join(' && ')}) `}${f.launch}`;
  });
}

/** Blocks for so many steps, at least one and not more than fill the device. */
const gridFor = (c: SimtCollector): string =>
  c.add(
    'blocks_for',
    () => `static inline i64 blocks_for(i64 steps, i64 each, i64 most) {
  const i64 blocks = (steps + each - 1) / each;
  return blocks < 1 ? 1 : blocks > most ? most : blocks;
}`,
  );
