/**
 * The page size of every database: SQLite's default, read back when one is opened (sqlite-client.ts).
 * The checksums of pages (page-sums.ts) and the frames of a WAL (wal-pages.ts) are counted in it.
 */
export const PAGE_BYTES = 4096
