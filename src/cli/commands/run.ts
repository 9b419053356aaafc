import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { evaluate } from '../../backends/reference/evaluate.ts';
import type { Tensor } from '../../codegen/numeric/tensor.ts';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import type { Diagnostic } from '../../diagnostics/diagnostic.ts';
import { readNpy, writeNpy } from '../../verify/npy/npy.ts';
import type { Command } from '../command.ts';
import type { CommonArgs, Context, Io } from '../context.ts';
import { EXIT } from '../exit.ts';
import { loadRight } from '../load.ts';
import { withConfig, withSubject, withTarget } from '../options.ts';
import { bindCall } from '../call.ts';
import type { BoundCall } from '../call.ts';
import { runKernel } from '../run-kernel.ts';
import { choose, scalarOf } from '../subject.ts';
import type { Chosen, SubjectArgs } from '../subject.ts';
import { cannotWrite, UserError } from '../user-error.ts';

interface Args extends CommonArgs, SubjectArgs {
  readonly file: string;
  readonly target: string;
  readonly config: readonly string[] | undefined;
  readonly in: readonly string[] | undefined;
  readonly 'out-dir': string | undefined;
  readonly cast: boolean;
}

export const run: Command<Args> = {
  usage: 'run <file>',
  help: 'Run an operator on NumPy arrays, in the reference or on a target',
  options: (y) =>
    withConfig(withTarget(withSubject(y)))
      .option('target', { type: 'string', default: 'reference', describe: '`reference`, or a target' })
      .option('in', {
        type: 'string',
        array: true,
        describe: 'inputs: x=x.npy, once for each tensor of a list; scalars: eps=1e-5',
      })
      .option('out-dir', {
        type: 'string',
        describe: 'folder for the results, one .npy each (a summary is printed if absent)',
      })
      .option('cast', { type: 'boolean', default: false, describe: 'round f32 and f64 files to the declared type' }),
  async run(args, context) {
    const { io } = context;
    // Sizes come from the arrays; those of the doc comment are for tuning.
    const chosen = choose(loadRight(io, args.file), args, { doc: false });
    const { files, scalars } = sortInputs(chosen, args.in ?? []);
    const arrays = readArrays(io, chosen, files, args.cast);
    const call = bindCall(chosen, arrays, scalars);
    const outputs =
      args.target === 'reference'
        ? inReference(chosen, call)
        : await runKernel(chosen, call, args.target, args.config, context);
    return report(chosen, call, outputs, args, context);
  },
};

type Files = ReadonlyMap<string, readonly string[]>;
/** Tells arrays and scalars apart by the signature; files may be repeated for lists. */
function sortInputs(
  chosen: Chosen,
  texts: readonly string[],
): { readonly files: Files; readonly scalars: Readonly<Record<string, number | bigint | boolean>> } {
  const files = new Map<string, string[]>();
  const scalars: Record<string, number | bigint | boolean> = {};
  const problems: Diagnostic[] = [];
  const refused = new Set<string>();
  const { params } = chosen.op;
  for (const text of texts) {
    const at = text.indexOf('=');
    const name = text.slice(0, Math.max(at, 0)).trim();
    const value = text.slice(at + 1).trim();
    const p = params.find((x) => x.name === name);
    if (at <= 0)
      problems.push(diagnostic('argument-form', { option: 'in', text, form: 'NAME=FILE.npy or NAME=VALUE' }));
    else if (p === undefined)
      problems.push(diagnostic('input-unknown', { name, has: params.map((x) => `\`${x.name}\``).join(', ') }));
    else if (p.mode === 'tensor' || p.mode === 'inout') files.set(name, [...(files.get(name) ?? []), value]);
    else {
      const v = scalarOf(p, value);
      if (v === undefined || p.mode === 'const') refused.add(name);
      if (v === undefined || p.mode === 'const')
        problems.push(
          diagnostic('value-form', {
            name,
            text: value,
            dtype:
              p.mode === 'const'
                ? 'const; give it with --shape'
                : p.type.elem.kind === 'scalar'
                  ? p.type.elem.dtype
                  : '',
          }),
        );
      else scalars[name] = v;
    }
  }
  for (const p of params) {
    const tensor = p.mode === 'tensor' || p.mode === 'inout';
    if (tensor && !files.has(p.name) && p.list === undefined)
      problems.push(diagnostic('input-missing', { name: p.name }));
    if (refused.has(p.name)) continue;
    if (p.mode === 'scalar' && p.default === undefined && !(p.name in scalars) && !(p.name in chosen.scalars))
      problems.push(diagnostic('scalar-missing', { name: p.name }));
  }
  if (problems.length > 0) throw new UserError(problems, EXIT.usage, chosen.loaded.sources);
  const given = Object.entries(chosen.scalars).map(([k, v]) => [k, typeof v === 'string' ? BigInt(v) : v] as const);
  return { files, scalars: { ...Object.fromEntries(given), ...scalars } };
}

function readArrays(io: Io, chosen: Chosen, files: Files, cast: boolean): ReadonlyMap<string, readonly Tensor[]> {
  const problems: Diagnostic[] = [];
  const out = new Map<string, readonly Tensor[]>();
  for (const [name, paths] of files) {
    const p = chosen.op.params.find((x) => x.name === name);
    const dtype = p?.type.elem.kind === 'scalar' ? p.type.elem.dtype : 'u8';
    const list: Tensor[] = [];
    for (const path of paths) {
      let bytes: Uint8Array;
      try {
        bytes = readFileSync(resolve(io.cwd, path));
      } catch {
        problems.push(diagnostic('file-missing', { file: path }));
        continue;
      }
      const read = readNpy(bytes, path, dtype, { cast });
      if (read.ok) list.push(read.tensor);
      else problems.push(...read.diagnostics);
    }
    out.set(name, list);
  }
  if (problems.length > 0) throw new UserError(problems, EXIT.usage, chosen.loaded.sources);
  return out;
}

function inReference(chosen: Chosen, call: BoundCall): ReadonlyMap<string, readonly Tensor[]> {
  const result = evaluate(chosen.graph, call.inputs, { bounds: false });
  if (!result.ok)
    throw new UserError(
      result.problems.map((p) => diagnostic('input-problem', { problem: p.text })),
      EXIT.usage,
      chosen.loaded.sources,
    );
  const [fault] = result.faults;
  if (fault !== undefined)
    throw new UserError(
      diagnostic('run-fault', {
        fault: `element ${fault.index} of '${fault.buf}' in stage '${fault.stage}'`,
        count: String(result.faultCount),
      }),
      EXIT.verification,
      chosen.loaded.sources,
    );
  return new Map(Object.entries(result.outputs).map(([id, list]) => [id, list.map((o) => o.tensor)]));
}

function report(
  chosen: Chosen,
  call: BoundCall,
  outputs: ReadonlyMap<string, readonly Tensor[]>,
  args: Args,
  { io }: Context,
) {
  const written: string[] = [];
  const rows: string[] = [];
  for (const [id, list] of outputs) {
    for (const [k, t] of list.entries()) {
      const shaped: Tensor = { ...t, shape: call.outputShape(id, k, t) };
      const name =
        list.length === 1 && chosen.graph.buffers.find((b) => b.id === id)?.list === undefined ? id : `${id}_${k}`;
      rows.push(`${name}: ${t.dtype}[${shaped.shape.join(', ')}]`);
      const dir = args['out-dir'];
      if (dir === undefined) continue;
      const path = join(dir, `${name}.npy`);
      try {
        mkdirSync(resolve(io.cwd, dir), { recursive: true });
        writeFileSync(resolve(io.cwd, path), writeNpy(shaped));
      } catch (error) {
        throw cannotWrite(path, error, EXIT.usage);
      }
      written.push(path);
    }
  }
  return {
    exit: EXIT.ok,
    text: [...rows, ...written].join('\n'),
    result: { op: chosen.op.name, target: args.target, outputs: rows, files: written },
  };
}
