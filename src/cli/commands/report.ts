import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { diagnostic } from '../../diagnostics/diagnostic.ts';
import { reportPage } from '../../report/page.ts';
import { studyReport } from '../../report/study.ts';
import { openStore } from '../../store/records.ts';
import type { StudyHead } from '../../store/reading.ts';
import type { Command } from '../command.ts';
import type { CommonArgs } from '../context.ts';
import { EXIT } from '../exit.ts';
import { paths } from '../host.ts';
import { selectStudies } from '../studies.ts';
import { cannotWrite, UserError } from '../user-error.ts';
import { VERSION } from '../version.ts';

interface Args extends CommonArgs {
  readonly studies: string[] | undefined;
  readonly out: string;
  readonly all: boolean;
}

/** Studies on one page unless `--all` asks for more. */
const MOST = 20;

export const report: Command<Args> = {
  usage: 'report [studies..]',
  help: 'Write an HTML page of the tuning records: searches, results, failures, in one file',
  options: (y) =>
    y
      .positional('studies', {
        type: 'string',
        array: true,
        describe: 'operators, targets, or the first characters of a study’s id; all where none is named',
      })
      .option('out', { type: 'string', default: 'ktune-report.html', describe: 'the file to write' })
      .option('all', { type: 'boolean', default: false, describe: `every study, not the latest ${MOST}` }),
  run(args, { io }) {
    const place = paths(io);
    const store = openStore(place.records);
    try {
      const found = selectStudies(store.reading.heads(), args.studies ?? []);
      if (found.length === 0)
        throw new UserError(
          diagnostic('no-study', { path: place.records, wanted: (args.studies ?? []).join(', ') }),
          EXIT.usage,
        );
      const shown = args.all ? found : found.slice(0, MOST);
      const studies = shown.map((h) => studyReport(store.reading.study(h)));
      const html = reportPage(studies, {
        version: VERSION,
        at: `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`,
      });
      const file = resolve(io.cwd, args.out);
      try {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, html);
      } catch (error) {
        throw cannotWrite(args.out, error, EXIT.usage);
      }
      const left = found.length - shown.length;
      return Promise.resolve({
        exit: EXIT.ok,
        text: `${args.out}: ${shown.length === 1 ? '1 study' : `${shown.length} studies`}, ${Math.ceil(html.length / 1024)} KiB${left === 0 ? '' : `; ${left} older ones left out (--all)`}`,
        result: { file: args.out, studies: shown.map(brief), leftOut: left },
      });
    } finally {
      store.close();
    }
  },
};

const brief = (h: StudyHead): Record<string, unknown> => ({
  id: h.id,
  op: h.op,
  target: h.target,
  shape: h.shape,
  strategy: h.strategy,
  state: h.state,
  startedAt: h.startedAt,
  evals: h.evals,
  seconds: h.seconds,
});
