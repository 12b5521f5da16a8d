/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* chatctl check: which brokers run, who has the ports, how many files the broker may open, and which version it is. */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/check.h"
#include "lib/basics.h"

#define ARGUMENTS_MAX 8192
#define BROKER_NAME   "mosquitto"

/* /proc */

static size_t read_proc(pid_t pid, const char *name, char *out, size_t size)
{
    char path[PATH_MAX];
    size_t len = 0;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    FILE *file = fopen(path, "re");
    if (file) {
        len = fread(out, 1, size - 1, file);
        fclose(file);
    }
    out[len] = '\0';
    return len;
}

static void name_of(pid_t pid, char *out, size_t size)
{
    read_proc(pid, "comm", out, size);
    out[strcspn(out, "\n")] = '\0';
}

typedef bool process_wanted(struct conf_check *check, pid_t pid, void *context);

/* The first that is wanted; 0: none. */
static pid_t find_process(struct conf_check *check, process_wanted *wanted, void *context)
{
    DIR *folder = opendir("/proc");
    const struct dirent *entry;
    pid_t found = 0;
    while (folder && found == 0 && (entry = readdir(folder))) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (pid > 0 && wanted(check, pid, context))
            found = pid;
    }
    if (folder)
        closedir(folder);
    return found;
}

/* A broker with this configuration */

static bool is_same_file(pid_t pid, const char *name, const char *path)
{
    char link[PATH_MAX], folder[PATH_MAX], theirs[2 * PATH_MAX], resolved[PATH_MAX], ours[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
    ssize_t len = readlink(link, folder, sizeof folder - 1);
    folder[len > 0 ? len : 0] = '\0';
    snprintf(theirs, sizeof theirs, "%s%s%s", name[0] == '/' ? "" : folder, name[0] == '/' ? "" : "/", name);
    return realpath(theirs, resolved) && realpath(path, ours) && strcmp(resolved, ours) == 0;
}

static bool is_our_broker(struct conf_check *check, pid_t pid, void *context)
{
    char name[32], arguments[ARGUMENTS_MAX];
    (void)context;
    name_of(pid, name, sizeof name);
    if (strcmp(name, BROKER_NAME) != 0)
        return false;
    size_t len = read_proc(pid, "cmdline", arguments, sizeof arguments);
    for (const char *at = arguments; at < arguments + len; at += strlen(at) + 1) {
        const char *value = at + strlen(at) + 1;
        if ((strcmp(at, "-c") == 0 || strcmp(at, "--config-file") == 0) && value < arguments + len)
            return is_same_file(pid, value, check->path);
    }
    return false;
}

/* Who has a port */

/* Of the listening socket on the port, of any address; 0: there is none. */
static unsigned long socket_of_port(const char *table, int port)
{
    char line[512];
    unsigned long inode = 0;
    FILE *file = fopen(table, "re");
    while (file && inode == 0 && fgets(line, sizeof line, file)) {
        unsigned local = 0, state = 0;
        unsigned long found = 0;
        if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*s %*s %*s %*s %*s %lu", &local,
                   &state, &found) == 3 &&
            state == 0x0A && (int)local == port)
            inode = found;
    }
    if (file)
        fclose(file);
    return inode;
}

static bool has_socket(struct conf_check *check, pid_t pid, void *context)
{
    char path[PATH_MAX], target[64], wanted[64];
    const struct dirent *entry;
    bool found = false;
    (void)check;
    snprintf(wanted, sizeof wanted, "socket:[%lu]", *(unsigned long *)context);
    snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *folder = opendir(path);
    while (folder && !found && (entry = readdir(folder))) {
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, target, sizeof target - 1);
        target[len > 0 ? len : 0] = '\0';
        found = strcmp(target, wanted) == 0;
    }
    if (folder)
        closedir(folder);
    return found;
}

static void find_owner(struct conf_check *check, int port)
{
    unsigned long socket = socket_of_port("/proc/net/tcp", port);
    if (socket == 0)
        socket = socket_of_port("/proc/net/tcp6", port);
    if (socket == 0 || check->owner_count == OWNERS_MAX)
        return;
    struct port_owner *owner = &check->owners[check->owner_count++];
    *owner = (struct port_owner){.port = port, .pid = find_process(check, has_socket, &socket)};
    if (owner->pid > 0)
        name_of(owner->pid, owner->name, sizeof owner->name);
}

/* How many files it may open */

static int64_t files_of_process(pid_t pid)
{
    char limits[4096];
    read_proc(pid, "limits", limits, sizeof limits);
    const char *line = strstr(limits, "Max open files");
    return line ? strtoll(line + strlen("Max open files"), NULL, 10) : 0;
}

/* The last LimitNOFILE= of a file; 0: it has none. "a:b" is a soft and a hard limit. */
static int64_t files_of_unit(const char *path)
{
    char line[512];
    int64_t found = 0;
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, "LimitNOFILE=", strlen("LimitNOFILE=")) == 0) {
            const char *value = line + strlen("LimitNOFILE=");
            found =
                strncmp(value, "infinity", strlen("infinity")) == 0 ? INT32_MAX : strtoll(value, NULL, 10);
        }
    if (file)
        fclose(file);
    return found;
}

static int64_t files_of_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int64_t found = 0;
    while (folder && (entry = readdir(folder))) {
        char name[2 * PATH_MAX];
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        size_t len = strlen(name);
        int64_t files = len > 5 && strcmp(name + len - 5, ".conf") == 0 ? files_of_unit(name) : 0;
        found = files > 0 ? files : found;
    }
    if (folder)
        closedir(folder);
    return found;
}

/* systemd's own default is 1024. */
static int64_t files_of_service(void)
{
    static const char *const places[] = {"/etc/systemd/system", "/run/systemd/system",
                                         "/usr/lib/systemd/system", "/lib/systemd/system"};
    int64_t found = 0;
    bool is_service = false;
    for (size_t i = 0; i < COUNT(places) && found == 0; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/" BROKER_NAME ".service.d", places[i]);
        found = files_of_folder(path);
    }
    for (size_t i = 0; i < COUNT(places) && !is_service; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/" BROKER_NAME ".service", places[i]);
        is_service = access(path, R_OK) == 0;
        if (is_service && found == 0)
            found = files_of_unit(path);
    }
    return !is_service || found > 0 ? found : 1024;
}

static void find_files(struct conf_check *check)
{
    struct rlimit own;
    check->files_by = "the running broker";
    if (check->pid > 0)
        check->files = files_of_process(check->pid);
    if (check->files == 0 && access("/run/systemd/system", F_OK) == 0) {
        check->files_by = "LimitNOFILE of mosquitto.service";
        check->files = files_of_service();
    }
    if (check->files == 0 && getrlimit(RLIMIT_NOFILE, &own) == 0) {
        check->files_by = "ulimit -n here";
        check->files = own.rlim_cur > INT32_MAX ? INT32_MAX : (int64_t)own.rlim_cur;
    }
}

void check_process(struct conf_check *check)
{
    check->pid = find_process(check, is_our_broker, NULL);
    for (size_t i = 0; i < check->conf.count; i++) {
        const struct conf_setting *setting = &check->conf.settings[i];
        if (strcmp(setting->name, "listener") == 0 || strcmp(setting->name, "port") == 0)
            find_owner(check, atoi(setting->value));
    }
    find_files(check);
}

/* Its version */

static const char *find_broker(void)
{
    static const char *const places[] = {"/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto",
                                         "/usr/bin/mosquitto"};
    const char *named = getenv("MOSQUITTO");
    if (named && *named)
        return named;
    for (size_t i = 0; i < COUNT(places); i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

/* What `mosquitto -h` says. */
static void ask_broker(const char *broker, char *out, size_t size)
{
    int ends[2];
    pid_t pid;
    char *arguments[] = {(char *)broker, "-h", NULL}, *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    out[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    int failed = posix_spawn(&pid, broker, &actions, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    ssize_t got = failed ? 0 : read(ends[0], out, size - 1);
    out[got > 0 ? got : 0] = '\0';
    close(ends[0]);
    if (!failed)
        waitpid(pid, NULL, 0);
}

void check_version(struct conf_check *check)
{
    char text[256];
    int major, minor, patch;
    const char *broker = find_broker();
    if (!broker)
        return;
    ask_broker(broker, text, sizeof text);
    if (sscanf(text, "mosquitto version %d.%d.%d", &major, &minor, &patch) != 3)
        return;
    check->version = major * 1000 + minor;
    if (check->version >= 2000)
        report_say(&check->report, FINDING_OK, (struct finding_place){0}, NULL, "%s is Mosquitto %d.%d.%d",
                   broker, major, minor, patch);
    else
        report_say(&check->report, FINDING_ERROR, (struct finding_place){0}, "Take 2.0 or 2.1",
                   "%s is Mosquitto %d.%d.%d, which cannot load this plugin", broker, major, minor, patch);
}
