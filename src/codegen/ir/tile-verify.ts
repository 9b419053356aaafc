import { heldBy } from './matrix-unit.ts';
import { visitOps } from './tile-walk.ts';
import { operands, parts } from './tile-walk.ts';
import { printVal } from './tile-print.ts';
import type { TileOp, TileProgram, Ty, Val } from './tile.ts';

const same = (a: Ty, b: Ty): boolean => a.dtype === b.dtype && a.lanes === b.lanes;
const COMPARE: ReadonlySet<string> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge']);

/**
 * What is wrong with a program; empty for a sound one. Names are declared before use and once along a path of blocks, only variables are set,
 * arrays exist, operands have one type, conditions of branches are scalar, barriers are reached by all lanes.
 */
export function verifyTile(p: TileProgram): readonly string[] {
  const faults: string[] = [];
  const arrays = new Set(p.arrays.map((a) => a.id));
  const outer = new Map<string, Ty | undefined>([
    ...p.dims.map((d) => [d.id, undefined] as const),
    ...p.scalars.map((s) => [s.id, undefined] as const),
    ...p.capacities.map((c) => [c.id, undefined] as const),
    ['part', undefined],
    ['parts', undefined],
    ['lane', undefined],
  ]);
  for (const k of p.kernels) {
    for (const body of k.fast ? [k.fast.body, k.body] : [k.body]) {
      block(body, outer, new Set(), arrays, (text) => faults.push(`${k.id}: ${text}`));
      visitOps(body, (op) => {
        if (op.kind === 'barrier' && k.lanes === undefined) faults.push(`${k.id}: a barrier without lanes`);
        if (op.kind === 'atomic' && !k.split) faults.push(`${k.id}: an atomic update in an unsplit kernel`);
      });
    }
  }
  return faults;
}

type Fault = (text: string) => void;
function block(
  ops: readonly TileOp[],
  outer: ReadonlyMap<string, Ty | undefined>,
  mutable: ReadonlySet<string>,
  arrays: ReadonlySet<string>,
  fault: Fault,
  divergent = false,
): void {
  const names = new Map(outer);
  const vars = new Set(mutable);
  const declare = (id: string, ty: Ty): void => {
    if (names.has(id)) fault(`${id} is declared twice`);
    names.set(id, ty);
  };
  for (const op of ops) {
    for (const v of parts(op).values) value(v, names, arrays, fault);
    for (const r of parts(op).refs) if (!arrays.has(r.array)) fault(`no array ${r.array}`);
    switch (op.kind) {
      case 'loop': {
        const inside = new Map(names).set(op.id, { dtype: 'i64', lanes: 1 });
        if (names.has(op.id)) fault(`${op.id} is declared twice`);
        if (op.step < 1) fault(`${op.id} steps by ${op.step}`);
        block(
          op.body,
          inside,
          vars,
          arrays,
          fault,
          divergent || op.level.kind === 'lane' || (op.level.kind === 'grid' && op.level.flat),
        );
        break;
      }
      case 'if':
      case 'while':
        if (op.cond.ty.dtype !== 'bool' || op.cond.ty.lanes !== 1) fault(`${printVal(op.cond)} is no condition`);
        for (const body of parts(op).bodies) block(body, names, vars, arrays, fault, divergent);
        break;
      case 'let':
        declare(op.id, op.value.ty);
        break;
      case 'var':
        declare(op.id, op.ty);
        vars.add(op.id);
        if (op.init && !same(op.init.ty, op.ty)) fault(`${op.id} starts as another type`);
        break;
      case 'set': {
        const ty = names.get(op.id);
        if (!vars.has(op.id)) fault(`${op.id} is set but no variable`);
        else if (ty !== undefined && !same(ty, op.value.ty)) fault(`${op.id} is set to another type`);
        break;
      }
      case 'reduceTile':
      case 'scanTile':
        declare(op.id, {
          dtype: op.value.ty.dtype,
          lanes: op.within === 'vector' && op.kind === 'reduceTile' ? 1 : op.value.ty.lanes,
        });
        if (divergent && op.within === 'block') fault(`${op.id} is folded where lanes part`);
        break;
      case 'turnTile': {
        const [first] = op.values;
        if (first === undefined || op.ids.length !== first.ty.lanes || op.values.length !== first.ty.lanes)
          fault('a square whose sides differ');
        else if (op.values.some((v) => !same(v.ty, first.ty))) fault('a square of several types');
        else for (const id of op.ids) declare(id, first.ty);
        break;
      }
      case 'barrier':
        if (divergent) fault('a barrier where lanes part');
        break;
      case 'store':
        if (op.mask && op.mask.ty.lanes !== op.value.ty.lanes) fault('a store and its mask differ in lanes');
        if (op.odd && (!same(op.odd.ty, op.value.ty) || op.mask || op.to.index.ty.lanes > 1))
          fault('a store of halves is no plain run');
        if (op.to.index.ty.lanes > 1 && op.to.index.ty.lanes !== op.value.ty.lanes)
          fault('a scatter and its value differ in lanes');
        break;
      case 'tileDot':
        if (op.m < 1 || op.n < 1 || op.n % op.lanes !== 0)
          fault(`a product of ${op.m} by ${op.n} in ${op.lanes} lanes`);
        if ([op.acc, op.a, op.b].some((r) => r.index.ty.lanes > 1)) fault('a product of gathered tiles');
        if (op.k.kind === 'int' && op.k.value % BigInt(op.group) !== 0n) fault('a product of a broken group');
        break;
      case 'waveDot':
      case 'waveStore': {
        const lanes = op.tiles.m * op.tiles.n * heldBy(op.unit.sums);
        if (!vars.has(op.sums) || names.get(op.sums)?.lanes !== lanes) fault(`${op.sums} holds no ${lanes} sums`);
        if (divergent) fault(`a product of a wave where lanes part`);
        if (op.kind === 'waveDot' && Object.values(op.strides).some((x) => x.row !== 1 && x.step !== 1))
          fault('a product of tiles without runs');
        break;
      }
      default:
        break;
    }
  }
}

function value(v: Val, names: ReadonlyMap<string, Ty | undefined>, arrays: ReadonlySet<string>, fault: Fault): void {
  for (const o of operands(v)) value(o, names, arrays, fault);
  const bad = (why: string): void => fault(`${why}: ${printVal(v)}`);
  switch (v.kind) {
    case 'name': {
      if (!names.has(v.id)) bad('unknown name');
      const ty = names.get(v.id);
      if (ty !== undefined && !same(ty, v.ty)) bad('another type than declared');
      break;
    }
    case 'load':
      if (!arrays.has(v.from.array)) bad('no such array');
      if (v.from.index.ty.lanes > 1 && v.from.index.ty.lanes !== v.ty.lanes) bad('a gather of other lanes');
      if (v.half && (v.mask || v.from.index.ty.lanes > 1 || v.ty.lanes === 1)) bad('half of what is no plain run');
      break;
    case 'binary': {
      const shift = v.op === 'shl' || v.op === 'shr';
      if (v.a.ty.lanes !== v.b.ty.lanes || (!shift && v.a.ty.dtype !== v.b.ty.dtype)) bad('operands differ');
      if (v.ty.lanes !== v.a.ty.lanes || v.ty.dtype !== (COMPARE.has(v.op) ? 'bool' : v.a.ty.dtype)) bad('wrong type');
      break;
    }
    case 'select':
      if (!same(v.then.ty, v.else.ty) || !same(v.then.ty, v.ty)) bad('sides differ');
      if (v.cond.ty.dtype !== 'bool' || (v.cond.ty.lanes !== 1 && v.cond.ty.lanes !== v.ty.lanes)) bad('no condition');
      break;
    case 'splat':
      if (v.a.ty.lanes !== 1) bad('splat of lanes');
      break;
    case 'call':
      if (v.args.some((a) => a.ty.lanes !== v.ty.lanes)) bad('arguments of other lanes');
      break;
    default:
      break;
  }
}
