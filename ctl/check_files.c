/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl check: whether the broker's user can read and write what it has to, and whether there is room. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ctl/check.h"
#include "lib/basics.h"
#include "lib/folder.h"
#include "lib/keys.h"
#include "lib/words.h"

#define KEY_BYTES_MIN   16
#define FREE_PERCENT    5
#define DATABASE_BEGINS "SQLite format 3" /* with its NUL */

#define SAY(check, level, setting, ...)                                                                      \
    report_say(&(check)->report, level, conf_place_of(setting), __VA_ARGS__)
#define SAY_AT(check, level, place, ...) report_say(&(check)->report, level, place, __VA_ARGS__)

/* The first folder on the way to the path that the process may not go through; false: it is none of them. */
static bool find_closed_folder(const char *path, char out[PATH_MAX])
{
    for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
        snprintf(out, PATH_MAX, "%.*s", (int)(at - path), path);
        if (access(out, X_OK) != 0 && errno == EACCES)
            return true;
    }
    return false;
}

bool check_access(struct conf_check *check, struct finding_place place, const char *what, const char *path,
                  int mode)
{
    char closed[PATH_MAX];
    if (access(path, mode) == 0)
        return true;
    int reason = errno;
    if (reason == EACCES && find_closed_folder(path, closed))
        SAY_AT(check, FINDING_ERROR, place, "Let the broker's user through (chmod o+x), or move the file",
               "%s: %s is out of reach, because the folder %s is closed", what, path, closed);
    else
        SAY_AT(check, FINDING_ERROR, place,
               reason != EACCES  ? NULL
               : check->was_root ? "Give it to the broker's user: chown mosquitto:"
                                 : "Where root starts the broker, run this as root",
               "%s: %s cannot be %s: %s", what, path, mode & W_OK ? "written" : "read", strerror(reason));
    return false;
}

static struct finding_place place_of(const struct conf_check *check, const char *option)
{
    return conf_place_of(check_option(check, option));
}

static bool is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* The plugin */

static bool read_head(const char *path, Elf64_Ehdr *head)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool good = fd >= 0 && read(fd, head, sizeof *head) == (ssize_t)sizeof *head &&
                memcmp(head->e_ident, ELFMAG, SELFMAG) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* Not loaded: that would run it. This program was made for the same machine. */
static void check_library(struct conf_check *check)
{
    Elf64_Ehdr theirs, ours;
    for (size_t i = 0; i < check->conf.count; i++) {
        const struct conf_setting *setting = &check->conf.settings[i];
        const char *file = conf_plugin_file(setting);
        if (!conf_is_plugin(setting) || !strchr(file, '/') ||
            !check_access(check, setting->place, setting->name, file, R_OK))
            continue;
        if (!read_head(file, &theirs) || theirs.e_type != ET_DYN)
            SAY(check, FINDING_ERROR, setting, "Install it again", "%s is no library that could be loaded",
                file);
        else if (read_head("/proc/self/exe", &ours) &&
                 (theirs.e_machine != ours.e_machine || theirs.e_ident[EI_CLASS] != ours.e_ident[EI_CLASS]))
            SAY(check, FINDING_ERROR, setting, "Install the package of this machine's architecture",
                "%s was made for another kind of machine", file);
        else
            SAY(check, FINDING_OK, setting, NULL, "%s is a library for this machine", file);
    }
}

/* Keys and words */

static void check_keys(struct conf_check *check)
{
    struct keys keys;
    char error[PATH_MAX + 200];
    size_t short_keys = 0;
    const char *path = check->options.secret_key_file;
    const struct conf_setting *setting = check_option(check, "secret_key_file");
    if (!path || !check_access(check, conf_place_of(setting), "secret_key_file", path, R_OK))
        return;
    if (keys_load(&keys, path, error, sizeof error) != 0) {
        SAY(check, FINDING_ERROR, setting, NULL, "%s", error);
        return;
    }
    for (size_t i = 0; i < keys.count; i++)
        short_keys += strlen(keys.key[i]) < KEY_BYTES_MIN;
    if (short_keys > 0)
        SAY(check, FINDING_WARNING, setting, "openssl rand -hex 32 makes one",
            "the key file %s has a key of less than %d bytes: from one userSig it can be guessed", path,
            KEY_BYTES_MIN);
    else
        SAY(check, FINDING_OK, setting, NULL, "the key file %s has %zu key%s", path, keys.count,
            keys.count == 1 ? "" : "s");
    keys_clear(&keys);
}

static void check_words(struct conf_check *check)
{
    struct words *words = NULL;
    char error[200];
    const char *path = check->options.words_file;
    const struct conf_setting *setting = check_option(check, "words_file");
    if (!path || !check_access(check, conf_place_of(setting), "words_file", path, R_OK))
        return;
    if (words_load(&words, path, NULL, error, sizeof error) != 0)
        SAY(check, FINDING_ERROR, setting, NULL, "words_file: %s: %s", path, error);
    else
        SAY(check, FINDING_OK, setting, NULL, "words_file: %zu words", words_count(words));
    words_free(words);
}

/* Database and ring */

static void check_begin(struct conf_check *check, struct finding_place place, const char *path)
{
    char head[sizeof DATABASE_BEGINS] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = fd >= 0 ? read(fd, head, sizeof head) : 0;
    if (fd >= 0)
        close(fd);
    if (got > 0 && memcmp(head, DATABASE_BEGINS, sizeof head) != 0)
        SAY_AT(check, FINDING_ERROR, place,
               "Name another file, or put a backup in its place: chatctl restore",
               "database: %s is there and is no SQLite database", path);
}

/* One that is there must be the broker's to write. Returns whether it is there. */
static bool check_written(struct conf_check *check, struct finding_place place, const char *what,
                          const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0 && errno == ENOENT)
        return false;
    if (check_access(check, place, what, path, R_OK | W_OK) && !S_ISREG(about.st_mode))
        SAY_AT(check, FINDING_ERROR, place, "Name a file", "%s: %s is no file", what, path);
    return true;
}

static bool check_folder_of(struct conf_check *check, struct finding_place place, const char *what,
                            const char *path)
{
    char folder[PATH_MAX];
    folder_of(path, folder, sizeof folder);
    return check_access(check, place, what, folder, R_OK | W_OK | X_OK);
}

/* sqlite3, run as root, leaves these as root's. */
static void check_logs(struct conf_check *check, struct finding_place place)
{
    static const char *const suffixes[] = {"-wal", "-shm", ".bad"};
    for (size_t i = 0; i < COUNT(suffixes); i++) {
        char path[PATH_MAX];
        if (snprintf(path, sizeof path, "%s%s", check->options.database, suffixes[i]) < (int)sizeof path)
            check_written(check, place, "database", path);
    }
}

static const char *network_name(const char *folder)
{
    static const struct {
        unsigned long type;
        const char *name;
    } kinds[] = {{NFS_SUPER_MAGIC, "NFS"}, {SMB_SUPER_MAGIC, "SMB"}, {0xFF534D42, "CIFS"},
                 {0xFE534D42, "SMB"},      {V9FS_MAGIC, "9p"},       {AFS_SUPER_MAGIC, "AFS"},
                 {0x00C36400, "Ceph"}};
    struct statfs about;
    if (statfs(folder, &about) != 0)
        return NULL;
    for (size_t i = 0; i < COUNT(kinds); i++)
        if ((unsigned long)about.f_type == kinds[i].type)
            return kinds[i].name;
    return NULL;
}

static bool is_on(const char *folder, unsigned long type)
{
    struct statfs about;
    return statfs(folder, &about) == 0 && (unsigned long)about.f_type == type;
}

static void check_kind(struct conf_check *check, struct finding_place place, const char *what,
                       const char *folder)
{
    const char *network = network_name(folder);
    if (network)
        SAY_AT(check, FINDING_WARNING, place, "Put it on a disk of this machine",
               "%s: %s is on a file system of the network (%s): its locks and mapped files are not to be "
               "relied on, and each "
               "commit waits for it",
               what, folder, network);
}

static void check_room(struct conf_check *check, struct finding_place place, const char *what,
                       const char *folder, int64_t needed)
{
    struct statvfs about;
    if (statvfs(folder, &about) != 0 || about.f_blocks == 0)
        return;
    int64_t left = (int64_t)(about.f_bavail * about.f_frsize);
    int64_t percent = (int64_t)(about.f_bavail * 100 / about.f_blocks);
    if (left < needed)
        SAY_AT(check, FINDING_ERROR, place, "Make room, or name another place",
               "%s: %lld MB are left in %s, and the broker takes %lld at its start", what,
               (long long)(left >> 20), folder, (long long)(needed >> 20));
    else if (percent < FREE_PERCENT)
        SAY_AT(check, FINDING_WARNING, place, "Make room; a full disk ends in messages that are refused",
               "%s: %lld %% of the disk of %s are left, %lld MB", what, (long long)percent, folder,
               (long long)(left >> 20));
}

static void check_database(struct conf_check *check)
{
    const char *path = check->options.database;
    struct finding_place place = place_of(check, "database");
    char folder[PATH_MAX];
    if (!path || !check_folder_of(check, place, "the folder of database", path))
        return;
    folder_of(path, folder, sizeof folder);
    if (check_written(check, place, "database", path))
        check_begin(check, place, path);
    check_logs(check, place);
    check_kind(check, place, "database", folder);
    check_room(check, place, "database", folder, 0);
    if (is_on(folder, TMPFS_MAGIC))
        SAY_AT(check, FINDING_WARNING, place, "Put it on a disk",
               "database: %s is in memory: all is gone with a restart of the machine", folder);
}

static void check_ring(struct conf_check *check)
{
    const char *path = check->options.ring_file;
    const char *option = check_option(check, "ring_file") ? "ring_file" : "database";
    struct finding_place place = place_of(check, option);
    char folder[PATH_MAX];
    if (!path || !check_folder_of(check, place, "the folder of the ring", path))
        return;
    folder_of(path, folder, sizeof folder);
    bool there = check_written(check, place, "ring_file", path);
    check_kind(check, place, "ring_file", folder);
    check_room(check, place, "ring_file", folder, there ? 0 : check->options.ring_bytes);
    if (is_on(folder, BTRFS_SUPER_MAGIC) || is_on(folder, 0x2FC12FC1))
        SAY_AT(check, FINDING_WARNING, place, "plugin_opt_ring_file on /run, or on another file system",
               "ring_file: %s copies on write (btrfs, ZFS), so its space cannot be reserved: a full disk "
               "would crash the "
               "broker",
               folder);
}

/* Folders of the chat's */

static void check_media(struct conf_check *check)
{
    const char *path = check->options.media_dir;
    struct finding_place place = place_of(check, "media_dir");
    if (!path || !check_access(check, place, "media_dir", path, R_OK | W_OK | X_OK))
        return;
    if (!is_folder(path))
        SAY_AT(check, FINDING_ERROR, place, "Name a folder", "media_dir: %s is no folder", path);
    else
        check_room(check, place, "media_dir", path, 0);
}

/* Without it the broker starts, and the backup fails in the night. */
static void check_backups(struct conf_check *check)
{
    const char *path = check->options.backup_dir;
    struct finding_place place = place_of(check, "backup_dir");
    if (!path)
        return;
    if (!is_folder(path) || access(path, W_OK | X_OK) != 0)
        SAY_AT(check, FINDING_WARNING, place, "install -d -o mosquitto -m 0750 makes it",
               "backup_dir: %s is no folder that the broker's user can write to: backups will fail", path);
    else
        check_room(check, place, "backup_dir", path, 0);
}

/* Mosquitto's own files */

static void check_readable(struct conf_check *check, const char *name)
{
    const struct conf_setting *setting = conf_find(&check->conf, name);
    if (setting && *setting->value)
        check_access(check, setting->place, name, setting->value, R_OK);
}

static void check_pid_file(struct conf_check *check)
{
    char folder[PATH_MAX];
    const struct conf_setting *setting = conf_find(&check->conf, "pid_file");
    if (!setting || !*setting->value)
        return;
    folder_of(setting->value, folder, sizeof folder);
    if (access(setting->value, W_OK) == 0 || access(folder, W_OK | X_OK) == 0)
        return;
    if (access(folder, F_OK) != 0 && strncmp(folder, "/run/", 5) == 0)
        SAY(check, FINDING_NOTE, setting, NULL,
            "pid_file: %s is not there; Debian's service makes it at each start, and who starts the broker "
            "otherwise must: "
            "it does not start without",
            folder);
    else
        SAY(check, FINDING_ERROR, setting, "Make the folder, and give it to the broker's user",
            "pid_file: %s cannot be written, and the broker does not start", setting->value);
}

static void check_log_file(struct conf_check *check)
{
    static const char file[] = "file ";
    char folder[PATH_MAX];
    const struct conf_setting *setting = NULL;
    for (size_t i = 0; i < check->conf.count; i++)
        if (strcmp(check->conf.settings[i].name, "log_dest") == 0 &&
            strncmp(check->conf.settings[i].value, file, strlen(file)) == 0)
            setting = &check->conf.settings[i];
    if (!setting)
        return;
    const char *path = setting->value + strlen(file) + strspn(setting->value + strlen(file), " \t");
    folder_of(path, folder, sizeof folder);
    if (access(path, W_OK) != 0 && (access(path, F_OK) == 0 || access(folder, W_OK | X_OK) != 0))
        SAY(check, FINDING_WARNING, setting,
            "Make the folder, and give it with its files to the broker's user",
            "log_dest: %s cannot be written: the broker runs, and its lines, with what is wrong, are lost",
            path);
}

static void check_persistence(struct conf_check *check)
{
    const struct conf_setting *setting = conf_find(&check->conf, "persistence_location");
    if (!setting || !conf_says(conf_find(&check->conf, "persistence"), false))
        return;
    if (access(setting->value, W_OK | X_OK) != 0)
        SAY(check, FINDING_WARNING, setting, "Give the folder to the broker's user",
            "persistence_location: %s cannot be written: kept sessions are lost with the next restart",
            setting->value);
}

void check_files(struct conf_check *check)
{
    check_library(check);
    check_keys(check);
    check_words(check);
    check_database(check);
    check_ring(check);
    check_media(check);
    check_backups(check);
    check_readable(check, "password_file");
    check_readable(check, "acl_file");
    check_readable(check, "psk_file");
    check_pid_file(check);
    check_log_file(check);
    check_persistence(check);
    if (report_faults(&check->report) == 0)
        SAY(check, FINDING_OK, NULL, NULL, "what has to be read and written can be");
}
