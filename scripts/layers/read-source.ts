/** What the layer check needs to know of one source file. Reading it with a parser, not a pattern, also finds types. */
import { parseSync, Visitor } from "oxc-parser";

export interface ImportSite {
  readonly specifier: string;
  readonly line: number;
  /** Whether it is `import("…")`, which loads nothing until it runs. */
  readonly isDynamic: boolean;
}

export interface SourceFile {
  readonly path: string;
  /** Every import, export-from, dynamic import and `import("…")` type, in the order of the text. */
  readonly imports: readonly ImportSite[];
  /** Lines that ask which platform this is. */
  readonly platformLines: readonly number[];
  /** Lines that name the native-call library, however they load it. */
  readonly nativeLines: readonly number[];
}

export function readSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new SyntaxError(`Cannot read ${path}: ${errors[0]!.message}`);
  const imports: ImportSite[] = [];
  const platformLines: number[] = [];
  const nativeLines: number[] = [];
  const lineOf = (node: { start: number }): number => text.slice(0, node.start).split("\n").length;
  const add = (source: { type: string; start: number; value?: unknown } | null, isDynamic = false): void => {
    if (typeof source?.value === "string") imports.push({ specifier: source.value, line: lineOf(source), isDynamic });
  };
  const visitor = new Visitor({
    ImportDeclaration: (node) => {
      add(node.source);
      if (/^(node:)?(os|process)$/.test(node.source.value) && node.specifiers.some(importsPlatform)) platformLines.push(lineOf(node));
    },
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source, true),
    TSImportType: (node) => add(node.source),
    TSExternalModuleReference: (node) => add(node.expression),
    Literal: (node) => {
      if (node.value === "koffi") nativeLines.push(lineOf(node));
    },
    MemberExpression: (node) => {
      const isPlatform = node.property.type === "Identifier" ? node.property.name === "platform" : isText(node.property, "platform");
      if (isPlatform && node.object.type === "Identifier" && /^(process|os)$/.test(node.object.name)) platformLines.push(lineOf(node));
    },
  });
  visitor.visit(program);
  return { path, imports, platformLines, nativeLines };
}

function importsPlatform(specifier: { type: string; imported?: { type: string; name?: string } }): boolean {
  return specifier.imported?.name === "platform";
}

function isText(node: { type: string; value?: unknown }, text: string): boolean {
  return node.type === "Literal" && node.value === text;
}
