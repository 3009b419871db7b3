import { Level, log, readInput, writeOutput } from './ifab'

const MOST_WORDS = 3

/** The words of a text that come most often, with how often they come: `[["the",3],["log",2]]`. */
export function run(): i32 {
  const words = String.UTF8.decode(readInput()).toLowerCase().split(' ')
  const counts = new Map<string, i32>()
  for (let index = 0; index < words.length; index++) {
    const word = wordOf(words[index])
    if (word.length > 0) counts.set(word, counts.has(word) ? counts.get(word) + 1 : 1)
  }
  log(Level.Info, `${counts.size} different words`)
  const found = counts.keys()
  // Words that come equally often are in alphabetical order.
  found.sort((left, right) => (left < right ? -1 : 1))
  const ordered: string[] = []
  while (ordered.length < MOST_WORDS && found.length > 0) {
    let best = 0
    for (let index = 1; index < found.length; index++) {
      if (counts.get(found[index]) > counts.get(found[best])) best = index
    }
    ordered.push(`["${found[best]}",${counts.get(found[best])}]`)
    found.splice(best, 1)
  }
  return writeOutput(`[${ordered.join(',')}]`)
}

/** Without what is no letter from a to z. */
function wordOf(text: string): string {
  let word = ''
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code >= 97 && code <= 122) word += text.charAt(index)
  }
  return word
}
