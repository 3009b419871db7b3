const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character)
}

/** Text as HTML: paragraphs at blank lines, `code` between backticks. */
export function prose(text: string, paragraph: 'p' | '' = 'p'): string {
  if (text === '') return ''
  const parts = escapeHtml(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .split(/\n{2,}/)
  return paragraph === '' ? parts.join(' ') : parts.map((part) => `<p>${part}</p>`).join('')
}
