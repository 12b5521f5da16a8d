/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "bench/meter.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/die.h"
#include "lib/clock.h"

#define CHILDREN_MAX 32

/* In nanoseconds. */
struct cpu_use {
    long long wall, self, broker, writer, children;
};

static struct {
    int broker, child[CHILDREN_MAX];
    size_t child_count;
    bool pause, running;
    struct cpu_use begin, used;
    long long served;
    int *latency; /* microseconds */
    size_t latencies, size;
} meter;

long long meter_now(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

void meter_init(int broker, bool pause)
{
    meter.broker = broker;
    meter.pause = pause;
}

void meter_add_child(int process)
{
    if (meter.child_count == CHILDREN_MAX)
        die("more than %d processes of the broker", CHILDREN_MAX);
    meter.child[meter.child_count++] = process;
}

void meter_kill_broker(void)
{
    if (meter.broker <= 0 || kill(meter.broker, SIGKILL) != 0)
        die("--broker %d cannot be killed: %s", meter.broker, strerror(meter.broker > 0 ? errno : ESRCH));
}

/* Nanoseconds that one thread has run. */
static long long thread_ran(int process, int thread)
{
    char path[64];
    long long ran = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", process, thread);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%lld", &ran) != 1)
        ran = 0;
    fclose(file);
    return ran;
}

/* The main thread's nanoseconds are added to *first, those of the others to *others. */
static void read_process(int process, long long *first, long long *others)
{
    char path[64];
    const struct dirent *entry;
    snprintf(path, sizeof path, "/proc/%d/task", process);
    DIR *threads = opendir(path);
    while (threads && (entry = readdir(threads))) {
        int thread = atoi(entry->d_name);
        if (thread > 0)
            *(thread == process ? first : others) += thread_ran(process, thread);
    }
    if (threads)
        closedir(threads);
}

static void read_broker(struct cpu_use *use)
{
    read_process(meter.broker, &use->broker, &use->writer);
    for (size_t i = 0; i < meter.child_count; i++)
        read_process(meter.child[i], &use->children, &use->children);
}

static struct cpu_use read_use(void)
{
    struct cpu_use use = {.wall = meter_now(), .self = clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
    if (meter.broker)
        read_broker(&use);
    return use;
}

void meter_ask(const char *word)
{
    puts(word);
    fflush(stdout);
    for (int c = getchar(); c != '\n' && c != EOF; c = getchar())
        ;
}

static void say(const char *word)
{
    if (meter.pause)
        meter_ask(word);
}

void meter_start(void)
{
    say("begin");
    meter.begin = read_use();
    meter.running = true;
}

void meter_stop(void)
{
    struct cpu_use end = read_use();
    meter.running = false;
    meter.used.wall += end.wall - meter.begin.wall;
    meter.used.self += end.self - meter.begin.self;
    meter.used.broker += end.broker - meter.begin.broker;
    meter.used.writer += end.writer - meter.begin.writer;
    meter.used.children += end.children - meter.begin.children;
    say("end");
}

void meter_latency(long long nanoseconds)
{
    if (!meter.running)
        return;
    if (meter.latencies == meter.size) {
        meter.size = meter.size ? meter.size * 2 : 1 << 20;
        meter.latency = realloc(meter.latency, meter.size * sizeof *meter.latency);
        if (!meter.latency)
            die("out of memory");
    }
    meter.latency[meter.latencies++] = (int)(nanoseconds / 1000);
}

void meter_served(long long nanoseconds)
{
    meter.served = nanoseconds;
}

static int rising(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return x < y ? -1 : x > y;
}

static int at_share(size_t thousandths)
{
    return meter.latencies ? meter.latency[(meter.latencies - 1) * thousandths / 1000] : 0;
}

static double microseconds_each(long long nanoseconds, long count)
{
    return (double)nanoseconds / 1000 / (double)count;
}

void meter_print(const char *name, const char *unit, long count)
{
    const struct cpu_use *used = &meter.used;
    if (meter.latencies)
        qsort(meter.latency, meter.latencies, sizeof *meter.latency, rising);
    printf(
        "{\"name\":\"%s\",\"unit\":\"%s\",\"count\":%ld,\"seconds\":%.3f,\"rate\":%.1f,\"p50\":%d,\"p99\":%d,"
        "\"p999\":%d,\"longest\":%d,\"latencies\":%zu,"
        "\"load_share\":%.3f,\"broker_us\":%.3f,\"writer_us\":%.3f,\"tree_us\":%.3f,"
        "\"served_ms\":%lld}\n",
        name, unit, count, (double)used->wall / 1e9, (double)count * 1e9 / (double)used->wall, at_share(500),
        at_share(990), at_share(999), at_share(1000), meter.latencies,
        (double)used->self / (double)used->wall, microseconds_each(used->broker, count),
        microseconds_each(used->writer, count),
        microseconds_each(used->broker + used->writer + used->children, count), meter.served / 1000000);
}
