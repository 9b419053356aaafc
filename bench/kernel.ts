import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../src/assert.ts';
import type { Arch } from '../src/backends/backend.ts';
import { ARCHS } from '../src/backends/cpp/arch.ts';
import { cpp } from '../src/backends/cpp/cpp.ts';
import type { StageGraph } from '../src/codegen/ir/stage.ts';
import { lower } from '../src/codegen/lower/lower.ts';
import type { Emitted } from '../src/codegen/program.ts';
import type { Config, Space } from '../src/codegen/space/space.ts';
import { check, instantiate } from '../src/dsl/check.ts';
import type { DType } from '../src/dsl/dtypes.ts';
import { parse } from '../src/dsl/parse.ts';

/** The stage graph of an operator of the library under a binding of its type parameters. */
export function libraryGraph(file: string, op: string, types: Readonly<Record<string, DType>>): StageGraph {
  const path = join(import.meta.dirname, '../ops', file);
  const found = check(parse(readFileSync(path, 'utf8'), path).module).ops.find((o) => o.name === op);
  const lowered = lower(must(instantiate(must(found, `operator ${op}`), types), `${op} under these types`));
  if (!lowered.ok) throw new Error(`${op} does not lower`);
  return lowered.graph;
}

/** The widest instruction set that this machine runs. */
export function hostArch(): Arch {
  const flags = new Set(
    readFileSync('/proc/cpuinfo', 'utf8')
      .match(/^flags.*$/m)?.[0]
      .split(/[\s:]+/),
  );
  return must(
    ARCHS.find((a) => a.needs.every((n) => flags.has(n))),
    'architecture',
  );
}

/** The default config and every config that differs from it in one parameter, without those the space refuses. */
export function neighbours(space: Space): readonly Config[] {
  const out: Config[] = [{}, ...space.seeds];
  for (const p of space.params) {
    for (const v of valuesOf(p)) if (v !== p.default) out.push({ [p.name]: v });
  }
  return out.filter((c) => space.constraints.every((k) => k.check(c) === undefined));
}
function valuesOf(p: Space['params'][number]): readonly (number | string | boolean)[] {
  switch (p.kind) {
    case 'bool':
      return [false, true];
    case 'enum':
      return p.values;
    case 'pow2': {
      const out: number[] = [];
      for (let v = p.lo; v <= p.hi; v *= 2) out.push(v);
      return out;
    }
    case 'int':
      return [p.lo, p.default, p.hi];
  }
}

/** Emits `config` under the entry name `entry`. */
export function emit(
  graph: StageGraph,
  arch: Arch,
  dims: Readonly<Record<string, number>>,
  config: Config,
  entry: string,
): Emitted {
  const r = cpp.emit(graph, arch, config, { dims }, entry);
  if (!r.ok) throw new Error(r.reasons.map((x) => x.message).join('; '));
  return r.emitted;
}

/** `a=1,b=true,c=name` as a config. */
export const parseConfig = (text: string): Config =>
  Object.fromEntries(
    text.split(',').map((part) => {
      const [name = '', value = ''] = part.split('=');
      return [
        name,
        value === 'true' ? true : value === 'false' ? false : Number.isNaN(Number(value)) ? value : Number(value),
      ];
    }),
  );
