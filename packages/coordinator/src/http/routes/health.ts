/**
 * `GET /health`, `/livez` and `/readyz`: whether this member is alive, and whether it should be sent
 * requests (etcd: etcdhttp/health.go).
 */

import type { Hono } from 'hono'
import { etcdErrors } from '@holdfast/protocol'
import type { AlarmType } from '../../state-machine/command.js'
import { requestTimeoutMs, type EdgeContext } from '../edge-context.js'
import { wireErrorOf } from '../error-response.js'
import { isLearner } from '../learner.js'
import { getOnly, plainText } from '../plain-response.js'

/** Resolves to what is wrong; undefined when nothing is. */
type Check = (context: EdgeContext) => Promise<string | undefined>
type Checks = Readonly<Record<string, Check>>

const serializableRead: Check = () => Promise.resolve(undefined)

const CHECKS: Readonly<Record<'/livez' | '/readyz', Checks>> = {
  '/livez': { serializable_read: serializableRead },
  '/readyz': {
    data_corruption: (context) =>
      Promise.resolve(hasAlarm(context, 'CORRUPT') ? 'alarm activated: CORRUPT' : undefined),
    serializable_read: serializableRead,
    linearizable_read: (context) => readProblem(context),
    non_learner: (context) =>
      Promise.resolve(isLearner(context) ? 'not ready: learner' : undefined),
  },
}

export function addHealthRoutes(app: Hono, context: EdgeContext): void {
  getOnly(app, '/health', ({ url }) => health(context, new URL(url).searchParams))
  for (const [root, checks] of Object.entries(CHECKS)) {
    getOnly(app, root, ({ url }) => checked(context, checks, new URL(url).searchParams))
    for (const [name, check] of Object.entries(checks)) {
      getOnly(app, `${root}/${name}`, ({ url }) =>
        checked(context, { [name]: check }, new URL(url).searchParams, []),
      )
    }
  }
}

/** Healthy means: no alarm, and a linearizable read succeeds; with `?serializable=true` a local one. */
async function health(context: EdgeContext, query: URLSearchParams): Promise<Response> {
  const reason = await unhealthiness(context, query)
  const body = { health: reason === '' ? 'true' : 'false', reason }
  // JSON that etcd calls text.
  return plainText(JSON.stringify(body), reason === '' ? 200 : 503)
}

async function unhealthiness(context: EdgeContext, query: URLSearchParams): Promise<string> {
  const excluded = query.getAll('exclude')
  const alarm = context.node.state.alarms().find(({ type }) => !excluded.includes(type))
  if (alarm !== undefined) return `ALARM ${alarm.type === 'NONE' ? 'UNKNOWN' : alarm.type}`
  if (query.get('serializable') === 'true') return ''
  if (context.node.status.leaderId === undefined) return 'RAFT NO LEADER'
  const problem = await readProblem(context)
  return problem === undefined ? '' : `RANGE ERROR:${problem}`
}

/** @param exclude the names of checks that do not count */
async function checked(
  context: EdgeContext,
  checks: Checks,
  query: URLSearchParams,
  exclude: readonly string[] = query.getAll('exclude'),
): Promise<Response> {
  const results = await Promise.all(
    Object.entries(checks)
      .filter(([name]) => !exclude.includes(name))
      .map(async ([name, check]) => ({ name, problem: await check(context) })),
  )
  const lines = results.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${problem}\n`,
  )
  const details = lines.join('')
  // Go's http.Error ends what it says with one more line break.
  if (results.some(({ problem }) => problem !== undefined)) return plainText(`${details}\n`, 503)
  return plainText(query.has('verbose') ? `${details}ok\n` : 'ok\n')
}

function hasAlarm({ node }: EdgeContext, wanted: AlarmType): boolean {
  return node.state.alarms().some(({ type }) => type === wanted)
}

async function readProblem(context: EdgeContext): Promise<string | undefined> {
  try {
    await context.node.readBarrier(requestTimeoutMs(context))
    return undefined
  } catch (error) {
    return wireErrorOf(error)?.message ?? etcdErrors.unhealthy.message
  }
}
