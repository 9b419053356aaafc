import { error } from './rule.ts';

/** What is wrong with an array file. */
export const NPY = {
  'npy-foreign': error<{ file: string; starts: string }>(
    (p) => `\`${p.file}\` is not a NumPy array file: it starts with ${p.starts}`,
    'write it with numpy.save',
  ),
  'npy-version': error<{ file: string; version: string }>(
    (p) => `\`${p.file}\` has .npy version ${p.version}`,
    'versions 1.0, 2.0 and 3.0 can be read',
  ),
  'npy-header': error<{ file: string; problem: string }>((p) => `the header of \`${p.file}\` is damaged: ${p.problem}`),
  'npy-truncated': error<{ file: string; needed: number; has: number }>(
    (p) => `\`${p.file}\` is truncated: its header tells of ${p.needed} bytes of data, ${p.has} are there`,
    'write or copy the file again',
  ),
  'npy-kind': error<{ file: string; descr: string }>(
    (p) => `\`${p.file}\` holds elements of type ${p.descr}`,
    'bool, integers, f2, f4 and f8 can be read',
  ),
  'npy-dtype': error<{ file: string; found: string; wanted: string; stored: string; cast: boolean }>(
    (p) => `\`${p.file}\` holds ${p.found}, ${p.wanted} is needed`,
    (p) => `store it as ${p.stored}${p.cast ? ', or round it with --cast' : ''}`,
  ),
} as const;
