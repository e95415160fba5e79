/**
 * The whole code of a worker as text, compressed, in base 64, or `undefined` when only the compiler has run: `npm run build` puts it
 * into the compiled form of this module, and the code into `worker/runtime.cjs`. As the compiler overwrites this module, the text is
 * never older than the rest.
 */
export const packedWorkerCode: string | undefined = undefined;
