import { must } from '../../assert.ts';
import type { TileOp, Val } from '../../codegen/ir/tile.ts';
import { axesOf, axesOfRef, breaks, join, LANE, ROW } from './axes.ts';
import type { Axes } from './axes.ts';
import { knownIn, most, storedIn } from './context.ts';
import type { KernelCx, Place } from './context.ts';
import { dotOf } from './dot.ts';
import { dotLines } from './dot-lines.ts';
import { foldText, scanText } from './folds.ts';
import type { Line } from './lines.ts';
import { pointerTo } from './pointer.ts';
import { condition, encode, indexText, isLiteral, named, negated, printTyped, printValue } from './print.ts';
import { Unsupported } from './text.ts';
import type { Guard, PrintCx } from './text.ts';
import { VALUE } from './types.ts';

export function statements(ops: readonly TileOp[], k: KernelCx, at: Place): void {
  const emit = (text: string, more: Omit<Line, 'text' | 'depth'> = {}): void =>
    void k.lines.push({ text, depth: at.depth, ...more });
  const conditions = join(...at.guards.filter((g) => !g.loop).map((g) => g.axes));
  const axes = (v: Val): Axes => axesOf(v, k.env, conditions);
  const cx: PrintCx = { ...k, axes, guards: at.guards, known: at.known, before: emit };
  const inside = (body: readonly TileOp[], guards: readonly Guard[] = [], leave?: Place['leave']): Place => ({
    ...at,
    depth: at.depth + 1,
    guards: [...at.guards, ...guards],
    known: knownIn(k.mutable, at.known, storedIn(body)),
    ...(leave === undefined ? {} : { leave }),
  });
  /** The same place under a condition that differs along the block: code goes on without a branch. */
  const under = (guard: Guard): Place => ({
    ...at,
    guards: [...at.guards, guard],
    known: knownIn(k.mutable, at.known),
  });
  const sized = (text: string, of: Axes, to: Axes): string =>
    of === to ? text : `tl.broadcast_to(${text}, ${k.shape(to)})`;
  const active = (): string | undefined => {
    const masks = at.guards.filter((g) => g.axes !== 0).map((g) => g.text);
    return masks.length === 0 ? undefined : masks.join(' & ');
  };
  /** Conditions that differ along the block and came after the declaration of a local. */
  const masksOf = (id: string): readonly Guard[] =>
    at.guards.slice(at.declared.get(id) ?? 0).filter((g) => g.axes !== 0);
  const masked = (id: string): boolean => masksOf(id).length > 0;

  for (const op of ops) {
    switch (op.kind) {
      case 'note':
        if (!k.lines.some((l) => l.text === `# ${op.text}` && l.depth === at.depth)) emit(`# ${op.text}`);
        break;
      case 'loop':
        loop(op);
        break;
      case 'while': {
        const differs = axes(op.cond) !== 0 || join(...leavingAxes(op.body)) !== 0;
        if (differs) {
          whileSome(op.cond, op.body);
          break;
        }
        const cond = k.fresh('cond');
        emit(`${cond} = ${printTyped(op.cond, cx)}`);
        emit(`while ${cond}:`);
        const inner = inside(op.body, [], (p) => void k.lines.push({ text: `${cond} = False`, depth: p.depth }));
        statements(op.body, k, inner);
        const again: PrintCx = {
          ...cx,
          known: inner.known,
          before: (text) => void k.lines.push({ text, depth: inner.depth }),
        };
        k.lines.push({ text: `${cond} = ${printTyped(op.cond, again)}`, depth: inner.depth });
        break;
      }
      case 'break':
        must(at.leave, 'a loop to leave')(at, cx);
        break;
      case 'if':
        branch(op);
        break;
      case 'let': {
        const text = printTyped(op.value, cx);
        const simple = /^[A-Za-z_]\w*$/.test(text) && !k.mutable.has(text);
        const known = simple ? text : at.known.get(text);
        if (known !== undefined) k.aliases.set(op.id, known);
        else {
          emit(`${k.name(op.id)} = ${text}`);
          at.known.set(text, k.name(op.id));
        }
        break;
      }
      case 'var': {
        at.declared.set(op.id, at.guards.length);
        const to = k.env.locals.get(op.id) ?? 0;
        const type = VALUE[op.ty.dtype];
        if (op.init === undefined || isLiteral(op.init)) {
          emit(
            `${k.name(op.id)} = tl.full(${k.shape(to)}, ${op.init === undefined ? '0' : printValue(op.init, cx)}, ${type})`,
          );
        } else emit(`${k.name(op.id)} = ${sized(printTyped(op.init, cx), axes(op.init), to)}`);
        break;
      }
      case 'set': {
        const id = k.name(op.id);
        const to = k.env.locals.get(op.id) ?? 0;
        const value = printTyped(op.value, cx);
        const masks = masksOf(op.id);
        if (masks.length === 0) emit(`${id} = ${sized(value, axes(op.value), to)}`);
        else emit(`${id} = tl.where(${masks.map((g) => g.text).join(' & ')}, ${value}, ${id})`);
        break;
      }
      case 'store':
        store(op);
        break;
      case 'reduceTile': {
        const to = join(axes(op.value), LANE);
        emit(
          `${k.name(op.id)} = ${foldText(op, sized(printTyped(op.value, cx), axes(op.value), to), must(k.block, 'block').rank, k)}`,
        );
        break;
      }
      case 'scanTile': {
        const to = join(axes(op.value), LANE);
        emit(
          `${k.name(op.id)} = ${scanText(op, sized(printTyped(op.value, cx), axes(op.value), to), must(k.block, 'block').rank, k)}`,
        );
        break;
      }
      case 'copy': {
        const n = k.fresh('i');
        emit(`for ${n} in range(${printValue(op.count, cx)}):`);
        const [to, from] = [op.to, op.from].map((r) => pointerTo(r.array, indexText(r.index, cx), 0, cx).text);
        k.read(op.from.array);
        k.lines.push({
          text: `tl.store(${to} + ${n}, tl.load(${from} + ${n}))`,
          depth: at.depth + 1,
          stores: op.to.array,
        });
        at.known.forget(op.to.array);
        break;
      }
      case 'sortTile': {
        const place = (r: typeof op.keys): string => pointerTo(r.array, indexText(r.index, cx), 0, cx).text;
        k.read(op.keys.array);
        k.read(op.order.array);
        const args = [place(op.keys), place(op.order), printTyped(op.count, cx), op.descending ? 'True' : 'False'];
        emit(`${k.use('stable_sort')}(${args.join(', ')})`, { stores: op.order.array });
        at.known.forget(op.order.array);
        break;
      }
      case 'barrier':
        emit('tl.debug_barrier()', { barrier: true });
        break;
      case 'prefetch':
        break;
      default:
        throw new Unsupported(`the operation ${op.kind}`);
    }
  }

  function store(op: TileOp & { readonly kind: 'store' }): void {
    const value = encode(op.value, op.dtype, cx);
    const lazy = op.mask === undefined ? [] : [condition(op.mask, cx)];
    const own = axesOfRef(op.to, k.env, conditions);
    const to = pointerTo(op.to.array, indexText(op.to.index, cx), own, cx, lazy);
    const held = k.own.has(op.to.array) && own !== 0 ? named(cx, op.to.array, value) : value;
    emit(`tl.store(${to.text}, ${held}${to.mask === undefined ? '' : `, mask=${to.mask}`})`, { stores: op.to.array });
    at.known.forget(op.to.array);
    if (held !== value || k.own.has(op.to.array)) at.known.set(to.key, held);
    // Other warps of the program read what one of them stored.
    if (k.shared.has(op.to.array) && k.block === undefined) emit('tl.debug_barrier()', { barrier: true });
  }

  function branch(op: TileOp & { readonly kind: 'if' }): void {
    if (op.then.length === 0 && op.else.length === 0) return;
    const cond = k.block === undefined ? op.cond : anyLane(op.cond);
    if (cond === undefined) return statements(op.then, k, { ...at, known: knownIn(k.mutable, at.known) });
    if (axes(cond) === 0) {
      emit(`if ${printValue(cond, cx)}:`);
      statements(op.then, k, inside(op.then));
      if (op.else.length > 0) {
        emit('else:');
        statements(op.else, k, inside(op.else));
      }
    } else {
      const guard = condition(cond, cx);
      statements(op.then, k, under(guard));
      if (op.else.length > 0) statements(op.else, k, under(negated(guard, cx)));
    }
    for (const array of storedIn([op])) at.known.forget(array);
  }

  function loop(op: TileOp & { readonly kind: 'loop' }): void {
    const id = k.name(op.id);
    const [lo, hi] = [axes(op.lo), axes(op.hi)];
    const bounds = join(lo, hi);
    const from = op.lo.kind === 'int' && op.lo.value === 0n ? '0' : printValue(op.lo, cx);
    const to = printValue(op.hi, cx);
    if (op.level.kind === 'lane') {
      const { lanes, size, whole } = must(k.block, 'block');
      if (whole) {
        k.aliases.set(op.id, lanes);
        const mask = named(cx, `in_${op.id}`, `${lanes} < ${to}`);
        return statements(op.body, k, {
          ...at,
          guards: [...at.guards, { text: mask, axes: join(LANE, bounds), loop: true }],
        });
      }
      const first = k.fresh(`${op.id}_0`);
      emit(`for ${first} in ${range(lo, bounds, from, to, size)}:`);
      const inner = inside(op.body);
      const place = lo === 0 ? `${first} + ${lanes}` : `${from} + ${first} + ${lanes}`;
      k.lines.push({ text: `${id} = ${place}`, depth: inner.depth });
      return bounded(op.body, inner, id, to, join(LANE, bounds));
    }
    if (op.level.kind === 'grid' && k.block?.rank === 2) {
      const { rows, rowSize } = k.block;
      const first = k.fresh(`${op.id}_0`);
      emit(`for ${first} in ${range(lo, bounds, from, to, rowSize)}:`);
      const inner = inside(op.body);
      k.lines.push({ text: `${id} = ${first} + ${rows}`, depth: inner.depth });
      return bounded(op.body, inner, id, to, ROW);
    }
    const dot = k.block?.products === true ? dotOf(op, k.env) : undefined;
    if (k.block !== undefined && dot !== undefined && !masked(dot.acc)) {
      const block = { ...k.block, products: false };
      return dotLines(op, dot, k, at, (part, inner) => statements([part], { ...k, block }, inner));
    }
    if (breaks(op.body)) return leavable(op, from, to, bounds);
    const n = k.fresh('i');
    // A scan takes the places of a whole block at a time.
    const step = k.block !== undefined && scans(op.body) ? k.block.size : String(op.step);
    emit(`for ${n} in ${range(lo, bounds, from, to, step)}:`);
    const inner = inside(op.body);
    const place = lo === 0 ? `tl.cast(${n}, tl.int64)` : `${from} + ${n}`;
    k.lines.push({ text: `${id} = ${place}`, depth: inner.depth });
    if (bounds === 0) return statements(op.body, k, inner);
    bounded(op.body, inner, id, to, bounds);
  }
  /** Steps of a loop whose bounds may differ along the block: as many as its longest one has. */
  function range(lo: Axes, bounds: Axes, from: string, to: string, step: string): string {
    if (bounds === 0)
      return step === '1'
        ? from === '0'
          ? `range(${to})`
          : `range(${from}, ${to})`
        : `range(${from}, ${to}, ${step})`;
    return lo === 0
      ? `range(${from}, ${most(to, at.guards)}, ${step})`
      : `range(0, ${most(`${to} - ${from}`, at.guards)}, ${step})`;
  }
  /** The body of a loop for the points within its bounds. */
  function bounded(body: readonly TileOp[], inner: Place, id: string, to: string, of: Axes): void {
    const mask = k.fresh(`in_${id}`);
    k.lines.push({ text: `${mask} = ${id} < ${to}`, depth: inner.depth });
    statements(body, k, { ...inner, guards: [...inner.guards, { text: mask, axes: of, loop: true }] });
  }

  /** A loop that may be left, by all points of the block at once or by each on its own. */
  function leavable(op: TileOp & { readonly kind: 'loop' }, from: string, to: string, bounds: Axes): void {
    const id = k.name(op.id);
    const left = join(...leavingAxes(op.body), bounds);
    const typed = from === '0' ? 'tl.full((), 0, tl.int64)' : from;
    if (left === 0) {
      const end = named(cx, 'end', `${to} + 0`);
      emit(`${id} = ${typed} + 0`);
      emit(`while ${id} < ${end}:`);
      const inner = inside(op.body, [], (p) => void k.lines.push({ text: `${id} = ${end}`, depth: p.depth }));
      statements(op.body, k, inner);
      k.lines.push({ text: `${id} = ${id} + ${op.step}`, depth: inner.depth });
      return;
    }
    const going = k.fresh('going');
    const mask = active();
    const some = `tl.max((${going} & (${id} < ${to})).to(tl.int32)) > 0`;
    emit(`${id} = ${typed} + 0`);
    emit(`${going} = tl.full(${k.shape(left)}, True, tl.int1)${mask === undefined ? '' : ` & ${mask}`}`);
    const more = k.fresh('more');
    emit(`${more} = ${some}`);
    emit(`while ${more}:`);
    leaving(op.body, going, `${going} & (${id} < ${to})`, left, (inner) => {
      k.lines.push({ text: `${id} = ${id} + ${op.step}`, depth: inner.depth });
      k.lines.push({ text: `${more} = ${some}`, depth: inner.depth });
    });
  }
  function whileSome(cond: Val, body: readonly TileOp[]): void {
    const left = join(axes(cond), ...leavingAxes(body), ...at.guards.map((g) => g.axes));
    const going = k.fresh('going');
    const mask = active();
    const first = sized(printTyped(cond, cx), axes(cond), left);
    emit(`${going} = ${mask === undefined ? first : `(${first}) & ${mask}`}`);
    const more = k.fresh('more');
    const some = `tl.max(${going}.to(tl.int32)) > 0`;
    emit(`${more} = ${some}`);
    emit(`while ${more}:`);
    leaving(body, going, going, left, (inner) => {
      const again: PrintCx = {
        ...cx,
        guards: inner.guards,
        known: inner.known,
        before: (text) => void k.lines.push({ text, depth: inner.depth }),
      };
      k.lines.push({ text: `${going} = ${going} & (${printTyped(cond, again)})`, depth: inner.depth });
      k.lines.push({ text: `${more} = ${some}`, depth: inner.depth });
    });
  }
  function leaving(body: readonly TileOp[], going: string, now: string, left: Axes, end: (inner: Place) => void): void {
    const count = at.guards.length;
    const inner = inside(body, [], (p) => {
      const masks = p.guards.slice(count + 1).map((g) => g.text);
      const here = masks.length === 0 ? going : `(${masks.join(' & ')})`;
      k.lines.push({ text: `${going} = ${going} & tl.where(${here}, False, True)`, depth: p.depth });
    });
    const live = k.fresh('live');
    k.lines.push({ text: `${live} = ${now}`, depth: inner.depth });
    // What was left stays left for the rest of a step.
    const text = breaks(body) ? `${live} & ${going}` : live;
    const guard: Guard = { text, axes: left, loop: false };
    statements(body, k, { ...inner, guards: [...inner.guards, guard] });
    end(inner);
  }
  function leavingAxes(body: readonly TileOp[]): readonly Axes[] {
    return body.flatMap((op) =>
      op.kind === 'if' && breaks([op]) ? [axes(op.cond), ...leavingAxes(op.then), ...leavingAxes(op.else)] : [],
    );
  }
}

const scans = (body: readonly TileOp[]): boolean => body.some((op) => op.kind === 'scanTile');

/** A condition without the choice of one lane to store what all have. */
function anyLane(v: Val): Val | undefined {
  if (v.kind !== 'binary') return v;
  if (v.op === 'eq' && v.a.kind === 'name' && v.a.id === 'lane' && v.b.kind === 'int') return undefined;
  if (v.op !== 'and') return v;
  const [a, b] = [anyLane(v.a), anyLane(v.b)];
  return a === undefined ? b : b === undefined ? a : { ...v, a, b };
}
