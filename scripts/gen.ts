import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { generateCstDts } from 'chevrotain';
import { parser } from '../src/dsl/parser.ts';
import { editorGrammar } from './editor-grammar.ts';

/**
 * Writes what follows from other files: the types of the concrete syntax tree from the grammar, the list of strategies from their folder.
 * `--check` writes nothing and fails when a file is out of date.
 */
const files: Readonly<Record<string, string>> = {
  'src/dsl/cst.generated.ts': cstTypes(),
  'grammar/ktune.tmLanguage.json': editorGrammar(),
  'src/tuner/strategies/registry.generated.ts': strategyList(),
};

/** Nodes keep their place and children only; Chevrotain's own `CstNode` does not fit exact optional properties. */
function cstTypes(): string {
  const types = generateCstDts(parser.getGAstProductions(), { includeVisitorInterface: false });
  const body = types.replace(/^import .*\n/, '').replaceAll(' extends CstNode ', ' extends Located ');
  return `// Written by scripts/gen.ts from the rules of parser.ts.
import type { CstNodeLocation, IToken } from 'chevrotain';

export interface Located {
  location?: CstNodeLocation;
}
${body}`;
}

/** A strategy is a file of its folder that exports a constant of its own name. */
function strategyList(): string {
  const names = readdirSync(new URL('../src/tuner/strategies/', import.meta.url))
    .filter((file) => file.endsWith('.ts') && !file.includes('generated'))
    .map((file) => file.slice(0, -3))
    .sort();
  const imports = names.map((name) => `import { ${name} } from './${name}.ts';`).join('\n');
  return `// Written by scripts/gen.ts from the files of this folder.
import type { Strategy } from '../strategy.ts';
${imports}

/** Every search strategy there is. */
export const strategies: readonly Strategy[] = [${names.join(', ')}];
`;
}

const root = new URL('../', import.meta.url);
const read = (path: string): string => {
  try {
    return readFileSync(new URL(path, root), 'utf8');
  } catch {
    return '';
  }
};
const stale = Object.keys(files).filter((path) => read(path) !== files[path]);
if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    console.error(`out of date: ${stale.join(', ')}; run node scripts/gen.ts`);
    process.exitCode = 1;
  }
} else for (const path of stale) writeFileSync(new URL(path, root), files[path] ?? '');
