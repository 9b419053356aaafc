import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { backends } from '../../backends/registry.ts';
import { readDoc } from '../../dsl/doc.ts';
import type { Command } from '../command.ts';
import type { CommonArgs, Io, Outcome } from '../context.ts';
import { EXIT } from '../exit.ts';
import { requireTarget } from '../host.ts';
import { loadFile, loadRight } from '../load.ts';
import { choose } from '../subject.ts';
import { table } from '../table.ts';

/** The library that comes with the package. */
export const LIBRARY = fileURLToPath(new URL('../../../ops/', import.meta.url));

interface OpsArgs extends CommonArgs {
  readonly matrix?: readonly string[] | undefined;
}

export const ops: Command<OpsArgs> = {
  usage: 'ops',
  help: 'List the operators of the library, or what runs their kernels on each target',
  options: (y) =>
    y.option('matrix', {
      type: 'string',
      array: true,
      describe: 'targets: the pattern of every kernel of the default config on each (none named: one of each family)',
    }),
  async run(args, { io }) {
    const files = readdirSync(LIBRARY)
      .filter((f) => f.endsWith('.ktune'))
      .sort();
    if (args.matrix !== undefined) return matrix(io, files, args.matrix);
    const found = files.flatMap((f) =>
      loadFile(io, join(LIBRARY, f)).checked.ops.map((o) => {
        const doc = readDoc(o.decl.doc ?? '');
        return {
          name: o.name,
          file: join(LIBRARY, f),
          summary: doc.text.split('\n')[0] ?? '',
          source: doc.source ?? null,
          shapes: doc.shapes,
        };
      }),
    );
    return {
      exit: EXIT.ok,
      result: { ops: found },
      text: table(
        ['operator', 'what it is'],
        found.map((o) => [o.name, o.summary]),
      ),
    };
  },
};

/** Operator by target: the patterns of the default config's kernels, or why there is none. `loops` is what no pattern claims. */
async function matrix(io: Io, files: readonly string[], names: readonly string[]): Promise<Outcome> {
  const targets =
    names.length > 0
      ? await Promise.all(names.map((name) => requireTarget(name, 'emit')))
      : backends.flatMap((backend) => backend.archs.slice(-1).map((arch) => ({ backend, arch })));
  const cells = files.flatMap((file) => {
    const loaded = loadRight(io, join(LIBRARY, file));
    return loaded.checked.ops
      .filter((o) => o.decl.span.file === join(LIBRARY, file))
      .map((o) => {
        const type = Object.entries(o.instances[0]?.types ?? {}).map(([k, t]) => `${k}=${t}`);
        const { graph } = choose(loaded, { op: o.name, type }, { doc: 'smallest' });
        const on = targets.map(({ backend, arch }) => {
          const made = backend.emit(graph, arch, {}, { dims: {} }, 'kernel');
          return made.ok
            ? { target: `${backend.name}:${arch.name}`, patterns: made.emitted.patterns }
            : { target: `${backend.name}:${arch.name}`, patterns: [], refused: made.reasons.map((r) => r.message) };
        });
        return { operator: o.name, on };
      });
  });
  return {
    exit: EXIT.ok,
    result: { matrix: cells },
    text: table(
      ['operator', ...targets.map(({ backend, arch }) => `${backend.name}:${arch.name}`)],
      cells.map((c) => [c.operator, ...c.on.map((x) => ('refused' in x ? 'refused' : x.patterns.join(', ')))]),
    ),
  };
}
