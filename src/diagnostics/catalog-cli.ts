import { error } from './rule.ts';

/** What the command reports about files and arguments. */
export const CLI = {
  'file-missing': error<{ file: string }>((p) => `cannot read \`${p.file}\``, 'the path is relative to the current folder'),
  'file-kind': error<{ file: string }>((p) => `\`${p.file}\` is not a .ktune file`),
} as const;
