/** `TypeError: boom`: whatever was thrown, in one line. */
export function describeError(error: unknown): string {
  return oneLine(isErrorLike(error) ? `${nameOf(error)}: ${error.message}` : `thrown: ${show(error)}`);
}

/** Line ends and other control characters as escapes, so that one message stays one line and cannot steer the terminal. */
export function oneLine(text: string): string {
  return text.replace(
    controlCharacters,
    (character) => escapes.get(character) ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}

function isErrorLike(error: unknown): error is { readonly message: string } {
  return typeof error === "object" && error !== null && typeof Reflect.get(error, "message") === "string";
}

function nameOf(error: object): string {
  const name: unknown = Reflect.get(error, "name");
  const remoteName: unknown = Reflect.get(error, "remoteName");
  if (typeof remoteName === "string" && remoteName !== "") return remoteName;
  return typeof name === "string" && name !== "" ? name : "Error";
}

function show(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f]/g;
const escapes = new Map([
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);
