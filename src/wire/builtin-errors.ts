/** The language's own error classes, by the code they have on the wire. New ones go to the end. */
const builtinErrors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];

export const builtinErrorNames: readonly string[] = builtinErrors.map(({ name }) => name);
export const builtinErrorPrototypes: readonly object[] = builtinErrors.map(({ prototype }) => prototype);
