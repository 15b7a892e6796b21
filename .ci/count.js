// Prints `N passed, N failed, N skipped` from a report of vitest. Without a report nothing passed.
import { readFileSync } from 'node:fs'

const [file = ''] = process.argv.slice(2)
const text = readFileSync(file, 'utf8')
const report = text === '' ? { numPassedTests: 0, numFailedTests: 1 } : JSON.parse(text)
const { numPassedTests: passed, numFailedTests: failed } = report
const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0)
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
