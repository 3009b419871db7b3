/** Splits a line as a shell does; knows double quotes and a redirection at the end, which is not an argument. */
export function shellWords(line: string): string[] {
  return [...line.replace(/ > \S+$/, '').matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '')
}
