import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import ts from 'typescript';

const SOURCES = 'labextension/src';
const CALLS: Record<string, { context?: number; text: number; plural?: number }> = {
  __: { text: 0 },
  gettext: { text: 0 },
  _n: { text: 0, plural: 1 },
  ngettext: { text: 0, plural: 1 },
  _p: { context: 0, text: 1 },
  pgettext: { context: 0, text: 1 },
  _np: { context: 0, text: 1, plural: 2 },
  npgettext: { context: 0, text: 1, plural: 2 }
};

/**
 * A text that the panel shows, as catalogues of translations name it.
 */
export interface IMessage {
  /** The text, after its context where it has one. */
  key: string;
  /** The form for many, where the text counts something. */
  plural: string | null;
  /** Where it stands. */
  place: string;
}

/**
 * All texts of the sources that are given to a translator, in their order.
 *
 * @throws Error where one is not a literal, so that no catalogue can have it.
 */
export function messages(): IMessage[] {
  const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).sort();
  return files
    .filter(name => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
    .flatMap(name => messagesOf(join(SOURCES, name)));
}

function messagesOf(file: string): IMessage[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, 'utf8'),
    ts.ScriptTarget.ES2022,
    true
  );
  const found: IMessage[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
      const call = CALLS[node.expression.name.text];
      if (call && node.expression.expression.getText().endsWith('trans')) {
        const place = `${file}:${source.getLineAndCharacterOfPosition(node.pos).line + 1}`;
        const text = (at: number | undefined): string | null =>
          at === undefined ? null : literal(node.arguments[at], place);
        const context = text(call.context);
        found.push({
          key: (context === null ? '' : `${context}\u0004`) + (text(call.text) ?? ''),
          plural: text(call.plural),
          place
        });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function literal(node: ts.Expression | undefined, place: string): string {
  if (node && ts.isStringLiteralLike(node)) {
    return node.text;
  }
  if (node && ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    return literal(node.left, place) + literal(node.right, place);
  }
  throw new Error(`${place}: only a literal can be translated`);
}
