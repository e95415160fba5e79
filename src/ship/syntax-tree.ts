/** Walking the trees that the parser makes. */
import type { AnyNode, Node } from "acorn";

/** Calls `visit` for the node and all below it, from the left to the right; where it returns false, not for those below. */
export function walk(node: Node, visit: (node: AnyNode, parent: AnyNode | undefined) => boolean | void): void {
  descend(node as AnyNode, undefined, visit);
}

function descend(node: AnyNode, parent: AnyNode | undefined, visit: (node: AnyNode, parent: AnyNode | undefined) => boolean | void): void {
  if (visit(node, parent) === false) return;
  for (const child of childrenOf(node)) descend(child, node, visit);
}

function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = [];
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) children.push(...value.filter(isNode));
    else if (isNode(value)) children.push(value);
  }
  return children;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string" && "start" in value;
}

export function isWithin(inner: Node, outer: Node): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

/** Any function but an arrow has its own `this`, `arguments` and `new.target`. */
export function hasOwnThis(node: AnyNode): boolean {
  return node.type === "FunctionDeclaration" || node.type === "FunctionExpression";
}
