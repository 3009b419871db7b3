import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { OPERATION_LIST } from '../../../src/operations/table.js'
import { curl } from '../../../src/server/openapi/curl.js'
import { openApiDocument } from '../../../src/server/openapi/document.js'
import { renderPage } from '../../../src/server/openapi/page.js'
import { rawRequest } from '../../support/raw-http.js'
import { serveFabric } from '../../support/served-fabric.js'

const document = openApiDocument(OPERATION_LIST)
const page = renderPage(document)

describe('the page', () => {
  test('shows each operation once, and all its links lead somewhere', () => {
    const places = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(places).size).toBe(places.length)
    for (const { name, path } of OPERATION_LIST) {
      expect(places).toContain(name)
      expect(page).toContain(path.replace(/:(\w+)/g, '{$1}'))
    }
    for (const [, target] of page.matchAll(/href="#([^"]+)"/g)) expect(places).toContain(target)
  })

  test('runs no script and asks for nothing from elsewhere', () => {
    expect(page).not.toMatch(/<script|javascript:|\son\w+=|<img|<iframe|@import|url\(/i)
    expect([...page.matchAll(/\s(?:src|href)="([^"#][^"]*)"/g)].map(([, target]) => target).sort()).toEqual([
      '/openapi.json',
      'data:,',
    ])
  })

  test('takes texts for texts', () => {
    const evil = '<script>alert(1)</script> & `"</code><b>`'
    const { info, ...rest } = document
    const shown = renderPage({ ...rest, info: { ...info, title: evil, description: evil } })
    expect(shown).not.toMatch(/<script|<b>/)
    expect(shown).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; <code>&quot;&lt;/code&gt;&lt;b&gt;</code>')
  })

  test('shows each request as a command', () => {
    const operation = document.paths['/v1/tasks/{task}/release']?.post
    if (operation === undefined) throw new Error('not described')
    expect(curl(document, { method: 'POST', path: '/v1/tasks/{task}/release', operation })).toBe(
      [
        'curl -X POST http://127.0.0.1:7420/v1/tasks/P0.1.2/release',
        '-H "Authorization: Bearer $TOKEN"',
        `-H 'Content-Type: application/json'`,
        `-d '{"as":"session-4-sip","epoch":42,"note":"out of context"}'`,
      ].join(' \\\n  '),
    )
  })
})

describe('over HTTP', () => {
  test('anybody may read the document and the page, by the right name only', async () => {
    await using served = await serveFabric()
    for (const [path, type] of [
      ['/openapi.json', 'application/json'],
      ['/docs', 'text/html; charset=utf-8'],
    ] as const) {
      const answer = await fetch(served.server.url + path)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type])
      const tag = answer.headers.get('etag') ?? ''
      const again = await fetch(served.server.url + path, { headers: { 'if-none-match': tag } })
      expect([again.status, await again.text()]).toEqual([304, ''])
      const bound = await rawRequest(served.server.url + path, { headers: { host: 'evil.example' } })
      expect(bound).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } })
      if (path === '/openapi.json') expect(await answer.json()).toEqual(JSON.parse(JSON.stringify(document)))
      else expect(await answer.text()).toBe(page)
    }
  })

  test('the page may use its own style and nothing else', async () => {
    await using served = await serveFabric()
    const answer = await fetch(`${served.server.url}/docs`)
    const style = /<style>(.*)<\/style>/s.exec(await answer.text())?.[1] ?? ''
    const hash = createHash('sha256').update(style).digest('base64')
    const policy = answer.headers.get('content-security-policy')
    expect(policy).toContain(`default-src 'none'; style-src 'sha256-${hash}';`)
    expect(policy).toContain("frame-ancestors 'none'")
  })
})
