import type { Stage } from '../../../codegen/ir/stage.ts';
import { inexact } from '../memory.ts';
import { storeAt } from './access.ts';
import { nameOf, spotAt } from './spot.ts';
import { boolOf } from './branch.ts';
import type { Emitter, IntVal } from './code.ts';
import { close, fresh, open } from './code.ts';
import type { Opened } from './loops.ts';
import { closeLoops, openLoops } from './loops.ts';
import { whole } from './accumulator.ts';
import { toNumber } from './wide.ts';

type Offsets = Extract<Stage, { kind: 'offsets' }>;
type Pack = Extract<Stage, { kind: 'pack' }>;

/** Sizes of rows into running starts: out[r] is where row r starts, the last entry is the total. Rows that `where` leaves out are empty. */
export function emitOffsets(em: Emitter, s: Offsets): void {
  const m = em.around.memory(s.out, 'write');
  const name = nameOf(em, m);
  if (em.bounds) inexact(m);
  const [t, e] = [fresh(em, 't'), fresh(em, 't')];
  em.block.lines.push(`const ${t} = new Float64Array(${m.shapes.length * 2 + 2}); let ${e} = false;`);
  const opened = openLoops(em, s.axes, undefined);
  const list = s.list === undefined ? undefined : toNumber(em, whole(em.expr(em, s.list)));
  const l = list?.v ?? '0';
  const row = fresh(em, 'r');
  em.block.lines.push(`const ${row} = ${t}[2 * ${l} + 1]++;`);
  const present = openLoops(em, [], s.where);
  const size = toNumber(em, whole(em.expr(em, s.size)));
  em.block.lines.push(`${t}[2 * ${l}] += Math.max(0, ${size.v});`);
  const unsure = [size.e === undefined ? undefined : `${size.e} > 0`, present.doubt?.v]
    .filter((x) => x !== undefined)
    .join(' || ');
  if (unsure !== '') em.block.lines.push(`if (${unsure}) ${e} = true;`);
  closeLoops(em, present);
  em.block.lines.push(...storeOffset(list === undefined ? name : `${name}[${l}]`, `${row} + 1`, `${t}[2 * ${l}]`));
  if (em.bounds)
    em.block.lines.push(`if (${e}) ${list === undefined ? `${name}e` : `${name}e[${l}]`}[${row} + 1] = Infinity;`);
  closeLoops(em, opened);
}
/** Lines that store an offset as halves. */
const storeOffset = (data: string, at: string, v: string): readonly string[] => [
  `${data}[2 * (${at})] = ${v} | 0; ${data}[2 * (${at}) + 1] = Math.floor(${v} / 4294967296);`,
];

/** First pass of a pack: how many items each row keeps. */
export function emitPackSizes(em: Emitter, s: Pack): void {
  const m = em.around.memory(s.offsets, 'write');
  const name = nameOf(em, m);
  if (em.bounds) inexact(m);
  const [n, r, e] = [fresh(em, 't'), fresh(em, 'r'), fresh(em, 't')];
  em.block.lines.push(`let ${n} = 0, ${r} = 0, ${e} = false;`);
  rows(
    em,
    s,
    (inner) => {
      const unsure = [inner.cond.e, inner.opened.doubt?.v].filter((x) => x !== undefined).join(' || ');
      em.block.lines.push(`if (${inner.cond.v}) ${n}++;${unsure === '' ? '' : ` if (${unsure}) ${e} = true;`}`);
    },
    () => {
      em.block.lines.push(`${r}++;`, ...storeOffset(name, r, n));
      if (em.bounds) em.block.lines.push(`if (${e}) ${name}e[${r}] = Infinity;`);
    },
  );
}
/** Second pass: the items, one behind the other. After an unstable choice every later position is unknown. */
export function emitPackItems(em: Emitter, s: Pack): void {
  const [n, e] = [fresh(em, 't'), fresh(em, 't')];
  em.block.lines.push(`let ${n} = 0, ${e} = false;`);
  rows(
    em,
    s,
    (inner) => {
      const unsure = [inner.cond.e, inner.opened.doubt?.v].filter((x) => x !== undefined).join(' || ');
      if (unsure !== '') em.block.lines.push(`if (${unsure}) ${e} = true;`);
      open(em, true);
      for (const o of s.outs) {
        const m = em.around.memory(o.buf, 'write');
        const at: IntVal = { rep: 'int', type: 'i64', v: n, lo: 0, hi: Infinity, block: em.block };
        const value = em.expr(em, o.value);
        storeAt(em, spotAt(em, m, undefined, [at]), value, unsure === '' ? undefined : e);
      }
      em.block.lines.push(`${n}++;`);
      close(em, `if (${inner.cond.v})`);
    },
    () => undefined,
  );
}
function rows(
  em: Emitter,
  s: Pack,
  item: (inner: { readonly opened: Opened; readonly cond: ReturnType<typeof boolOf> }) => void,
  row: () => void,
): void {
  const outer = openLoops(em, s.axes, undefined);
  const opened = openLoops(em, [s.from], s.where);
  item({ opened, cond: boolOf(em, s.when) });
  closeLoops(em, opened);
  row();
  closeLoops(em, outer);
}
