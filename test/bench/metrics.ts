/** Members' own metrics in Prometheus' text format, of which only the plain numbers are read. */

const TIMEOUT_MS = 10_000

export type Metrics = ReadonlyMap<string, number>

/** What has labels is left out. */
export function parseMetrics(text: string): Metrics {
  const metrics = new Map<string, number>()
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*) (\S+)/.exec(line)
    if (match !== null) metrics.set(match[1] ?? '', Number(match[2]))
  }
  return metrics
}

export interface Scrape {
  readonly metrics: Metrics
  readonly atMs: number
}

export async function scrape(url: string): Promise<Scrape> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  if (!response.ok) throw new Error(`${url} answered ${response.status}`)
  return { metrics: parseMetrics(await response.text()), atMs: performance.now() }
}
