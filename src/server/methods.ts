import type { FastifyInstance } from 'fastify'

/** Which methods the paths of an app have. Create it before the routes are added. */
export class Methods {
  readonly #paths = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()

  constructor(app: FastifyInstance) {
    app.addHook('onRoute', ({ url, method }) => {
      const known = this.#paths.get(url) ?? { pattern: patternOf(url), methods: new Set() }
      for (const name of [method].flat()) known.methods.add(name)
      this.#paths.set(url, known)
    })
  }

  /** Methods of a path, sorted; none of one that is unknown. */
  of(url: string): string[] {
    const path = url.replace(/\?.*$/s, '')
    const found = [...this.#paths.values()].filter(({ pattern }) => pattern.test(path))
    return [...new Set(found.flatMap(({ methods }) => [...methods]))].sort()
  }
}

function patternOf(route: string): RegExp {
  const escaped = route.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replace(/:\w+/g, '[^/]+').replace('\\*', '.*')}$`)
}
