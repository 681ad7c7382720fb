import { refused } from './interface-error.js';

/** One node of the tree that `EXPLAIN AST` prints. */
export interface SyntaxNode {
  /** The line without indentation, alias and number of children, e.g. `Function sum`. */
  readonly label: string;
  readonly children: SyntaxNode[];
}

const LINE = /^( *)(\S.*?) *(?:\(alias .*?\))?(?: ?\(children (\d+)\))?$/u;

/**
 * Reads the indented lines of `EXPLAIN AST` into a tree and checks that every node has the children that it announces,
 * so that a name made to look like a line, or like the end of one, changes nothing.
 * @throws InterfaceError 497 where the lines do not form one tree.
 */
export function parseSyntaxTree(text: string): SyntaxNode {
  const path: { node: SyntaxNode; announced: number }[] = [];
  let root: SyntaxNode | undefined;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const match = LINE.exec(line);
    const depth = match?.[1]?.length ?? -1;
    if (match === null || depth < 0 || depth > path.length || (depth === 0 && root !== undefined)) throw malformed();
    closeDownTo(path, depth);
    const node: SyntaxNode = { label: match[2] ?? '', children: [] };
    path.at(-1)?.node.children.push(node);
    root ??= node;
    path.push({ node, announced: Number(match[3] ?? 0) });
  }
  closeDownTo(path, 0);
  if (root === undefined) throw malformed();
  return root;
}

function closeDownTo(path: { node: SyntaxNode; announced: number }[], depth: number): void {
  while (path.length > depth) {
    const last = path.pop();
    if (last !== undefined && last.node.children.length !== last.announced) throw malformed();
  }
}

function malformed(): Error {
  return refused('a statement whose syntax tree cannot be read');
}

/** Visits every node, parents first. */
export function visitTree(
  node: SyntaxNode,
  visit: (node: SyntaxNode, parent: SyntaxNode | undefined) => void,
  parent?: SyntaxNode,
): void {
  visit(node, parent);
  for (const child of node.children) visitTree(child, visit, node);
}
