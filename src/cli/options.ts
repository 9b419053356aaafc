import type { Argv } from 'yargs';
import type { CommonArgs } from './context.ts';
import type { SubjectArgs } from './subject.ts';

/** The file and the operator in it, with types and sizes. */
export const withSubject = <T extends CommonArgs>(y: Argv<T>): Argv<T & SubjectArgs & { readonly file: string }> =>
  y
    .positional('file', { type: 'string', demandOption: true, describe: 'a .ktune file' })
    .option('op', { type: 'string', describe: 'operator, if the file has several' })
    .option('type', { type: 'string', array: true, describe: 'type parameters: T=bf16' })
    .option('shape', {
      type: 'string',
      array: true,
      describe: 'dims, consts and scalars: B=4096,D=4096; totals of ragged axes: total(L)=81920',
    });

export const withTarget = <T>(y: Argv<T>): Argv<T & { readonly target: string }> =>
  y.option('target', { type: 'string', default: 'cpp', describe: 'family or family:arch, see `ktune targets`' });

export const withConfig = <T>(y: Argv<T>): Argv<T & { readonly config: readonly string[] | undefined }> =>
  y.option('config', {
    type: 'string',
    array: true,
    describe: 'parameters that differ from the default: plan=fused,unroll=4',
  });
