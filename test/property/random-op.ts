import fc from 'fast-check';

/**
 * Random well-typed operators, as source text. A program is decoded from a list of small numbers, 0 being the simplest choice everywhere
 * and the answer once the list is used up: dropping and zeroing numbers, which fast-check does when it shrinks, gives smaller programs.
 */
export interface RandomOp {
  readonly source: string;
}
export const arbitraryOp = (size = 220): fc.Arbitrary<RandomOp> =>
  fc.array(fc.nat(255), { maxLength: size, size: 'max' }).map((choices) => ({ source: new Builder(choices).op() }));

type Ty = 'f32' | 'i32' | 'i64' | 'u64' | 'bool';
type Storage = 'f32' | 'f16' | 'bf16' | 'i32' | 'i64' | 'u8' | 'u64' | 'bool';
const WIDENS: Readonly<Record<Storage, Ty>> = {
  f32: 'f32',
  f16: 'f32',
  bf16: 'f32',
  i32: 'i32',
  i64: 'i64',
  u8: 'i32',
  u64: 'u64',
  bool: 'bool',
};
const DIMS = ['N', 'M', 'K'] as const;
type Dim = (typeof DIMS)[number] | 'L';

interface Index {
  readonly name: string;
  readonly dim: Dim;
}
interface Tensor {
  readonly name: string;
  readonly storage: Storage;
  readonly axes: readonly Dim[];
  /** A let with a `where`: may be read by a reduction over its last index only. */
  readonly partial?: boolean;
}

/** Walks the list of choices; the only state of a decoding. */
class Builder {
  private at = 0;
  private fresh = 0;
  private readonly tensors: Tensor[] = [];
  private readonly scalars: { readonly name: string; readonly ty: Ty }[] = [];
  private readonly choices: readonly number[];

  constructor(choices: readonly number[]) {
    this.choices = choices;
  }

  private next(n: number): number {
    const c = this.choices[this.at++] ?? 0;
    return c % n;
  }
  private pick<T>(items: readonly T[]): T {
    return items[this.next(items.length)] as T;
  }
  private name(prefix: string): string {
    return `${prefix}${this.fresh++}`;
  }

  op(): string {
    const inputs: Tensor[] = [
      { name: 'x', storage: this.pick(['f32', 'i64', 'bf16', 'i32', 'f16', 'u64', 'u8', 'bool']), axes: ['N', 'M'] },
    ];
    const more = this.next(4);
    for (let k = 0; k < more; k++) {
      const axes = this.pick<readonly Dim[]>([
        ['N'],
        ['M'],
        ['N', 'M'],
        ['K'],
        ['K', 'M'],
        ['N', 'M', 'K'],
        ['N', 'L'],
        ['N', 'L', 'M'],
      ]);
      inputs.push({
        name: this.name('v'),
        storage: this.pick(['f32', 'i64', 'bf16', 'i32', 'f16', 'u64', 'u8', 'bool']),
        axes,
      });
    }
    this.tensors.push(...inputs);
    const ragged = inputs.some((t) => t.axes.includes('L'));
    const scalars = this.next(3);
    for (let k = 0; k < scalars; k++)
      this.scalars.push({ name: this.name('c'), ty: this.pick(['f32', 'i64', 'i32', 'bool']) });
    const body: string[] = [];
    const lets = this.next(4);
    for (let k = 0; k < lets; k++) body.push(this.let(ragged));
    const results: string[] = [];
    const count = 1 + this.next(3);
    for (let k = 0; k < count; k++) this.result(ragged, results, body);
    const params = [
      ...inputs.map((t) => `${t.name}: ${t.storage}[${t.axes.map((a) => (a === 'L' ? '~L(off)' : a)).join(', ')}]`),
      ...(ragged ? ['off: i64[N+1]'] : []),
      ...this.scalars.map((s) => `${s.name}: ${s.ty}`),
    ];
    // K must be bound by an input for any extent of K to have a meaning.
    const bound = inputs.some((t) => t.axes.includes('K')) ? [] : ['k0: f32[K]'];
    return `op random(${[...params, ...bound].join(', ')}) -> (${results.join(', ')}) {\n${body.map((l) => `  ${l}\n`).join('')}}\n`;
  }

  private indices(ragged: boolean): readonly Index[] {
    const shapes: (readonly Dim[])[] = [['N', 'M'], ['N'], ['M'], ['N', 'K'], ['N', 'M', 'K'], []];
    if (ragged) shapes.push(['N', 'L'], ['N', 'L', 'M']);
    return this.pick(shapes).map((dim) => ({ name: this.name(dim.toLowerCase()), dim }));
  }

  /** The left side of a let: an index that no access mentions must say what it ranges over. */
  private lhs(name: string, scope: readonly Index[]): string {
    return scope.length === 0 ? name : `${name}[${scope.map((i) => `${i.name} in ${i.dim}`).join(', ')}]`;
  }

  private let(ragged: boolean): string {
    const scope = this.indices(ragged);
    const ty = this.pick<Ty>(['f32', 'i64', 'i32', 'bool', 'u64']);
    const name = this.name('t');
    const partial = scope.length >= 2 && this.next(5) === 4;
    const where = partial ? ` where ${this.expr('bool', scope, 1)}` : '';
    const text = `let ${this.lhs(name, scope)}${where} = ${this.expr(ty, scope, 3)};`;
    this.tensors.push({ name, storage: ty, axes: scope.map((i) => i.dim), ...(partial ? { partial } : {}) });
    return text;
  }

  private result(ragged: boolean, results: string[], body: string[]): void {
    const name = this.name('y');
    const kind = this.next(12);
    if (kind === 11) {
      results.push(`${name}: i64[K]`);
      const [n, m] = [this.name('n'), this.name('m')];
      const at = this.expr(
        'i64',
        [
          { name: n, dim: 'N' },
          { name: m, dim: 'M' },
        ],
        2,
      );
      // The axes of a scatter are those its expressions mention bare: x[n, m] makes sure there are two.
      body.push(
        `scatter add ${name}[${this.pick(['drop', 'clamp'])} ${at}] where ${this.truth('x', n, m)} = ${this.expr(
          'i64',
          [
            { name: n, dim: 'N' },
            { name: m, dim: 'M' },
          ],
          1,
        )} init ${this.next(3)};`,
      );
      return;
    }
    if (kind === 10) {
      const at = this.name('y');
      const [n, j, m] = [this.name('n'), this.name('j'), this.name('m')];
      results.push(`${name}: f32[N, M]`, `${at}: i64[N, M]`);
      const key = this.expr(
        'f32',
        [
          { name: n, dim: 'N' },
          { name: m, dim: 'M' },
        ],
        2,
      );
      body.push(
        `${name}[${n}, ${j}], ${at}[${n}, ${j}] = sort[${m}](${key} + (if ${this.truth('x', n, m)} then 0.0 else 1.0))${this.pick(['', ' descending'])};`,
      );
      return;
    }
    const scope = this.indices(ragged);
    const storage = this.pick<Storage>(['f32', 'i64', 'bf16', 'i32', 'f16', 'u64', 'u8', 'bool']);
    const axes = scope.map((i) => (i.dim === 'L' ? '~L(off)' : i.dim));
    results.push(`${name}: ${storage}${axes.length === 0 ? '' : `[${axes.join(', ')}]`}`);
    const value = this.expr(WIDENS[storage], scope, 4);
    const narrowed = storage === WIDENS[storage] ? value : `(${value}) as ${storage}`;
    body.push(`${scope.length === 0 ? name : `${name}[${scope.map((i) => i.name).join(', ')}]`} = ${narrowed};`);
  }
  private truth(tensor: string, n: string, m: string): string {
    const t = this.tensors.find((x) => x.name === tensor);
    if (t?.storage === 'bool') return `(${tensor}[${n}, ${m}] || true)`;
    return `(${tensor}[${n}, ${m}] == ${tensor}[${n}, ${m}])`;
  }

  /** An expression of type `ty`; `depth` bounds its height. */
  private expr(ty: Ty, scope: readonly Index[], depth: number): string {
    const leaf = depth <= 0 || this.next(6) === 0;
    if (leaf) return this.leaf(ty, scope);
    const kind = this.next(8);
    if (kind === 0) return this.read(ty, scope, depth) ?? this.leaf(ty, scope);
    if (kind === 1)
      return `(if ${this.expr('bool', scope, depth - 1)} then ${this.expr(ty, scope, depth - 1)} else ${this.expr(ty, scope, depth - 1)})`;
    if (kind === 2) return this.reduce(ty, scope, depth) ?? this.leaf(ty, scope);
    return this.arithmetic(ty, scope, depth - 1);
  }

  private leaf(ty: Ty, scope: readonly Index[]): string {
    const read = this.next(4) === 0 ? undefined : this.read(ty, scope, 0);
    if (read !== undefined) return read;
    const scalars = this.scalars.filter((s) => s.ty === ty);
    if (scalars.length > 0 && this.next(2) === 1) return this.pick(scalars).name;
    const n = this.next(5);
    switch (ty) {
      case 'f32':
        return ['0.0', '1.0', '0.5', '2.0', '3.25'][n] ?? '1.0';
      case 'i64': {
        const index = scope[this.next(scope.length + 1)];
        return index === undefined ? `${n}` : index.name;
      }
      case 'i32':
      case 'u64':
        return `(${n} as ${ty})`;
      case 'bool':
        return n % 2 === 0 ? 'true' : 'false';
    }
  }

  /** A read of a tensor whose elements widen to `ty`: by an index in scope, clamped, or guarded. */
  private read(ty: Ty, scope: readonly Index[], depth: number): string | undefined {
    const fit = this.tensors.filter((t) => WIDENS[t.storage] === ty && t.partial !== true && this.reachable(t, scope));
    if (fit.length === 0) return undefined;
    const t = this.pick(fit);
    if (t.axes.length === 0) return t.name;
    let guarded = false;
    const index = t.axes.map((dim) => {
      const bare = scope.filter((i) => i.dim === dim);
      const how = this.next(8);
      if (bare.length > 0 && how < 5) return this.pick(bare).name;
      if (how === 6 && bare.length > 0) {
        guarded = true;
        return `${this.pick(bare).name} ${this.pick(['+', '-'])} 1`;
      }
      return dim === 'L' && bare.length > 0
        ? this.pick(bare).name
        : `clamp ${depth > 0 ? this.expr('i64', scope, depth - 1) : this.leafIndex(scope)}`;
    });
    const text = `${t.name}[${index.join(', ')}]`;
    return guarded ? `(${text} ?? ${this.zero(ty)})` : text;
  }
  private leafIndex(scope: readonly Index[]): string {
    const index = scope[this.next(scope.length + 1)];
    return index === undefined ? '0' : index.name;
  }
  private zero(ty: Ty): string {
    if (ty === 'bool') return 'false';
    return ty === 'f32' ? '0.0' : ty === 'i64' ? '0' : `(0 as ${ty})`;
  }
  /** Ragged rows need their own N and L indices, because a length depends on the row. */
  private reachable(t: Tensor, scope: readonly Index[]): boolean {
    return (
      !t.axes.includes('L') || (scope.some((i) => i.dim === 'L') && scope.filter((i) => i.dim === 'N').length === 1)
    );
  }

  private reduce(ty: Ty, scope: readonly Index[], depth: number): string | undefined {
    const dim = this.pick<Dim>(['M', 'K', 'N']);
    const partials = this.tensors.filter(
      (t) => t.partial === true && WIDENS[t.storage] === ty && t.axes.every((d) => d !== 'L'),
    );
    const inner: Index = { name: this.name('r'), dim };
    const binder = `${inner.name} in ${dim}`;
    const inScope = [...scope, inner];
    const partial = this.next(3) === 2 ? partials[this.next(Math.max(partials.length, 1))] : undefined;
    const where = this.next(4) === 3 ? ` where ${this.expr('bool', inScope, 1)}` : '';
    if (partial !== undefined && (ty === 'f32' || ty === 'i64')) {
      // Absent points are skipped by the reduction; outer indices are clamped only where the let is total, so all must be bare.
      const index = partial.axes.map((d) => inScope.filter((i) => i.dim === d)[0]?.name);
      if (index.every((i) => i !== undefined) && index.includes(inner.name))
        return `sum[${binder}${where}](${partial.name}[${index.join(', ')}])`;
    }
    switch (ty) {
      case 'f32': {
        const red = this.pick(['sum', 'max', 'mean', 'min', 'prod', 'var', 'logsumexp']);
        const body = this.expr('f32', inScope, depth - 2);
        return `${red}[${binder}${where}](${red === 'prod' ? `tanh(${body})` : body})`;
      }
      case 'i64': {
        const red = this.pick(['sum', 'count', 'argmax', 'max', 'first', 'min']);
        const body = this.expr(
          red === 'count' || red === 'first' ? 'bool' : red === 'argmax' ? 'f32' : 'i64',
          inScope,
          depth - 2,
        );
        return `${red}[${binder}${where}](${body})`;
      }
      case 'i32':
      case 'u64':
        return `${this.pick(['sum', 'max', 'min'])}[${binder}${where}](${this.expr(ty, inScope, depth - 2)})`;
      case 'bool':
        return `${this.pick(['any', 'all'])}[${binder}${where}](${this.expr('bool', inScope, depth - 2)})`;
    }
  }

  private arithmetic(ty: Ty, scope: readonly Index[], depth: number): string {
    const e = (t: Ty): string => this.expr(t, scope, depth);
    switch (ty) {
      case 'f32': {
        const kind = this.next(10);
        if (kind <= 2) return `(${e('f32')} ${['+', '*', '-'][kind] ?? '+'} ${e('f32')})`;
        if (kind === 3) return `(${e('f32')} / (1.0 + abs(${e('f32')})))`;
        if (kind === 4) return `${this.pick(['abs', 'relu', 'tanh', 'sigmoid', 'floor', 'erf', 'silu'])}(${e('f32')})`;
        if (kind === 5) return `${this.pick(['exp', 'expm1'])}(-abs(${e('f32')}))`;
        if (kind === 6) return `${this.pick(['sqrt', 'log1p'])}(abs(${e('f32')}))`;
        if (kind === 7) return `${this.pick(['max', 'min', 'fmax', 'fmin'])}(${e('f32')}, ${e('f32')})`;
        if (kind === 8) return `(${e(this.pick<Ty>(['i32', 'i64']))} as f32)`;
        return `(${e('f32')} as ${this.pick(['bf16', 'f16', 'f8e4m3', 'f8e5m2'])})`;
      }
      case 'i64':
      case 'i32':
      case 'u64': {
        const kind = this.next(6);
        if (kind === 0) return `(${e(ty)} ${this.pick(['+', '-', '*'])} ${e(ty)})`;
        if (kind === 1) return `(${e(ty)} ${this.pick(['//', '%'])} ${e(ty)})`;
        if (kind === 2) return `(${e(ty)} ${this.pick(['&', '|', '^'])} ${e(ty)})`;
        if (kind === 3) return `(${e(ty)} ${this.pick(['<<', '>>'])} ${this.next(40)})`;
        if (kind === 4) return `${this.pick(['max', 'min'])}(${e(ty)}, ${e(ty)})`;
        return `(${e(this.pick<Ty>(ty === 'i64' ? ['i32', 'u64', 'f32'] : ['i64', 'f32', 'i32']))} as ${ty})`;
      }
      case 'bool': {
        const kind = this.next(4);
        if (kind === 0) {
          const t = this.pick<Ty>(['i64', 'f32', 'i32', 'u64']);
          return `(${e(t)} ${this.pick(['<', '<=', '==', '!=', '>', '>='])} ${e(t)})`;
        }
        if (kind === 1) return `(${e('bool')} ${this.pick(['&&', '||'])} ${e('bool')})`;
        if (kind === 2) return `(!${e('bool')})`;
        return `isnan(${e('f32')})`;
      }
    }
  }
}
