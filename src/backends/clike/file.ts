import { join } from 'node:path';
import { readDoc } from '../../dsl/doc.ts';
import { printGraph } from '../../codegen/ir/print.ts';
import type { StageGraph } from '../../codegen/ir/stage.ts';
import type { Emitted, Helper } from '../../codegen/program.ts';
import { template } from '../../codegen/render/templates.ts';

interface FileModel {
  readonly header: readonly string[];
  readonly declarations: readonly string[];
  readonly functions: readonly string[];
  readonly body: string;
}
const fileTemplate = template<FileModel>(join(import.meta.dirname, 'templates'), 'file');

/** A file of helpers and bodies; one-line declarations stand first. */
export function fileText(header: readonly string[], helpers: readonly Helper[], body: string): string {
  const isLine = (h: Helper): boolean => !h.text.includes('\n');
  const text = fileTemplate({
    header,
    declarations: helpers.filter(isLine).map((h) => h.text),
    functions: helpers.filter((h) => !isLine(h)).map((h) => h.text),
    body,
  });
  return `${text.replace(/\n{3,}/g, '\n\n').trimEnd()}\n`;
}

/** One file for several variants: helpers once, then the bodies. */
export function batchText(variants: readonly Emitted[]): string {
  const helpers = new Map<string, Helper>();
  for (const v of variants) {
    for (const h of v.helpers) {
      const known = helpers.get(h.name);
      if (known !== undefined && known.text !== h.text) throw new Error(`internal: two helpers are named ${h.name}`);
      helpers.set(h.name, h);
    }
  }
  return fileText(
    [` ${variants.map((v) => v.entry).join(', ')}`],
    [...helpers.values()],
    variants.map((v) => v.body).join('\n'),
  );
}

/** The comment on top of a file: the operator's documentation and graph, then `notes`. */
export function headerOf(source: StageGraph, target: string, notes: readonly string[]): readonly string[] {
  const doc = source.doc === undefined ? [] : readDoc(source.doc).text.split('\n');
  return [
    ` ${source.name} for ${target}, made by ktune.`,
    ...doc.map((l) => ` ${l}`),
    '',
    ...printGraph(source)
      .trimEnd()
      .split('\n')
      .map((l) => `   ${l.length > 140 ? `${l.slice(0, 139)}…` : l}`),
    '',
    ...notes.map((l) => ` ${l}`),
  ].map((l) => l.trimEnd());
}
