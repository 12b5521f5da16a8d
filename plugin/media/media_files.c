/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/media/media_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define UPLOADS   "uploads"
#define FOLDER    (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
#define NAME_SIZE 64
#define FOLDERS   256
#define LOOKS_MAX 512 /* names in a step of a walk */

/* The folder */

static int fail(struct media_folder *folder, char *error, size_t error_size, const char *what,
                const char *path)
{
    snprintf(error, error_size, "media_dir: %s %s: %s", what, path,
             errno == EWOULDBLOCK ? "another broker has it" : strerror(errno));
    media_folder_close(folder);
    return -1;
}

int media_folder_open(struct media_folder *folder, const char *path, char *error, size_t error_size)
{
    *folder = (struct media_folder){-1, -1};
    folder->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->root < 0)
        return fail(folder, error, error_size, "cannot open the folder", path);
    if (mkdirat(folder->root, UPLOADS, 0700) != 0 && errno != EEXIST)
        return fail(folder, error, error_size, "cannot make a folder in", path);
    folder->uploads = openat(folder->root, UPLOADS, FOLDER);
    if (folder->uploads < 0 || flock(folder->uploads, LOCK_EX | LOCK_NB) != 0)
        return fail(folder, error, error_size, "cannot have the folder " UPLOADS " in", path);
    if (faccessat(folder->root, ".", W_OK | X_OK, AT_EACCESS) != 0 ||
        faccessat(folder->uploads, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return fail(folder, error, error_size, "cannot write to", path);
    return 0;
}

static void close_one(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void media_folder_close(struct media_folder *folder)
{
    close_one(&folder->uploads);
    close_one(&folder->root);
}

/* Uploads */

void media_remove_uploads(const struct media_folder *folder)
{
    int fd = openat(folder->uploads, ".", FOLDER);
    DIR *all = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    if (!all && fd >= 0)
        close(fd);
    while (all && (entry = readdir(all)))
        unlinkat(folder->uploads, entry->d_name, 0); /* folders, `.` among them, are refused */
    if (all)
        closedir(all);
}

int media_remove_upload(const struct media_folder *folder, const char *id)
{
    return unlinkat(folder->uploads, id, 0) == 0 || errno == ENOENT ? 0 : errno;
}

static int write_all(int fd, const char *bytes, size_t len, off_t at)
{
    while (len > 0) {
        ssize_t done = pwrite(fd, bytes, len, at);
        if (done < 0 && errno != EINTR)
            return errno;
        if (done > 0) {
            bytes += done;
            at += done;
            len -= (size_t)done;
        }
    }
    return 0;
}

int media_write_chunk(const struct media_folder *folder, const char *id, int64_t at, const void *bytes,
                      size_t len)
{
    int fd = openat(folder->uploads, id, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    int error = write_all(fd, bytes, len, at);
    if (close(fd) != 0 && error == 0)
        error = errno; /* a network's file system may say it only here */
    return error;
}

int media_open_upload(const struct media_folder *folder, const char *id)
{
    return openat(folder->uploads, id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

/* For good */

static void print_name(char out[NAME_SIZE], const char *file, const char *ext)
{
    snprintf(out, NAME_SIZE, "%s.%s", file, ext);
}

static void print_folder(char out[3], const char *file)
{
    memcpy(out, file, 2);
    out[2] = '\0';
}

/* Where the file is, or will be; made where it is not there, so that it is after a power loss. -1: errno. */
static int open_place(const struct media_folder *folder, const char *file, bool make)
{
    char name[3];
    print_folder(name, file);
    bool made = make && mkdirat(folder->root, name, 0750) == 0;
    if (make && !made && errno != EEXIST)
        return -1;
    if (made && fsync(folder->root) != 0)
        return -1;
    return openat(folder->root, name, FOLDER);
}

/* The name is synced, too, or taken back. */
static int rename_upload(const struct media_folder *folder, const char *id, int place, const char *name)
{
    if (renameat(folder->uploads, id, place, name) != 0)
        return errno;
    if (fsync(place) == 0)
        return 0;
    int error = errno;
    unlinkat(place, name, 0);
    return error;
}

int media_keep(const struct media_folder *folder, const char *id, int fd, const char *file, const char *ext)
{
    char name[NAME_SIZE];
    print_name(name, file, ext);
    if (fchmod(fd, 0640) != 0 || fsync(fd) != 0)
        return errno;
    int place = open_place(folder, file, true);
    if (place < 0)
        return errno;
    int error = rename_upload(folder, id, place, name);
    close(place);
    return error;
}

int media_remove_file(const struct media_folder *folder, const char *file, const char *ext)
{
    char name[NAME_SIZE];
    int place = open_place(folder, file, false);
    if (place < 0)
        return errno == ENOENT ? 0 : errno;
    print_name(name, file, ext);
    int error = unlinkat(place, name, 0) == 0 || errno == ENOENT ? 0 : errno;
    close(place);
    return error;
}

/* The walk */

static bool is_extension(const char *text)
{
    for (const char *const *ext = sniff_extensions; *ext; ext++)
        if (strcmp(*ext, text) == 0)
            return true;
    return false;
}

/* <32 hex>.<ext>, in the folder of its first two digits. */
static bool read_name(const char *name, const char *place, struct media_entry *entry)
{
    if (strspn(name, "0123456789abcdef") != MEDIA_ID_MAX || name[MEDIA_ID_MAX] != '.' ||
        strncmp(name, place, 2) != 0 || !is_extension(name + MEDIA_ID_MAX + 1))
        return false;
    snprintf(entry->file, sizeof entry->file, "%.*s", MEDIA_ID_MAX, name);
    snprintf(entry->ext, sizeof entry->ext, "%s", name + MEDIA_ID_MAX + 1);
    return true;
}

static bool look_at(const struct media_walk *walk, const char *name, struct media_entry *entry)
{
    char place[3];
    struct stat about;
    snprintf(place, sizeof place, "%02x", (unsigned)(walk->next - 1) & 0xff);
    if (!read_name(name, place, entry) ||
        fstatat(dirfd(walk->folder), name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(about.st_mode))
        return false;
    entry->size = about.st_size;
    entry->time = (int64_t)about.st_mtim.tv_sec * 1000 + about.st_mtim.tv_nsec / 1000000;
    return true;
}

static void enter_next(const struct media_folder *folder, struct media_walk *walk)
{
    char place[3];
    snprintf(place, sizeof place, "%02x", (unsigned)walk->next++ & 0xff);
    int fd = openat(folder->root, place, FOLDER);
    walk->folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (!walk->folder && fd >= 0)
        close(fd);
}

bool media_walk_on(const struct media_folder *folder, struct media_walk *walk, struct media_entry *entries,
                   int max, int *count)
{
    *count = 0;
    for (int looks = 0; looks < LOOKS_MAX && *count < max; looks++) {
        if (!walk->folder && walk->next == FOLDERS)
            return false;
        if (!walk->folder)
            enter_next(folder, walk);
        const struct dirent *found = walk->folder ? readdir(walk->folder) : NULL;
        if (!found)
            media_walk_end(walk);
        else if (look_at(walk, found->d_name, &entries[*count]))
            ++*count;
    }
    return true;
}

void media_walk_end(struct media_walk *walk)
{
    if (walk->folder)
        closedir(walk->folder);
    walk->folder = NULL;
}
