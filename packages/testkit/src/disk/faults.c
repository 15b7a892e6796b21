/*
 * Faults of a disk, for one process and the files below one directory: put before libc by LD_PRELOAD,
 * told what to do through a file that it maps (disk-faults.ts writes it; the layout is in both).
 *
 *   HOLDFAST_DISK_FAULTS         the control file
 *   HOLDFAST_DISK_FAULTS_BELOW   the directory, without a slash at its end
 *
 * An error is returned in place of the call, which is not made: as after an fsync that failed, what
 * was to be written may or may not be there. Counters say how often a fault took effect.
 *
 * Space is counted as files grow and shrink, and go by unlink, rename, or open with O_TRUNC; what
 * lies in holes, and copies on write, are not. Nor is what is done with O_APPEND, by paths that are
 * not absolute, or by a call that is not here: writev, pwritev, truncate, openat, creat, unlinkat,
 * renameat, copy_file_range, sendfile, and what stdio opens and writes.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#define UNLIMITED (-1)

struct control {
  /* What to do. Of a failure: how many times; negative for ever. */
  int64_t slow_fsync_ms;
  int64_t fail_fsync;
  int64_t fail_write;
  int64_t fail_read;
  int64_t bytes_left;
  /* How often it took effect. */
  int64_t slowed;
  int64_t failed_fsyncs;
  int64_t failed_writes;
  int64_t failed_reads;
  int64_t refused_for_space;
  /* Only files with this in their names; all if empty. */
  char only[64];
};

static struct control *control;
static const char *below;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("HOLDFAST_DISK_FAULTS");
  below = getenv("HOLDFAST_DISK_FAULTS_BELOW");
  if (path == NULL || below == NULL) return;
  int fd = open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) control = mapped;
}

#define NEXT(name) \
  static __typeof__(name) *next; \
  if (next == NULL) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int is_below(const char *path) {
  size_t length = strlen(below);
  return strncmp(path, below, length) == 0 && path[length] == '/' &&
         strstr(path + length, control->only) != NULL;
}

static int is_ours(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

/* Whether this call is to fail; counts it. */
static int fails(int64_t *times, int64_t *hits, int fd) {
  if (control == NULL || __atomic_load_n(times, __ATOMIC_SEQ_CST) == 0 || !is_ours(fd)) return 0;
  int64_t left = __atomic_load_n(times, __ATOMIC_SEQ_CST);
  while (left > 0 && !__atomic_compare_exchange_n(times, &left, left - 1, 0, __ATOMIC_SEQ_CST,
                                                  __ATOMIC_SEQ_CST)) {
  }
  if (left == 0) return 0;
  __atomic_add_fetch(hits, 1, __ATOMIC_SEQ_CST);
  errno = EIO;
  return 1;
}

static void slow_down(int fd) {
  if (control == NULL || control->slow_fsync_ms <= 0 || !is_ours(fd)) return;
  struct timespec time = {control->slow_fsync_ms / 1000, control->slow_fsync_ms % 1000 * 1000000};
  __atomic_add_fetch(&control->slowed, 1, __ATOMIC_SEQ_CST);
  nanosleep(&time, NULL);
}

static int is_limited(void) {
  return control != NULL && __atomic_load_n(&control->bytes_left, __ATOMIC_SEQ_CST) != UNLIMITED;
}

static int64_t size_of(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? (int64_t)status.st_size : 0;
}

/* How many bytes up to `end` may be written; the space for them is taken. */
static int64_t take_space(int fd, int64_t from, int64_t end) {
  if (!is_limited() || !is_ours(fd)) return end - from;
  int64_t size = size_of(fd);
  int64_t growth = end > size ? end - size : 0;
  int64_t left = __atomic_load_n(&control->bytes_left, __ATOMIC_SEQ_CST);
  int64_t taken;
  do taken = growth < left ? growth : left;
  while (!__atomic_compare_exchange_n(&control->bytes_left, &left, left - taken, 0,
                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
  if (taken == growth) return end - from;
  __atomic_add_fetch(&control->refused_for_space, 1, __ATOMIC_SEQ_CST);
  int64_t allowed = size + taken - from;
  return allowed > 0 ? allowed : 0;
}

static void give_back(int64_t bytes) {
  if (bytes > 0 && is_limited()) __atomic_add_fetch(&control->bytes_left, bytes, __ATOMIC_SEQ_CST);
}

/* What is free again when a file is emptied, or loses a name: then only if that is its last. */
static int64_t space_of(const char *path, int loses_name) {
  struct stat status;
  if (!is_limited() || !is_below(path) || stat(path, &status) != 0) return 0;
  if (!S_ISREG(status.st_mode) || (loses_name && status.st_nlink > 1)) return 0;
  return (int64_t)status.st_size;
}

static ssize_t no_space(void) {
  errno = ENOSPC;
  return -1;
}

int fsync(int fd) {
  NEXT(fsync);
  slow_down(fd);
  if (fails(&control->fail_fsync, &control->failed_fsyncs, fd)) return -1;
  return next(fd);
}

int fdatasync(int fd) {
  NEXT(fdatasync);
  slow_down(fd);
  if (fails(&control->fail_fsync, &control->failed_fsyncs, fd)) return -1;
  return next(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  NEXT(write);
  if (fails(&control->fail_write, &control->failed_writes, fd)) return -1;
  if (!is_limited() || !is_ours(fd)) return next(fd, bytes, count);
  int64_t from = lseek(fd, 0, SEEK_CUR);
  int64_t allowed = from < 0 ? (int64_t)count : take_space(fd, from, from + (int64_t)count);
  return allowed == 0 && count > 0 ? no_space() : next(fd, bytes, (size_t)allowed);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  NEXT(pwrite64);
  if (fails(&control->fail_write, &control->failed_writes, fd)) return -1;
  int64_t allowed = take_space(fd, at, at + (int64_t)count);
  return allowed == 0 && count > 0 ? no_space() : next(fd, bytes, (size_t)allowed, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  return pwrite64(fd, bytes, count, at);
}

ssize_t pread64(int fd, void *bytes, size_t count, off64_t at) {
  NEXT(pread64);
  if (fails(&control->fail_read, &control->failed_reads, fd)) return -1;
  return next(fd, bytes, count, at);
}

ssize_t read(int fd, void *bytes, size_t count) {
  NEXT(read);
  if (fails(&control->fail_read, &control->failed_reads, fd)) return -1;
  return next(fd, bytes, count);
}

int ftruncate64(int fd, off64_t size) {
  NEXT(ftruncate64);
  int64_t freed = is_limited() && is_ours(fd) ? size_of(fd) - size : 0;
  int result = next(fd, size);
  if (result == 0) give_back(freed);
  return result;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

int fallocate64(int fd, int mode, off64_t at, off64_t length) {
  NEXT(fallocate64);
  if (take_space(fd, at, at + length) < length) return (int)no_space();
  return next(fd, mode, at, length);
}

int fallocate(int fd, int mode, off_t at, off_t length) {
  return fallocate64(fd, mode, at, length);
}

int unlink(const char *path) {
  NEXT(unlink);
  int64_t freed = space_of(path, 1);
  int result = next(path);
  if (result == 0) give_back(freed);
  return result;
}

int rename(const char *from, const char *to) {
  NEXT(rename);
  int64_t freed = strcmp(from, to) == 0 ? 0 : space_of(to, 1);
  int result = next(from, to);
  if (result == 0) give_back(freed);
  return result;
}

#define OPENING(name) \
  int name(const char *path, int flags, ...) { \
    NEXT(name); \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    int64_t freed = flags & O_TRUNC ? space_of(path, 0) : 0; \
    int fd = next(path, flags, mode); \
    if (fd >= 0) give_back(freed); \
    return fd; \
  }

OPENING(open)
OPENING(open64)

int statfs64(const char *path, struct statfs64 *status) {
  NEXT(statfs64);
  int result = next(path, status);
  if (result == 0 && is_limited() && strncmp(path, below, strlen(below)) == 0) {
    status->f_bavail = status->f_bfree = (uint64_t)control->bytes_left / (uint64_t)status->f_bsize;
  }
  return result;
}

int statfs(const char *path, struct statfs *status) {
  return statfs64(path, (struct statfs64 *)status);
}
