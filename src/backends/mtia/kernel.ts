import { must } from '../../assert.ts';
import { ENTRY, rowNames } from '../../codegen/footprint/gather.ts';
import type { Gather } from '../../codegen/footprint/gather.ts';
import { toVal } from '../../codegen/footprint/polynomial.ts';
import * as t from '../../codegen/ir/tile-build.ts';
import { PREC } from '../../codegen/render/dialect.ts';
import type { Printer } from '../../codegen/render/printer.ts';
import { DTYPES, widen } from '../../dsl/dtypes.ts';
import { mentioned, mentionedIn } from '../../codegen/ir/tile-walk.ts';
import type { TileArray, TileKernel, TileOp, TileProgram } from '../../codegen/ir/tile.ts';
import { printer, statements } from '../../codegen/render/printer.ts';
import { cppDialect } from '../clike/dialect.ts';
import type { Collector } from '../clike/prelude/collector.ts';
import { storageType } from '../clike/prelude/types.ts';
import type { Parameter } from '../clike/signature.ts';
import { counting } from './count.ts';
import { elementsOf, firstOf, isZero } from './staging.ts';
import type { Staged } from './staging.ts';
import { SLACK, tableOf, unitOf } from './table.ts';
import type { Buffer } from './table.ts';
import type { EmitOptions } from './emit.ts';

export interface KernelModel {
  readonly name: string;
  readonly staged: boolean;
  /** Arrays lie in slots as windows say, and in memory where those do not fit. */
  readonly windowed: boolean;
  readonly cbNames: string;
  readonly cbs: readonly { readonly text: string }[];
  readonly fields: readonly string[];
  readonly windows: readonly string[];
  readonly windowLines: readonly string[];
  readonly directRemark: string;
  readonly directParams: string;
  readonly directLines: readonly string[];
  readonly cores: readonly { readonly remark: string; readonly name: string; readonly lines: readonly string[] }[];
  /** Statements of the entry. */
  readonly launch: readonly string[];
}

/** The text of a kernel: on local memory where its windows are known and fit, on arrays in memory where not. */
export function kernelModel(
  p: TileProgram,
  k: TileKernel,
  found: Staged | undefined,
  params: readonly Parameter[],
  c: Collector,
  options: EmitOptions,
): KernelModel {
  const arrays = new Map(p.arrays.map((a) => [a.id, a]));
  const d = cppDialect(c);
  const lines = (ops: readonly TileOp[], depth: number): readonly string[] =>
    statements(ops, d, printer(d, arrays), (op) => op.text, depth);
  const table = found && options.division && tableOf(found, options.division);
  const used = mentioned(k.body);
  const sizes = mentionedIn(table?.flatMap((b) => [elementsOf(b.slot.array)]) ?? []);
  const own = params.filter((x) => used.has(x.id) || sizes.has(x.id));
  const isPart = (id: string): boolean => arrays.get(id)?.scope === 'part';
  const scratch = own.some((x) => isPart(x.id));
  const plain = own.filter((x) => used.has(x.id));
  const name = `${options.entry}_${k.id}`;
  const fields = [
    ...own.map((x) => `${x.text.replace(' __restrict', '')};`),
    ...(scratch ? ['i64 kt_scratch;'] : []),
    ...(table ? ['i64 kt_shares;'] : []),
  ];
  const at = (x: Parameter): string =>
    isPart(x.id) ? `(${storageOf(arrays, x.id, c)}*)((char*)kt_a.${x.id} + pe() * kt_a.kt_scratch)` : `kt_a.${x.id}`;
  const base = {
    name,
    fields,
    directParams: [...plain.map((x) => x.text), 'i64 part', 'i64 parts'].join(', '),
    directLines: lines(k.body, 1),
  };
  const values = [...own.map((x) => x.id), ...(scratch ? ['kt_scratch'] : [])];
  if (found === undefined || table === undefined) {
    const call = (part: string, parts: string): string => `direct(${[...plain.map(at), part, parts].join(', ')});`;
    return {
      ...base,
      staged: false,
      windowed: true,
      cbNames: '',
      cbs: [],
      windows: [],
      windowLines: [],
      directRemark: 'On arrays in memory: what a share touches cannot be told before it runs.',
      cores: [
        {
          remark: '// The compute core; nothing is moved.',
          name: 'core_b',
          lines: k.split ? [`  ${call('pe()', 'pes()')}`] : [`  if (pe() == 0) ${call('0', '1')}`],
        },
      ],
      launch: [
        `  launch(idle<${name}::Args>, ${name}::core_b, no_buffers, ${name}::Args{${values.join(', ')}}, ${k.split ? options.pes : 1}, backwards);`,
      ],
    };
  }
  const shares =
    found.steps === undefined
      ? '1'
      : `shares_for<${name}::Args>({${[...values, '0'].join(', ')}}, ${name}::window, ${options.pes}, ${options.pes * must(options.division, 'division').rounds})`;
  return {
    ...base,
    staged: true,
    windowed: true,
    cbNames: table
      .flatMap((b) => [b.cb, ...(b.old === undefined ? [] : [b.old]), ...(b.list === undefined ? [] : [b.list.cb])])
      .join(', '),
    cbs: rows(table, options),
    windows: [
      ...(found.steps === undefined ? [] : ['i64 steps;']),
      ...table.flatMap((b) => [
        `Span ${b.slot.array.id};`,
        ...(b.list === undefined ? [] : [`Span ${b.slot.array.id}__list;`]),
      ]),
      'bool fits;',
    ],
    windowLines: windowLines(found, table, own, c, arrays),
    directRemark: 'On arrays in memory: for shares that the slots do not hold.',
    cores: coresOf(found, table, plain, own, c, arrays, options, at),
    launch: [
      `  const i64 ${k.id}__shares = ${shares};`,
      `  launch(${options.dual ? `${name}::core_a` : `idle<${name}::Args>`}, ${name}::core_b, ${name}::table, ${name}::Args{${[...values, `${k.id}__shares`].join(', ')}}, ${options.pes}, backwards);`,
    ],
  };
}
const storageOf = (arrays: ReadonlyMap<string, TileArray>, id: string, c: Collector): string => {
  const a = must(arrays.get(id), id);
  return storageType(c, a.bytes === true ? 'u8' : a.dtype);
};

/** Rows of the table of circular buffers. */
function rows(table: readonly Buffer[], options: EmitOptions): KernelModel['cbs'] {
  const all = table.flatMap((b) => [
    { bytes: b.holds, depth: b.depth, cb: b.cb },
    ...(b.old === undefined ? [] : [{ bytes: b.holds, depth: must(options.division, 'division').depthIn, cb: b.old }]),
    ...(b.list === undefined ? [] : [{ bytes: b.list.holds, depth: 1, cb: b.list.cb }]),
  ]);
  return all.map((r, n) => ({
    text: `{${r.bytes + SLACK}, ${r.depth}}${n === all.length - 1 ? '' : ','}  // ${r.cb}`,
  }));
}

type Arrays = ReadonlyMap<string, TileArray>;
/** Locals that stand for fields of the arguments. */
const unpacked = (
  names: ReadonlySet<string>,
  own: readonly Parameter[],
  but: (id: string) => boolean,
): readonly string[] =>
  own
    .filter((x) => names.has(x.id) && !but(x.id))
    .map((x) => {
      const text = x.text.replace(' __restrict', '');
      return `  ${text.includes('*') ? text : `const ${text}`} = kt_a.${x.id};`;
    });

function windowLines(
  s: Staged,
  table: readonly Buffer[],
  own: readonly Parameter[],
  c: Collector,
  arrays: Arrays,
): readonly string[] {
  const d = cppDialect(c);
  const pr = printer(d, arrays);
  const spans = table.map(({ slot }) => {
    const { begin, end, array, gather } = slot;
    const all = elementsOf(array);
    if (gather !== undefined && begin !== undefined && end !== undefined) {
      const [from, to, list] = [toVal(gather.from), toVal(gather.to), elementsOf(gather.list)];
      return {
        vals: [begin, end, from, to, list],
        text: `  kt_w.${array.id} = span(${pr.val(begin)}, ${pr.val(end)}, ${pr.val(end)});\n  kt_w.${array.id}__list = span(${pr.val(from)}, ${pr.val(to)}, ${pr.val(list)});`,
      };
    }
    return {
      vals: [begin, end, all].flatMap((v) => v ?? []),
      text: `  kt_w.${array.id} = ${begin === undefined || end === undefined ? `span(0, ${pr.val(all)}, ${pr.val(all)})` : `span(${pr.val(begin)}, ${pr.val(end)}, ${pr.val(all)})`};`,
    };
  });
  const steps = s.steps === undefined ? [] : [s.steps];
  const names = new Set([...mentioned(s.prefix), ...mentionedIn([...spans.flatMap((x) => x.vals), ...steps])]);
  return [
    ...unpacked(names, own, () => false),
    ...statements(s.prefix, d, pr, (op) => op.text, 1),
    '  Window kt_w;',
    ...steps.map((v) => `  kt_w.steps = ${pr.val(v)};`),
    ...spans.map((x) => x.text),
    `  kt_w.fits = ${table.map(fits).join(' && ')};`,
    '  return kt_w;',
  ];
}

function fits(b: Buffer): string {
  const { array, gather } = b.slot;
  const room = Math.floor(b.holds / unitOf(b.slot));
  if (gather === undefined || b.list === undefined) return `kt_w.${array.id}.n <= ${room}`;
  const entries = Math.floor(b.list.holds / DTYPES[gather.list.dtype].bytes);
  return `kt_w.${array.id}__list.n <= ${entries} && kt_w.${array.id}.n * kt_w.${array.id}__list.n <= ${room}`;
}

/** The rows that a list names: the list first, which core A reads in local memory, then the rows. */
function gathered(b: Buffer, g: Gather, pr: Printer, c: Collector, arrays: Arrays): readonly string[] {
  const { id } = g.array;
  const cb = must(b.list, 'list').cb;
  const T = storageOf(arrays, g.list.id, c);
  const at = pr.val(t.mul(g.row, toVal(g.stride)), PREC.sum);
  return [
    `dma_in(${cb}, kt_a.${g.list.id} + kt_w.${id}__list.at, kt_w.${id}__list.n * ${DTYPES[g.list.dtype].bytes});`,
    `const ${T}* ${id}__list = (const ${T}*)cb_wait_front(${cb});`,
    `dma_in_indexed(${b.cb}, kt_w.${id}__list.n, kt_w.${id}.n * ${unitOf(b.slot)}, [&](i64 kt_k) {`,
    `  const ${storageType(c, widen(g.list.dtype))} ${ENTRY} = ${id}__list[kt_k];`,
    `  const i64 kt_at = ${at} + kt_w.${id}.at;`,
    `  return kt_at >= 0 && kt_at + kt_w.${id}.n <= ${pr.val(elementsOf(g.array), PREC.sum)} ? kt_a.${id} + kt_at : nullptr;`,
    '});',
    `cb_pop_front(${cb});`,
  ];
}

function coresOf(
  s: Staged,
  table: readonly Buffer[],
  plain: readonly Parameter[],
  own: readonly Parameter[],
  c: Collector,
  arrays: Arrays,
  options: EmitOptions,
  at: (x: Parameter) => string,
): KernelModel['cores'] {
  const d = cppDialect(c);
  const inSlot = new Set(table.map((b) => b.slot.array.id));
  const names = new Set([...mentioned(s.prefix), ...mentioned(s.body)]);
  const moverNames = mentionedIn(
    table.flatMap(({ slot: { gather: g } }) => (g === undefined ? [] : [g.row, toVal(g.stride), elementsOf(g.array)])),
  );
  const from = (b: Buffer, w: string): string => `kt_a.${b.slot.array.id} + ${w}.${b.slot.array.id}.at`;
  const size = (b: Buffer, w: string): string => {
    const unit = unitOf(b.slot);
    return `${w}.${b.slot.array.id}.n${unit === 1 ? '' : ` * ${unit}`}`;
  };
  const moveIn = (b: Buffer, cb: string): string => `dma_in(${cb}, ${from(b, 'kt_w')}, ${size(b, 'kt_w')});`;
  const stays = table.filter((b) => b.slot.resident);
  const ins = table.flatMap((b) =>
    b.slot.gather !== undefined
      ? gathered(b, b.slot.gather, printer(d, arrays), c, arrays)
      : b.slot.role === 'in' && !b.slot.resident
        ? [moveIn(b, b.cb)]
        : b.old === undefined
          ? []
          : [moveIn(b, b.old)],
  );
  const outs = table.filter((b) => b.slot.role === 'out' || b.slot.role === 'update');
  const first =
    stays.length === 0
      ? []
      : ['    if (!kt_loaded) {', ...stays.map((b) => `      ${moveIn(b, b.cb)}`), '      kt_loaded = true;', '    }'];
  const out = (w: string): readonly string[] => outs.map((b) => `dma_out(${from(b, w)}, ${b.cb}, ${size(b, w)});`);
  const head = [
    '  for (i64 part = pe(); part < kt_a.kt_shares; part += pes()) {',
    '    const Window kt_w = window(kt_a, part, kt_a.kt_shares);',
  ];
  const flags = stays.length === 0 ? [] : ['  bool kt_loaded = false;'];
  const lag = outs.length > 0;
  const a = [
    ...unpacked(moverNames, own, (id) => inSlot.has(id)),
    ...flags,
    ...(lag
      ? [
          '  // Results leave one share late, so that the next one is on its way meanwhile.',
          '  Window kt_last;',
          '  bool kt_pending = false;',
        ]
      : []),
    ...head,
    '    if (!kt_w.fits) continue;',
    ...first,
    ...ins.map((l) => `    ${l}`),
    ...(lag
      ? [
          '    if (kt_pending) {',
          ...out('kt_last').map((l) => `      ${l}`),
          '    }',
          '    kt_last = kt_w;',
          '    kt_pending = true;',
        ]
      : []),
    '  }',
    ...(lag ? ['  if (kt_pending) {', ...out('kt_last').map((l) => `    ${l}`), '  }'] : []),
  ];
  const pointer = (b: Buffer, constant: boolean): string => {
    const T = storageOf(arrays, b.slot.array.id, c);
    return `${constant ? 'const ' : ''}${T}* ${b.slot.array.id} = (${constant ? 'const ' : ''}${T}*)`;
  };
  const opened = table.flatMap((b): readonly string[] => {
    const { slot, cb, old } = b;
    switch (slot.role) {
      case 'in':
        return [`${pointer(b, true)}cb_wait_front(${cb});`];
      case 'scratch':
        return [`${pointer(b, false)}cb_reserve_back(${cb});`];
      case 'out':
        return [`${pointer(b, false)}cb_reserve_back(${cb}, ${from(b, 'kt_w')});`];
      case 'update':
        return [
          `${pointer(b, false)}cb_reserve_back(${cb}, ${from(b, 'kt_w')});`,
          `ls_copy(${slot.array.id}, cb_wait_front(${must(old, 'old')}), ${size(b, 'kt_w')});`,
        ];
      default:
        return slot.role satisfies never;
    }
  });
  const firsts = table.flatMap(({ slot }) => {
    const { id } = slot.array;
    if (slot.gather === undefined) return [];
    const n = rowNames(id);
    return [
      `const i64 ${n.from} = kt_w.${id}__list.at;`,
      `const i64 ${n.first} = kt_w.${id}.at;`,
      `const i64 ${n.length} = kt_w.${id}.n;`,
    ];
  });
  const origins = table.flatMap(({ slot }) =>
    slot.gather !== undefined
      ? []
      : slot.begin === undefined || isZero(slot.begin) || !names.has(firstOf(slot.array.id))
        ? []
        : [`const i64 ${firstOf(slot.array.id)} = kt_w.${slot.array.id}.at;`],
  );
  const closed = [
    ...outs.map((b) => `cb_push_back(${b.cb});`),
    ...table.flatMap((b) =>
      b.old !== undefined
        ? [`cb_pop_front(${b.old});`]
        : b.slot.role === 'in' && !b.slot.resident
          ? [`cb_pop_front(${b.cb});`]
          : [],
    ),
  ];
  const b = [
    ...unpacked(options.dual ? names : new Set([...names, ...moverNames]), own, (id) => inSlot.has(id)),
    ...(stays.length === 0 ? [] : ['  bool kt_loaded = false;']),
    ...head,
    '    if (!kt_w.fits) {',
    `      direct(${[...plain.map(at), 'part', 'kt_a.kt_shares'].join(', ')});`,
    '      continue;',
    '    }',
    ...(options.dual
      ? stays.length === 0
        ? []
        : ['    kt_loaded = true;']
      : [...first, ...ins.map((l) => `    ${l}`)]),
    '    const i64 parts = kt_a.kt_shares;',
    ...opened.map((l) => `    ${l}`),
    ...[...origins, ...firsts].map((l) => `    ${l}`),
    ...statements(
      [...s.prefix, ...s.body],
      options.count === true ? counting(d) : d,
      printer(d, arrays),
      (op) => op.text,
      2,
    ),
    ...closed.map((l) => `    ${l}`),
    ...(options.dual ? [] : out('kt_w').map((l) => `    ${l}`)),
    '  }',
    ...(stays.length === 0 ? [] : ['  if (kt_loaded) {', ...stays.map((x) => `    cb_pop_front(${x.cb});`), '  }']),
  ];
  return [
    ...(options.dual ? [{ remark: '// Data movement.', name: 'core_a', lines: a }] : []),
    {
      remark: options.dual ? '// Computation.' : '// Data movement and computation on one core.',
      name: 'core_b',
      lines: b,
    },
  ];
}
