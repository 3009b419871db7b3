import type { Suggestion } from './wanted.js'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** The one line of an answer that leaves the completion to the shell: no id and no option begins with a colon. */
export const FILES_LINE = ':files'

/**
 * What a shell reads to complete `ifab`. Each gives the words up to the cursor, one to a line, to `ifab complete`, so that a
 * new command or a task of a minute ago is completed without another script.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of ifab for bash. In ~/.bashrc: source <(ifab completion bash)
_ifab_complete() {
  local IFS=$'\\n' lines
  lines=$("$1" complete bash "\${COMP_WORDS[*]:0:COMP_CWORD+1}" 2>/dev/null)
  COMPREPLY=()
  if [[ $lines == ${FILES_LINE} ]]; then
    # Bash 3 of macOS has no compopt.
    compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$2"))
  else
    COMPREPLY=($lines)
  fi
}
complete -F _ifab_complete ifab infrafabric
`,
  zsh: `#compdef ifab infrafabric
# Completion of ifab for zsh. In ~/.zshrc, after compinit: source <(ifab completion zsh)
_ifab_complete() {
  local -a lines
  lines=("\${(@f)$("\${words[1]}" complete zsh "\${(pj:\\n:)words[1,CURRENT]}" 2>/dev/null)}")
  if [[ $lines[1] == ${FILES_LINE} ]]; then
    _files
  elif [[ -n $lines[1] ]]; then
    _describe ifab lines
  fi
}
compdef _ifab_complete ifab infrafabric
`,
  fish: `# Completion of ifab for fish. In ~/.config/fish/config.fish: ifab completion fish | source
function __ifab_complete
    set -l words (commandline -opc)
    set -l line (begin; printf '%s\\n' $words; printf '%s' (commandline -ct); end | string collect -N)
    set -l lines ($words[1] complete fish $line 2>/dev/null)
    if test "$lines" = ${FILES_LINE}
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $lines
    end
end
complete -c ifab -f -a '(__ifab_complete)'
complete -c infrafabric -f -a '(__ifab_complete)'
`,
}

/** The suggestions as a shell reads them, one to a line. */
export function linesFor(shell: Shell, suggestions: readonly Suggestion[], typed: string): string[] {
  if (shell === 'bash') return suggestions.map(({ value }) => value.slice(cutByBash(typed)))
  return suggestions.map(({ value, description = '' }) => {
    const said = description.replace(/\s+/g, ' ').trim()
    if (shell === 'fish') return said === '' ? value : `${value}\t${said}`
    const name = value.replaceAll(':', '\\:')
    return said === '' ? name : `${name}:${said}`
  })
}

/** Bash takes what stands before a colon or an equals sign for words of their own, and keeps them. */
function cutByBash(typed: string): number {
  return Math.max(typed.lastIndexOf(':'), typed.lastIndexOf('=')) + 1
}

/**
 * The words up to the cursor as they were typed. Bash parts them at colons and equals signs: `code`, `:`, `ru` is one word,
 * and so is `--as`, `=`, `al`.
 */
export function joinedWords(shell: Shell, words: readonly string[]): string[] {
  if (shell !== 'bash') return [...words]
  const joined: string[] = []
  for (const [index, word] of words.entries()) {
    const before = words[index - 1] ?? ''
    const continues = index > 1 && (/^[:=]+$/.test(word) || /[:=]$/.test(before))
    if (continues) joined.push((joined.pop() ?? '') + word)
    else joined.push(word)
  }
  return joined
}
