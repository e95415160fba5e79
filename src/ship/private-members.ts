/** Whether instances of a class have members that only the class itself can read. */
import { parseExpressionAt } from "./parser.js";

const known = new WeakMap<Function, boolean>();

/** Looks at the class and at those it extends. */
export function hasPrivateMembers(constructor: Function): boolean {
  let answer = known.get(constructor);
  if (answer !== undefined) return answer;
  const parent: unknown = Object.getPrototypeOf(constructor);
  const isInherited = typeof parent === "function" && parent !== Function.prototype && hasPrivateMembers(parent);
  answer = isInherited || declaresPrivate(Function.prototype.toString.call(constructor));
  known.set(constructor, answer);
  return answer;
}

function declaresPrivate(text: string): boolean {
  if (!text.startsWith("class") || !text.includes("#")) return false;
  const node = parseExpressionAt(text);
  if (node.type !== "ClassExpression") return false;
  return node.body.body.some((member) => "key" in member && member.key.type === "PrivateIdentifier" && !member.static);
}
