/* A preload library that writes down what a process reads, looks for and writes.
 *
 * Each event is one record in memory that all processes of a build share: the file that
 * FELLOE_WATCH names, mapped when a process starts. No descriptor stays open and no event
 * costs a system call, so programs that close all descriptors, fork, vfork or run threads are
 * watched like any other. The memory has a header (struct log) and then records:
 *
 *     PID KIND FLAG ' ' TEXT NUL
 *
 * KIND is one of
 *     S  a program has started: parent, time, executable, directory, arguments (separated by \x1f)
 *     E  a variable of a CMake that has just started
 *     F  a child was forked: its parent and the time
 *     x  a program is about to be executed, by the process whose number comes first in TEXT;
 *        FLAG - if that failed
 *     p  a program was spawned; TEXT as of x, with the number of the child
 *     r  a file was opened for reading     s  a path was looked at     l  a link was read
 *     d  a directory was listed            w  a file was written       u  read and written
 *     m  a directory was made              z  a path was removed
 *     c  a socket was connected            b  a socket was bound
 *     U  something was done that cannot be watched
 * and FLAG is + if the path was there, or the call succeeded, and - if not.
 *
 * A program that does not load this library (static, setuid, with a cleared environment) is
 * noticed because no S follows its x or p.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define LOG "FELLOE_WATCH"
#define REPLAY "FELLOE_WATCH_REPLAY"
#define PATH_SIZE 4096
#define SEEN 8192
#define ARGUMENTS (256 * 1024)

extern char **environ;
char *getenv(const char *name);

struct log {
    char magic[8];
    uint64_t used;
    uint64_t capacity;
};

static struct log *shared;
static long self; /* the process that events belong to: in a child of vfork, its parent */
static uint64_t seen[SEEN];

static long process(void) { return syscall(SYS_getpid); }

/* Text that grows in a buffer of fixed size. */
struct text {
    char *data;
    size_t size, used;
};

static void add(struct text *text, const char *data, size_t size) {
    if (size > text->size - text->used)
        size = text->size - text->used;
    memcpy(text->data + text->used, data, size);
    text->used += size;
}

static void add_string(struct text *text, const char *string) { add(text, string, strlen(string)); }

static void add_number(struct text *text, unsigned long long number) {
    char digits[24];
    size_t start = sizeof digits;
    do
        digits[--start] = (char)('0' + number % 10);
    while (number /= 10);
    add(text, digits + start, sizeof digits - start);
}

static void publish(const char *data, size_t size) {
    uint64_t at = __atomic_fetch_add(&shared->used, size, __ATOMIC_RELAXED);
    if (at + size <= shared->capacity) /* else the reader finds `used` too large: events are lost */
        memcpy((char *)shared + at, data, size);
}

static void begin(struct text *text, char kind, int there) {
    char head[3] = {kind, there ? '+' : '-', ' '};
    add_number(text, (unsigned long long)self);
    add(text, " ", 1);
    add(text, head, 3);
}

static void end(struct text *text) {
    if (text->used == text->size)
        text->used--;
    text->data[text->used++] = '\0';
    publish(text->data, text->used);
}

/* The same event of the same process says nothing new. */
static int is_known(const struct text *text) {
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < text->used; i++)
        hash = (hash ^ (unsigned char)text->data[i]) * 1099511628211u;
    for (size_t probe = 0; probe < 8; probe++) {
        uint64_t *slot = &seen[(hash + probe) % SEEN];
        if (*slot == hash)
            return 1;
        if (!*slot) {
            *slot = hash;
            return 0;
        }
    }
    return 0;
}

static void add_descriptor(struct text *text, int directory) {
    char name[48], place[PATH_SIZE];
    struct text path = {name, sizeof name - 1, 0};
    long size;
    if (directory == AT_FDCWD) {
        size = syscall(SYS_getcwd, place, sizeof place);
        size = size > 0 ? size - 1 : 0;
    } else {
        add_string(&path, "/proc/self/fd/");
        add_number(&path, (unsigned long long)directory);
        name[path.used] = '\0';
        size = syscall(SYS_readlinkat, AT_FDCWD, name, place, sizeof place);
    }
    if (size > 0)
        add(text, place, (size_t)size);
}

static void note_at(char kind, int there, int directory, const char *path) {
    if (!shared || !path)
        return;
    int saved = errno;
    char data[2 * PATH_SIZE + 64];
    struct text text = {data, sizeof data, 0};
    begin(&text, kind, there);
    if (path[0] != '/') {
        add_descriptor(&text, directory);
        if (path[0])
            add(&text, "/", 1);
    }
    add_string(&text, path);
    if (!is_known(&text))
        end(&text);
    errno = saved;
}

static void note(char kind, int there, const char *path) { note_at(kind, there, AT_FDCWD, path); }

static void note_text(char kind, const char *said) {
    if (!shared)
        return;
    char data[4 * PATH_SIZE];
    struct text text = {data, sizeof data, 0};
    begin(&text, kind, 1);
    add_string(&text, said);
    end(&text);
}

static void note_program(char kind, int there, long child, const char *path) {
    if (!shared || !path)
        return;
    int saved = errno;
    char data[2 * PATH_SIZE + 64];
    struct text text = {data, sizeof data, 0};
    begin(&text, kind, there);
    add_number(&text, (unsigned long long)child);
    add(&text, " ", 1);
    if (path[0] != '/') {
        add_descriptor(&text, AT_FDCWD);
        add(&text, "/", 1);
    }
    add_string(&text, path);
    end(&text);
    errno = saved;
}

static void add_time(struct text *text) {
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    add_number(text, (unsigned long long)now.tv_sec * 1000000000ull + (unsigned long)now.tv_nsec);
}

static void note_fork(void) {
    self = process();
    if (!shared)
        return;
    char data[128];
    struct text text = {data, sizeof data, 0};
    begin(&text, 'F', 1);
    add_number(&text, (unsigned long long)syscall(SYS_getppid));
    add(&text, " ", 1);
    add_time(&text);
    end(&text);
}

static long read_file(const char *path, char *data, size_t size) {
    long file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    long total = 0, got;
    if (file < 0)
        return -1;
    while ((got = syscall(SYS_read, file, data + total, size - (size_t)total)) > 0)
        total += got;
    syscall(SYS_close, file);
    return total;
}

static int note_library(struct dl_phdr_info *info, size_t size, void *first) {
    (void)size;
    if (info->dlpi_name && info->dlpi_name[0] == '/')
        note('r', 1, info->dlpi_name);
    if (!*(int *)first)
        return 0;
    *(int *)first = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const char *at = (const char *)(info->dlpi_addr + segment->p_vaddr);
        const char *limit = at + segment->p_memsz;
        while (segment->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) <= limit) {
            const ElfW(Nhdr) *header = (const void *)at;
            if (header->n_namesz == 4 && !memcmp(at + sizeof *header, "Go\0", 4))
                note_text('U', "a Go program calls the system itself");
            at += sizeof *header + ((header->n_namesz + 3u) & ~3u) + ((header->n_descsz + 3u) & ~3u);
        }
    }
    return 0;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void map_log(void) {
    const char *path = getenv(LOG);
    long file = path ? syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;
    if (file < 0)
        return;
    struct log head;
    if (syscall(SYS_pread64, file, &head, sizeof head, 0L) == sizeof head &&
        !memcmp(head.magic, "felloe1", 8)) {
        void *place = mmap(NULL, head.capacity, PROT_READ | PROT_WRITE, MAP_SHARED, (int)file, 0);
        if (place != MAP_FAILED)
            shared = place;
    }
    syscall(SYS_close, file);
}

static char arguments[ARGUMENTS + 1], expected[ARGUMENTS + 1], record[ARGUMENTS + 3 * PATH_SIZE];

__attribute__((constructor)) static void start(void) {
    char program[PATH_SIZE];
    map_log();
    self = process();
    if (!shared)
        return;
    pthread_atfork(NULL, NULL, note_fork);
    long size = syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", program, sizeof program - 1);
    program[size > 0 ? size : 0] = '\0';
    long words = read_file("/proc/self/cmdline", arguments, ARGUMENTS);
    struct text text = {record, sizeof record, 0};
    begin(&text, 'S', 1);
    add_number(&text, (unsigned long long)syscall(SYS_getppid));
    add(&text, " ", 1);
    add_time(&text);
    add(&text, " ", 1);
    add_string(&text, program);
    add(&text, "\x1f", 1);
    add_descriptor(&text, AT_FDCWD);
    const char *first = memchr(arguments, '\0', words > 0 ? (size_t)words : 0);
    int is_cmake = !strncmp(base_name(program), "cmake", 5);
    if (first && (is_cmake || !strcmp(first + 1, "-c"))) {
        size_t at = text.used;
        add(&text, "\x1f", 1);
        add(&text, arguments, (size_t)words - 1);
        for (; at < text.used; at++)
            if (!text.data[at])
                text.data[at] = '\x1f';
    }
    end(&text);
    for (char **variable = environ; is_cmake && variable && *variable; variable++)
        note_text('E', *variable);
    const char *replay = is_cmake ? getenv(REPLAY) : NULL;
    if (replay && words > 0 && read_file(replay, expected, ARGUMENTS) == words &&
        !memcmp(expected, arguments, (size_t)words)) {
        note_text('R', "");
        _exit(0);
    }
    int is_first = 1;
    note('r', 1, program);
    dl_iterate_phdr(note_library, &is_first);
}

/* The functions that are watched. Prototypes are ours: whatever a libc's headers make of the
 * names, its library has these symbols. */
typedef unsigned int bits;

static void *find(void **kept, const char *name, const char *other) {
    void *found = __atomic_load_n(kept, __ATOMIC_RELAXED);
    if (!found) {
        found = dlsym(RTLD_NEXT, name);
        if (!found && other)
            found = dlsym(RTLD_NEXT, other);
        __atomic_store_n(kept, found, __ATOMIC_RELAXED);
    }
    return found;
}

#define REAL_OR(type, name, other, ...)                                                            \
    static void *kept;                                                                             \
    type (*real)(__VA_ARGS__);                                                                     \
    *(void **)&real = find(&kept, name, other);                                                    \
    if (!real)                                                                                     \
        return errno = ENOSYS, _Generic((type)0, void *: (type)0, char *: (type)0, default: (type)-1);
#define REAL(type, name, ...) REAL_OR(type, name, NULL, __VA_ARGS__)

static int is_there(int done) { return done >= 0 || (errno != ENOENT && errno != ENOTDIR); }

static void note_open(int directory, const char *path, int flags, int done) {
    int way = flags & O_ACCMODE;
    if (done < 0 || (flags & O_PATH))
        note_at('s', is_there(done), directory, path);
    else if (way == O_RDONLY)
        note_at(flags & O_CREAT ? 'u' : 'r', 1, directory, path);
    else if ((flags & O_TMPFILE) == O_TMPFILE)
        return;
    else
        note_at(flags & (O_TRUNC | O_EXCL) ? 'w' : 'u', 1, directory, path);
}

static void note_stream(const char *path, const char *mode, int there) {
    if (!there)
        note('s', is_there(-1), path);
    else if (strchr(mode, '+'))
        note(mode[0] == 'w' ? 'w' : 'u', 1, path);
    else
        note(mode[0] == 'r' ? 'r' : mode[0] == 'w' ? 'w' : 'u', 1, path);
}

#undef open
#undef open64
#undef openat
#undef openat64
#undef creat
#undef creat64
#undef fopen64
#undef freopen64
#undef stat64
#undef lstat64
#undef fstatat64
#undef scandir64
#undef glob64
#undef nftw64
#undef ftw64
#undef mkstemp64
#undef mkostemp64
#undef mkstemps64
#undef mkostemps64
#undef truncate64

#define MODE(last)                                                                                 \
    bits mode = 0;                                                                                 \
    if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) {                                          \
        va_list more;                                                                              \
        va_start(more, last);                                                                      \
        mode = va_arg(more, bits);                                                                 \
        va_end(more);                                                                              \
    }

#define OPEN(name, plain)                                                                          \
    EXPORT int name(const char *path, int flags, ...) {                                            \
        MODE(flags)                                                                                \
        REAL_OR(int, #name, plain, const char *, int, ...)                                         \
        int done = real(path, flags, mode);                                                        \
        note_open(AT_FDCWD, path, flags, done);                                                    \
        return done;                                                                               \
    }
OPEN(open, NULL)
OPEN(open64, "open")

#define OPENAT(name, plain)                                                                        \
    EXPORT int name(int directory, const char *path, int flags, ...) {                             \
        MODE(flags)                                                                                \
        REAL_OR(int, #name, plain, int, const char *, int, ...)                                    \
        int done = real(directory, path, flags, mode);                                             \
        note_open(directory, path, flags, done);                                                   \
        return done;                                                                               \
    }
OPENAT(openat, NULL)
OPENAT(openat64, "openat")

#define OPEN_2(name, plain)                                                                        \
    EXPORT int name(const char *path, int flags) {                                                 \
        REAL_OR(int, #name, plain, const char *, int, ...)                                         \
        int done = real(path, flags, 0);                                                           \
        note_open(AT_FDCWD, path, flags, done);                                                    \
        return done;                                                                               \
    }
OPEN_2(__open_2, "open")
OPEN_2(__open64_2, "open")

#define OPENAT_2(name, plain)                                                                      \
    EXPORT int name(int directory, const char *path, int flags) {                                  \
        REAL_OR(int, #name, plain, int, const char *, int, ...)                                    \
        int done = real(directory, path, flags, 0);                                                \
        note_open(directory, path, flags, done);                                                   \
        return done;                                                                               \
    }
OPENAT_2(__openat_2, "openat")
OPENAT_2(__openat64_2, "openat")

#define CREAT(name, plain)                                                                         \
    EXPORT int name(const char *path, bits mode) {                                                 \
        REAL_OR(int, #name, plain, const char *, bits)                                             \
        int done = real(path, mode);                                                               \
        note_open(AT_FDCWD, path, O_WRONLY | O_TRUNC, done);                                       \
        return done;                                                                               \
    }
CREAT(creat, NULL)
CREAT(creat64, "creat")

#define FOPEN(name, plain)                                                                         \
    EXPORT void *name(const char *path, const char *mode) {                                        \
        REAL_OR(void *, #name, plain, const char *, const char *)                                  \
        void *done = real(path, mode);                                                             \
        note_stream(path, mode, done != NULL);                                                     \
        return done;                                                                               \
    }
FOPEN(fopen, NULL)
FOPEN(fopen64, "fopen")

#define FREOPEN(name, plain)                                                                       \
    EXPORT void *name(const char *path, const char *mode, void *stream) {                          \
        REAL_OR(void *, #name, plain, const char *, const char *, void *)                          \
        void *done = real(path, mode, stream);                                                     \
        if (path)                                                                                  \
            note_stream(path, mode, done != NULL);                                                 \
        return done;                                                                               \
    }
FREOPEN(freopen, NULL)
FREOPEN(freopen64, "freopen")

/* Functions that look at a path. */
#define LOOK(name, plain, kind, ...)                                                               \
    LOOK_(int, name, plain, kind, AT_FDCWD, path, done, __VA_ARGS__)
#define LOOK_(type, name, plain, kind, directory, path, result, parameters, words)                 \
    EXPORT type name parameters {                                                                  \
        REAL_OR(type, #name, plain, UNPACK parameters)                                             \
        type done = real words;                                                                    \
        note_at(kind, is_there((int)(result)), directory, path);                                   \
        return done;                                                                               \
    }
#define UNPACK(...) __VA_ARGS__
LOOK(stat, NULL, 's', (const char *path, void *to), (path, to))
LOOK(lstat, NULL, 's', (const char *path, void *to), (path, to))
LOOK(stat64, "stat", 's', (const char *path, void *to), (path, to))
LOOK(lstat64, "lstat", 's', (const char *path, void *to), (path, to))
LOOK(__xstat, NULL, 's', (int version, const char *path, void *to), (version, path, to))
LOOK(__lxstat, NULL, 's', (int version, const char *path, void *to), (version, path, to))
LOOK(__xstat64, NULL, 's', (int version, const char *path, void *to), (version, path, to))
LOOK(__lxstat64, NULL, 's', (int version, const char *path, void *to), (version, path, to))
LOOK(access, NULL, 's', (const char *path, int mode), (path, mode))
LOOK(eaccess, NULL, 's', (const char *path, int mode), (path, mode))
LOOK(euidaccess, NULL, 's', (const char *path, int mode), (path, mode))
LOOK_(int, fstatat, NULL, 's', at, path, done, (int at, const char *path, void *to, int flags),
      (at, path, to, flags))
LOOK_(int, fstatat64, "fstatat", 's', at, path, done,
      (int at, const char *path, void *to, int flags), (at, path, to, flags))
LOOK_(int, __fxstatat, NULL, 's', at, path, done,
      (int version, int at, const char *path, void *to, int flags), (version, at, path, to, flags))
LOOK_(int, __fxstatat64, NULL, 's', at, path, done,
      (int version, int at, const char *path, void *to, int flags), (version, at, path, to, flags))
LOOK_(int, statx, NULL, 's', at, path, done,
      (int at, const char *path, int flags, bits mask, void *to), (at, path, flags, mask, to))
LOOK_(int, faccessat, NULL, 's', at, path, done, (int at, const char *path, int mode, int flags),
      (at, path, mode, flags))
LOOK_(ssize_t, readlink, NULL, 'l', AT_FDCWD, path, done, (const char *path, char *to, size_t size),
      (path, to, size))
LOOK_(ssize_t, readlinkat, NULL, 'l', at, path, done,
      (int at, const char *path, char *to, size_t size), (at, path, to, size))
LOOK_(ssize_t, __readlink_chk, NULL, 'l', AT_FDCWD, path, done,
      (const char *path, char *to, size_t size, size_t room), (path, to, size, room))
LOOK_(ssize_t, __readlinkat_chk, NULL, 'l', at, path, done,
      (int at, const char *path, char *to, size_t size, size_t room), (at, path, to, size, room))

#define FOUND(name, kind, parameters, words)                                                       \
    EXPORT void *name parameters {                                                                 \
        REAL(void *, #name, UNPACK parameters)                                                     \
        void *done = real words;                                                                   \
        note(kind, is_there(done ? 0 : -1), path);                                                 \
        return done;                                                                               \
    }
FOUND(opendir, 'd', (const char *path), (path))
FOUND(realpath, 's', (const char *path, char *to), (path, to))
FOUND(__realpath_chk, 's', (const char *path, char *to, size_t room), (path, to, room))
FOUND(canonicalize_file_name, 's', (const char *path), (path))

EXPORT void *fdopendir(int directory) {
    REAL(void *, "fdopendir", int)
    void *done = real(directory);
    if (done)
        note_at('d', 1, directory, "");
    return done;
}

/* Functions that walk directories inside libc, where no symbol shows what they open. */
static void note_below(const char *place, int depth) {
    void *directory = opendir(place);
    struct entry { /* struct dirent64, as getdents64 has it on every 64-bit Linux */
        uint64_t inode, offset;
        unsigned short size;
        unsigned char type;
        char name[];
    } *entry;
    static void *kept, *kept_close;
    void *(*next)(void *);
    int (*close)(void *);
    *(void **)&next = find(&kept, "readdir64", "readdir");
    *(void **)&close = find(&kept_close, "closedir", NULL);
    while (directory && depth > 0 && (entry = next(directory))) {
        char path[PATH_SIZE];
        struct text text = {path, sizeof path - 1, 0};
        if (entry->name[0] == '.' && (!entry->name[1] || entry->name[1] == '.'))
            continue;
        add_string(&text, place);
        add(&text, "/", 1);
        add_string(&text, entry->name);
        path[text.used] = '\0';
        if (entry->type == 4)
            note_below(path, depth - 1);
        else
            note('s', 1, path);
    }
    if (directory)
        close(directory);
}

#define SCAN(name, plain)                                                                          \
    EXPORT int name(const char *path, void *list, void *filter, void *compare) {                   \
        REAL_OR(int, #name, plain, const char *, void *, void *, void *)                           \
        int done = real(path, list, filter, compare);                                              \
        note('d', is_there(done), path);                                                           \
        return done;                                                                               \
    }
SCAN(scandir, NULL)
SCAN(scandir64, "scandir")

EXPORT int scandirat(int at, const char *path, void *list, void *filter, void *compare) {
    REAL(int, "scandirat", int, const char *, void *, void *, void *)
    int done = real(at, path, list, filter, compare);
    note_at('d', is_there(done), at, path);
    return done;
}

#define WALK(name, plain, parameters, words)                                                       \
    EXPORT int name parameters {                                                                   \
        REAL_OR(int, #name, plain, UNPACK parameters)                                              \
        note_below(path, 64);                                                                      \
        return real words;                                                                         \
    }
WALK(ftw, NULL, (const char *path, void *visit, int open), (path, visit, open))
WALK(ftw64, "ftw", (const char *path, void *visit, int open), (path, visit, open))
WALK(nftw, NULL, (const char *path, void *visit, int open, int flags), (path, visit, open, flags))
WALK(nftw64, "nftw", (const char *path, void *visit, int open, int flags),
     (path, visit, open, flags))

#define FTS(name, plain)                                                                           \
    EXPORT void *name(char *const *paths, int options, void *compare) {                            \
        REAL_OR(void *, #name, plain, char *const *, int, void *)                                  \
        for (char *const *path = paths; *path; path++)                                             \
            note_below(*path, 64);                                                                 \
        return real(paths, options, compare);                                                      \
    }
FTS(fts_open, NULL)
FTS(fts64_open, "fts_open")

/* Every directory that a pattern may lead into, from the last one without a wildcard down. */
#define GLOB(name, plain)                                                                          \
    EXPORT int name(const char *pattern, int flags, void *failed, void *to) {                      \
        REAL_OR(int, #name, plain, const char *, int, void *, void *)                              \
        char place[PATH_SIZE];                                                                     \
        size_t size = strcspn(pattern, "*?[{~"), depth = 1;                                        \
        for (const char *at = pattern + size; *at; at++)                                           \
            depth += *at == '/';                                                                   \
        while (size && pattern[size - 1] != '/')                                                   \
            size--;                                                                                \
        if (size < sizeof place) {                                                                 \
            memcpy(place, pattern, size);                                                          \
            place[size] = '\0';                                                                    \
            note_below(size ? place : ".", (int)depth);                                            \
        }                                                                                          \
        return real(pattern, flags, failed, to);                                                   \
    }
GLOB(glob, NULL)
GLOB(glob64, "glob")

/* Functions that write. */
#define WRITE(name, plain, kind, parameters, words)                                                \
    EXPORT int name parameters {                                                                   \
        REAL_OR(int, #name, plain, UNPACK parameters)                                              \
        int done = real words;                                                                     \
        if (done >= 0)                                                                             \
            note(kind, 1, path);                                                                   \
        else                                                                                       \
            note('s', is_there(-1), path);                                                         \
        return done;                                                                               \
    }
#define WRITE_AT(name, kind, parameters, words)                                                    \
    EXPORT int name parameters {                                                                   \
        REAL(int, #name, UNPACK parameters)                                                        \
        int done = real words;                                                                     \
        if (done >= 0)                                                                             \
            note_at(kind, 1, at, path);                                                            \
        else                                                                                       \
            note_at('s', is_there(-1), at, path);                                                  \
        return done;                                                                               \
    }
WRITE(unlink, NULL, 'z', (const char *path), (path))
WRITE(rmdir, NULL, 'z', (const char *path), (path))
WRITE(remove, NULL, 'z', (const char *path), (path))
WRITE(mkdir, NULL, 'm', (const char *path, bits mode), (path, mode))
WRITE(truncate, NULL, 'u', (const char *path, long size), (path, size))
WRITE(truncate64, "truncate", 'u', (const char *path, long size), (path, size))
WRITE(symlink, NULL, 'w', (const char *to, const char *path), (to, path))
WRITE(mkfifo, NULL, 'w', (const char *path, bits mode), (path, mode))
WRITE(mkstemp, NULL, 'w', (char *path), (path))
WRITE(mkstemp64, "mkstemp", 'w', (char *path), (path))
WRITE(mkostemp, NULL, 'w', (char *path, int flags), (path, flags))
WRITE(mkostemp64, "mkostemp", 'w', (char *path, int flags), (path, flags))
WRITE(mkstemps, NULL, 'w', (char *path, int suffix), (path, suffix))
WRITE(mkstemps64, "mkstemps", 'w', (char *path, int suffix), (path, suffix))
WRITE(mkostemps, NULL, 'w', (char *path, int suffix, int flags), (path, suffix, flags))
WRITE(mkostemps64, "mkostemps", 'w', (char *path, int suffix, int flags), (path, suffix, flags))
WRITE_AT(unlinkat, 'z', (int at, const char *path, int flags), (at, path, flags))
WRITE_AT(mkdirat, 'm', (int at, const char *path, bits mode), (at, path, mode))
WRITE_AT(symlinkat, 'w', (const char *to, int at, const char *path), (to, at, path))

#define MOVE(name, gone, parameters, words)                                                        \
    EXPORT int name parameters {                                                                   \
        REAL(int, #name, UNPACK parameters)                                                        \
        int done = real words;                                                                     \
        note_at('r', done >= 0 || is_there(-1), from_at, from);                                    \
        if (done >= 0) {                                                                           \
            note_at('w', 1, at, path);                                                             \
            if (gone)                                                                              \
                note_at('z', 1, from_at, from);                                                    \
        }                                                                                          \
        return done;                                                                               \
    }
#define from_at AT_FDCWD
#define at AT_FDCWD
MOVE(rename, 1, (const char *from, const char *path), (from, path))
MOVE(link, 0, (const char *from, const char *path), (from, path))
#undef from_at
#undef at
MOVE(renameat, 1, (int from_at, const char *from, int at, const char *path),
     (from_at, from, at, path))
MOVE(renameat2, 1, (int from_at, const char *from, int at, const char *path, bits flags),
     (from_at, from, at, path, flags))
MOVE(linkat, 0, (int from_at, const char *from, int at, const char *path, int flags),
     (from_at, from, at, path, flags))

EXPORT char *mkdtemp(char *path) {
    REAL(char *, "mkdtemp", char *)
    char *done = real(path);
    if (done)
        note('m', 1, path);
    return done;
}

EXPORT void *dlopen(const char *path, int flags) {
    REAL(void *, "dlopen", const char *, int)
    void *done = real(path, flags);
    struct link_map *map;
    if (done && path && !dlinfo(done, RTLD_DI_LINKMAP, &map) && map->l_name[0])
        note('r', 1, map->l_name);
    else if (!done && path && strchr(path, '/'))
        note('s', is_there(access(path, F_OK)), path);
    return done;
}

/* Functions that start programs. */
static void note_tried(const char *place, size_t size, const char *name, char *path) {
    struct text text = {path, PATH_SIZE - 1, 0};
    add(&text, place, size);
    add(&text, "/", 1);
    add_string(&text, name);
    path[text.used] = '\0';
}

/* Where PATH leads a name; what was looked at before is noted as missing. */
static const char *search(const char *name, char *path) {
    const char *places = getenv("PATH");
    if (strchr(name, '/'))
        return name;
    if (!places)
        places = "/bin:/usr/bin";
    for (;;) {
        size_t size = strcspn(places, ":");
        note_tried(size ? places : ".", size ? size : 1, name, path);
        if (!syscall(SYS_faccessat, AT_FDCWD, path, X_OK))
            return path;
        errno = ENOENT;
        note('s', 0, path);
        if (!places[size])
            return name;
        places += size + 1;
    }
}

/* A program that is about to run, or a place on PATH where a shell tries to run it. */
static void note_run(const char *path) {
    if (syscall(SYS_faccessat, AT_FDCWD, path, F_OK))
        note('s', is_there(-1), path);
    else
        note('r', 1, path);
}

static int execute(const char *path, char *const *words, char *const *variables) {
    REAL(int, "execve", const char *, char *const *, char *const *)
    note_run(path);
    note_program('x', 1, process(), path);
    int done = real(path, words, variables);
    note_program('x', 0, process(), path);
    return done;
}

static int execute_found(const char *name, char *const *words, char *const *variables) {
    REAL(int, "execvpe", const char *, char *const *, char *const *)
    char path[PATH_SIZE];
    const char *found = search(name, path);
    note('r', 1, found);
    note_program('x', 1, process(), found);
    int done = real(name, words, variables);
    note_program('x', 0, process(), found);
    return done;
}

EXPORT int execve(const char *path, char *const *words, char *const *variables) {
    return execute(path, words, variables);
}
EXPORT int execv(const char *path, char *const *words) { return execute(path, words, environ); }
EXPORT int execvp(const char *path, char *const *words) {
    return execute_found(path, words, environ);
}
EXPORT int execvpe(const char *path, char *const *words, char *const *variables) {
    return execute_found(path, words, variables);
}

#define COLLECT                                                                                    \
    va_list more;                                                                                  \
    size_t count = 1;                                                                              \
    va_start(more, first);                                                                         \
    while (va_arg(more, char *))                                                                   \
        count++;                                                                                   \
    va_end(more);                                                                                  \
    char **words = alloca((count + 1) * sizeof *words);                                            \
    va_start(more, first);                                                                         \
    words[0] = (char *)first;                                                                      \
    for (size_t i = 1; i <= count; i++)                                                            \
        words[i] = va_arg(more, char *);
EXPORT int execl(const char *path, const char *first, ...) {
    COLLECT va_end(more);
    return execute(path, words, environ);
}
EXPORT int execlp(const char *path, const char *first, ...) {
    COLLECT va_end(more);
    return execute_found(path, words, environ);
}
EXPORT int execle(const char *path, const char *first, ...) {
    COLLECT char *const *variables = va_arg(more, char *const *);
    va_end(more);
    return execute(path, words, variables);
}

EXPORT int fexecve(int file, char *const *words, char *const *variables) {
    REAL(int, "fexecve", int, char *const *, char *const *)
    note_at('r', 1, file, "");
    note_program('x', 1, process(), "/proc/self/fd");
    int done = real(file, words, variables);
    note_program('x', 0, process(), "/proc/self/fd");
    return done;
}

EXPORT int execveat(int at, const char *path, char *const *words, char *const *variables,
                    int flags) {
    REAL(int, "execveat", int, const char *, char *const *, char *const *, int)
    note_at('r', 1, at, path);
    note_program('x', 1, process(), path);
    int done = real(at, path, words, variables, flags);
    note_program('x', 0, process(), path);
    return done;
}

#define SPAWN(name, found)                                                                         \
    EXPORT int name(int *child, const char *path, const void *actions, const void *attributes,     \
                    char *const *words, char *const *variables) {                                  \
        REAL(int, #name, int *, const char *, const void *, const void *, char *const *,           \
             char *const *)                                                                        \
        char place[PATH_SIZE];                                                                     \
        int number = 0;                                                                            \
        const char *program = found;                                                               \
        int done = real(&number, path, actions, attributes, words, variables);                     \
        if (child)                                                                                 \
            *child = number;                                                                       \
        if (done) {                                                                                \
            errno = done;                                                                          \
            note('s', is_there(-1), program);                                                      \
        } else {                                                                                   \
            note('r', 1, program);                                                                 \
            note_program('p', 1, number, program);                                                 \
        }                                                                                          \
        return done;                                                                               \
    }
SPAWN(posix_spawn, ((void)place, path))
SPAWN(posix_spawnp, search(path, place))

static void note_shell(void) {
    note('r', 1, "/bin/sh");
    if (!getenv(LOG))
        note_text('U', "a program was started without the environment");
}
EXPORT int system(const char *command) {
    REAL(int, "system", const char *)
    note_shell();
    return real(command);
}
EXPORT void *popen(const char *command, const char *mode) {
    REAL(void *, "popen", const char *, const char *)
    note_shell();
    return real(command, mode);
}

/* What leads out of what can be watched. */
static void note_socket(char kind, const struct sockaddr *address, socklen_t size) {
    if (!address || size < sizeof address->sa_family)
        return;
    if (address->sa_family == AF_INET || address->sa_family == AF_INET6) {
        if (kind == 'c')
            note_text('c', "network");
        return;
    }
    if (address->sa_family != AF_UNIX || size <= offsetof(struct sockaddr_un, sun_path))
        return;
    char path[sizeof(struct sockaddr_un) + 1] = {0};
    memcpy(path, ((const struct sockaddr_un *)address)->sun_path,
           size - offsetof(struct sockaddr_un, sun_path) < sizeof path - 1
               ? size - offsetof(struct sockaddr_un, sun_path)
               : sizeof path - 1);
    note(kind, 1, path[0] ? path : "/abstract");
}
EXPORT int connect(int socket, const struct sockaddr *address, socklen_t size) {
    REAL(int, "connect", int, const struct sockaddr *, socklen_t)
    int done = real(socket, address, size);
    int saved = errno;
    if (done >= 0 || errno == EINPROGRESS || (address && address->sa_family != AF_UNIX))
        note_socket('c', address, size);
    errno = saved;
    return done;
}
EXPORT int bind(int socket, const struct sockaddr *address, socklen_t size) {
    REAL(int, "bind", int, const struct sockaddr *, socklen_t)
    note_socket('b', address, size);
    return real(socket, address, size);
}
EXPORT ssize_t sendto(int socket, const void *data, size_t size, int flags,
                      const struct sockaddr *address, socklen_t room) {
    REAL(ssize_t, "sendto", int, const void *, size_t, int, const struct sockaddr *, socklen_t)
    note_socket('c', address, room);
    return real(socket, data, size, flags, address, room);
}
EXPORT int chroot(const char *path) {
    REAL(int, "chroot", const char *)
    note_text('U', "chroot");
    return real(path);
}
