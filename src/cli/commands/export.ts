import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { openStore } from '../../store/records.ts';
import type { Command } from '../command.ts';
import type { CommonArgs } from '../context.ts';
import { EXIT } from '../exit.ts';
import { paths } from '../host.ts';
import { selectStudies } from '../studies.ts';
import { UserError } from '../user-error.ts';
import { writeT4 } from '../write-t4.ts';

interface Args extends CommonArgs {
  readonly study: string;
  readonly t4: string;
}

export const exportStudy: Command<Args> = {
  usage: 'export <study>',
  help: 'Write a tuning study as a file of the public T4 format, for `ktune replay` and other tools',
  options: (y) =>
    y
      .positional('study', {
        type: 'string',
        demandOption: true,
        describe: 'an operator, a target or the first characters of an id: the latest study of it',
      })
      .option('t4', { type: 'string', demandOption: true, describe: 'the file to write: .json or .json.gz' }),
  run(args, { io }) {
    const place = paths(io);
    const store = openStore(place.records);
    try {
      const [head] = selectStudies(store.reading.heads(), [args.study]);
      if (head === undefined)
        throw new UserError(diagnostic('no-study', { path: place.records, wanted: args.study }), EXIT.usage);
      const configs = writeT4(io, store, head.id, args.t4);
      return Promise.resolve({
        exit: EXIT.ok,
        text: `${args.t4}: ${configs} configs of ${head.op} on ${head.target}, ${head.shape}`,
        result: { file: args.t4, study: head.id, op: head.op, target: head.target, shape: head.shape, configs },
      });
    } finally {
      store.close();
    }
  },
};
