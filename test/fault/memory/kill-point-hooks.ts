import type { ResolveHook } from "node:module";

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context);
  if (!found.url.endsWith("/dist/memory/kill-point.js")) return found;
  return { ...found, url: new URL("./armed-kill-point.js", import.meta.url).href };
};
