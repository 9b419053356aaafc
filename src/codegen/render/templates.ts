import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';

/** A typed template: takes its model, makes no decision of its own. */
export type Template<Model> = (model: Model) => string;

/**
 * Loads `<name>.hbs` from a folder of templates. Text is code, so nothing is escaped unless `escape` says that the page is HTML; a missing field is an
 * error, and only built-in helpers exist.
 */
export function template<Model>(
  folder: string,
  name: string,
  options: { readonly escape?: boolean } = {},
): Template<Model> {
  const engine = Handlebars.create();
  const source = readFileSync(join(folder, `${name}.hbs`), 'utf8');
  const compiled = engine.compile<Model>(source, {
    noEscape: options.escape !== true,
    strict: true,
    knownHelpersOnly: true,
    preventIndent: true,
  });
  return (model) => compiled(model);
}
